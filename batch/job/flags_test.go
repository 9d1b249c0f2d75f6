package job

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The command that plans retry.csv leaves out what a run keeps and plan does not know, and
// nothing else.
func TestFlagsOfApplyAlone(t *testing.T) {
	capital := regexp.MustCompile(`([a-z])([A-Z])`)
	named := func(options any) (keep, all []string) {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(options)) {
			name := strings.ToLower(capital.ReplaceAllString(f.Name, "$1-$2"))
			if all = append(all, name); strings.Contains(string(f.Tag), ` keep:""`) {
				keep = append(keep, name)
			}
		}
		return keep, all
	}
	_, plans := named(PlanOptions{})
	var want []string
	for _, options := range []any{ApplyOptions{}, RunOptions{}} {
		keep, _ := named(options)
		for _, name := range keep {
			if !slices.Contains(plans, name) && !slices.Contains(want, name) && name != "report-dir" { // which no command repeats
				want = append(want, name)
			}
		}
	}
	slices.Sort(want)
	if got := slices.Sorted(slices.Values(byApply)); !slices.Equal(got, want) {
		t.Errorf("left out of the command plan: %q\nwhat plan does not know: %q", got, want)
	}
}
