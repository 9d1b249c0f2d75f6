package intake

import (
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/intake/vocab"
)

func TestTrim(t *testing.T) {
	for in, want := range map[string]string{
		"":               "",
		"a":              "a",
		" a b ":          "a b",
		"\u00a0a\u00a0":  "a",
		"\ufeff\u200ba":  "a",
		"a\u2060\u200d ": "a",
		"\ta\r":          "a",
		"\u3000":         "",
		"å":              "å",
		"\u202aa\u202c":  "a",
		"'a'":            "'a'",
		"007":            "007",
	} {
		if got := vocab.Trim(in); got != want {
			t.Errorf("trim(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCheckID(t *testing.T) {
	for in, want := range map[string]string{
		"3f2504e0-4f89-41d3-9a0c-0305e82c3301":    "",
		"3F2504E0-4F89-41D3-9A0C-0305E82C3301":    "",
		"00000000-0000-0000-0000-000000000001":    "",
		"00000000-0000-0000-0000-000000000000":    whyZeroID,
		"3f2504e04f8941d39a0c0305e82c3301":        whyNotID,
		"{3f2504e0-4f89-41d3-9a0c-0305e82c3301}":  whyNotID,
		"3f2504e0-4f89-41d3-9a0c-0305e82c330g":    whyNotID,
		"3f2504e0-4f89-41d3-9a0c-0305e82c33011":   whyNotID,
		"3f2504e0-4f89-41d3-9a0c-0305e82c330":     whyNotID,
		"3f2504e0x4f89-41d3-9a0c-0305e82c3301":    whyNotID,
		"３f2504e0-4f89-41d3-9a0c-0305e82c33":      whyNotID,
		"a@contoso.example":                       whyNotID,
		"004711":                                  whyNotID,
		"3f2504e0-4f89-41d3-9a0c-0305e82c330\x00": whyNotID,
	} {
		if got := checkID(in); got != want {
			t.Errorf("checkID(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCheckUPN(t *testing.T) {
	for in, want := range map[string]string{
		"a@contoso.example":                            "",
		"A.B-c_d@CONTOSO.example":                      "",
		"sean.o'brien@contoso.example":                 "",
		"'quoted@contoso.example":                      "",
		"jo_fabrikam.example#EXT#@contoso.example":     "",
		"$a&b+c~d!e^f=g*h{i}`@contoso.example":         "",
		"+45@contoso.example":                          "",
		"åse@contoso.example":                          "",
		"a\u030ase@contoso.example":                    "",
		"a@xn--bcher-kva.example":                      "",
		"a@contoso":                                    "",
		strings.Repeat("a", 1000) + "@contoso.example": "",
		strings.Repeat("a", 1020) + "@contoso.example": whyLong,
		"":                                     "not a user principal name: there is no @",
		"a":                                    "not a user principal name: there is no @",
		"3f2504e0-4f89-41d3-9a0c-0305e82c3301": whyUPNisID,
		"a@b@contoso.example":                  "not a user principal name: there is more than one @",
		"@contoso.example":                     "not a user principal name: nothing stands before the @",
		"a@":                                   "not a user principal name: nothing stands after the @",
		"@":                                    "not a user principal name: nothing stands before the @",
		"a b@contoso.example":                  whyBlank,
		"a\u00a0b@contoso.example":             whyBlank,
		"a@contoso .example":                   whyBlank,
		"a\tb@contoso.example":                 whyControl,
		"a\nb@contoso.example":                 whyControl,
		"a\x00@contoso.example":                whyControl,
		"a\u0085@contoso.example":              whyControl,
		"a\u200b@contoso.example":              whyUnseen,
		"a\u202eb@contoso.example":             whyUnseen,
		"a?b@contoso.example":                  whyLost,
		"a\ufffdb@contoso.example":             whyLost,
		"a\xffb@contoso.example":               whyLost,
		"a%40contoso.example":                  whyEncoded,
		"a%20b@contoso.example":                whyEncoded,
		"a/b@contoso.example":                  whySlash,
		`CONTOSO\a`:                            whySlash,
		"../a@contoso.example":                 whySlash,
		"'=a@contoso.example":                  whyEscaped,
		"'+a@contoso.example":                  whyEscaped,
		"'-a@contoso.example":                  whyEscaped,
		"'@a@contoso.example":                  whyEscaped,
		"'\ta@contoso.example":                 whyEscaped,
		"=a@contoso.example":                   whyFormula,
		"Ann Bee <a@contoso.example>":          whyDisplay,
		"<a@contoso.example>":                  whyDisplay,
		"mailto:a@contoso.example":             "holds a character that no user principal name has",
		"a@contoso.example;b@contoso.example":  "holds a character that no user principal name has",
		"a@contoso.example,b@contoso.example":  "holds a character that no user principal name has",
		"a@contoso.example|":                   "holds a character that no user principal name has",
		`"a"@contoso.example`:                  "holds a character that no user principal name has",
		"a\u2019b@contoso.example":             "holds a character that no user principal name has",
		"a@contoso.example.":                   whyDomain,
		"a@contoso..example":                   whyDomain,
		"a@.example":                           whyDomain,
		"a@c\u043entoso.example":               whyDomain,
		"a@contoso\u3002example":               "holds a character that no user principal name has",
		"a@\uff43ontoso.example":               whyDomain,
		"a@contoso_x.example":                  whyDomain,
		"a@contoso.example#EXT#":               whyDomain,
		"a@\u212aontoso.example":               whyDomain,
	} {
		if got := checkCell(batch.ByUPN, in); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("checkUPN(%q) = %q, want %q", in, got, want)
		}
	}
}
