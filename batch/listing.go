package batch

import (
	"fmt"
	"slices"
	"time"
)

// listing is a user of the plan whose devices and groups are being listed.
type listing struct {
	row   Row
	user  User
	ended []Record // of steps that ended before
	lists
	open int          // lists that are not whole yet
	read map[Step]int // pages of each list
}

// listedFor are the lists that the steps ask for.
func listedFor(steps []Step) []Step {
	var all []Step
	if slices.Contains(steps, Devices) || slices.Contains(steps, EnableDevices) {
		all = append(all, Devices)
	}
	if slices.ContainsFunc(steps, func(s Step) bool { return s == Groups || s == Licences || s == JoinGroups || s == AddLicences }) {
		all = append(all, Groups)
	}
	return all
}

// maxPages is how many pages of one list are read: far more than the things of a user fill,
// so that links which lead to one another come to an end.
const maxPages = 100

// fail keeps why a list could not be read.
func (l *listing) fail(s Step, why Record) {
	if s == Devices {
		l.noDevices, l.devices = &why, nil
		return
	}
	l.noGroups, l.groups = &why, nil
}

// openLists makes a lane for each list that the steps ask for.
func (p *Planner) openLists(r *road) []*lane {
	if p.Lister == nil {
		return nil
	}
	p.listings, p.listLanes = map[int]*listing{}, map[Step]*lane{}
	var lanes []*lane
	for _, s := range listedFor(p.Steps) {
		ln := &lane{
			name: string(s) + " list", missing: missingToRead(s.Reads(), p.User), call: p.Lister.List, road: r, first: true,
			queue: &queue{}, settle: p.settleList, note: func(Trial) {},
		}
		p.listLanes[s] = ln
		lanes = append(lanes, ln)
	}
	return lanes
}

// planSteps plans what the steps do to a user who will be sent. It is known at once, or
// when the lists are whole.
func (p *Planner) planSteps(row Row, u User, ended []Record) {
	l := &listing{row: row, user: u, ended: ended, read: map[Step]int{}, lists: lists{appOnly: !p.User}}
	for s, ln := range p.listLanes {
		if row.Undo != nil && !slices.ContainsFunc(row.Undo, func(t Target) bool { return slices.Contains(listedFor([]Step{t.Step}), s) }) {
			continue
		}
		l.open++
		ln.queue.put(task{Item: Item{User: u, Step: s}})
	}
	if l.open > 0 {
		p.listings[u.Seq] = l
		return
	}
	p.planListed(l)
}

// settleList turns one page of a list into targets, a record, or another turn. The plan, and
// with it the first write to anybody, waits for the last list: so the attempts follow one
// another as those of read-backs do, in half a minute and not in five. A user whose list
// stays broken has the other steps all the same.
func (p *Planner) settleList(now time.Time, t task, reply Reply) {
	l, ln := p.listings[t.User.Seq], p.listLanes[t.Step]
	retry := p.Retry
	retry.Cap = min(retry.Cap, troubleCap)
	v := retry.Decide(t.trial, reply, jitter())
	switch {
	case v.Again:
		ln.said = describe(reply)
		t.due = now.Add(v.Wait)
		ln.queue.put(t)
		return
	case v.Outcome != "":
		if v.Outcome == NotFound || v.Outcome == Invalid {
			v.Outcome = Failed
		}
		l.fail(t.Step, Record{Outcome: v.Outcome, Reason: v.Reason})
	default:
		to := &l.groups
		if t.Step == Devices {
			to = &l.devices
		}
		for _, target := range reply.Targets {
			i := slices.IndexFunc(*to, func(t Target) bool { return t.ID == target.ID })
			if i < 0 {
				*to = append(*to, target)
				continue
			}
			(*to)[i].RegisteredOnly = (*to)[i].RegisteredOnly && target.RegisteredOnly
		}
		if l.read[t.Step]++; reply.More != "" && l.read[t.Step] == maxPages {
			l.fail(t.Step, Record{Outcome: GaveUp, Reason: fmt.Sprintf("the list goes on after %d pages", maxPages)})
			break
		}
		if reply.More != "" {
			p.listLanes[t.Step].queue.put(task{Item: Item{User: t.User, Step: t.Step, Target: Target{ID: reply.More}}, due: now})
			return
		}
	}
	if l.open--; l.open == 0 {
		delete(p.listings, t.User.Seq)
		p.planListed(l)
	}
}

// planListed plans a user whose lists are whole.
func (p *Planner) planListed(l *listing) {
	w := workOf(p.Steps, l.user, l.lists)
	if l.row.Undo != nil {
		w.undo(l.row.Undo, l.user, l.lists)
	}
	records := append(slices.Clip(l.ended), w.records...)
	now := time.Now()
	for i := range records {
		records[i].Seq, records[i].SettledAt = l.user.Seq, now
	}
	planned := Planned{Row: l.row, User: l.user, Targets: w.targets, Records: records}
	p.count.addWork(p.Steps, planned)
	if planned.Writes(p.Steps) > 0 {
		p.count.People.addPerson(l.row, l.user, p.Spare.Roles[l.user.ID], p.Caller)
	}
	p.planned = append(p.planned, planned)
}
