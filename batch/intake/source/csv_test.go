package source

import "testing"

func TestEndsOutside(t *testing.T) {
	for _, c := range []struct {
		line  string
		comma rune
		want  bool
	}{
		{`a,5" pipe,b`, ',', true},
		{`a,"b"c,d`, ',', false}, // the quote after b may open or close
		{`a,"b "c" d",e`, ',', true},
		{`a,"b "c d",e`, ',', false},
		{`a,"b`, ',', false},
		{`a,5" pipe,"b`, ',', false},
		{`a,5" pipe,"b"`, ',', true},
		{`a,"b" ,5"`, ',', true},
		{`a, "b`, ',', false},
		{"a\t5\"\t\"b", '\t', false},
		{"a\t\t5\"", '\t', true},
		{`a;5";"b;c"`, ';', true},
		{`"a""`, ',', false},
		{`"a"""`, ',', true},
		{`"`, ',', false},
		{``, ',', true},
	} {
		if got := endsOutside(c.line, c.comma); got != c.want {
			t.Errorf("endsOutside(%q) = %v, want %v", c.line, got, c.want)
		}
	}
}
