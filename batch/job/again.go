package job

import (
	"context"
	"fmt"
	"slices"
	"time"

	"offboard/batch"
)

// mostAge is how old a plan may be that goes on, unless a flag says otherwise. The
// people in an older one may have come back.
const mostAge = 24 * time.Hour

// mostAhead is how far the time of a plan may lie ahead of this machine's clock, which may
// have been set by seconds since.
const mostAhead = 5 * time.Minute

// tooOld refuses to go on with a plan that is older than most, or whose age a clock that was set
// back does not tell.
func tooOld(plan batch.Plan, now time.Time, most time.Duration) batch.Finding {
	anew := "run its input again to plan anew"
	switch {
	case plan.Undoes != "":
		anew = "undo run " + plan.Undoes + " again"
	case plan.Terms.Source != "":
		anew = "plan " + plan.Terms.Source + " again"
	}
	return ageOf("the plan of run "+plan.Run+" was made", plan.Created, now, most, anew)
}

// ageOf refuses what was made or begun then, in words, as tooOld does.
func ageOf(what string, at, now time.Time, most time.Duration, anew string) batch.Finding {
	if ahead := at.Sub(now); most > 0 && ahead > mostAhead {
		return batch.Finding{Name: "--max-age", Lift: "--max-age 0", Refusal: fmt.Sprintf(
			"%s at %s, which is %s from now by this machine's clock, so that its age is not known; set the clock, or %s, or allow any age with --max-age 0",
			what, at.UTC().Format(time.RFC3339), ahead.Round(time.Second), anew)}
	}
	return batch.CheckAge("--max-age", what, at, now, most, anew+", or allow its age with --max-age (0 is any)")
}

// guardAgain asks the guards of a run that goes on, before its first new call. It gives the
// records of those who were still to be sent and are spared now, and how many writes that
// leaves out; they are written once everybody has agreed.
func (j *job) guardAgain(ctx context.Context) (spared []batch.Record, writes int, err error) {
	plan := j.run.Plan()
	known, err := j.guards.ask(ctx, j, plan, resumeIt)
	if err != nil {
		return nil, 0, err
	}
	users, err := j.run.Concerned(ctx)
	if err != nil {
		return nil, 0, err
	}
	if plan.Undoes != "" { // as when it was planned
		idle, err := j.run.Idle(ctx)
		if err != nil {
			return nil, 0, err
		}
		users -= idle
	}
	count, spared, writes, err := known.spare.Again(users, j.run.Users(ctx, known.spare.Keys()))
	if err != nil {
		return nil, 0, err
	}
	for _, s := range known.settings {
		j.Say("         %s: %s (%s)", s.Name, s.Value, s.Why)
	}
	if n := count.Ended[batch.Protected]; n > 0 {
		j.sayNow(n, count)
	}
	if then := plan.Accounts.Privileged; count.Privileged > then {
		j.Say("         holders of privileged roles: %s now, %s when the plan was made: %s", batch.Thousands(count.Privileged), batch.Thousands(then), batch.SomeOf(count.Admins, count.Privileged))
	}
	known.refuseAs(tooOld(plan, time.Now(), j.maxAge))
	if plan.Undoes != "" && !j.despite.DespiteLater {
		again, err := j.stillOpens(ctx)
		if err != nil {
			return nil, 0, err
		}
		known.refuseAs(again)
	}
	if err := refused(nothingMore, known.checks(count)...); err != nil {
		return nil, 0, err
	}
	return spared, writes, j.Files.unchanged(nothingMore)
}

// sayNow names the users of a plan who are spared only now.
func (h *Host) sayNow(n int, count batch.Count) {
	h.Say("         protected now, and not sent: %s: %s", batch.Plural(n, "user"), batch.SomeOf(count.Protected, n))
}

// spare writes down who is spared.
func (j *job) spare(ctx context.Context, spared []batch.Record) error {
	for some := range slices.Chunk(spared, 1000) {
		if err := j.run.Write(ctx, batch.Entry{Records: some}); err != nil {
			return err
		}
	}
	return nil
}
