package report

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// holds reports whether a cell holds the text, with nothing but apostrophes
// put before the parts of it that would run.
func holds(cell, text string) bool {
	got, want := strings.Split(cell, ";"), strings.Split(text, ";")
	if len(got) != len(want) {
		return false
	}
	for i, w := range want {
		if isFormula(w) {
			w = "'" + w
		}
		if got[i] != w {
			return false
		}
	}
	return true
}

func TestCell(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"ada@contoso.com", "ada@contoso.com"},
		{"a=b+c-d", "a=b+c-d"},
		{"o'neil", "o'neil"},
		{"'quoted'", "'quoted'"},
		{"  ada", "  ada"},
		{"=1", "'=1"},
		{"+1", "'+1"},
		{"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"=", "'="},
		{"  =1", "'  =1"},
		{"\u00a0=1", "'\u00a0=1"},
		{"\ufeff=1", "'\ufeff=1"},
		{"\u200b-1", "'\u200b-1"},
		{"\u202e=1", "'\u202e=1"},
		{`"=1"`, `'"=1"`},
		{"＝1", "'＝1"},
		{"＋1", "'＋1"},
		{"－1", "'－1"},
		{"＠1", "'＠1"},
		{"\t=1", "' =1"},
		{"\r=1", "' =1"},
		{"\x00=1", "' =1"},
		{"\tada", " ada"},
		{"'=1", "'=1"},
		{"'-1@contoso.com", "'-1@contoso.com"},
		{"a;=1", "a;'=1"},
		{`a; "=1";b`, `a;' "=1";b`},
		{";;@", ";;'@"},
		{"a;b", "a;b"},
		{"a\r\nb\tc\x00d\x1be\x7ff\u0085g\u2028h\u2029i", "a  b c d e f g h i"},
		{"日本語 ü", "日本語 ü"},
		{"bad\xffbyte", "bad\ufffdbyte"},
		{"a,b", "a,b"},
		{`say "a"`, `say "a"`},
		{"\u00a0ada", "\u00a0ada"},
		{`\.`, `\.`},
		{`\.a`, `\.a`},
		{"right to left \u200f mark", "right to left \u200f mark"},
	} {
		if got := cell(tt.in); got != tt.want {
			t.Errorf("cell(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func FuzzCell(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := cell(s)
		if !holds(got, clean(s)) {
			t.Errorf("%q became %q", s, got)
		}
		if again := cell(got); again != got {
			t.Errorf("%q became %q and then %q", s, got, again)
		}
		if !utf8.ValidString(got) || clean(got) != got {
			t.Errorf("%q is not clean: %q", s, got)
		}
		for p := range strings.SplitSeq(got, ";") {
			if isFormula(p) {
				t.Errorf("%q runs in %q", p, got)
			}
		}
	})
}
