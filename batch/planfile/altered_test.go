package planfile

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"offboard/batch/signature"
)

// refused holds that a plan is refused as altered, when it is read or when its
// signature, which may be nil, is held against it. In its first line an altered plan may look like no
// plan, or like that of another version.
func refused(t *testing.T, what string, file []byte, armored []byte) {
	t.Helper()
	_, _, err := reread(file)
	if err == nil && armored != nil {
		_, err = signature.Judge([]signature.File{{Name: "x.sig", Text: armored}}, signature.PlanNamespace, func() io.Reader { return bytes.NewReader(file) }, nil, noon)
	}
	if !errors.Is(err, ErrAltered) && !errors.Is(err, signature.ErrAltered) && !errors.Is(err, ErrFormat) && !errors.Is(err, ErrNewer) {
		t.Fatalf("%s: error %v", what, err)
	}
}

// TestEveryByte changes each byte of a signed plan in several ways, deletes it, and
// cuts the plan there.
func TestEveryByte(t *testing.T) {
	t.Parallel()
	file, _ := written(t, tiny())
	key, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(bytes.Repeat([]byte("a"), ed25519.SeedSize)))
	if err != nil {
		t.Fatal(err)
	}
	signatures, err := signature.Sign(key, signature.PlanNamespace, bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for at := range file {
		for _, to := range []byte{file[at] ^ 1, file[at] ^ 0x20, '0', '"', ' ', '\n', 0, 0xff} {
			if to == file[at] {
				continue
			}
			bad := slices.Clone(file)
			bad[at] = to
			refused(t, fmt.Sprintf("byte %d became %q", at, to), bad, signatures)
		}
		refused(t, fmt.Sprintf("cut at %d", at), file[:at], signatures)
		refused(t, fmt.Sprintf("byte %d deleted", at), slices.Delete(slices.Clone(file), at, at+1), signatures)
	}
	for _, more := range []string{"\n", " ", "{}\n", string(file)} {
		refused(t, "with more behind it", append(slices.Clone(file), more...), signatures)
	}
}

// TestEveryLine loses, doubles and swaps lines. Without a signature, counts and numbers
// tell, but for skipped lines, which a forger can swap.
func TestEveryLine(t *testing.T) {
	file, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(file, []byte("\n"))
	lines = lines[:len(lines)-1]
	skip := func(i int) bool { return bytes.HasPrefix(lines[i], []byte(`{"skip"`)) }
	for i := range lines {
		check := func(what string, changed ...[][]byte) {
			refused(t, fmt.Sprintf("line %d %s", i+1, what), bytes.Join(slices.Concat(changed...), nil), nil)
		}
		check("lost", lines[:i], lines[i+1:])
		check("doubled", lines[:i+1], lines[i:])
		for j := i + 1; j < len(lines); j++ {
			swapped := slices.Clone(lines)
			if swapped[i], swapped[j] = swapped[j], swapped[i]; !skip(i) || !skip(j) {
				check(fmt.Sprintf("swapped with %d", j+1), swapped)
			}
		}
	}
}

// TestAlteredPlace holds what a person is told.
func TestAlteredPlace(t *testing.T) {
	file, _ := written(t, tiny())
	const last = `{"end":{"rows":2,"users":1,"skips":1}}` + "\n"
	cases := []struct {
		name, old, new string
		is             error
		want           string
	}{
		{"no plan", `{"format":`, "upn\r\n", ErrFormat, `line 1 does not begin with {"format":"offboard-plan","version":1`},
		{"no number", `"version":1`, `"version":"1"`, ErrFormat, "line 1"},
		{"newer", `"version":1`, `"version":12`, ErrNewer, "line 1 says version 12, and this offboard reads 1; update offboard"},
		{"key", `"line":3`, `"lime":3`, ErrAltered, "line 3: from byte 12 on it is not as offboard writes it: a key is unknown"},
		{"capitals", `"line":3`, `"Line":3`, ErrAltered, "line 3: from byte 10 on it is not as offboard writes it"},
		{"twice", `"line":3`, `"line":3,"line":3`, ErrAltered, "line 3: from byte 19 on"},
		{"steps", `"steps":["revoke"]`, `"steps":["delete"]`, ErrAltered, `line 1: the steps ["delete"] are none, unknown, or not in order`},
		{"run", `"plan":{`, `"plan":{"run":"r1",`, ErrAltered, "line 1: it belongs to the run r1 already"},
		{"negative", `"lines":0`, `"lines":-1`, ErrAltered, "line 1: a count is below 0"},
		{"counts", `"skips":1`, `"skips":2`, ErrAltered, "line 5: the plan counts 2 rows and 1 users to send, its end 2 and 1 and 2 skipped lines, and it has 2, 1 and 1"},
		{"more", last, last + "\n", ErrAltered, "line 6: nothing may follow the end of the plan"},
		{"less", last, last[:len(last)-1], ErrAltered, "line 5: the file breaks off here"},
		{"end", last, "", ErrAltered, "line 5: the file ends before its last line"},
		{"two things in one line", `{"skip":`, `{"duplicate_of":1,"skip":`, ErrAltered, "line 4: it is no row, no skipped line and no end"},
	}
	for _, c := range cases {
		bad := bytes.Replace(file, []byte(c.old), []byte(c.new), 1)
		_, _, err := reread(bad)
		if bytes.Equal(bad, file) || !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	// A first line that is cut off or too long is told so, if it is one of a plan.
	head, _, _ := bytes.Cut(file, []byte("\n"))
	for name, c := range map[string]struct {
		r    io.Reader
		is   error
		want string
	}{
		"cut":               {bytes.NewReader(head[:len(head)/2]), ErrAltered, "line 1: the file breaks off here"},
		"no line end":       {bytes.NewReader(head), ErrAltered, "line 1: the file breaks off here"},
		"too long":          {io.MultiReader(bytes.NewReader(head), endless{}), ErrAltered, "line 1: it is too long"},
		"another, cut":      {strings.NewReader(`{"format":"x"`), ErrFormat, "line 1 does not begin with"},
		"another, too long": {endless{}, ErrFormat, "line 1 does not begin with"},
	} {
		if _, err := Read(c.r, Sink{}); !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("first line, %s: %v, want %q", name, err, c.want)
		}
	}
	if _, _, err := reread(nil); !errors.Is(err, ErrFormat) {
		t.Errorf("empty file: %v", err)
	}
}
