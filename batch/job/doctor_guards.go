package job

import (
	"context"
	"fmt"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/intake"
	"offboard/batch/throttle"
)

// What the doctor asks of the guards. It asks the functions that a run asks, up to the lookup of
// everybody.

// guarding asks the guards as a run does before it looks everybody up.
func (d *doctor) guarding(ctx context.Context) Diagnosis {
	d.meet()
	if d.in != nil {
		if found, ends := d.begun(ctx); ends {
			return found
		}
	}
	l, err := d.o.askGuards(ctx, d.job, &d.plan)
	if err != nil {
		return illBy(err)
	}
	d.o.checkClock(d.job, &l)
	if l.spare.Admin {
		for id, role := range l.spare.Roles {
			l.spare.IDs[id] = role
		}
	}
	// Each is one user at the most, whom nobody may find, and some may end already.
	most := len(d.people)
	if l.guards.Limits.MinUsers <= most || d.in == nil {
		l.guards.Limits.MinUsers = 0
	}
	sure := d.o.Since == "" && len(l.spare.Names) == 0
	count := batch.Count{Users: most - len(l.spare.IDs)}
	if !sure || count.Users < 0 {
		count.Users = 0
	}
	if l.guards.Limits.MinUsers > 0 {
		count.Ended = map[batch.Outcome]int{batch.Already: most - count.Users}
	}
	if err := refused(nothingPlanned, l.checks(count)...); err != nil {
		return illBy(err)
	}
	open := []string{"who of the people is found, ends already, or holds a privileged role (--max-privileged)"}
	if !sure && (d.o.MaxUsers != nil || d.o.MaxPercent != nil) {
		open = append(open, "to how many there is something to do (--max-users, --max-percent)")
	}
	if given := d.o.MinUsers > 0 || d.o.MaxPrivileged != nil || len(open) > 1; given {
		return noted("none refuses so far; a run alone tells %s", strings.Join(open, ", and "))
	}
	return well("none refuses %s before they are looked up", batch.Agree(most, "1 person", batch.Thousands(most)+" people"))
}

// begun drafts the plan of a run, and looks for a run on the same input: one that is worked on is a
// trouble, and with one that stopped before its end a run would go on, under its own plan.
func (d *doctor) begun(ctx context.Context) (found Diagnosis, ends bool) {
	choice, err := d.o.choiceDigest(d.Host, d.opt)
	if err != nil {
		return illBy(err), true
	}
	survey, err := intake.TakeSurvey(d.in.sources(), d.opt, d.plan.Created)
	if err == nil {
		err = d.o.draft(d.job, d.in, d.opt, survey, choice, d.steps, d.plan.Created)
	}
	if err != nil {
		return illBy(err), true
	}
	d.meet()
	by, err := d.store.InputHeld(d.plan)
	if err == nil && by != nil {
		err = by
	}
	if err != nil {
		return illBy(err), true
	}
	if d.o.New {
		return found, false
	}
	was, err := d.submission(ctx)
	if err == nil && was != nil {
		err = d.alreadyBegun(was.name, "%s, waits for a worker", was)
	}
	if err != nil {
		return illBy(err), true
	}
	run, err := d.store.Unfinished(ctx, d.plan)
	if err != nil {
		return illBy(err), true
	}
	if run == nil {
		return found, false
	}
	if by, err := run.Held(); err != nil || by != nil {
		if by != nil {
			err = by
		}
		return illBy(err), true
	}
	p := run.Plan()
	if tooOld(p, time.Now(), mostAge).Refusal != "" {
		return found, false
	}
	return noted("a run would go on with %s on the same input, of %s, under its own guards; --new starts over", p.Run, p.Created.Local().Format(time.DateTime)), true
}

// notice tells whether other programs can be told.
func (d *doctor) notice(context.Context) Diagnosis {
	if d.untold != nil {
		return illBy(d.untold)
	}
	return well("the files of --notify-file and --metrics-file can be used; nothing is sent to the address")
}

// deadline holds --deadline against what is known of the time that a run takes at least.
func (d *doctor) deadline(context.Context) Diagnosis {
	n := len(d.people) * len(d.steps)
	now := time.Now()
	gates := throttle.NewPool(throttle.Config{Quotas: throttle.For(d.quotas, throttle.Write), Rate: d.Rate, MaxWidth: d.Concurrency, Users: n}, len(d.tenant.apps))
	least := d.spent
	if d.o.Since == "" {
		least += throttle.Earliest(gates, n, now)
	}
	if least > d.limit {
		return ill(fmt.Sprintf("--deadline %v is less than the %v that sign-in, guards and writes take at least", d.limit, least.Round(time.Millisecond)), "give more time with --deadline, or none; a run that is stopped by it can be resumed")
	}
	return noted("--deadline %v is more than the %v that is known to be needed; how long a run takes Graph decides", d.limit, least.Round(time.Millisecond))
}
