package intake

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
)

func TestDelimiter(t *testing.T) {
	for _, c := range []struct{ input, column, want string }{
		{"upn", "", ","},
		{"upn,a", "", ","},
		{"upn;a", "", ";"},
		{"upn\ta", "", "TAB"},
		{"upn|a", "", "|"},
		{"upn;\"a,b,c\"", "", ";"},
		{"upn;Name (Last, First, Middle)", "", ";"},
		{"Name (Last, First, Middle);Mail", "mail", ";"},
		{"a;b,c,d;upn", "", ";"},
		{"sep=;\nupn", "", ";"},
		{"sep=?\nupn,a", "", ","},
		{"Leavers, all\n\nupn;a", "", ";"},
	} {
		r, err := open(text(c.input), Options{Column: c.column, Key: batch.ByUPN})
		if err != nil {
			t.Errorf("%q: %v", c.input, err)
			continue
		}
		if i := slices.IndexFunc(r.settings, func(s batch.Setting) bool { return s.Name == "delimiter" }); i < 0 || r.settings[i].Value != c.want {
			t.Errorf("%q: %+v, want %q", c.input, r.settings, c.want)
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
		{"(3 rows affected)\nupn\n", "[upn] from line 2"},
	} {
		r, err := open(text(c.input), Options{})
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			for _, s := range r.settings {
				if s.Name == "header" {
					got = "[" + strings.Join(headersOf(r.columns), "|") + "] from " + s.Value
				}
			}
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%q: %s, want %s", c.input, got, c.want)
		}
	}
}

func TestInputErrorLine(t *testing.T) {
	_, err := open(text("version:v1.0\n\n\"a\nb\",c\n"), Options{})
	e, ok := errors.AsType[*InputError](err)
	if !ok || e.Line != 3 || !strings.HasSuffix(e.Reason, `; columns seen: "a\nb", "c"`) {
		t.Errorf("%#v", err)
	}
}
