package intake

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/runenames"
)

// lookalike names the letter of an address that looks like an ASCII one, or that is of
// another script than the Latin ones around it; or "". A name all in one script is for the
// directory to know.
func lookalike(address string) string {
	if isASCII(address) {
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
		case strings.ContainsRune("ɑɡ", r), isASCII(norm.NFKD.String(string(r))):
			return "holds " + describe(r) + ", which looks like an ASCII letter: type the name anew"
		case latin && !unicode.Is(unicode.Latin, r):
			return "holds " + describe(r) + ", a letter of another script among Latin ones: type the name anew"
		}
	}
	return ""
}

// describe shows a character: in quotes if it is ASCII, else with its code point and name.
func describe(r rune) string {
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
