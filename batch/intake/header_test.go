package intake

import (
	"errors"
	"strings"
	"testing"
)

func TestDelimiter(t *testing.T) {
	for _, c := range []struct {
		header string
		stated rune
		column string
		want   rune
	}{
		{"upn", 0, "", ','},
		{"upn,a", 0, "", ','},
		{"upn;a", 0, "", ';'},
		{"upn\ta", 0, "", '\t'},
		{"upn|a", 0, "", '|'},
		{"upn;\"a,b,c\"", 0, "", ';'},
		{"upn;Name (Last, First, Middle)", 0, "", ';'},
		{"Name (Last, First, Middle);Mail", 0, "mail", ';'},
		{"a;b,c,d", 0, "", ','},
		{"upn", ';', "", ';'},
		{"upn,a", '?', "", ','},
	} {
		if got, _ := delimiter(c.header, c.stated, parsedOptions{Options: Options{Column: c.column}}); got != c.want {
			t.Errorf("delimiter(%q) = %q, want %q", c.header, got, c.want)
		}
	}
}

func TestHeader(t *testing.T) {
	for _, c := range []struct{ input, want string }{
		{"upn\n", "[upn] from line 1"},
		{"\ufeffupn\n", "[upn] from line 1"},
		{"\n\n#TYPE x\n\"upn\",\"a\"\n", "[upn] from line 4"},
		{"VERSION:V1.0;;\nupn;a\n", "[upn] from line 2"},
		{"\"a\nb\",upn\r\n", "[upn] from line 1"},
		{"a,upn,\n", "[upn] from line 1"},
		{"\"upn,a\n", "a quote opens here"},
		{"\"a\nb\n\nupn\n", "line 1: a quote opens here"},
		{"\"upn\"x,\"a\n", "quote"},
		{"5\" and 6\",upn\n", "quote in the wrong place"},
		{"(3 rows affected)\nupn\n", "no column is known"},
	} {
		r, err := Open(strings.NewReader(c.input), Options{})
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			for _, s := range r.Settings() {
				if s.Name == "header" {
					got = "[" + strings.Join(r.Columns(), "|") + "] from " + s.Value
				}
			}
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%q: %s, want %s", c.input, got, c.want)
		}
	}
}

func TestInputErrorLine(t *testing.T) {
	_, err := Open(strings.NewReader("version:v1.0\n\n\"a\nb\",c\n"), Options{})
	e, ok := errors.AsType[*InputError](err)
	if !ok || e.Line != 3 || len(e.Columns) != 2 {
		t.Errorf("%#v", err)
	}
}
