package graphsim

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// Event is the truth about one item: what a client claims is compared with it.
type Event struct {
	Seq      int       `json:"seq"`  // order of execution, over all calls
	Time     time.Time `json:"time"` // the server's clock
	Call     int       `json:"call"` // number of the call to Graph, from 1
	User     string    `json:"user"` // object id, or the key as sent when it names nobody; of a device its user
	Method   string    `json:"method"`
	Path     string    `json:"path"` // as sent, without its query
	Action   string    `json:"action"`
	Target   string    `json:"target,omitempty"` // id of the device or group, or licences such as "+sku -sku"
	Executed bool      `json:"executed"`
	Status   int       `json:"status"` // as answered; 0 when the answer was never delivered
	Fault    FaultKind `json:"fault,omitempty"`
	App      string    `json:"app"`
	Tenant   string    `json:"tenant"`              // that the token is of
	SignedIn string    `json:"signed_in,omitempty"` // object id of the user that the token is of
}

// Stats are counters over all items since the tenant was made.
type Stats struct {
	Calls         int // calls to Graph
	Invalid       int // of them, refused as a whole for their shape: a client's bug
	Unauthorized  int // of them, without a valid token
	Writes        int // writes executed
	RefusedWrites int // writes that arrived and were not executed
	Reads         int
	RefusedReads  int
	Throttled     int // items refused with 429
	Tokens        int // tokens issued
}

// Log returns the events so far in the order of execution: one for each item of a batch
// and for each call made directly, reads and refused ones included. Calls that were
// refused as a whole have none. An event is there before its answer leaves. With
// [Config.NoLog] there are none.
func (t *Tenant) Log() []Event {
	t.mu.Lock()
	events := slices.Clone(t.log)
	t.mu.Unlock()
	slices.SortFunc(events, func(a, b Event) int { return cmp.Compare(a.Seq, b.Seq) })
	return events
}

// Stats returns the counters.
func (t *Tenant) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}

// LogErr is the first error of writing to LogTo. A test that compares with the
// file must look.
func (t *Tenant) LogErr() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.logErr
}

// tally counts an item that has run.
func (t *Tenant) tally(it *item, r *result) {
	s := &t.stats
	switch {
	case it.write() && r.executed:
		s.Writes++
	case it.write():
		s.RefusedWrites++
	case r.executed:
		s.Reads++
	default:
		s.RefusedReads++
	}
	if r.status == 429 {
		s.Throttled++
	}
	if r.user == nobody || !it.write() {
		return
	}
	rec := &t.dir.entries[r.user]
	if r.executed {
		rec.Writes++
	} else {
		rec.Refused++
	}
}

// logItems writes down what is answered, just before the answer leaves; or, when
// nobody waits for it any more, that it never was.
func (t *Tenant) logItems(c *call, answered bool) {
	if t.cfg.NoLog && t.cfg.LogTo == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines bytes.Buffer
	for i, it := range c.items {
		r := &c.results[i]
		e := Event{Seq: r.seq, Time: r.at, Call: c.no, User: it.op.key, Method: it.method, Path: it.op.pathSent(), Action: r.action, Target: r.target,
			Executed: r.executed, Fault: r.fault.kind(), App: c.token.app, Tenant: c.token.tenant, SignedIn: c.token.user}
		if answered && !slices.Contains([]FaultKind{LostAnswer, DropBefore, Truncated, MissingItem}, e.Fault) {
			e.Status = r.status
		}
		if r.user != nobody {
			e.User = t.dir.entries[r.user].ID
		}
		if !t.cfg.NoLog {
			t.log = append(t.log, e)
		}
		if t.cfg.LogTo != nil && it.write() {
			lines.Write(append(encode(e), '\n'))
		}
	}
	if lines.Len() > 0 {
		if _, err := t.cfg.LogTo.Write(lines.Bytes()); err != nil && t.logErr == nil {
			t.logErr = err
		}
	}
}
