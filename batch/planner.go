package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"
)

// Planner turns rows into the users of a plan: it looks them up, holds what the
// directory says against what the file says, and finds rows that name one
// person twice. It writes nothing to Graph.
//
// Without a Directory it cannot see that an object id and a user principal name are one
// person's. A person named by id in one row and by name in another is then two users, and
// is sent twice.
type Planner struct {
	Steps        []Step    // of the plan, in order
	Directory    Directory // nil: keys are taken as given
	Lister       Lister    // of devices and groups; may be nil when no step asks for them
	User         bool      // a user is signed in, and no app of its own
	Caller       string    // object id of the person who is signed in, in lower case; "" is not known
	Reads        Gate
	Rows         iter.Seq2[Row, error] // by ascending Seq; a *RowError is a bad row, any other error ends the planning
	Stay         LinesByName           // users kept by rows that a gate held back; if there are any, Rows is read twice
	Add          func(context.Context, []Planned) error
	AllowRenamed bool // an object id may have another UPN than the file says
	Spare        Spare

	Concurrency int
	Retry       RetryPolicy
	CallTimeout time.Duration
	Outage      time.Duration
	Until       Deadline
	Stop        <-chan struct{}
	Progress    func(Count) // may be nil

	loop         *loop
	lane         *lane
	count        Count
	rows         map[int]Row           // rows under way, by Seq
	seen         map[hash]seenUser     // the user that a key names
	maybeAlready map[int]*maybeAlready // by Seq
	planned      []Planned
	listings     map[int]*listing // users whose lists are under way, by Seq
	listLanes    map[Step]*lane
	gone         LinesByName // users of Stay that other rows let go, with the place of such a row
}

// maybeAlready is a user who need not be sent, unless another row says that a later
// stamp is needed.
type maybeAlready struct {
	row  Row
	user User
	from time.Time // the latest of its rows
}

// Plan reads all rows, and returns what it found. ErrStopped, ErrDeadline, or any
// other error, means that the plan is not whole and must not be used.
func (p *Planner) Plan(ctx context.Context) (Count, error) {
	if lists := listedFor(p.Steps); len(lists) > 0 && (p.Directory == nil || p.Lister == nil) {
		return p.count, fmt.Errorf("the step %s needs the users looked up, and what they have listed", lists[0])
	}
	p.count.Ended, p.count.Domains = make(map[Outcome]int), make(map[string]int)
	p.rows = make(map[int]Row)
	p.gone = nil
	p.seen = make(map[hash]seenUser)
	p.maybeAlready = make(map[int]*maybeAlready)
	next, stop := pull(p.goodRows())
	defer stop()
	if p.Directory == nil {
		err := p.planUnresolved(ctx, next)
		if err == nil {
			err = p.keep(ctx)
		}
		return p.count, cmp.Or(err, p.ended(ctx))
	}
	reads := &road{gate: p.Reads, workers: p.Concurrency}
	p.lane = &lane{
		name:    "lookup",
		missing: missingToRead(NeedsRead, p.User),
		call:    p.lookup,
		road:    reads,
		first:   true,
		queue:   &queue{},
		settle:  p.settle,
		note:    func(Trial) {},
	}
	p.lane.queue.fresh = untilOver(next, func(row Row) task {
		p.rows[row.Seq] = row
		return task{Item: Item{User: User{Seq: row.Seq, ID: row.ID, UPN: row.UPN, By: row.By, Value: row.Value}}}
	})
	p.loop = &loop{
		lanes: append(p.openLists(reads), p.lane), timeout: p.CallTimeout, outage: p.Outage, until: p.Until, stop: p.Stop,
		commit: func(ctx context.Context, _ []Call, _ []int) error { return p.flush(ctx, p.loop.under == 0) },
		told:   p.tell,
	}
	err := p.loop.run(ctx)
	if err == nil {
		p.planMaybeAlready()
		err = p.keep(ctx)
	}
	if err == nil {
		err = p.flush(ctx, true)
	}
	return p.count, cmp.Or(err, p.ended(ctx))
}

// lookup asks the directory for the users of items.
func (p *Planner) lookup(ctx context.Context, items []Item) ([]Reply, error) {
	users := make([]User, len(items))
	for i := range items {
		users[i] = items[i].User
	}
	return p.Directory.Lookup(ctx, users)
}

// ended is why planning goes no further, or nil.
func (p *Planner) ended(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return stopped(p.Stop, p.Until, time.Now())
}

