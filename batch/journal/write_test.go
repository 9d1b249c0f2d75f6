package journal

import (
	"errors"
	"testing"

	"offboard/batch"

	"golang.org/x/sync/errgroup"
)

// TestSoFar follows one user through all that can be said without a record.
func TestSoFar(t *testing.T) {
	for _, tt := range []struct {
		rec   batch.Record
		call  int
		doubt bool
		want  batch.Outcome
		words string
	}{
		{batch.Record{}, 0, false, batch.NotSent, "its turn had not come"},
		{batch.Record{SentAt: at(1)}, 3, false, batch.Unsettled, "sent in call 3, whose answer is not recorded"},
		{batch.Record{SentAt: at(1), Status: 503}, 3, true, batch.Unsettled, "sent in call 3, whose answer is not recorded"},
		{batch.Record{SentAt: at(1)}, 0, true, batch.Unsettled, "sent, and no answer was seen"},
		{batch.Record{SentAt: at(1), Status: 504}, 0, true, batch.Unsettled, "sent, and the answer HTTP 504 leaves open whether it was done"},
		{batch.Record{SentAt: at(1), Status: 403, Code: "No"}, 0, true, batch.Unsettled, "sent more than once: no answer was seen to one call, and the last was refused with HTTP 403 No"},
		{batch.Record{SentAt: at(1), Throttles: 1, Status: 429}, 0, false, batch.NotSent, "sent, and told to wait once; nothing was done, and it was not sent again"},
		{batch.Record{SentAt: at(1), Throttles: 2, Status: 429}, 0, false, batch.NotSent, "sent, and told to wait 2 times; nothing was done, and it was not sent again"},
		{batch.Record{SentAt: at(1), Throttles: 2, Attempts: 1, Status: 400, Code: "BadRequest"}, 0, false, batch.NotSent, "sent, and refused with HTTP 400 BadRequest; nothing was done, and it was not sent again"},
	} {
		if got, words := soFar(tt.rec, tt.call, tt.doubt); got != tt.want || words != tt.words {
			t.Errorf("%+v, call %d, doubt %v: %s, %q; want %s, %q", tt.rec, tt.call, tt.doubt, got, words, tt.want, tt.words)
		}
	}
}

// Of those who are not_sent, the summary tells who was sent and refused; a call that
// is open makes them unsettled.
func TestRefusedAreCounted(t *testing.T) {
	r := running(t, openNew(t), "r", 4)
	ctx := t.Context()
	must(t, r.Write(ctx, batch.Entry{Trials: []batch.Trial{
		{Seq: 1, Attempts: 1, SentAt: at(1), Status: 403}, {Seq: 2, SentAt: at(1), Doubt: true}, {Seq: 3, Throttles: 1, SentAt: at(1), Status: 429},
	}}))
	for i, want := range []struct{ refused, unsettled, notSent int }{{2, 1, 3}, {1, 2, 2}} {
		sum, err := r.Summary(ctx)
		must(t, err)
		if sum.Refused != want.refused || sum.Counts[batch.Unsettled] != want.unsettled || sum.Counts[batch.NotSent] != want.notSent {
			t.Errorf("got %+v, want %+v", sum, want)
		}
		must(t, r.Write(ctx, batch.Entry{Calls: []batch.Call{{No: 7 + i, SentAt: at(2), Seqs: []int{1}}}}))
	}
}

func TestRecover(t *testing.T) {
	r := running(t, openNew(t), "r", 4)
	ctx := t.Context()
	must(t, r.Write(ctx, batch.Entry{
		Calls:   []batch.Call{{No: 1, SentAt: at(1), Seqs: []int{1}}, {No: 2, SentAt: at(2), ID: "g", Seqs: []int{2, 3}}},
		Over:    []int{1},
		Trials:  []batch.Trial{{Seq: 2, Throttles: 2, SentAt: at(1), Status: 429, RequestID: "x/1"}},
		Records: []batch.Record{settled(1, 1, batch.Revoked)},
	}))
	diff(t, "before", outcomes(check(t, r)), "revoked unsettled unsettled not_sent")
	for l, err := range r.Lines(ctx) {
		must(t, err)
		if of := l.Record.RequestID == "client-request-id g"; of != (l.Record.Outcome == batch.Unsettled) {
			t.Errorf("user %d: request id %q", l.Record.Seq, l.Record.RequestID)
		}
	}
	for i, want := range []int{2, 0} {
		users, err := r.Recover(ctx)
		must(t, err)
		if users != want {
			t.Errorf("the %d. time it recovered %d users, want %d", i+1, users, want)
		}
		diff(t, "after", outcomes(check(t, r)), "revoked unsettled unsettled not_sent")
	}
	var trials []batch.Trial
	for _, p := range all(t, r.Pending(ctx)) {
		trials = append(trials, p.Trial)
	}
	diff(t, "trials", trials, []batch.Trial{
		{Seq: 2, Throttles: 2, SentAt: at(2), Doubt: true, Status: 429, RequestID: "client-request-id g"},
		{Seq: 3, SentAt: at(2), Doubt: true, RequestID: "client-request-id g"}, {}})
	var open int
	must(t, r.s.r.QueryRow("SELECT count(*) FROM calls WHERE over = 0").Scan(&open))
	if open != 0 {
		t.Errorf("%d calls are open", open)
	}
	last, err := r.LastCall(ctx)
	must(t, err)
	if last != 2 {
		t.Errorf("calls go on from %d", last)
	}
}

