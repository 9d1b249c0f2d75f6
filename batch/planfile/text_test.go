package planfile

import (
	"encoding/json"
	"fmt"
	"testing"
	"unicode"
	"unicode/utf8"
)

// TestText holds the spelling of every character, and that any JSON parser
// reads the same text from it.
func TestText(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		s := string(r)
		got := string(appendText(nil, s))
		want := `"` + s + `"`
		switch {
		case r == '"' || r == '\\':
			want = `"\` + s + `"`
		case r < 0x20, 0x7f <= r && r <= 0x9f, 0x200b <= r && r <= 0x200f, 0x2028 <= r && r <= 0x202e, 0x2060 <= r && r <= 0x206f, r == 0xfeff:
			want = fmt.Sprintf(`"\u%04x"`, r)
		}
		if got != want {
			t.Fatalf("%U: %s, want %s", r, got, want)
		}
		var any string
		if err := json.Unmarshal([]byte(got), &any); err != nil || any != s {
			t.Fatalf("%U: read as JSON: %q, error %v", r, any, err)
		}
		back, n := cutText([]byte(got + `"`))
		if back != s || n != len(got) {
			t.Fatalf("%U: %q, %d bytes of %d", r, back, n, len(got))
		}
	}
}

func TestNoText(t *testing.T) {
	for _, s := range []string{"", "a", `"`, `"a`, `"\`, `"\"`, `"\u00`, `"\u000g"`, `"\u-001"`, `"\u00"`} {
		if got, n := cutText([]byte(s)); n != 0 {
			t.Errorf("%s: %q, %d bytes", s, got, n)
		}
	}
}
