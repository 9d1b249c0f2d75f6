package report

import (
	"bytes"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
)

var errBroken = errors.New("broken")

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

var allNames = []string{csvName, jsonlName, retryName}

func TestWriteMakesWhatTheFormatsMake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "report")
	pulls := 0
	lines := func(yield func(batch.Line, error) bool) {
		pulls++
		seq(fixture(), nil)(yield)
	}
	made, err := Write(dir, fixtureMeta(), lines)
	paths := made.Files
	if err != nil {
		t.Fatal(err)
	}
	if pulls != 1 {
		t.Errorf("%d passes over the lines", pulls)
	}
	if got := names(t, dir); !slices.Equal(got, allNames) {
		t.Errorf("the directory has %q", got)
	}
	for i, name := range allNames {
		if want := filepath.Join(dir, name); paths[i] != want {
			t.Errorf("path %s, want %s", paths[i], want)
		}
		var want bytes.Buffer
		if err := one(name, &want, fixtureMeta(), seq(fixture(), nil)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(paths[i])
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s is not what its format writes", paths[i])
		}
	}
}

func TestWriteIsForTheOwnerAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes are not kept here")
	}
	dir := filepath.Join(t.TempDir(), "report")
	if _, err := Write(dir, fixtureMeta(), seq(fixture(), nil)); err != nil {
		t.Fatal(err)
	}
	for _, name := range append([]string{"."}, allNames...) {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

func TestWriteReplacesOldFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range 2 {
		made, err := Write(dir, fixtureMeta(), seq(fixture()[i:], nil))
		if err == nil {
			err = Document(&End{Meta: fixtureMeta(), Dir: dir, Files: made.Files})
		}
		if err != nil || made.Aside != "" {
			t.Fatal(err, made)
		}
	}
	got, err := os.ReadFile(filepath.Join(dir, csvName))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(strings.SplitAfterN(string(got), "\n", 2)[1], "4,") {
		t.Errorf("the old report stands:\n%s", got)
	}
	if got := names(t, dir); !slices.Equal(got, append(allNames, documentName)) {
		t.Errorf("the directory has %q", got)
	}
}

// many is more than any buffer holds, so that half a report is on disk when
// the error comes.
func many(err error) iter.Seq2[batch.Line, error] {
	return func(yield func(batch.Line, error) bool) {
		for range 300 {
			for _, l := range fixture() {
				if !yield(l, nil) {
					return
				}
			}
		}
		if err != nil && yield(batch.Line{}, err) {
			panic("asked for more after an error")
		}
	}
}

func TestWriteLeavesOldFilesWhenTheLinesFail(t *testing.T) {
	for _, tt := range []struct {
		name  string
		meta  Meta
		lines iter.Seq2[batch.Line, error]
		want  error
	}{
		{"at once", fixtureMeta(), seq(nil, errBroken), errBroken},
		{"on the way", fixtureMeta(), many(errBroken), errBroken},
		{"no columns", Meta{}, many(nil), errNoColumns},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range allNames {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			made, err := Write(dir, tt.meta, tt.lines)
			if !errors.Is(err, tt.want) || made.Files != nil {
				t.Errorf("got %v, %v, want %v", made, err, tt.want)
			}
			if got := names(t, dir); !slices.Equal(got, allNames) {
				t.Errorf("the directory has %q", got)
			}
			for _, name := range allNames {
				if got, _ := os.ReadFile(filepath.Join(dir, name)); string(got) != "old" {
					t.Errorf("%s was touched: %.40q", name, got)
				}
			}
		})
	}
}

func TestWriteLeavesNothingWhenTheLinesPanic(t *testing.T) {
	dir := t.TempDir()
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = Write(dir, fixtureMeta(), func(func(batch.Line, error) bool) { panic("journal") })
	}()
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("the directory has %q", got)
	}
}

// A name that cannot be taken, as of a file that Excel holds open on Windows,
// leads to another one, and people are told. Here directories are in the way,
// which no system replaces by a file.
func TestWriteGoesRoundWhatIsHeld(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{retryName, "retry-2.csv", jsonlName} {
		if err := os.MkdirAll(filepath.Join(dir, name, "in the way"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	made, err := Write(dir, fixtureMeta(), seq(fixture(), nil))
	paths := made.Files
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(dir, csvName), filepath.Join(dir, "report-2.jsonl"), filepath.Join(dir, "retry-3.csv")}
	if !slices.Equal(paths, want) {
		t.Errorf("got %q, want %q", paths, want)
	}
	for _, p := range paths {
		if b, err := os.ReadFile(p); err != nil || len(b) == 0 {
			t.Errorf("%s: %d bytes, %v", p, len(b), err)
		}
	}
	e := fixtureEnd()
	e.Files = paths
	var b bytes.Buffer
	if err := Text(&b, e); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"report-2.jsonl (report.jsonl could not be replaced", "retry-3.csv (retry.csv could not", "retry-3.csv holds them"} {
		if !strings.Contains(b.String(), words) {
			t.Errorf("nothing says %q in\n%s", words, b.String())
		}
	}
	if strings.Contains(b.String(), "(report.csv could not") {
		t.Errorf("report.csv was replaced:\n%s", b.String())
	}
}

func TestWriteTellsWhatItReplaced(t *testing.T) {
	dir := t.TempDir()
	for n := range mostNames {
		name := jsonlName
		if n > 0 {
			name = numbered(name, n+1)
		}
		if err := os.MkdirAll(filepath.Join(dir, name, "in the way"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	made, err := Write(dir, fixtureMeta(), seq(fixture(), nil))
	paths := made.Files
	if err == nil || !strings.Contains(err.Error(), "replace report.jsonl: ") {
		t.Errorf("got %v", err)
	}
	if want := []string{filepath.Join(dir, csvName)}; !slices.Equal(paths, want) {
		t.Errorf("got %q, want %q", paths, want)
	}
	if got := names(t, dir); len(got) != 1+mostNames {
		t.Errorf("the directory has %q", got)
	}
}

func TestWriteNeedsADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(file, fixtureMeta(), seq(nil, nil)); err == nil {
		t.Error("no error")
	} else if pe := (*fs.PathError)(nil); !errors.As(err, &pe) {
		t.Errorf("%v does not wrap its cause", err)
	}
}

// failing takes so many bytes and no more.
type failing int

func (f *failing) Write(p []byte) (int, error) {
	if *f -= failing(len(p)); *f < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestEveryWriterPassesErrorsOn(t *testing.T) {
	for _, name := range allNames {
		for _, room := range []int{0, 100, 70_000} {
			w := failing(room)
			if err := one(name, &w, fixtureMeta(), many(nil)); !errors.Is(err, errBroken) {
				t.Errorf("%s with room for %d: %v", name, room, err)
			}
		}
		// So little that nothing is written before the end.
		if err := one(name, new(failing), fixtureMeta(), seq(fixture(), nil)); !errors.Is(err, errBroken) {
			t.Errorf("%s at its end: %v", name, err)
		}
		var b bytes.Buffer
		if err := one(name, &b, fixtureMeta(), many(errBroken)); !errors.Is(err, errBroken) || !strings.HasPrefix(err.Error(), "read record: ") {
			t.Errorf("%s of failing lines: %v", name, err)
		}
	}
	for name, f := range map[string]func(*failing) error{
		"Text": func(w *failing) error { return Text(w, fixtureEnd()) },
		"JSON": func(w *failing) error { return JSON(w, fixtureEnd()) },
	} {
		if err := f(new(failing)); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
