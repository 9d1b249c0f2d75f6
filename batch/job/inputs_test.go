package job

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// TestCheckFiles gives files that are none, and files that are given twice.
func TestCheckFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"a.csv", "b 2.csv"} {
		if err := os.WriteFile(name, []byte("upn\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir("sub", 0o700), os.Symlink("a.csv", "link.csv")); err != nil {
		t.Fatal(err)
	}
	stdin, err := os.Open("a.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	whole, _ := filepath.Abs("a.csv")
	h := alone()
	h.Files.Stdin = stdin
	for _, c := range []struct{ files, want string }{
		{"a.csv|b 2.csv", ""},
		{"b 2.csv|-", ""},
		{"none.csv", ""}, // reading it says so
		{"a.csv|a.csv", "a.csv and a.csv are one file"},
		{"a.csv|./a.csv", "a.csv and ./a.csv are one file"},
		{"a.csv|b 2.csv|" + whole, "a.csv and " + whole + " are one file"},
		{"a.csv|link.csv", "a.csv and link.csv are one file"},
		{"-|-", "- and - are one file"},
		{"a.csv|-", "a.csv and - are one file"},
		{"none.csv|none.csv", "none.csv and none.csv are one file"},
		{"sub", "sub is a directory"},
		{"a.csv|*.csv", "there is no file *.csv; it is a pattern that fits 3 files"},
		{"*.xlsx", ""},
		{"ada@x.example|bob@x.example", "there is no file ada@x.example; a user is named with --user"},
		{"a.csv|bob@x.example", "there is no file bob@x.example; users are named with --user, in a command without files"},
	} {
		err := checkFiles(h, strings.Split(c.files, "|"))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrUsage)) {
			t.Errorf("%s: %v", c.files, err)
		}
	}
}

// TestInputsOfPlan holds what a plan says of its files, and that each is read and watched.
func TestInputsOfPlan(t *testing.T) {
	dir := t.TempDir()
	var in inputs
	h := alone()
	now := time.Now()
	for i, name := range []string{"a.csv", "b 2.csv", "c.csv", "d.csv"} {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(name, []byte{byte('a' + i)}, 0o600), os.Chtimes(name, now, now.Add(-time.Duration(i)*time.Hour))); err != nil {
			t.Fatal(err)
		}
		r, err := h.readInput(name)
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, r)
		if src := in.sources()[i]; src.Name != name || src.Size != 1 || src.Bytes != r {
			t.Errorf("source %d is %+v", i, src)
		}
	}
	var one, all batch.Plan
	in[:1].of(&one)
	in.of(&all)
	if one.Input != in[0].name || one.Digest != in[0].digest || one.Inputs != nil {
		t.Errorf("one file: %+v", one)
	}
	if want := in[0].name + ", " + in[1].name + ", " + in[2].name + " and 1 more"; all.Input != want || all.Digest != batch.JointDigest(all.Inputs) || len(all.Inputs) != 4 || all.Inputs[3].SHA256 != in[3].digest {
		t.Errorf("several files: %+v", all)
	}
	if !there(all) {
		t.Error("a file is not there")
	}
	for hours, refuses := range map[int]bool{4: false, 3: true} { // by the oldest, which is of three hours ago
		g := Planning{PlanGuards: PlanGuards{MaxInputAge: Age{time.Duration(hours)*time.Hour - time.Minute}}}
		if err := g.checkAge(in, now); (err != nil) != refuses {
			t.Errorf("--max-input-age below %dh: %v", hours, err)
		}
	}
	for ahead, refuses := range map[time.Duration]bool{time.Minute: false, time.Hour: true} {
		in[1].changed = now.Add(ahead)
		err := (&Planning{PlanGuards: PlanGuards{MaxInputAge: Age{100 * time.Hour}}}).checkAge(in, now)
		if (err != nil) != refuses || refuses && !strings.Contains(err.Error(), in[1].name+" was last changed at ") {
			t.Errorf("changed %s from now: %v", ahead, err)
		}
	}
	if line := h.anewBy(all, "run", all.Files()); !strings.Contains(line, in[0].name+" ") || !strings.Contains(line, in[3].name) {
		t.Error(line)
	}
	if err := os.WriteFile(in[3].name, []byte("e"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.Files.unchanged(nothingWritten); err == nil || !strings.Contains(err.Error(), in[3].name) {
		t.Errorf("the last file changed: %v", err)
	}
	if err := os.Remove(in[3].name); err != nil || there(all) {
		t.Errorf("the last file is not there any more, %v", err)
	}
}
