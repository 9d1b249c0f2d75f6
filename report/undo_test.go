package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"offboard/batch"
)

// What an undo did is told as such, and what another one may change with the command for it.
func TestTextOfAnUndo(t *testing.T) {
	told := func(ended ...batch.Outcome) string {
		var s batch.Summary
		for _, o := range ended {
			s.Add(o)
		}
		var b bytes.Buffer
		e := End{Plan: batch.Plan{Run: "U", Undoes: "R", Rows: len(ended), Steps: []batch.Step{batch.Enable, batch.EnableDevices}}, State: finished, Retry: "offboard undo R", Summary: s}
		if err := Text(&b, e); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const again = "Another undo takes back what this one may have left: offboard undo R\n"
	for want, text := range map[string]string{
		"Given back to all of 2 people (2 rows).\n":                                                            told(batch.Verified, batch.Already),
		"Given back to 1 of 2 people (1 of 2 rows); of the other 1 all or a part was left alone on purpose.\n": told(batch.Verified, batch.Protected),
		"NOT ALL GIVEN BACK to 1 of 2 people (1 of 2 rows).\n" + again:                                         told(batch.Verified, batch.Failed),
		"NOT ALL GIVEN BACK to 2 of 2 people (2 of 2 rows).\n":                                                 told(batch.NotPossible, batch.Ineffective),
	} {
		if !strings.HasSuffix(text, "\n"+want) {
			t.Errorf("the last word is not %q:\n%s", want, text)
		}
	}
	ofRuns := regexp.MustCompile(`(?i)revok|contain|\bthe run (ended|stopped|was)|held back|run these`)
	for _, o := range batch.Outcomes {
		if text := (End{Plan: batch.Plan{Undoes: "R"}, State: finished}).meaning(o); o != batch.Revoked && (text == "" || ofRuns.MatchString(text)) {
			t.Errorf("an undo calls %s %q", o, text)
		}
	}
}
