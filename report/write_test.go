package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

var allNames = []string{pageName, csvName, jsonlName, RetryName}

// sealed are the files of a whole report, in the order of the alphabet.
var sealed = []string{csvName, pageName, jsonlName, manifestName, RetryName, documentName}

func TestWriteMakesWhatTheFormatsMake(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "report")
	pulls := 0
	lines := func(yield func(batch.Line, error) bool) {
		pulls++
		seq(fixture(), nil)(yield)
	}
	e := fixtureRun()
	_, err := Write(dir, &e, lines, Seal{})
	paths := e.Files
	if err != nil {
		t.Fatal(err)
	}
	if pulls != 1 {
		t.Errorf("%d passes over the lines", pulls)
	}
	if got := names(t, dir); !slices.Equal(got, sealed) {
		t.Errorf("the directory has %q", got)
	}
	for i, name := range allNames {
		if want := filepath.Join(dir, name); paths[i] != want {
			t.Errorf("path %s, want %s", paths[i], want)
		}
		var want bytes.Buffer
		if err := one(name, &want, fixtureRun(), seq(fixture(), nil)); err != nil {
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
	reportOf(t, dir, "one")
	for _, name := range append([]string{"."}, names(t, dir)...) {
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
		e := fixtureRun()
		aside, err := Write(dir, &e, seq(fixture()[i:], nil), Seal{})
		if err != nil || aside != "" {
			t.Fatal(err, aside)
		}
	}
	got, err := os.ReadFile(filepath.Join(dir, csvName))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(strings.SplitAfterN(string(got), "\n", 2)[1], "4,") {
		t.Errorf("the old report stands:\n%s", got)
	}
	if got := names(t, dir); !slices.Equal(got, sealed) {
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
		run   End
		lines iter.Seq2[batch.Line, error]
		want  error
	}{
		{"at once", fixtureRun(), seq(nil, errBroken), errBroken},
		{"on the way", fixtureRun(), many(errBroken), errBroken},
		{"no columns", End{}, many(nil), errNoColumns},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range sealed {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Write(dir, &tt.run, tt.lines, Seal{})
			if !errors.Is(err, tt.want) || tt.run.Files != nil {
				t.Errorf("got %v, %v, want %v", tt.run.Files, err, tt.want)
			}
			if got := names(t, dir); !slices.Equal(got, sealed) {
				t.Errorf("the directory has %q", got)
			}
			for _, name := range sealed {
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
		_, _ = Write(dir, &End{}, func(func(batch.Line, error) bool) { panic("journal") }, Seal{})
	}()
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("the directory has %q", got)
	}
}

// A name that cannot be taken, as of a file that Excel holds open on Windows, is an
// error, and what stands there then is no report. Here a directory is in the way,
// which no system replaces by a file.
func TestWriteSaysWhatIsHeld(t *testing.T) {
	dir := t.TempDir()
	reportOf(t, dir, "one")
	if err := os.Remove(filepath.Join(dir, jsonlName)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, jsonlName, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	e := fixtureRun()
	e.Plan.Run = "one"
	_, err := Write(dir, &e, seq(fixture(), nil), Seal{})
	if err == nil || !strings.Contains(err.Error(), jsonlName) || !strings.Contains(err.Error(), "open in another program") {
		t.Errorf("got %v", err)
	}
	if got := names(t, dir); slices.Contains(got, manifestName) || strings.Contains(strings.Join(got, " "), ".tmp") {
		t.Errorf("the directory has %q", got)
	}
}

func TestWriteNeedsADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(file, &End{}, seq(nil, nil), Seal{}); err == nil {
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
		var b bytes.Buffer
		if err := one(name, &b, fixtureRun(), many(nil)); err != nil {
			t.Fatal(err)
		}
		for _, room := range []int{0, 100, b.Len() / 2, b.Len() - 1} {
			w := failing(room)
			if err := one(name, &w, fixtureRun(), many(nil)); !errors.Is(err, errBroken) {
				t.Errorf("%s with room for %d: %v", name, room, err)
			}
		}
		// So little that nothing is written before the end.
		if err := one(name, new(failing), fixtureRun(), seq(fixture(), nil)); !errors.Is(err, errBroken) {
			t.Errorf("%s at its end: %v", name, err)
		}
		if err := one(name, io.Discard, fixtureRun(), many(errBroken)); !errors.Is(err, errBroken) || !strings.Contains(err.Error(), "read record: ") {
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

// place makes files that say whose they are.
func place(t *testing.T, dir, whose string, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(whose), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// reportOf writes a run's whole report into dir, and gives where another's went.
func reportOf(t *testing.T, dir, run string) string {
	t.Helper()
	e := fixtureRun()
	e.Plan.Run = run
	aside, err := Write(dir, &e, seq(fixture(), nil), Seal{})
	if err != nil {
		t.Fatal(err)
	}
	return aside
}

// holder is the run that run.json in dir names.
func holder(t *testing.T, dir string) string {
	t.Helper()
	var doc struct {
		Run   string
		Files []string
	}
	text, err := os.ReadFile(filepath.Join(dir, documentName))
	if err != nil || json.Unmarshal(text, &doc) != nil {
		t.Fatalf("%s: %v: %s", documentName, err, text)
	}
	if n := len(doc.Files); n == 0 || filepath.Base(doc.Files[n-1]) != manifestName {
		t.Errorf("%s names the files %q", documentName, doc.Files)
	}
	return doc.Run
}

func TestTheReportOfAnotherRunIsKept(t *testing.T) {
	dir := t.TempDir()
	place(t, dir, "a person's", "report-final.csv", "notes.txt", "retry.csv.bak")
	if aside := reportOf(t, dir, "one"); aside != "" {
		t.Errorf("something was moved to %s", aside)
	}
	if aside := reportOf(t, dir, "one"); aside != "" {
		t.Errorf("the same run's report was moved to %s", aside)
	}
	for _, c := range []struct{ run, whose, to string }{
		{"two", "one", "offboard-one"}, {"one", "two", "offboard-two"}, {"two", "one", "offboard-one-*"},
	} {
		aside := reportOf(t, dir, c.run)
		if is, err := filepath.Match(filepath.Join(dir, c.to), aside); err != nil || !is || holder(t, aside) != c.whose || holder(t, dir) != c.run {
			t.Errorf("%s: moved to %s, which is of %s", c.run, aside, holder(t, aside))
		}
		for _, whole := range []string{aside, dir} {
			if err := check(whole); err != nil {
				t.Errorf("%s: %v", c.run, err)
			}
		}
	}
	for _, name := range []string{"report-final.csv", "notes.txt", "retry.csv.bak"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); string(b) != "a person's" {
			t.Errorf("%s is %q, error %v", name, b, err)
		}
	}
}

// Files that do not say whose they are, and those that say what is no run's name.
func TestTheReportOfNoKnownRunIsKept(t *testing.T) {
	for _, doc := range []string{"", "{", `{"run":""}`, `{"run":"../../x"}`, `{"run":"a/b"}`, `{"run":"A"}`} {
		dir := t.TempDir()
		place(t, dir, "old", csvName, RetryName)
		if doc != "" {
			place(t, dir, doc, documentName)
		}
		aside := reportOf(t, dir, "new")
		if filepath.Dir(aside) != dir || !strings.HasPrefix(filepath.Base(aside), "offboard-20") {
			t.Errorf("%s: moved to %q", doc, aside)
		}
		if b, err := os.ReadFile(filepath.Join(aside, csvName)); string(b) != "old" {
			t.Errorf("%s: %q, error %v", doc, b, err)
		}
	}
}

// Where nothing can be moved, nothing is written over either.
func TestNothingIsWrittenOver(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("names of that length are refused earlier there")
	}
	dir := t.TempDir()
	place(t, dir, "old", csvName)
	long := strings.Repeat("x", 250) // offboard-xxx is no name for a directory
	place(t, dir, `{"run":"`+long+`"}`, documentName)
	e := fixtureRun()
	if aside, err := Write(dir, &e, seq(fixture(), nil), Seal{}); err == nil || !strings.Contains(err.Error(), "keep the report of another run") {
		t.Errorf("moved to %q, error %v", aside, err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{csvName, documentName}) {
		t.Errorf("the directory has %q", got)
	}
}

// check does what sha256sum -c does, and holds the list of report.sha256 against
// what is there.
func check(dir string) error {
	manifest, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return err
	}
	listed := []string{manifestName}
	for line := range strings.Lines(string(manifest)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if is := fmt.Sprintf("%x", sha256.Sum256(text)); is != sum {
			return fmt.Errorf("%s: %s in place of %s", name, is, sum)
		}
		listed = append(listed, name)
	}
	for _, name := range fileNames() {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != slices.Contains(listed, name) && name != signatureName {
			return fmt.Errorf("%s is there: %v, and listed: %v", name, err == nil, slices.Contains(listed, name))
		}
	}
	return nil
}

// What is sealed is listed, a byte changed in any file is found out, and the
// digest that is kept is that of the file.
func TestSeal(t *testing.T) {
	dir := t.TempDir()
	e := fixtureRun()
	var signed, kept string
	if _, err := Write(dir, &e, seq(fixture(), nil), Seal{Sign: func(manifest []byte) ([]byte, error) {
		signed = string(manifest)
		return []byte("signature"), nil
	}, Keep: func(sum string) error {
		kept = sum
		if err := check(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("before the digest of %s is kept: %v", manifestName, err)
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	if err := check(dir); err != nil {
		t.Error(err)
	}
	manifest, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil || string(manifest) != signed || fmt.Sprintf("%x", sha256.Sum256(manifest)) != kept {
		t.Errorf("error %v, kept %s\nsigned %q\nand is %q", err, kept, signed, manifest)
	}
	if text, err := os.ReadFile(filepath.Join(dir, signatureName)); err != nil || string(text) != "signature" {
		t.Errorf("the signature is %q, error %v", text, err)
	}
	if got := len(e.Files); got != 7 || filepath.Base(e.Files[6]) != signatureName {
		t.Errorf("the files are %q", e.Files)
	}
	for _, name := range []string{pageName, csvName, jsonlName, RetryName, documentName} {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int{0, len(text) / 2, len(text) - 1} {
			changed := bytes.Clone(text)
			changed[at] ^= 1
			if err := os.WriteFile(path, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := check(dir); err == nil {
				t.Errorf("byte %d of %s was changed, and nothing shows it", at, name)
			}
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reportOf(t, dir, e.Plan.Run)
	if err := check(dir); err != nil {
		t.Errorf("written again: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, signatureName)); err == nil {
		t.Error("the signature of the older report stands beside the new one")
	}
}

// A report that could not be signed, or whose digest could not be kept, is not sealed.
func TestSealIsWholeOrNot(t *testing.T) {
	for _, broken := range []string{"sign", "keep"} {
		dir := t.TempDir()
		reportOf(t, dir, fixtureRun().Plan.Run)
		e := fixtureRun()
		_, err := Write(dir, &e, seq(fixture()[1:], nil), Seal{Sign: func([]byte) ([]byte, error) {
			if broken == "sign" {
				return nil, errBroken
			}
			return []byte("signature"), nil
		}, Keep: func(string) error { return errBroken }})
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: error %v", broken, err)
		}
		if err := check(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", broken, err)
		}
	}
}

func TestDryRunHasNothingToRunAgain(t *testing.T) {
	dir := t.TempDir()
	e := fixtureRun()
	e.Dry = true
	if _, err := Write(dir, &e, seq(fixture(), nil), Seal{}); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{csvName, pageName, jsonlName, manifestName, documentName}) {
		t.Errorf("the directory has %q", got)
	}
}
