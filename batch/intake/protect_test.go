package intake

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestProtect(t *testing.T) {
	const id = "0000000A-0000-4000-8000-00000000000b"
	for _, c := range []struct{ name, text, want string }{
		{"all kinds", "# break glass\n\n" + id + "\r\n  ann@x.example \nbg-*@x.example\n", "3 0000000a-0000-4000-8000-00000000000b; 4 ann@x.example; bg-*@x.example"},
		{"a guest", "ann_y.example#EXT#@x.example", "1 ann_y.example#EXT#@x.example"},
		{"a byte order mark, a no-break space", "\xEF\xBB\xBFann@x.example\u00a0\n", "1 ann@x.example"},
		{"a pattern without a domain", "admin-*", "admin-*"},
		{"empty", "", "the file is empty"},
		{"comments only", "# nobody\n", "the list protects nobody"},
		{"a header", "userPrincipalName\nann@x.example\n", "line 1: not a user principal name: there is no @"},
		{"a display name", "ann@x.example\nAnn Nilsson\n", "line 2: holds a blank"},
		{"a lost character", "J?rg@x.example", "line 1: a character was lost"},
		{"a lost character in a pattern", "j?rg-*@x.example", "line 1: the pattern a character was lost"},
		{"a class in a pattern", "bg-[ab]*@x.example", "line 1: the pattern holds a character"},
		{"no UTF-8 at the end", "ann@x.example\nj\xf6rg@x.example\n", "UTF-8"},
		{"an id of zeros", "00000000-0000-0000-0000-000000000000", "line 1: the object id is all zeros"},
	} {
		rows, patterns, err := ReadProtectList(strings.NewReader(c.text))
		var got []string
		for _, r := range rows {
			got = append(got, fmt.Sprint(r.Line, " ", r.ID, r.UPN))
		}
		told := strings.Join(append(got, patterns...), "; ")
		if err != nil {
			if _, ok := errors.AsType[*InputError](err); !ok || len(rows)+len(patterns) > 0 {
				t.Errorf("%s: error %v is no InputError, or comes with entries", c.name, err)
			}
			told = err.Error()
		}
		if told != c.want && (err == nil || !strings.Contains(told, c.want)) {
			t.Errorf("%s: got %q, want %q", c.name, told, c.want)
		}
	}
}