// goodRows yields the rows that can be asked about, and plans the bad ones on the way.
func (p *Planner) goodRows() iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		last := 0
		for row, err := range p.Rows {
			bad, isBad := errors.AsType[*RowError](err)
			if isBad {
				row = bad.Row
			}
			switch {
			case err != nil && !isBad:
				yield(Row{}, err)
				return
			case row.Seq <= last: // answers would be taken for those of another row
				yield(Row{}, fmt.Errorf("row %d, %s, comes after row %d", row.Seq, row.Place(), last))
				return
			}
			last = row.Seq
			p.count.Rows++
			if isBad && bad.Keeps != nil && len(p.Stay) > 0 {
				continue // see keep
			}
			if isBad {
				u := User{Seq: bad.Row.Seq}
				if bad.Row.Undo != nil { // the run that is taken back knows who it is
					u.ID, u.UPN = bad.Row.ID, bad.Row.UPN
				}
				p.planEnded(bad.Row, u, Record{Outcome: cmp.Or(bad.Outcome, Invalid), Reason: bad.Reason})
				continue
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// settle turns the reply to a lookup into a user, a record, or another turn.
func (p *Planner) settle(now time.Time, t task, reply Reply) {
	if c, _ := classify(reply); c == accepted && reply.User == nil && reply.Hits == nil {
		reply = Reply{Message: "the answer has no body"} // trouble on the way: it says nothing of the user
	}
	v := p.Retry.Decide(t.trial, reply, jitter())
	if v.Again {
		p.lane.said = describe(reply)
		t.due = now.Add(v.Wait)
		p.lane.queue.put(t)
		return
	}
	row := p.rows[t.User.Seq]
	if v.Outcome == "" && stray(row, reply) && t.trial.Attempts < strayLooks {
		t.due = now
		p.lane.queue.put(t)
		return
	}
	delete(p.rows, t.User.Seq)
	rec := record(t.trial, now, v.Outcome, "lookup: "+v.Reason)
	rec.SentAt = time.Time{} // nothing was sent to this user
	if v.Outcome == "" {
		var found User
		found, rec.Outcome, rec.Reason = match(row, reply, p.AllowRenamed)
		if rec.Outcome == "" {
			found.Seq, found.AsOf = t.User.Seq, reply.Date
			p.planUser(row, found)
			return
		}
	}
	p.planEnded(row, t.User, rec)
}

// planUser plans a user, leaves one out, or points the row at the user that it names
// again. One object id under two names is a contradiction: with a wrong id the
// user of this row would look done when another one is.
func (p *Planner) planUser(row Row, u User) {
	k, name := hashOf(ByID, u.Address()), nameOf(u)
	if same, ok := p.seen[k]; ok {
		if name != same.name && name != 0 && same.name != 0 && (p.Directory != nil || !p.AllowRenamed) {
			p.planEnded(row, u, Record{Outcome: Invalid, Reason: p.twoNames(u)})
			return
		}
		if h := p.maybeAlready[int(same.seq)]; h != nil && row.From.After(h.from) {
			h.from = row.From
		}
		p.planned = append(p.planned, Planned{Row: row, User: u, DuplicateOf: int(same.seq)})
		p.count.Duplicates++
		return
	}
	p.seen[k] = seenUser{uint32(u.Seq), name}
	u.Privileged = p.Spare.Roles[u.ID] != ""
	rec, spared := p.Spare.record(u, row.From)
	stays, writable := p.Stay.place(u.names())
	switch {
	case spared && rec.Outcome == Protected: // whatever the rows say, and however they are mended
		p.planEnded(row, u, rec)
	case stays != Place{}:
		p.gone.Add(u.names(), row)
		if !writable {
			row.Cells = nil // alone in retry.csv, the row would let the user go
		}
		p.planEnded(row, u, contradiction(row.Place(), stays))
	case !spared:
		p.planToSend(row, u, nil)
	case rec.Outcome == Already && slices.ContainsFunc(p.Steps, func(s Step) bool { return !s.movesStamp() }):
		p.planToSend(row, u, p.alreadyDone(row, rec))
	case rec.Outcome == Already && !row.From.IsZero():
		p.maybeAlready[u.Seq] = &maybeAlready{row, u, row.From}
	default:
		p.planEnded(row, u, rec)
	}
}

// alreadyDone gives the records of the steps that a stamp proves. A date of the row may
// ask for a later stamp, as other rows may: then none is proven.
func (p *Planner) alreadyDone(row Row, rec Record) []Record {
	var done []Record
	for _, s := range p.Steps {
		if rec.Step = s; s.movesStamp() && row.From.IsZero() {
			done = append(done, rec)
		}
	}
	return done
}

// planToSend plans a user who will be sent; ended are the records of steps that need not
// be. Where there is one step for each user, and it need not be done, the user ends here.
func (p *Planner) planToSend(row Row, u User, ended []Record) {
	if !Several(p.Steps) {
		if w := workOf(p.Steps, u, lists{}); len(w.records) > 0 {
			p.count.addObstacles(p.Steps, Planned{User: u, Records: w.records})
			p.planEnded(row, u, w.records[0])
			return
		}
	}
	p.count.add(u, p.Spare.Roles[u.ID])
	if by := p.Spare.GivenBack[LowerASCII(u.ID)]; by != "" {
		p.count.addGivenBack(u, by)
	}
	p.planSteps(row, u, ended)
}

// planMaybeAlready plans the users that may be done already, now that all their rows are
// known.
func (p *Planner) planMaybeAlready() {
	for _, seq := range slices.Sorted(maps.Keys(p.maybeAlready)) {
		h := p.maybeAlready[seq]
		if rec, spared := p.Spare.record(h.user, h.from); spared {
			p.planEnded(h.row, h.user, rec)
			continue
		}
		p.planToSend(h.row, h.user, nil)
	}
}

// planEnded plans a row that ends here.
func (p *Planner) planEnded(row Row, u User, rec Record) {
	rec.Seq, rec.SettledAt = u.Seq, time.Now()
	p.planned = append(p.planned, Planned{Row: row, User: u, Record: &rec})
	if rec.Outcome == Protected {
		p.count.addProtected(u, rec.Reason)
		return
	}
	p.count.Ended[rec.Outcome]++
	p.count.People.addEnded(row, u, rec)
}

// flushRows is how many rows share a transaction.
const flushRows = 1000

func (p *Planner) flush(ctx context.Context, all bool) error {
	if len(p.planned) == 0 || len(p.planned) < flushRows && !all {
		return nil
	}
	if err := p.Add(ctx, p.planned); err != nil {
		return err
	}
	p.planned = p.planned[:0]
	return nil
}

func (p *Planner) tell(now time.Time) {
	if p.Progress == nil {
		return
	}
	if p.lane != nil {
		p.count.Waiting, p.count.Pace = p.lane.queue.waitingCount(), p.Reads.Pace(now)
		p.count.Trouble = p.loop.trouble(now)
	}
	p.Progress(p.count)
}
