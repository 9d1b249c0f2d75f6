package journal

import (
	"errors"
	"os"
	"testing"
	"time"

	"offboard/batch"
)

// TestSealHoldsWhatEndedAtPlanning changes, in the file, what planning found of users and of
// their things. No resume and no report believes any of it.
func TestSealHoldsWhatEndedAtPlanning(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, steps := range [][]batch.Step{{batch.Revoke}, {batch.Disable, batch.Devices}} {
		whole := newPath(t)
		s := openAt(t, whole)
		r := create(t, s, batch.Plan{Run: "r", Steps: steps})
		ended := func(seq int, o batch.Outcome) batch.Planned {
			p := member(seq)
			p.Record = &batch.Record{Seq: seq, Outcome: o, Reason: "as planning found it", SettledAt: at(seq)}
			return p
		}
		rows := []batch.Planned{ended(1, batch.Protected), ended(2, batch.NotFound), ended(3, batch.Skipped), ended(4, batch.Invalid), member(5), member(6)}
		plan := batch.Plan{Run: "r", Steps: steps, Rows: 6, Users: 2, Writes: 2}
		step := steps[0]
		if batch.Several(steps) {
			rows[4] = withDevices(5, "d", "e")
			rows[4].Records = []batch.Record{
				{Seq: 5, Step: batch.Disable, Outcome: batch.Already, SettledAt: at(5)},
				{Seq: 5, Step: batch.Devices, Target: "d", Outcome: batch.NotPossible, SettledAt: at(5)},
			}
			step = batch.Whole
		}
		must(t, r.AddRows(ctx, rows))
		must(t, r.Seal(ctx, plan))
		must(t, r.SetState(ctx, Running, ""))
		must(t, r.Write(ctx, batch.Entry{Records: []batch.Record{{Seq: 6, Step: steps[0], Outcome: batch.Unverified, SettledAt: at(9)}}}))
		must(t, s.Close())
		edits := map[string]string{
			"nothing":                        "",
			"a later record":                 "UPDATE marks SET outcome = 'verified' WHERE seq = 6",
			"a later record that is gone":    "DELETE FROM marks WHERE seq = 6",
			"a protected user is to be sent": "DELETE FROM marks WHERE seq = 1",
			"a protected user has no word":   "UPDATE marks SET outcome = NULL WHERE seq = 1",
			"not found, and now a success":   "UPDATE marks SET outcome = 'verified' WHERE seq = 2",
			"one bit of a reason":            "UPDATE marks SET reason = 'as planning gound it' WHERE seq = 3",
			"one bit of a time":              "UPDATE marks SET settled_at = settled_at + 1 WHERE seq = 3",
			"another file":                   "UPDATE rows SET file = 'rome.csv' WHERE seq = 2",
			"another user":                   "UPDATE marks SET seq = 6 WHERE seq = 4; UPDATE marks SET outcome = 'skipped' WHERE seq = 6",
			"it was written later":           "UPDATE marks SET state_no = 3 WHERE seq = 1",
			"a later record of nobody":       "UPDATE marks SET seq = 6 + 32 WHERE seq = 6",
			"a later record as planned":      "UPDATE marks SET state_no = 1 WHERE seq = 6",
			"one record more":                "INSERT INTO marks (run, seq, step, target, outcome, state_no) SELECT run, 5, '" + string(step) + "', '', 'verified', 1 FROM marks WHERE seq = 1",
		}
		if batch.Several(steps) {
			edits["not possible, and now so already"] = "UPDATE marks SET outcome = 'already' WHERE target = 'd'"
			edits["a thing that is not possible"] = "UPDATE marks SET outcome = 'verified' WHERE target = 'd'"
			edits["another thing"] = "UPDATE marks SET target = 'e' WHERE target = 'd'"
		} else {
			edits["another user"] = "UPDATE marks SET seq = 5 WHERE seq = 4"
		}
		file, err := os.ReadFile(whole)
		must(t, err)
		for what, edit := range edits {
			path := newPath(t)
			must(t, os.WriteFile(path, file, 0o600))
			rawDB(t, path, edit)
			var want error = ErrDamaged
			if what == "nothing" || what == "a later record" || what == "a later record that is gone" {
				want = nil
			}
			reads := map[string]func(r *Run) error{
				"Recover": func(r *Run) error { _, err := r.Recover(ctx); return err },
				"Pending": func(r *Run) error { _, err := upToError(r.Pending(ctx)); return err },
				"Lines":   func(r *Run) error { _, err := upToError(r.Lines(ctx)); return err },
				"Users":   func(r *Run) error { _, err := upToError(r.Users(ctx, nil)); return err },
			}
			if what == "a later record of nobody" { // which hides that a write is open, and no more
				reads = map[string]func(r *Run) error{
					"Remaining": func(r *Run) error { _, _, err := r.Remaining(ctx); return err },
					"Pending":   reads["Pending"],
				}
			}
			for how, read := range reads {
				s := openAt(t, path)
				r, err := s.Run(ctx, "r")
				must(t, err)
				if err := read(r); !errors.Is(err, want) {
					t.Errorf("%v, %s: %s: %v, want %v", steps, what, how, err, want)
				}
				must(t, s.Close())
			}
		}
	}
}

