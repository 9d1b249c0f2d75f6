package report

import (
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
