package planfile

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
)

// refused holds that a file is refused, as what it is: in its first line an
// altered plan may look like no plan, or like that of another version.
func refused(t *testing.T, what string, at, firstLine int, file []byte) {
	t.Helper()
	_, f, err := reread(file)
	switch {
	case errors.Is(err, ErrAltered):
	case at <= firstLine && (errors.Is(err, ErrFormat) || errors.Is(err, ErrNewer)):
	default:
		t.Fatalf("%s at byte %d: %+v, error %v", what, at, f, err)
	}
}

// TestEveryByte changes each byte of a plan to each other one, deletes it, cuts
// the plan there, and inserts before it whatever may mean anything. The plan is
// as small as one can be that has a row, a skipped line and an approval.
func TestEveryByte(t *testing.T) {
	if testing.Short() {
		t.Skip("very many cases, of which TestEveryBit has some")
	}
	least := content{rows: tiny().rows[:1], skips: tiny().skips}
	least.head.Plan.Rows, least.head.Plan.Users = 1, 1
	file, _ := written(t, least)
	file = approved(t, file, "a")
	if _, _, err := reread(file); err != nil {
		t.Fatal(err)
	}
	firstLine := bytes.IndexByte(file, '\n')
	inserts := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(file), "\x00\t\r 'eE+-./x\x7f\x80\xff"...))))
	const parts = 8 // in parallel
	for part := range parts {
		t.Run(fmt.Sprint(part), func(t *testing.T) {
			t.Parallel()
			for at := part; at <= len(file); at += parts {
				bad := slices.Insert(slices.Clone(file), at, 0)
				for _, v := range inserts {
					bad[at] = v
					refused(t, fmt.Sprintf("inserted %#x", v), at, firstLine, bad)
				}
				refused(t, "cut", at, firstLine, file[:min(at, len(file)-1)])
				if at == len(file) {
					continue
				}
				bad = slices.Clone(file)
				for v := range 256 {
					if bad[at] = byte(v); byte(v) != file[at] {
						refused(t, fmt.Sprintf("became %#x", v), at, firstLine, bad)
					}
				}
				refused(t, "deleted", at, firstLine, slices.Delete(slices.Clone(file), at, at+1))
			}
		})
	}
}

// TestEveryBit flips every bit of the golden plan, which has every kind of line.
func TestEveryBit(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	firstLine := bytes.IndexByte(file, '\n')
	for at := range file {
		for bit := range 8 {
			bad := slices.Clone(file)
			bad[at] ^= 1 << bit
			refused(t, fmt.Sprintf("bit %d flipped", bit), at, firstLine, bad)
		}
	}
}

// TestEveryLine loses, doubles and swaps lines. Only approvals may go or come
// twice: each stands for itself.
func TestEveryLine(t *testing.T) {
	file, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(file, []byte("\n"))
	lines = lines[:len(lines)-1]
	for i := range lines {
		check := func(what string, changed ...[][]byte) {
			if bad := bytes.Join(slices.Concat(changed...), nil); !bytes.Equal(bad, file) {
				refused(t, fmt.Sprintf("line %d %s", i+1, what), i, 0, bad)
			}
		}
		approval := bytes.HasPrefix(lines[i], []byte(`{"key_id"`))
		if !approval || i == len(lines)-2 {
			check("lost", lines[:i], lines[i+1:])
		}
		if !approval || i == len(lines)-2 {
			check("doubled", lines[:i+1], lines[i:])
		}
		for j := i + 1; j < len(lines); j++ {
			swapped := slices.Clone(lines)
			swapped[i], swapped[j] = swapped[j], swapped[i]
			check(fmt.Sprintf("swapped with %d", j+1), swapped)
		}
	}
}

// TestAlteredPlace holds what a person is told.
func TestAlteredPlace(t *testing.T) {
	file, _ := written(t, tiny())
	cases := []struct {
		name, old, new string
		is             error
		want           string
	}{
		{"no plan", `{"offboard_plan":1,`, "upn\r\n", ErrFormat, `line 1 is not {"offboard_plan":1,`},
		{"no number", `{"offboard_plan":1,`, `{"offboard_plan":01,`, ErrFormat, "line 1"},
		{"newer", `{"offboard_plan":1,`, `{"offboard_plan":12,`, ErrNewer, "its format is 12, and this offboard reads 1; update offboard"},
		{"key", `"line":3`, `"Line":3`, ErrAltered, "line 7, byte 303 of the file: \"}\" should stand here"},
		{"space", `"line":3`, `"line": 3`, ErrAltered, "line 7, byte 311 of the file: a number should stand here"},
		{"escape", `\"\u0001`, `\u0022\u0001`, ErrAltered, "line 7, byte 323 of the file: this is not how offboard writes a plan"},
		{"text", "a@x", "b@x", ErrAltered, "the lines up to 11 have the digest "},
		{"more", "]}\n", "]}\n\n", ErrAltered, "nothing may follow the end of the plan"},
		{"less", "]}\n", "]}", ErrAltered, "the file breaks off"},
		{"end", "]}\n", "", ErrAltered, "the file ends here, before its time"},
	}
	for _, c := range cases {
		bad := bytes.Replace(file, []byte(c.old), []byte(c.new), 1)
		_, _, err := reread(bad)
		if !errors.Is(err, c.is) || !bytes.Contains([]byte(err.Error()), []byte(c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if _, _, err := reread(nil); !errors.Is(err, ErrFormat) {
		t.Errorf("empty file: %v", err)
	}
}
