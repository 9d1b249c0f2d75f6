package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// put makes files that say whose they are.
func put(t *testing.T, dir, whose string, names ...string) {
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
	meta := fixtureMeta()
	meta.Plan.Run = run
	made, err := Write(dir, meta, seq(fixture(), nil))
	if err == nil {
		err = Document(&End{Meta: meta, Dir: dir, Files: made.Files})
	}
	if err != nil {
		t.Fatal(err)
	}
	return made.Aside
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
	if n := len(doc.Files); n == 0 || filepath.Base(doc.Files[n-1]) != documentName {
		t.Errorf("%s names the files %q", documentName, doc.Files)
	}
	return doc.Run
}

func TestTheReportOfAnotherRunIsKept(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "a person's", "report-final.csv", "notes.txt", "retry.csv.bak")
	if aside := reportOf(t, dir, "one"); aside != "" {
		t.Errorf("something was moved to %s", aside)
	}
	put(t, dir, "one", "report-2.csv") // the name of a report whose usual name was held
	if aside := reportOf(t, dir, "one"); aside != "" {
		t.Errorf("the same run's report was moved to %s", aside)
	}
	for _, c := range []struct{ run, whose, to string }{
		{"two", "one", "offboard-one"}, {"one", "two", "offboard-two"}, {"two", "one", "offboard-one-2"},
	} {
		aside := reportOf(t, dir, c.run)
		if aside != filepath.Join(dir, c.to) || holder(t, aside) != c.whose || holder(t, dir) != c.run {
			t.Errorf("%s: moved to %s, which is of %s", c.run, aside, holder(t, aside))
		}
		got := names(t, aside)
		got = slices.DeleteFunc(got, func(name string) bool { return name == "report-2.csv" })
		if want := append(slices.Clone(allNames), documentName); !slices.Equal(got, want) {
			t.Errorf("%s has %q", aside, got)
		}
	}
	if got := strings.Join(names(t, filepath.Join(dir, "offboard-one")), " "); !strings.Contains(got, "report-2.csv") {
		t.Errorf("the first report has %s", got)
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
		put(t, dir, "old", csvName, retryName)
		if doc != "" {
			put(t, dir, doc, documentName)
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
	dir := t.TempDir()
	reportOf(t, dir, "one")
	for n := range mostNames {
		name := "offboard-one"
		if n > 0 {
			name = fmt.Sprintf("offboard-one-%d", n+1)
		}
		put(t, dir, "in the way", name)
	}
	meta := fixtureMeta()
	meta.Plan.Run = "two"
	if made, err := Write(dir, meta, seq(fixture(), nil)); err == nil || made.Files != nil {
		t.Errorf("%v, error %v", made, err)
	}
	if whose := holder(t, dir); whose != "one" {
		t.Errorf("the report is of %s", whose)
	}
}

func TestDryRunHasNothingToRunAgain(t *testing.T) {
	dir := t.TempDir()
	meta := fixtureMeta()
	meta.Dry = true
	if _, err := Write(dir, meta, seq(fixture(), nil)); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{csvName, jsonlName}) {
		t.Errorf("the directory has %q", got)
	}
}
