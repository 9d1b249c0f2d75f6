package report

import (
	"bytes"
	"strings"
	"testing"

	"offboard/batch"
)

func TestVerdict(t *testing.T) {
	counts := func(os ...batch.Outcome) (s batch.Summary) {
		for _, o := range os {
			s.Add(o)
		}
		return s
	}
	for _, tt := range []struct {
		name string
		sum  batch.Summary
		rows int
		want string
	}{
		{"nothing", counts(), 0, "Nothing to do: the input has no rows."},
		{"one", counts(batch.Verified), 1, "Done: all of 1 row ended in success."},
		{"all", counts(batch.Verified, batch.Revoked, batch.Already), 3, "Done: all of 3 rows ended in success."},
		{"neutral too", counts(batch.Verified, batch.Skipped), 2, "Done for 1 of 2 rows; the other 1 left alone on purpose."},
		{"neutral only", counts(batch.Protected, batch.Skipped), 2, "Nothing done: all of 2 rows left alone on purpose."},
		{"failure", counts(batch.Verified, batch.Skipped, batch.Denied), 3, "NOT DONE for 1 of 3 rows."},
		{"open", counts(batch.Verified, batch.Denied, batch.NotSent), 3, "NOT DONE: 2 of 3 rows did not end in success, 1 of them still open."},
		{"unsettled", counts(batch.Unsettled), 1, "NOT DONE: 1 of 1 row did not end in success, 1 of them still open."},
		{"unknown", counts("done"), 1, "NOT DONE for 1 of 1 row."},
		{"records missing", counts(batch.Verified), 2, "NOT DONE: the plan has 2 rows, and only 1 of them can be told of."},
		{"all records missing", counts(), 2, "NOT DONE: the plan has 2 rows, and only 0 of them can be told of."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := End{Summary: tt.sum, Meta: Meta{State: "finished", Plan: batch.Plan{Rows: tt.rows}}}
			var b bytes.Buffer
			if err := Text(&b, e); err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(b.String(), "\n\n"+tt.want+"\n") {
				t.Errorf("want %q at the end of:\n%s", tt.want, &b)
			}
		})
	}
}

func TestEveryOutcomeHasItsOwnMeaning(t *testing.T) {
	seen := map[string]batch.Outcome{meaning("unheard of"): "any other"}
	for _, o := range batch.Outcomes {
		m := meaning(o)
		if other, ok := seen[m]; ok {
			t.Errorf("%s means what %s means: %s", o, other, m)
		}
		seen[m] = o
	}
}

// A file's name must not move the cursor, colour the screen or fake a line.
func TestTextTalksToNoTerminal(t *testing.T) {
	e := fixtureEnd()
	e.Plan.Input = "a\x1b[2J.csv\nDone: all of 9 rows ended in success."
	e.Plan.Tenant, e.State, e.Resume = "t\x07", "s\r", "offboard resume \x1b]0;x\x07"
	e.Plan.Settings = []batch.Setting{{Name: "n\x1b", Value: "v\x9b1m", Why: "w\n"}}
	e.Files = []string{"f\x1b"}
	e.Summary.Add("o\x1b[1m")
	var b bytes.Buffer
	if err := Text(&b, e); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(b.String(), func(r rune) bool { return r != '\n' && clean(string(r)) != string(r) }); i >= 0 {
		t.Errorf("a control character at %d of %q", i, b.String())
	}
	if strings.Contains(b.String(), "\nDone") {
		t.Errorf("the input's name became a verdict:\n%s", &b)
	}
}

// When everybody was denied the permission is named, and only then.
func TestAllDeniedNamesThePermission(t *testing.T) {
	for _, tt := range []struct {
		outcomes []batch.Outcome
		want     bool
	}{
		{[]batch.Outcome{batch.Denied}, true},
		{[]batch.Outcome{batch.Denied, batch.Skipped, batch.NotFound, batch.NotSent}, true},
		{[]batch.Outcome{batch.Denied, batch.Verified}, false},
		{[]batch.Outcome{batch.Denied, batch.Failed}, false},
		{[]batch.Outcome{batch.NotSent}, false},
	} {
		var b bytes.Buffer
		var sum batch.Summary
		for _, o := range tt.outcomes {
			sum.Add(o)
		}
		if err := Text(&b, End{Summary: sum}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "lacks the Graph permission User.RevokeSessions.All"); got != tt.want {
			t.Errorf("%v: the permission is named: %v, want %v", tt.outcomes, got, tt.want)
		}
	}
}
