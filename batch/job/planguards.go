package job

import (
	"context"
	"fmt"
	"time"

	"offboard/batch"
)

// askGuards asks all guards for a new plan, and adds to it what they found.
func (g *Planning) askGuards(ctx context.Context, j *job, plan *batch.Plan) (findings, error) {
	plan.Terms.Guards.Limits = defaults
	l, err := g.Guards.ask(ctx, j, *plan, planIt)
	if err == nil {
		err = g.spareSince(ctx, j, *plan, g.zone, &l)
	}
	if err == nil && !g.IncludeUndone {
		l.spare.GivenBack, err = j.givenBack(ctx, *plan)
	}
	l.guards.Limits.MinUsers = g.MinUsers
	plan.Terms.Guards = l.guards
	plan.Settings = append(plan.Settings, l.settings...)
	return l, err
}

// wrong is what cannot be meant, as far as that is known without the directory.
func (g *Planning) wrong(h *Host) error {
	var blind error
	if g.NoResolve {
		blind = needDirectory(map[string]bool{"--since": g.Since != ""})
	}
	return refused(nothingPlanned, g.Guards.wrong(h, !g.NoResolve), blind)
}

// checkAge refuses an input that is too old.
func (g *Planning) checkAge(in inputs, now time.Time) error {
	if g.MaxInputAge.Duration == 0 {
		return nil
	}
	oldest := in[0].changed
	for _, r := range in {
		if r.changed.IsZero() {
			return fmt.Errorf("%w: --max-input-age: when standard input or a pipe was last changed cannot be known; give the name of a file", ErrUsage)
		}
		if ahead := r.changed.Sub(now); ahead > mostAhead { // it would pass until then
			return refused(nothingPlanned, batch.Finding{Name: "--max-input-age", Refusal: fmt.Sprintf("%s was last changed at %s, which is %s from now by this machine's clock, so that its age is not known; set the clock, or export it again",
				r.name, r.changed.UTC().Format(time.RFC3339), ahead.Round(time.Second))})
		}
		if r.changed.Before(oldest) {
			oldest = r.changed
		}
	}
	return refused(nothingPlanned, batch.CheckAge("--max-input-age", "the input was last changed", oldest, now, g.MaxInputAge.Duration, "see whether its export still runs"))
}

// byClock reports whether this machine's clock decides which dates are over.
func (g *Planning) byClock() bool { return g.dateColumn() != "" && g.AsOf == "" }

// checkClock refuses to go by a clock that is wrong.
func (g *Planning) checkClock(j *job, l *findings) {
	if g.byClock() {
		clock := j.tenant.clock.read()
		l.refuseAs(clock.Check("--date-column", "--as-of "+clock.Graph.UTC().Format(time.RFC3339)))
	}
}
