package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/report"
)

// TestListsSayWhatRunJSONSays: a key of runs and history that run.json has means and looks
// the same there.
func TestListsSayWhatRunJSONSays(t *testing.T) {
	plan := batch.Plan{Run: "r", Created: time.Date(2026, 3, 2, 9, 15, 0, 5e6, time.FixedZone("CET", 3600)), Input: "in.csv", Cloud: job.Simulated,
		Steps: []batch.Step{batch.Disable, batch.Revoke}, Rows: 3, Users: 2, Writes: 4}
	sum := batch.Summary{Lines: 3, Counts: map[batch.Outcome]int{batch.Verified: 1, batch.NotSent: 1, batch.Skipped: 1}}
	document := func(write func(*command) error) (all any) {
		var out bytes.Buffer
		c := newCommand(world{stdout: &out, getenv: func(string) string { return "" }}, &cli{Output: "json"})
		if err := write(c); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out.Bytes(), &all); err != nil {
			t.Fatalf("%v in %s", err, out.Bytes())
		}
		return all
	}
	want := document(func(c *command) error { return c.Ended(report.End{Plan: plan, State: "stopped", Summary: sum}) }).(map[string]any)
	for name, c := range map[string]struct {
		write func(*command) error
		own   []string // keys that run.json does not have
	}{
		"runs": {func(c *command) error {
			return c.runs([]job.RunInfo{{Plan: plan, State: journal.Stopped, Summary: sum}})
		}, nil},
		"history": {func(c *command) error {
			return c.mentions(all([]*journal.Mention{{Plan: plan, State: journal.Stopped, Line: batch.Line{Record: batch.Record{Outcome: batch.NotSent}}}}), "")
		}, []string{"simulated", "file", "line", "user_id", "user_principal_name", "outcome", "sent_at", "valid_from_after", "reason", "input"}},
	} {
		got := document(c.write).([]any)[0].(map[string]any)
		for _, key := range c.own { // of the line
			delete(got, key)
		}
		for key, value := range got {
			if w, ok := want[key]; !ok || !reflect.DeepEqual(w, value) {
				t.Errorf("%s: %s is %v, and in run.json %v", name, key, value, w)
			}
		}
		if len(got) < 6 {
			t.Errorf("%s has %v alone", name, got)
		}
	}
}
