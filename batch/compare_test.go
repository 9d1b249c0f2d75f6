package batch

import "testing"

func TestIsGUID(t *testing.T) {
	for s, want := range map[string]bool{
		"0ada0000-0000-4000-8000-00000000abcd":      true,
		"0ADA0000-0000-4000-8000-00000000ABCD":      true,
		"":                                          false,
		"0ada000000004000800000000000abcd":          false,
		"0ada0000-0000-4000-8000-00000000abc":       false,
		"0ada0000-0000-4000-8000-00000000abcde":     false,
		"{0ada0000-0000-4000-8000-00000000abcd}":    false,
		"0ada0000-0000-4000-8000-00000000abcg":      false,
		"0ada0000-0000-4000-80000-0000000abcd":      false,
		"0ada0000-0000-4000-8000-00000000abcd\n":    false,
		"0ada0000-0000-4000-8000-00000000abc\u0660": false,
	} {
		if got := IsGUID(s); got != want {
			t.Errorf("IsGUID(%q) is %t", s, got)
		}
	}
}
