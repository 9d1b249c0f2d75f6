package journal

import (
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// TestNotSentForAProof holds that a write that waits for a proof says so, and that one whose
// turn has not come does not.
func TestNotSentForAProof(t *testing.T) {
	ctx := t.Context()
	plan := batch.Plan{Run: "r", Steps: []batch.Step{batch.Disable, batch.Groups}, Verify: true}
	r := create(t, openNew(t), plan)
	group := batch.Target{Step: batch.Groups, ID: "g"}
	for seq := range 2 {
		must(t, r.AddRows(ctx, []batch.Planned{{Row: batch.Row{Line: seq + 2}, User: batch.User{Seq: seq + 1}, Targets: []batch.Target{group}}}))
	}
	plan.Rows, plan.Users, plan.Writes = 2, 2, 4
	must(t, r.Seal(ctx, plan))
	must(t, r.SetState(ctx, Running, ""))
	must(t, r.Write(ctx, batch.Entry{Records: []batch.Record{{Seq: 1, Step: batch.Disable, Outcome: batch.Unverified, SettledAt: time.Now()}}}))
	for _, l := range all(t, r.Lines(ctx)) {
		rec := l.Of(batch.Groups)[0].Record
		if told := strings.HasPrefix(rec.Reason, "not sent, since the step disable is unverified; a resume"); rec.Outcome != batch.NotSent || told != (l.User.Seq == 1) {
			t.Errorf("user %d: %s: %s", l.User.Seq, rec.Outcome, rec.Reason)
		}
	}
}
