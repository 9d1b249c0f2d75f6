package intake

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
)

// What the survey tells people to paste works, in every file of the corpus: the file can be read with
// these flags, and nobody passes whom the survey named as staying.
func TestAdviceWorks(t *testing.T) {
	all, err := corpus()
	if err != nil {
		t.Fatal(err)
	}
	pasted := 0
	for _, entries := range all {
		for _, e := range entries {
			found, err := TakeSurvey(e.files, e.opt, noon)
			if err != nil || len(found.Stay) == 0 {
				continue
			}
			_, lift := found.Gates(e.opt.DateGate != nil, len(e.files))
			if lift == "" {
				continue
			}
			opt := e.opt
			for flag := range strings.SplitSeq(lift, "\n") {
				name, value, _ := strings.Cut(flag, " ")
				switch name {
				case "--where":
					opt.Where = append(slices.Clone(opt.Where), value)
				case "--date-column":
					opt.DateGate = &DateGate{Column: value, AsOf: noon}
				case "--date-format":
					opt.DateGate.Format = value
				default:
					t.Fatalf("%s: no flag in %q", e.name, lift)
				}
			}
			pasted++
			again, err := TakeSurvey(e.files, opt, noon)
			if err != nil {
				t.Errorf("%s: with %q: %v", e.name, lift, err)
				continue
			}
			if again.Rows == 0 && found.Rows > len(found.Stay[0].People) {
				t.Errorf("%s: with %q nobody is left of %d", e.name, lift, found.Rows)
			}
			f, err := Open(e.files, opt)
			if err != nil {
				t.Errorf("%s: with %q: %v", e.name, lift, err)
				continue
			}
			for row, err := range f.Rows() {
				if bad, is := errors.AsType[*batch.RowError](err); err != nil && (!is || bad == nil) {
					t.Errorf("%s: with %q: %v", e.name, lift, err)
				}
				named := row.Place().String() + ": " + row.Input
				stays := func(s Stay) bool { // what is not understood is once its format is given
					return slices.Contains(s.People, named) && (s.Formats == nil || !strings.Contains(s.Said, notUnderstood))
				}
				if err == nil && slices.ContainsFunc(found.Stay, stays) {
					t.Errorf("%s: %q lets %s through, who stays", e.name, lift, named)
				}
			}
			f.Close()
		}
	}
	if pasted < 10 {
		t.Errorf("only %d files of the corpus have such advice", pasted)
	}
}
