package signature

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEveryByteOfASignature changes each byte, deletes it, and cuts there. Line ends
// of Windows are no change.
func TestEveryByteOfASignature(t *testing.T) {
	t.Parallel()
	file := []byte("a plan\n")
	all := signed(t, file, "a")
	text := all[0].Text
	check := func(what string, bad []byte) {
		t.Helper()
		if _, err := judged(file, []File{{Name: "x.sig", Text: bad}}, nil); !errors.Is(err, ErrAltered) || !strings.Contains(err.Error(), "x.sig") {
			t.Fatalf("%s: error %v\n%s", what, err, bad)
		}
	}
	for at := range text {
		for _, to := range []byte{text[at] ^ 1, text[at] ^ 2, text[at] ^ 0x20, text[at] ^ 0x80, 'A', '=', '\n', '\r', ' ', 0} {
			if to == text[at] {
				continue
			}
			bad := slices.Clone(text)
			bad[at] = to
			check(fmt.Sprintf("byte %d became %q", at, to), bad)
		}
		if at < len(text)-1 { // the end of the last line may be missing
			check(fmt.Sprintf("cut at %d", at), text[:at])
		}
		if text[at] != '\n' { // so may ends of lines within, which mean nothing
			check(fmt.Sprintf("byte %d deleted", at), slices.Delete(slices.Clone(text), at, at+1))
		}
	}
	check("with text before it", append([]byte("x\n"), text...))
	check("with text behind it", append(slices.Clone(text), "x\n"...))
	check("twice", append(slices.Clone(text), text...))
	windows := bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	if _, err := judged(file, []File{{Name: "x.sig", Text: windows}}, nil); err != nil {
		t.Errorf("with line ends of Windows: %v", err)
	}
}
