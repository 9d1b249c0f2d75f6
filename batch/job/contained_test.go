package job

import (
	"strings"
	"testing"

	"offboard/batch/graphsim"
	"offboard/report"
)

// A run of the step disable alone does not say done of people who may return with the next
// sync, nor of whom nothing was read back.
func TestDoneIsContained(t *testing.T) {
	inOffice(t, 0, func(o *office) {
		o.people = []string{"ada@contoso.example", "bo@contoso.example"}
		for i, upn := range o.people {
			if err := o.tenant.Add(graphsim.User{UPN: upn, Enabled: i == 0, Synced: i == 1}); err != nil {
				t.Fatal(err)
			}
		}
		o.lists(o.people...)
		for _, want := range []string{"1 of 2 people", "1 of 2 people"} { // bo was disabled before
			o.finishes(o.run("disable"))
			var b strings.Builder
			if err := report.Text(&b, o.said.end); err != nil || !strings.Contains(b.String(), "\nNOT CONTAINED: "+want) || !strings.Contains(b.String(), "\nContained: 1 of 2 people") {
				t.Errorf("%v; not said: NOT CONTAINED: %s:\n%s", err, want, b.String())
			}
		}
	})
}
