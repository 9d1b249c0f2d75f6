package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"offboard/batch"
)

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
