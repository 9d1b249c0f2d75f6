// Package vocab knows how text is compared, and the words of files: headers of columns, parts of them,
// and cells. Its tables are words.csv and forms.csv.
package vocab

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/runenames"

	"offboard/batch"
)

// The forms in which text is compared, each looser than the one before. Ids and names of
// people never go beyond the second: a looser form would make one of two people.
//
//	form             of                                  makes alike
//	Trim             every cell and header               blanks and invisible characters at the ends
//	batch.SameValue  ids, names, mail addresses          and letters of any case, in ASCII (no employee ids)
//	Fold             statuses, values of --where         and in all of Unicode, accents however written, runs of blanks
//	PlainName        headers as the person types them    and headers with or without blanks - _ and dots
//	Normalise        headers that are known              and any punctuation, and the words around a [property]

// Trim takes blanks and invisible characters off both ends.
func Trim(s string) string {
	if n := len(s); n > 0 && visibleASCII(s[0]) && visibleASCII(s[n-1]) {
		return s
	}
	return strings.TrimFunc(s, Blank)
}

func visibleASCII(b byte) bool { return ' ' < b && b < utf8.RuneSelf }

// Blank reports whether a rune shows nothing: a space, a zero-width or formatting character.
func Blank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// nothing are words for no value, in lower case.
var nothing = []string{"n/a", "#n/a", "na", "null", "(null)", "none", "nil", "nan", "nat"}

// zeros is punctuation without a date, or a date and time made of zeros.
var zeros = regexp.MustCompile(`^([-–—./: ]*|0+([-/.: T]+0+)*(Z|[-+]00(:?00)?)?)$`)

// SaysNothing reports whether a cell that is not empty stands for no value.
func SaysNothing(cell string) bool {
	switch c := cell[0]; {
	case strings.IndexByte("0-./: \xE2", c) >= 0: // \xE2 begins a dash
		return !strings.ContainsAny(cell, "123456789@") && zeros.MatchString(cell)
	case len(cell) > len("(null)") || strings.IndexByte("nN#(", c) < 0:
		return false
	}
	return slices.Contains(nothing, batch.LowerASCII(cell))
}

// PlainBlanks makes one blank of all kinds and numbers, such as the narrow one before PM.
func PlainBlanks(cell string) string { return strings.Join(strings.Fields(cell), " ") }

// Escaped reports whether a cell begins as one that was made safe for a spreadsheet.
func Escaped(s string) bool {
	return len(s) > 1 && s[0] == '\'' && strings.IndexByte("=+-@\t\r", s[1]) >= 0
}

// Fold makes alike letters of any case, accents however written, and blanks of any kind.
func Fold(s string) string {
	if !IsASCII(s) {
		s = norm.NFC.String(cases.Fold().String(norm.NFD.String(s)))
		s = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Cf, r) {
				return -1 // it shows nothing
			}
			return r
		}, s)
	}
	return strings.Join(strings.Fields(batch.LowerASCII(s)), " ")
}

// IsASCII reports whether a text has ASCII alone.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

var leftOut = strings.NewReplacer(" ", "", "-", "", "_", "", ".", "")

// PlainName is a header without what people leave out or put in when they type it.
func PlainName(header string) string {
	return leftOut.Replace(Fold(header))
}

// Normalise takes away case, blanks, punctuation, and the words around a [property].
func Normalise(header string) string {
	if p := Property(header); p != "" {
		header = p
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return r
	}, Fold(header))
}

// lastBrackets holds the one plain word in the last brackets of a header.
var lastBrackets = regexp.MustCompile(`\[([A-Za-z0-9]+)\][^\]]*$`)

// Property is the one plain word in the last brackets of a header, or "".
func Property(header string) string {
	if m := lastBrackets.FindStringSubmatch(header); m != nil {
		return m[1]
	}
	return ""
}

// Lookalike names the letter of an address that looks like an ASCII one, or is of another script
// than the Latin ones around it; or "". A name all in one script is for the directory to know.
func Lookalike(address string) string {
	if IsASCII(address) {
		return ""
	}
	local, _, _ := strings.Cut(address, "@")
	if guest, _, is := strings.Cut(local, "#EXT#"); is { // its own domain stands behind the last _
		local = guest[:max(0, strings.LastIndex(guest, "_"))]
	}
	latin := strings.ContainsFunc(local, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
	for _, r := range local {
		switch {
		case r < utf8.RuneSelf || !unicode.IsLetter(r):
		case strings.ContainsRune("ɑɡ", r), IsASCII(norm.NFKD.String(string(r))):
			return "holds " + Describe(r) + ", which looks like an ASCII letter: type the name anew"
		case latin && !unicode.Is(unicode.Latin, r):
			return "holds " + Describe(r) + ", a letter of another script among Latin ones: type the name anew"
		}
	}
	return ""
}

// LooseNames are the parts of a cell that may name somebody: between brackets, quotes and the
// like, with and without the blanks in it, and without characters that show nothing.
func LooseNames(text string) []string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsSpace(r) && (unicode.IsControl(r) || Blank(r)) {
			return -1
		}
		return r
	}, strings.ReplaceAll(text, "%40", "@"))
	var all []string
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(`<>()[]{}"|,;:/\`, r) }) {
		fields := strings.Fields(part)
		for _, word := range append(fields, strings.Join(fields, "")) {
			all = append(all, word, strings.Trim(word, "'`’‘=.*"))
		}
	}
	return slices.DeleteFunc(all, func(word string) bool { return word == "" })
}

// Unquote takes quotes off both ends, as often as there are any.
func Unquote(s string) string {
	for len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = Trim(s[1 : len(s)-1])
	}
	return s
}

// Spaced reports whether blanks stand behind all delimiters and before none, as in prose.
func Spaced(cells []string) bool {
	return len(cells) > 1 && !slices.ContainsFunc(cells[1:], func(c string) bool {
		return c == "" || c[0] != ' ' || c[len(c)-1] == ' '
	})
}

// IsExample reports whether a cell is the example of a template.
func IsExample(cell string) bool { return strings.HasPrefix(batch.LowerASCII(cell), "example:") }

// Describe shows a character: in quotes if it is ASCII, else with its code point and name.
func Describe(r rune) string {
	if r < utf8.RuneSelf && unicode.IsPrint(r) {
		return fmt.Sprintf("%q", string(r))
	}
	s, name := fmt.Sprintf("U+%04X", r), runenames.Name(r)
	if name != "" && name[0] != '<' {
		s += ", " + name
	}
	if unicode.IsPrint(r) && !unicode.IsMark(r) {
		s = fmt.Sprintf("%c (%s)", r, s)
	}
	return s
}

// LooseID is the object id that a word means, with hyphens of any kind or none, or "".
func LooseID(word string) string {
	digits := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Pd, r) || r == '\u2212' { // a minus sign
			return -1
		}
		return r
	}, strings.ToLower(word))
	if len(digits) != 32 {
		return ""
	}
	id := digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
	if !batch.IsGUID(id) || id == "00000000-0000-0000-0000-000000000000" {
		return ""
	}
	return id
}
