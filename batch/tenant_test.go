package batch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// world is a tenant of steps, and the journal of a run on it. It knows what became of
// each thing, when, and by whom; it plays the faults that it is told to, and holds every
// call against what a run may do.
type world struct {
	t      *testing.T
	chance *rand.Rand
	faults faults
	steps  []Step
	plan   []Item // every write, in the order of sending
	users  map[int][]Mark
	first  []Mark // urgent writes of holders of privileged roles, as far as they have not ended
	verify bool
	strict bool // no write is overtaken by a later one of the plan but for a reason of its user's

	mu      sync.Mutex
	history map[Mark][]moment // of the state, or the time, of what a write is about
	under   map[int]int       // writes under way, by Seq
	log     map[Mark]*fate2
	spaced  map[int]time.Time // the last write to a device, by Seq
	errs    int

	open    map[int][]Mark
	records map[Mark]Record
	trials  map[Mark]Trial
	calls   int
	entries int
	takes   bool // what was so may be shown otherwise later
	dies    int  // the entry from which on the disk is gone; 0 for none
}

// moment is a state from a time on; at is of steps that are proven by a time.
type moment struct {
	from  time.Time
	state string
	at    time.Time
}

// fate2 is what became of a write by the tenant's own log.
type fate2 struct {
	sent   int
	acted  int  // times that a call of ours changed something
	lost   bool // an answer of ours was lost, ever
	unread bool // the last answer was lost, and the target was not read since
	others bool // somebody else did it
}

// faults are chances of trouble, in percent.
type faults struct {
	throttled, broken, lost int // of one item: 429, 503 before the act, no answer before or after it
	call, unsent            int // of a call: no answer at all, never left
	others                  int // somebody else does it first
	blind, null, mixed      int // of a read: trouble, a state that is not told, another object
	lag                     time.Duration
	forever                 bool // reads never show anything new
}

func newWorld(t *testing.T, seed uint64, f faults, steps ...Step) *world {
	return &world{
		t: t, chance: rand.New(rand.NewPCG(seed, 11)), faults: f, steps: steps, verify: true, users: map[int][]Mark{},
		history: map[Mark][]moment{}, under: map[int]int{}, log: map[Mark]*fate2{}, spaced: map[int]time.Time{},
		open: map[int][]Mark{}, records: map[Mark]Record{}, trials: map[Mark]Trial{},
	}
}

// worldUser is one user of a world, with the targets of the listed steps.
type worldUser struct {
	user    User
	targets []Target
}

// populate makes a plan of users in the order in which the journal sends.
func (w *world) populate(users []worldUser) {
	var all []struct {
		Item
		place int
	}
	for _, u := range users {
		place := map[Step]int{}
		add := func(s Step, tg Target) {
			it := Item{User: u.user, Step: s, Target: tg}
			all = append(all, struct {
				Item
				place int
			}{it, place[s]})
			place[s]++
			from := moment{from: time.Now().Add(-time.Hour), state: before(s), at: u.user.Stamp}
			if s == Password {
				from.at = u.user.PasswordSet
			}
			w.history[it.Mark()] = []moment{from}
			w.log[it.Mark()] = &fate2{}
		}
		for _, s := range w.steps {
			if !s.Listed() {
				add(s, Target{Step: s})
			}
		}
		for _, tg := range u.targets {
			if slices.Contains(w.steps, tg.Step) {
				add(tg.Step, tg)
			}
		}
	}
	part := func(it Item) int {
		switch {
		case it.Step.Urgent() && it.User.Privileged:
			return 0
		case it.Step.Urgent():
			return 1
		}
		return 2
	}
	slices.SortStableFunc(all, func(a, b struct {
		Item
		place int
	}) int {
		return cmp.Or(part(a.Item)-part(b.Item), slices.Index(w.steps, a.Step)-slices.Index(w.steps, b.Step), a.place-b.place, a.User.Seq-b.User.Seq)
	})
	for _, it := range all {
		w.plan = append(w.plan, it.Item)
		w.users[it.User.Seq] = append(w.users[it.User.Seq], it.Mark())
		if it.User.Privileged && it.Step.Urgent() {
			w.first = append(w.first, it.Mark())
		}
	}
}

// before is the state of what a step has not been done to.
func before(s Step) string {
	switch s.rule().proof {
	case StateDisabled:
		return StateEnabled
	case StateEnabled:
		return StateDisabled
	case StateGone:
		return StateThere
	case StateThere:
		return StateGone
	}
	return ""
}