// TestCallsForgotten holds the file small: of a call that is over nobody is
// listed, and of a user with a record there is no trial.
func TestCallsForgotten(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	r := running(t, s, "r", 500)
	must(t, r.Write(t.Context(), batch.Entry{Trials: []batch.Trial{{Seq: 1, Doubt: true}, {Seq: 2}}}))
	settleAll(t, r, 500, batch.Unverified)
	var trials int
	must(t, s.r.QueryRow("SELECT count(*) FROM marks WHERE outcome IS NULL").Scan(&trials))
	if trials != 0 {
		t.Errorf("%d trials are left", trials)
	}
	var intents, calls, users int
	must(t, s.r.QueryRow("SELECT (SELECT count(*) FROM intents), count(*), sum(users) FROM calls").Scan(&intents, &calls, &users))
	if intents != 0 || calls != 25 || users != 500 {
		t.Errorf("%d intents, %d calls with %d users", intents, calls, users)
	}
}

// TestReadWhileWriting reads pages while the loop, and another goroutine,
// write to the run.
func TestReadWhileWriting(t *testing.T) {
	t.Parallel()
	const n = pageRows + 100
	r := running(t, openNew(t), "r", n)
	ctx := t.Context()
	var g errgroup.Group
	g.Go(func() error {
		for range 3 {
			if _, err := r.Summary(ctx); err != nil {
				return err
			}
			for _, err := range r.Lines(ctx) {
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	seen, e := 0, batch.Entry{}
	for p, err := range r.Pending(ctx) {
		must(t, err)
		if seen++; p.Item.User.Seq != seen {
			t.Fatalf("user %d comes as number %d", p.Item.User.Seq, seen)
		}
		if e.Records = append(e.Records, settled(seen, 1, batch.Unverified)); seen%100 == 0 {
			must(t, r.Write(ctx, e))
			e.Records = nil
		}
	}
	must(t, r.SetState(ctx, Running, ""))
	proven := 0
	for l, err := range r.Unproven(ctx) {
		must(t, err)
		must(t, r.Write(ctx, batch.Entry{Records: []batch.Record{settled(l.Item.User.Seq, 1, batch.Verified)}}))
		if proven++; proven == 50 {
			break
		}
	}
	must(t, g.Wait())
	if seen != n {
		t.Errorf("%d users were pending, not %d", seen, n)
	}
	sum, err := r.Summary(ctx)
	must(t, err)
	diff(t, "counts", sum.Counts, map[batch.Outcome]int{batch.Unverified: n - 50, batch.Verified: 50})
	count(t, r.Lines(ctx), n)
}

// TestWriteKeepsToThePlan holds that nothing is written of a step, or of a thing of a user,
// that the plan has not.
func TestWriteKeepsToThePlan(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	plan := batch.Plan{Run: "r", Steps: []batch.Step{batch.Disable, batch.Devices}, Rows: 2, Users: 2, Writes: 4}
	r := create(t, openNew(t), plan)
	must(t, r.AddRows(ctx, []batch.Planned{withDevices(1, "d"), withDevices(2, "e")}))
	must(t, r.Seal(ctx, plan))
	must(t, r.SetState(ctx, Running, ""))
	for _, k := range []batch.Mark{{Seq: 1, Step: batch.Revoke, Target: ""}, {Seq: 1, Step: batch.Groups, Target: "d"}, {Seq: 1, Step: batch.Devices, Target: "e"}, {Seq: 1, Step: batch.Devices, Target: ""}, {Seq: 1, Step: batch.Disable, Target: "d"}} {
		call := batch.Call{No: 1, Step: k.Step, Seqs: []int{k.Seq}, Targets: []string{k.Target}}
		for what, e := range map[string]batch.Entry{
			"call": {Calls: []batch.Call{call}}, "trial": {Trials: []batch.Trial{{Seq: k.Seq, Step: k.Step, Target: k.Target}}},
			"record": {Records: []batch.Record{{Seq: k.Seq, Step: k.Step, Target: k.Target, Outcome: batch.Verified}}},
		} {
			if err := r.Write(ctx, e); !errors.Is(err, ErrPlan) {
				t.Errorf("%s of %v: %v", what, k, err)
			}
		}
	}
	wantErr(t, r.Write(ctx, batch.Entry{Calls: []batch.Call{{No: 1, Step: batch.Devices, Seqs: []int{1, 1}, Targets: []string{"d", "d"}}}}), ErrPlan)
	diff(t, "pending", len(all(t, r.Pending(ctx))), 4)
}
