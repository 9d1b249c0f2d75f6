package journal

import (
	"fmt"
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

// Shared tells of each device of several users whose it is, and of no other, nor of what a
// step writes to at the user itself.
func TestShared(t *testing.T) {
	r := create(t, openNew(t), batch.Plan{Run: "r", Steps: []batch.Step{batch.Password, batch.Devices, batch.EnableDevices}})
	device := func(s batch.Step, id string) batch.Target { return batch.Target{Step: s, ID: id} }
	for seq, targets := range [][]batch.Target{
		{{Step: batch.Password}, device(batch.Devices, "a"), device(batch.Devices, "b")},
		{{Step: batch.Password}, device(batch.Devices, "c"), device(batch.EnableDevices, "a")},
		{{Step: batch.Password}, device(batch.Devices, "b")},
	} {
		must(t, r.AddRows(t.Context(), []batch.Planned{{Row: batch.Row{Line: seq + 2}, User: batch.User{Seq: seq + 1}, Targets: targets}}))
	}
	for step, want := range map[batch.Step]string{batch.Devices: "map[b:[1 3]]", batch.EnableDevices: "map[]", batch.Password: "map[]"} {
		got, err := r.Shared(t.Context(), step)
		must(t, err)
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", step, got, want)
		}
	}
}
