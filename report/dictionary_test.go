package report

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
)

// TestDictionaryHasEveryColumn: what any report can have stands in it, once, with words.
func TestDictionaryHasEveryColumn(t *testing.T) {
	known := map[string]Column{}
	for _, c := range Dictionary() {
		if _, twice := known[c.File+c.Name]; twice {
			t.Errorf("%s of %s stands there twice", c.Name, c.File)
		}
		known[c.File+c.Name] = c
		if c.Type == "" || c.Meaning == "" || strings.HasSuffix(c.Meaning, ".") {
			t.Errorf("%s of %s: type %q, meaning %q", c.Name, c.File, c.Type, c.Meaning)
		}
	}
	for _, steps := range [][]batch.Step{{batch.Revoke}, batch.Leaver, {batch.Invalidate, batch.Devices}, {batch.Enable, batch.EnableDevices, batch.JoinGroups, batch.AddLicences}} {
		for _, name := range headerOf(columnsOf(batch.Plan{Steps: steps})) {
			if _, ok := known[csvName+name]; !ok {
				t.Errorf("report.csv of %s has a column %s that is not in the dictionary", batch.StepList(steps), name)
			}
		}
	}
	for file, names := range map[string][]string{targetsName: headerOf(writeColumns), followupName: headerOf(followupColumns)} {
		if missing := slices.DeleteFunc(names, func(n string) bool { _, ok := known[file+n]; return ok }); len(missing) > 0 {
			t.Errorf("%s has columns that are not in the dictionary: %s", file, missing)
		}
	}
}

// TestReadmeNamesTheColumns: its list is that of the dictionary, in the order of the file.
func TestReadmeNamesTheColumns(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	readme := strings.Join(strings.Fields(string(text)), " ")
	want := "has the columns `" + strings.Join(headerOf(columns), "`, `") + "`. After them"
	if !strings.Contains(readme, want) {
		t.Errorf("README.md does not say: %s", want)
	}
	for _, c := range Dictionary() {
		name := c.Name
		if !strings.Contains(readme, "`"+name+"`") && !slices.Contains(headerOf(writeColumns), name) && batch.Step(name).Undoes() == "" {
			t.Errorf("README.md does not name the column %s of %s", name, c.File)
		}
	}
}
