package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
)

// sinceLast is the word for the last finished run of the same choice.
const sinceLast = "last"

// since is what --since names.
type since struct {
	at      time.Time
	byClock bool   // it counts back from this machine's clock
	why     string // where it comes from
}

// check refuses to count back from a clock that is wrong.
func (m since) check(clock batch.Clock) batch.Finding {
	if !m.byClock {
		return batch.Finding{}
	}
	return clock.Check("--since", "--since "+m.at.Add(-clock.Skew()).UTC().Format(time.RFC3339))
}

// spareSince spares users who were revoked before, as --since says.
func (g PlanGuards) spareSince(ctx context.Context, j *job, plan batch.Plan, zoneOf func() (*time.Location, error), l *findings) error {
	switch g.Since {
	case "":
		return nil
	case sinceLast:
		return j.sinceLast(ctx, plan, l)
	}
	m, err := j.sinceWhen(ctx, g.Since, zoneOf, time.Now())
	if err != nil {
		return err
	}
	if m.at.After(time.Now()) {
		return fmt.Errorf("%w: --since %s lies in the future by this machine's clock", ErrUsage, m.at.Format(time.RFC3339))
	}
	l.refuseAs(m.check(j.tenant.clock.read()))
	l.spare.Since = m.at
	l.note("since", m.at.UTC().Format(time.RFC3339), m.why)
	return nil
}

// sinceWhen reads a duration, a day, a time or a run. Of a run it is a time that
// all stamps are later than that the run set: its first success by the server's
// clock, less the slack that proof has; or its beginning, when it had none.
func (j *job) sinceWhen(ctx context.Context, s string, zoneOf func() (*time.Location, error), now time.Time) (since, error) {
	why := "--since " + s
	var ago Age
	if ago.UnmarshalText([]byte(s)) == nil {
		return since{ago.Before(now), true, why + ", by this machine's clock"}, nil
	}
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		zone, err := zoneOf()
		if err != nil {
			return since{}, err
		}
		day, err := dayIn(s, zone)
		return since{day, false, why + ", the beginning of that day in " + zone.String()}, err
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return since{at, false, why}, nil
	}
	run, err := j.findRun(ctx, j.store, s)
	if err != nil {
		return since{}, fmt.Errorf("%w: --since %q is neither a time such as 2026-11-22T12:00:00Z, a day such as 2026-11-22, a duration such as 24h, last, nor a run: %w", ErrUsage, s, err)
	}
	plan := run.Plan()
	if plan.Tenant != j.tenant.identity().Tenant || plan.Cloud != j.tenant.cloud {
		return since{}, fmt.Errorf("%w: --since: run %s is one of tenant %s at %s", ErrUsage, plan.Run, plan.Tenant, plan.Cloud)
	}
	at, err := run.FirstSuccess(ctx)
	if at.IsZero() {
		at, why = plan.Created, why+", which revoked nobody: when it was planned"
	}
	return since{at.Add(-batch.Slack), false, why}, err
}

// sinceLast spares the users that the last finished run of the same choice that found
// any ended in success, while their stamp is the one that it saw, or later.
func (j *job) sinceLast(ctx context.Context, plan batch.Plan, l *findings) error {
	runs, err := j.store.Runs(ctx, journal.Filter{States: []journal.State{journal.Finished}, Tenant: plan.Tenant})
	if err != nil {
		return err
	}
	for _, run := range runs {
		p := run.Plan()
		if p.Tenant != plan.Tenant || p.Cloud != plan.Cloud || !slices.Equal(p.Steps, plan.Steps) || undated(p.Choice) != undated(plan.Choice) {
			continue
		}
		sum, err := run.Summary(ctx)
		switch {
		case errors.Is(err, journal.ErrNoRun): // pruned since
			continue
		case err != nil:
			return err
		case p.Users+sum.Counts[batch.Already]+sum.Counts[batch.Protected] == 0:
			continue // it found no user, as in an export that broke off after the header
		}
		if l.spare.Last, err = seen(ctx, run); err != nil {
			return err
		}
		l.note("since", "run "+p.Run, fmt.Sprintf("--since last: %s ended in success", batch.Plural(len(l.spare.Last), "user")))
		return nil
	}
	unlike, err := j.unlikeLast(ctx, plan)
	l.note("since", "nobody", "--since last: no run of the same choice has finished in this tenant; it looked for "+unlike)
	return err
}

// seen are the stamps that a run saw of the users whose sessions it revoked with success, by
// object id. What became of other steps says nothing of sessions.
func seen(ctx context.Context, run *journal.Run) (map[string]time.Time, error) {
	stamps := map[string]time.Time{}
	for l, err := range run.Lines(ctx) {
		if err != nil {
			return nil, err
		}
		all := l.AllWrites(run.Plan().Steps)
		if l.Whole || all == nil {
			all = []batch.Write{{Record: l.Record}}
			all[0].Record.Step = batch.Revoke // an earlier stamp was enough
		}
		for _, w := range all {
			rec := w.Record
			switch {
			case rec.Step != batch.Revoke && rec.Step != batch.Invalidate, rec.Outcome.Kind() != batch.Success, l.User.ID == "":
			case !rec.After.IsZero():
				stamps[l.User.ID] = rec.After
			case !rec.Accepted.IsZero(): // not read back
				stamps[l.User.ID] = rec.Accepted.Add(-batch.Slack)
			}
		}
	}
	return stamps, nil
}

// dated marks what in a choice is the day that counts as now.
const dated = " as of "

// undated is a choice whatever the day.
func undated(choice string) string {
	choice, _, _ = strings.Cut(choice, dated)
	return choice
}
