package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/planfile"
)

// applying is a plan file on its way into the journal, with every user looked up
// once more.
type applying struct {
	run    *journal.Run
	asked  map[int]batch.Planned // being looked up, by Seq
	ready  []batch.Planned       // rows that nobody is asked about
	drift  []string              // who is not what the plan says; the first few
	more   int                   // and how many others
	roles  bool                  // the plan and we both know who holds a role
	admins int                   // users who hold one
	writes int                   // to be sent
	since  int                   // things of users that the plan does not have; they are not sent
}

// mostDrift is how many users who have changed are named.
const mostDrift = 20

// lookUpAgain looks everybody up again and adds the plan's rows to the journal, with
// the stamps as they are now. A user who is spared by now ends so; one who is not
// what the plan says refuses it whole.
func (a *ApplyOptions) lookUpAgain(ctx context.Context, j *job, file planfile.File, known *findings) (batch.Count, error) {
	w := &applying{run: j.run, asked: map[int]batch.Planned{}, roles: file.Head.Plan.Terms.Guards.Roles && known.spare.Roles != nil}
	look := j.stepPlanner()
	look.AllowRenamed = true // a new name is drift, and told as such
	look.Spare = known.spare
	look.Rows = func(yield func(batch.Row, error) bool) {
		_, err := j.ReadPlan(a.File, planfile.Sink{
			Skips: func(skips []batch.Skip) error { return j.run.AddSkips(ctx, skips) },
			Rows:  func(rows []batch.Planned) error { return w.rows(ctx, rows, yield) },
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(batch.Row{}, err)
		}
	}
	look.Add = w.add
	count, err := j.lookUp(ctx, "looking up again", look)
	switch {
	case err != nil:
		return count, fmt.Errorf("look up the plan's users again: %w; nothing was written", err)
	case len(w.drift) > 0:
		known.anew = true
		known.refuse("apply", "", "%s %s no longer what the plan says, and it can only be planned again: %s", batch.Plural(len(w.drift)+w.more, "user"), batch.Agree(len(w.drift)+w.more, "is", "are"), strings.Join(w.drift, "; "))
		return count, nil
	}
	if w.since > 0 {
		j.Say("note     %s of these users, such as devices and groups, %s not in the plan: nothing is sent to %s, and %s failed; plan again", batch.Plural(w.since, "thing"), batch.Agree(w.since, "is", "are"), batch.Agree(w.since, "it", "them"), batch.Agree(w.since, "it ends", "they end"))
	}
	count.Privileged, count.Writes = w.admins, w.writes
	return count, w.flush(ctx)
}

// errEnough ends the reading of a plan whose rows nobody wants any more.
var errEnough = errors.New("enough")

// rows passes users on to be looked up, and keeps the others.
func (w *applying) rows(ctx context.Context, rows []batch.Planned, yield func(batch.Row, error) bool) error {
	for _, p := range rows {
		if p.Record != nil || p.DuplicateOf != 0 {
			if w.ready = append(w.ready, p); len(w.ready) >= 1000 {
				if err := w.flush(ctx); err != nil {
					return err
				}
			}
			continue
		}
		w.asked[p.User.Seq] = p // the number is the plan's, not that of the rows asked about
		if !yield(batch.Row{Seq: p.User.Seq, File: p.Row.File, Line: p.Row.Line, Input: p.Row.Input, ID: p.User.ID, UPN: p.User.UPN}, nil) {
			return errEnough
		}
	}
	return nil
}

// add holds what was found against the plan.
func (w *applying) add(ctx context.Context, found []batch.Planned) error {
	rows := make([]batch.Planned, 0, len(found))
	for _, f := range found {
		p := w.asked[f.User.Seq]
		delete(w.asked, f.User.Seq)
		if f.Record != nil && f.Record.Outcome == batch.Protected {
			p.Record, p.Targets, p.Records = f.Record, nil, nil
			rows = append(rows, p)
			continue
		}
		w.settleRoles(&p.User, &f.User)
		why := ""
		switch {
		case f.Record != nil:
			why = f.Record.Reason
		case f.DuplicateOf != 0:
			why = "another row of the plan names the same user"
		default:
			why = planfile.Drift(p.User, f.User)
		}
		if why == "" {
			var since int
			since, why = stillListed(&p, f)
			w.since += since
		}
		if why != "" {
			w.drifted(p, why)
			continue
		}
		p.User.Stamp = f.User.Stamp
		if p.User.Privileged {
			w.admins++
		}
		w.writes += p.Writes(w.run.Plan().Steps)
		rows = append(rows, p)
	}
	return w.run.AddRows(ctx, rows)
}

// markOf names what a target writes to. A group is the same one for both steps that take
// users out of it: which of them lists it changes with what the group gives.
func markOf(s batch.Step, id string) batch.Mark {
	if s == batch.Licences && id != "" {
		s = batch.Groups
	}
	return batch.Mark{Step: s, Target: id}
}

// stillListed holds the targets of a plan against those that are listed now. Only the
// plan's are sent, and of them only those that are still the user's: a device may be
// somebody else's by now. What was so already when it was planned is no success unless it
// is so now. What the user has and the plan does not list ends failed, since nobody approved
// it and the user is not contained; since is how many of these there are. why refuses the plan.
func stillListed(p *batch.Planned, now batch.Planned) (since int, why string) {
	listed, ended := map[batch.Mark]batch.Target{}, map[batch.Mark]batch.Record{}
	for _, r := range now.Records {
		r.Seq = 0
		ended[markOf(r.Step, r.Target)] = r
	}
	for _, t := range now.Targets {
		m := markOf(t.Step, t.ID)
		if r, ok := ended[m]; ok && r.Outcome != batch.Already && r.Outcome != batch.NotPossible && r.Outcome != batch.Skipped {
			return 0, r.Reason // a list that cannot be read says nothing of what is in it
		}
		listed[m] = t
	}
	settled := map[batch.Mark]batch.Outcome{}
	for _, r := range p.Records {
		settled[markOf(r.Step, r.Target)] = r.Outcome
	}
	for i := range p.Targets {
		t := &p.Targets[i]
		m := markOf(t.Step, t.ID)
		is, there := listed[m]
		delete(listed, m)
		rec, over := ended[m]
		switch was := settled[m]; {
		case was == batch.Already && there && rec.Outcome != batch.Already:
			return 0, fmt.Sprintf("%s was %s when the plan was made, and is %s now", cmp.Or(t.Name, t.ID), t.Before, cmp.Or(is.Before, "something else"))
		case was != "":
			continue
		case !there && t.Step == batch.Devices:
			rec = batch.Record{Outcome: batch.Skipped, Reason: "since the plan was made the device has left the user's, and may be somebody else's"}
		case !there && t.Step == batch.Licences && t.ID != "":
			rec = batch.Record{Outcome: batch.Already, Reason: "since the plan was made the user left the group, or the group gives no licences any more"}
		case !there:
			rec = batch.Record{Outcome: batch.Already, Reason: "it was gone before the plan was carried out"}
		case over:
		case t.Kind == batch.DirectLicences && t.Before != is.Before:
			return 0, "the direct licences are no longer those of the plan"
		default:
			t.Before = is.Before
			continue
		}
		rec.Seq, rec.Step, rec.Target, rec.SettledAt = p.User.Seq, t.Step, t.ID, time.Now()
		p.Records = append(p.Records, rec)
	}
	for _, t := range now.Targets {
		m := markOf(t.Step, t.ID)
		if _, left := listed[m]; !left {
			continue
		}
		switch rec, over := ended[m]; {
		case !over:
		case rec.Outcome == batch.NotPossible && m.Step != batch.Groups: // it still is in use
		default:
			continue // it is so already, or the run would leave it
		}
		since++
		p.Targets = append(p.Targets, t)
		p.Records = append(p.Records, batch.Record{Seq: p.User.Seq, Step: t.Step, Target: t.ID, Outcome: batch.Failed, Reason: unplanned, SettledAt: time.Now()})
	}
	return since, ""
}

// unplanned is why something of a user is not sent.
const unplanned = "it is not in the plan, which was made before it came; plan again"

// settleRoles lets roles be no drift that were not read both times: what one of the
// two knows is true of both.
func (w *applying) settleRoles(planned, now *batch.User) {
	if !w.roles {
		planned.Privileged = planned.Privileged || now.Privileged
		now.Privileged = planned.Privileged
	}
}

func (w *applying) drifted(p batch.Planned, why string) {
	if len(w.drift) == mostDrift {
		w.more++
		return
	}
	w.drift = append(w.drift, fmt.Sprintf("%s, %s: %s", p.Row.Place(), p.User.UPN, why))
}

// flush adds the rows that were kept.
func (w *applying) flush(ctx context.Context) error {
	rows := w.ready
	w.ready = nil
	return w.run.AddRows(ctx, rows)
}
