package main

import (
	"context"
	"fmt"
	"time"

	"offboard/batch"
)

// planGuards are the guards that are asked only when a plan is made.
type planGuards struct {
	guards
	MinUsers    int    `help:"Refuse a plan with fewer users found, those who end already or protected included, as after a slip in --where or an export that broke off." default:"0" placeholder:"N"`
	MaxInputAge age    `help:"Refuse an input file that was last changed longer ago, such as 36h or 7d: otherwise an export that has stopped being updated passes every night." placeholder:"AGE"`
	Since       string `help:"Users who were revoked after that time end already, and are not sent. How long ago (24h), a day, a time (RFC 3339), a run (one minute before its first success), or last: users who ended in success in the last finished run of the same flags, whatever its file, that found any user." placeholder:"TIME|RUN|last"`
	Order       string `help:"danger: holders of privileged roles first, then as in the file; file: as in the file." enum:"danger,file" default:"danger"`
}

// learn asks all guards for a new plan, and adds to it what they found.
func (g *planning) learn(ctx context.Context, j *job, plan *batch.Plan) (learned, error) {
	if !plan.Resolve {
		if err := needDirectory(map[string]bool{"--since": g.Since != ""}); err != nil {
			return learned{}, err
		}
	}
	plan.Terms.Guards.Limits = defaults
	l, err := g.guards.learn(ctx, j, *plan, planIt)
	if err == nil {
		err = g.spareSince(ctx, j, *plan, g.zone, &l)
	}
	l.guards.Limits.MinUsers = g.MinUsers
	plan.Terms.Guards = l.guards
	plan.Settings = append(plan.Settings, l.settings...)
	return l, err
}

// checkAge refuses an input that is too old.
func (g *planning) checkAge(in *reading, now time.Time) error {
	if g.MaxInputAge.Duration == 0 {
		return nil
	}
	if in.changed.IsZero() {
		return fmt.Errorf("%w: --max-input-age: when standard input or a pipe was last changed cannot be known; give the name of a file", errUsage)
	}
	return refused("nothing was planned", []batch.Finding{batch.CheckAge("--max-input-age", "the input was last changed", in.changed, now, g.MaxInputAge.Duration, "see whether its export still runs")})
}

// byClock reports whether this machine's clock decides which dates are over.
func (g *planning) byClock() bool { return g.DateColumn != "" && g.AsOf == "" }

// checkClock refuses to go by a clock that is wrong.
func (g *planning) checkClock(j *job, l *learned) {
	if g.byClock() {
		clock := j.target.clock.read()
		l.refuseAs(clock.Check("--date-column", "--as-of "+clock.Graph.UTC().Format(time.RFC3339)))
	}
}
