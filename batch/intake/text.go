package intake

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"offboard/batch"
)

// trim takes blanks and invisible characters off both ends.
func trim(s string) string {
	if n := len(s); n > 0 && visibleASCII(s[0]) && visibleASCII(s[n-1]) {
		return s
	}
	return strings.TrimFunc(s, blank)
}

func visibleASCII(b byte) bool { return ' ' < b && b < utf8.RuneSelf }

// blank reports whether a rune shows nothing: a space of any width, a
// zero-width or formatting character, a byte order mark.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// nothing are words for no value, in lower case.
var nothing = []string{"n/a", "#n/a", "na", "null", "(null)", "none", "nil", "nan", "nat"}

// zeros is punctuation without a date, or a date and time made of zeros.
var zeros = regexp.MustCompile(`^([-–—./: ]*|0+([-/.: T]+0+)*(Z|[-+]00(:?00)?)?)$`)

// saysNothing reports whether a cell that is not empty stands for no value.
func saysNothing(cell string) bool {
	if slices.Contains(nothing, batch.LowerASCII(cell)) {
		return true
	}
	return strings.IndexByte("0-./: \xE2", cell[0]) >= 0 && zeros.MatchString(cell) // \xE2 begins a dash
}

// plainBlanks makes one blank of all kinds: many programs write a narrow no-break
// space before PM.
func plainBlanks(cell string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, cell)
}

// escaped reports whether a cell begins as one that was made safe for a spreadsheet.
func escaped(s string) bool {
	return len(s) > 1 && s[0] == '\'' && strings.IndexByte("=+-@\t\r", s[1]) >= 0
}

// fold is the form in which words are compared: statuses, values of --where,
// headers. Letters of any case, accents that stand by themselves or in their
// letter, and blanks of any kind are alike in it. Ids and names of people are
// never compared so: it would make one of two people.
func fold(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) >= 0 {
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