// done reports whether the write is so in truth.
func (w *world) done(m Mark) bool {
	h := w.history[m]
	return len(h) > 1 && (h[len(h)-1].state == m.Step.rule().proof)
}

// act does what the item asks for.
func (w *world) act(it Item) Reply {
	m := it.Mark()
	l := w.log[m]
	ok := Reply{Status: 204, Date: time.Now()}
	switch {
	case it.Step.rule().proof == "":
		w.history[m] = append(w.history[m], moment{from: time.Now(), at: time.Now()})
		l.acted++
	case w.done(m) && it.Step.rule().rereads: // a repeat is refused
		if slices.Contains(it.Step.rule().doneWhen, 404) {
			return Reply{Status: 404, Code: "Request_ResourceNotFound", Date: time.Now()}
		}
		return Reply{Status: 400, Code: "Request_BadRequest", Date: time.Now()}
	case w.done(m):
	default:
		w.history[m] = append(w.history[m], moment{from: time.Now(), state: it.Step.rule().proof})
		l.acted++
	}
	return ok
}

func (w *world) bad(format string, args ...any) {
	if w.errs++; w.errs < 6 {
		w.t.Errorf(format, args...)
	}
}

func (w *world) roll(percent int) bool { return percent > 0 && w.chance.IntN(100) < percent }

// app is one app registration of the world.
type worldApp struct {
	*world
	name    string
	denies  func(Item) bool
	refuses map[int]func(Item) bool // by status; what is asked for is not done
	fails   func(now time.Time, items []Item) error
}