// TestPlanningIsFinal holds that no record of planning is replaced: one who was protected
// when the plan was made stays so.
func TestPlanningIsFinal(t *testing.T) {
	ctx := t.Context()
	r := create(t, openNew(t), batch.Plan{Run: "r", Steps: []batch.Step{batch.Revoke}})
	p := member(1)
	p.Record = &batch.Record{Seq: 1, Outcome: batch.Protected}
	must(t, r.AddRows(ctx, []batch.Planned{p, member(2)}))
	must(t, r.Seal(ctx, batch.Plan{Run: "r", Steps: []batch.Step{batch.Revoke}, Rows: 2, Users: 1, Writes: 1}))
	must(t, r.SetState(ctx, Running, ""))
	done := batch.Record{Seq: 2, Step: batch.Revoke, Outcome: batch.Revoked, SettledAt: time.Now()}
	not := done
	not.Seq = 1
	wantErr(t, r.Write(ctx, batch.Entry{Records: []batch.Record{done, not}}), ErrPlan)
	diff(t, "lines", outcomes(check(t, r)), "protected not_sent")
	must(t, r.Write(ctx, batch.Entry{Records: []batch.Record{done}}))
	diff(t, "lines", outcomes(check(t, r)), "protected revoked")
}

// What was so already when it was planned, and is shown otherwise later, is taken back.
func TestAlreadyIsNotFinal(t *testing.T) {
	path := newPath(t)
	s := openAt(t, path)
	steps := []batch.Step{batch.Disable, batch.Revoke}
	r := create(t, s, batch.Plan{Run: "r", Steps: steps})
	p := member(1)
	p.Records = []batch.Record{{Seq: 1, Step: batch.Disable, Outcome: batch.Already}}
	must(t, r.AddRows(t.Context(), []batch.Planned{p}))
	must(t, r.Seal(t.Context(), batch.Plan{Run: "r", Steps: steps, Rows: 1, Users: 1, Writes: 1}))
	must(t, r.SetState(t.Context(), Running, ""))
	must(t, r.Write(t.Context(), batch.Entry{Records: []batch.Record{{Seq: 1, Step: batch.Disable, Outcome: batch.Failed, Reason: "enabled again", SettledAt: at(9)}}}))
	must(t, s.Close())
	r, err := openAt(t, path).Run(t.Context(), "r")
	must(t, err)
	lines, err := upToError(r.Lines(t.Context()))
	must(t, err)
	if got := lines[0].Of(batch.Disable)[0].Record.Outcome; got != batch.Failed {
		t.Errorf("the account is %s, want failed", got)
	}
}