func (a *worldApp) Send(ctx context.Context, items []Item) ([]Reply, error) {
	w := a.world
	w.mu.Lock()
	seqs := map[int]bool{}
	now := time.Now()
	unsent := w.roll(w.faults.unsent)
	for _, it := range items {
		m, l := it.Mark(), w.log[it.Mark()]
		switch {
		case l == nil:
			w.bad("%v is not in the plan", m)
			w.mu.Unlock()
			return nil, errors.New("not in the plan")
		case seqs[m.Seq]:
			w.bad("user %d is twice in one call", m.Seq)
		case w.under[m.Seq] > 0:
			w.bad("%v leaves while a write of its user is under way", m)
		case it.Step != items[0].Step:
			w.bad("%s and %s in one call", it.Step, items[0].Step)
		}
		seqs[m.Seq] = true
		if !w.announced(m) {
			w.bad("%v was sent and not announced", m)
		}
		if rec, ok := w.records[m]; ok {
			w.bad("%v was sent, and is %s", m, rec.Outcome)
		}
		w.checkOrder(it)
		if unsent {
			continue
		}
		if gap := now.Sub(w.spaced[m.Seq]); it.Step.rule().spacing > gap && !w.spaced[m.Seq].IsZero() {
			w.bad("%v leaves %v after the last write to a thing of the user", m, gap)
		}
		if it.Step.rule().spacing > 0 {
			w.spaced[m.Seq] = now
		}
		if it.Step.rule().rereads && l.unread {
			w.bad("%v is repeated after a lost answer without a read", m)
		}
		w.under[m.Seq]++
		l.sent++
	}
	latency := time.Duration(20+w.chance.IntN(200)) * time.Millisecond
	w.mu.Unlock()
	if unsent {
		return nil, &CallError{Err: ErrNotSent}
	}
	ends := func() {
		for _, it := range items {
			w.under[it.User.Seq]--
		}
	}
	lost := func(it Item) {
		l := w.log[it.Mark()]
		l.lost, l.unread = true, true
	}
	var cut error
	select {
	case <-time.After(latency):
	case <-ctx.Done():
		cut = context.Cause(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	defer ends()
	if a.fails != nil {
		if err := a.fails(time.Now(), items); err != nil {
			if fateOf(err) == lost2 {
				for _, it := range items {
					lost(it)
				}
			}
			return nil, err
		}
	}
	if cut == nil && w.roll(w.faults.call) {
		cut = []error{io.ErrUnexpectedEOF, ErrUnreadable}[w.chance.IntN(2)]
	}
	if cut != nil {
		for _, it := range items {
			if lost(it); w.roll(50) {
				w.act(it)
			}
		}
		return nil, &CallError{Err: cut}
	}
	replies := make([]Reply, len(items))
	for i, it := range items {
		l := w.log[it.Mark()]
		if w.roll(w.faults.others) && it.Step.rule().rereads && !w.done(it.Mark()) {
			l.others = true
			w.history[it.Mark()] = append(w.history[it.Mark()], moment{from: time.Now(), state: it.Step.rule().proof})
		}
		refused := 0
		for status, of := range a.refuses {
			if of(it) {
				refused = status
			}
		}
		switch {
		case refused != 0:
			replies[i] = Reply{Status: refused, Code: "Request_BadRequest", Message: "words", Date: time.Now()}
		case a.denies != nil && a.denies(it):
			replies[i] = Reply{Status: 403, Code: "Authorization_RequestDenied", Date: time.Now()}
		case w.roll(w.faults.throttled):
			replies[i] = Reply{Status: 429, RetryAfter: time.Duration(w.chance.IntN(3)) * time.Second}
		case w.roll(w.faults.broken):
			lost(it)
			replies[i] = Reply{Status: 503, RetryAfter: time.Duration(w.chance.IntN(2)) * time.Second}
		case w.roll(w.faults.lost):
			if lost(it); w.roll(60) {
				w.act(it)
			}
			replies[i] = Reply{Status: []int{0, 504, 500}[w.chance.IntN(3)]}
		default:
			replies[i] = w.act(it)
			l.unread = false
		}
	}
	return replies, nil
}

const lost2 = lost

// checkOrder holds a write against those of its user that come before it, and those of
// the holders of privileged roles.
func (w *world) checkOrder(it Item) {
	for _, m := range w.users[it.User.Seq] {
		if m == it.Mark() {
			break
		}
		rec, ok := w.records[m]
		if !ok {
			w.bad("%v is sent before the record of %v", it.Mark(), m)
		}
		if slices.Contains(it.Step.StoppedBy(), m.Step) && rec.Outcome.Kind() != Success {
			w.bad("%v is sent, and %s is %q", it.Mark(), m.Step, rec.Outcome)
		}
	}
	for _, p := range w.plan {
		m := p.Mark()
		if !w.strict || m == it.Mark() {
			break
		}
		_, ended := w.records[m]
		proof, ours := w.records[Mark{Seq: m.Seq, Step: Disable}], w.records[Mark{Seq: it.User.Seq, Step: Disable}]
		waits := slices.Contains(m.Step.StoppedBy(), Disable) && (proof.Outcome == Unverified || proof.SettledAt.After(ours.SettledAt)) ||
			!w.last(m.Seq).Before(w.last(it.User.Seq)) || // the write in front of it ended later
			time.Since(w.spaced[m.Seq]) <= m.Step.rule().spacing+time.Second
		if !ended && !waits && !w.busy(m.Seq) {
			w.bad("%v overtakes %v", it.Mark(), m)
		}
	}
	if len(w.steps) == 1 && !w.steps[0].Listed() || it.User.Privileged && it.Step.Urgent() {
		return
	}
	for len(w.first) > 0 {
		m := w.first[0]
		if _, ok := w.records[m]; !ok && !w.troubled(m.Seq) {
			w.bad("%v is sent before the record of %v, who holds a privileged role", it.Mark(), m)
			break
		}
		w.first = w.first[1:]
	}
}

// last is when the last write of the user ended.
func (w *world) last(seq int) (last time.Time) {
	for _, m := range w.users[seq] {
		if rec, ok := w.records[m]; ok && rec.SettledAt.After(last) {
			last = rec.SettledAt
		}
	}
	return last
}

// troubled reports whether a write of the user met trouble.
func (w *world) troubled(seq int) bool {
	for m := range w.trials {
		if m.Seq == seq {
			return true
		}
	}
	return false
}

// busy reports whether a write of the user is announced.
func (w *world) busy(seq int) bool {
	for _, marks := range w.open {
		if slices.ContainsFunc(marks, func(m Mark) bool { return m.Seq == seq }) {
			return true
		}
	}
	return false
}

func (w *world) announced(m Mark) bool {
	for _, marks := range w.open {
		if slices.Contains(marks, m) {
			return true
		}
	}
	return false
}

// Show reads as a replica does that lags.
func (w *world) Show(ctx context.Context, items []Item) ([]Reply, error) {
	w.mu.Lock()
	latency := time.Duration(10+w.chance.IntN(50)) * time.Millisecond
	blind := w.roll(w.faults.blind)
	w.mu.Unlock()
	select {
	case <-time.After(latency):
	case <-ctx.Done():
		return nil, &CallError{Err: context.Cause(ctx)}
	}
	if blind {
		return nil, &CallError{Status: 503}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	replies := make([]Reply, len(items))
	for i, it := range items {
		if w.roll(w.faults.blind) {
			replies[i] = Reply{Status: []int{0, 503, 429}[w.chance.IntN(3)]}
			continue
		}
		asOf := time.Now().Add(-time.Duration(w.chance.Int64N(int64(w.faults.lag) + 1)))
		h := w.history[it.Mark()]
		seen := h[0]
		for _, m := range h {
			if !m.from.After(asOf) && !w.faults.forever {
				seen = m
			}
		}
		id := it.User.ID
		if it.Step == Devices || it.Step == EnableDevices {
			id = it.Target.ID
		}
		r := Reply{Status: 200, Date: time.Now()}
		if w.roll(w.faults.mixed) {
			id = "another"
		}
		if it.Step.rule().proof != "" {
			r.Shown = &Shown{ID: id, State: seen.state}
			if w.roll(w.faults.null) {
				r.Shown.State = ""
			}
			if r.Shown.State != "" && id != "another" {
				w.log[it.Mark()].unread = false
			}
		} else {
			u := it.User
			u.ID = id
			if it.Step == Password {
				u.PasswordSet = seen.at
			} else {
				u.Stamp = seen.at
			}
			r.User = &u
		}
		replies[i] = r
	}
	return replies, nil
}

func (w *world) Write(_ context.Context, e Entry) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.entries++; w.dies > 0 && w.entries >= w.dies {
		return errDisk
	}
	for _, no := range e.Over {
		if _, ok := w.open[no]; !ok {
			w.bad("call %d is over and was never announced", no)
		}
		delete(w.open, no)
	}
	for _, t := range e.Trials {
		if w.log[t.Mark()] == nil {
			w.bad("a trial of %v", t.Mark())
		}
		w.trials[t.Mark()] = t
	}
	for _, r := range e.Records {
		old, ok := w.records[r.Mark()]
		if ok && old.Outcome != Unverified && !w.takes {
			w.bad("%v was %s and becomes %s", r.Mark(), old.Outcome, r.Outcome)
		}
		if w.log[r.Mark()] == nil {
			w.bad("a record of %v", r.Mark())
		}
		w.records[r.Mark()] = r
	}
	for _, c := range e.Calls {
		w.calls = max(w.calls, c.No)
		w.open[c.No] = c.Marks()
	}
	return nil
}

// pending are the writes without a record, as the journal gives them to a run.
func (w *world) pending() iter.Seq2[Pending, error] {
	return func(yield func(Pending, error) bool) {
		for _, it := range w.plan {
			w.mu.Lock()
			_, ended := w.records[it.Mark()]
			p := Pending{Item: it, Trial: w.trials[it.Mark()]}
			w.mu.Unlock()
			if !ended && !yield(p, nil) {
				return
			}
		}
	}
}

// crash is the end of a process: calls that were announced and are not over are in doubt.
func (w *world) crash() {
	for _, no := range slices.Sorted(maps.Keys(w.open)) {
		for _, m := range w.open[no] {
			if _, ended := w.records[m]; ended {
				continue
			}
			w.log[m].lost, w.log[m].unread = true, true
			t := w.trials[m]
			t.Seq, t.Step, t.Target, t.Doubt = m.Seq, m.Step, m.Target, true
			if t.SentAt.IsZero() {
				t.SentAt = time.Now()
			}
			w.trials[m] = t
		}
	}
	clear(w.open)
	w.dies, w.entries = 0, 0
}

// runner is a run on the world, or one that goes on with it.
func (w *world) runner(apps ...*worldApp) *Runner {
	if len(apps) == 0 {
		apps = []*worldApp{{world: w, name: "app"}}
	}
	r := &Runner{
		Steps: w.steps, Verify: w.verify, Prover: w, Journal: w, Reads: openGate{4}, Found: time.Now(), LastCall: w.calls,
		Pending: w.pending(), Concurrency: 4, Retry: DefaultRetry,
		CallTimeout: 2 * time.Minute, Outage: time.Hour, VerifyTimeout: 2 * time.Minute,
	}
	for _, a := range apps {
		r.Apps = append(r.Apps, App{Name: a.name, Sender: a, Gate: openGate{4}})
	}
	var unproven []Unproven
	var unsuccessful []Record
	for _, it := range w.plan {
		rec, ok := w.records[it.Mark()]
		if ok && rec.Outcome == Unverified {
			unproven = append(unproven, Unproven{Item: it, Record: rec})
		}
		for _, s := range w.steps {
			if ok && rec.Outcome.Kind() != Success && slices.Contains(s.StoppedBy(), rec.Step) {
				unsuccessful = append(unsuccessful, rec)
				break
			}
		}
	}
	r.Unproven = seqOf(unproven)
	r.Unsuccessful = seqOf(unsuccessful)
	return r
}

func seqOf[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// waitsForProof reports whether the write is left open until the account is shown disabled.
func (w *world) waitsForProof(it Item) bool {
	return w.verify && slices.Contains(it.Step.StoppedBy(), Disable) && w.records[Mark{Seq: it.User.Seq, Step: Disable}].Outcome == Unverified
}

// waits counts these writes.
func (w *world) waits() (n int) {
	for _, it := range w.plan {
		if _, ended := w.records[it.Mark()]; !ended && w.waitsForProof(it) {
			n++
		}
	}
	return n
}

// judge holds every record against the tenant's own log.
func (w *world) judge() {
	if len(w.open) > 0 {
		w.bad("calls are still open: %v", w.open)
	}
	for _, it := range w.plan {
		m := it.Mark()
		l, rec := w.log[m], w.records[m]
		done := w.done(m) || it.Step.rule().proof == "" && l.acted > 0
		effect := it.WithoutEffect() == ""
		wrong := ""
		switch rec.Outcome {
		case "":
			if !w.waitsForProof(it) {
				wrong = "it has no record"
			}
		case Verified, Revoked, Accepted:
			if !done || !effect {
				wrong = "the tenant does not have it so"
			} else if l.acted == 0 && !l.lost && (l.sent == 0 || l.others) {
				wrong = "no call of this run did it"
			}
		case Already:
			if !done {
				wrong = "the tenant does not have it so"
			} else if l.acted > 0 {
				wrong = "it is the work of this run"
			}
		case Ineffective:
			if effect {
				wrong = "it has effect"
			}
		case Denied, Failed, NotPossible:
			switch {
			case l.acted > 0 && !l.lost:
				wrong = "it was done, and no answer was lost"
			case l.sent == 0 && rec.Outcome == Denied && strings.Contains(rec.Reason, "this one was not sent"):
			case l.sent == 0 && w.records[Mark{Seq: m.Seq, Step: Disable}].Outcome.Kind() == Success:
				wrong = "it was not tried, although the account is closed"
			case rec.Status == 404 && done && !w.faults.forever:
				wrong = "it is gone, as the refusal says"
			}
		case Unverified:
			if !w.faults.forever && w.faults.lag < time.Minute && w.faults.null+w.faults.mixed+w.faults.blind == 0 {
				wrong = "the reads show it"
			}
		case GaveUp:
			if w.faults == (faults{}) && !l.lost {
				wrong = "there was no trouble"
			}
		default:
			wrong = "no write ends so"
		}
		if wrong != "" {
			w.bad("%v is %q (%s), and %s: %+v", m, rec.Outcome, rec.Reason, wrong, *l)
		}
	}
}

// someUsers are users with things at random.
func someUsers(c *rand.Rand, n, privileged int) []worldUser {
	var all []worldUser
	for i := range n {
		u := worldUser{user: User{Seq: i + 1, ID: fmt.Sprint("user-", i+1), Type: Member, Privileged: i < privileged}}
		if u.user.Synced = c.IntN(10) == 0; c.IntN(12) == 0 {
			u.user.Type = Guest
		}
		if !u.user.Synced && u.user.Type == Member {
			u.targets = append(u.targets, Target{Step: Password})
		}
		for d := range c.IntN(4) {
			u.targets = append(u.targets, Target{Step: Devices, ID: fmt.Sprintf("device-%d-%d", i+1, d), OnPremises: c.IntN(10) == 0})
		}
		for g := range c.IntN(4) {
			u.targets = append(u.targets, Target{Step: Groups, ID: fmt.Sprint("group-", g)})
		}
		if c.IntN(2) == 0 {
			u.targets = append(u.targets, Target{Step: Licences})
		}
		for g := range c.IntN(2) {
			u.targets = append(u.targets, Target{Step: Licences, ID: fmt.Sprint("licence-group-", g)})
		}
		all = append(all, u)
	}
	return all
}
