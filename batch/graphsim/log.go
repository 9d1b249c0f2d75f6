package graphsim

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Event is the truth about one item: what a client claims is compared with it.
type Event struct {
	Seq      int       `json:"seq"`  // order of execution, over all calls
	Time     time.Time `json:"time"` // the server's clock
	Call     int       `json:"call"` // number of the call to Graph, from 1
	User     string    `json:"user"` // object id, or the key as sent when it names nobody
	Method   string    `json:"method"`
	Action   string    `json:"action"`
	Executed bool      `json:"executed"`
	Status   int       `json:"status"` // as answered; 0 when the answer was never delivered
	Fault    FaultKind `json:"fault,omitempty"`
	App      string    `json:"app"`
	Tenant   string    `json:"tenant"`              // that the token is of
	SignedIn string    `json:"signed_in,omitempty"` // object id of the user that the token is of
}

// Stats are counters over all items since the tenant was made.
type Stats struct {
	Calls         int `json:"calls"`          // calls to Graph
	Invalid       int `json:"invalid"`        // of them, refused as a whole for their shape: a client's bug
	Unauthorized  int `json:"unauthorized"`   // of them, without a valid token
	Writes        int `json:"writes"`         // writes executed
	RefusedWrites int `json:"refused_writes"` // writes that arrived and were not executed
	Reads         int `json:"reads"`
	RefusedReads  int `json:"refused_reads"`
	Throttled     int `json:"throttled"` // items refused with 429
	Tokens        int `json:"tokens"`    // tokens issued
}

// Log returns every event so far in the order of execution. An event is there
// before its answer leaves.
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
	rec := &t.dir.records[r.user]
	if r.executed {
		rec.writes++
	} else {
		rec.refused++
	}
}

// settle writes down what is answered, just before the answer leaves; or, when
// nobody waits for it any more, that it never was.
func (t *Tenant) settle(c *call, answered bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.scratch[:0]
	for i := range c.items {
		it, r := c.items[i], &c.results[i]
		e := Event{Seq: r.seq, Time: r.at, Call: c.no, Method: it.method, Action: it.op.action,
			Executed: r.executed, Fault: r.faultKind(), App: c.bearer.app, Tenant: c.bearer.tenant, SignedIn: c.bearer.user}
		if answered && r.reaches() {
			e.Status = r.status
		}
		if e.Status != 0 && r.user != nobody && it.write() {
			t.dir.records[r.user].lastStatus = uint16(e.Status)
		}
		if t.cfg.NoLog && (t.cfg.LogTo == nil || !it.write()) {
			continue
		}
		if e.User = it.op.key; r.user != nobody {
			e.User = t.dir.records[r.user].id.String()
		}
		if !t.cfg.NoLog {
			t.log = append(t.log, e)
		}
		if t.cfg.LogTo != nil && it.write() {
			lines = e.appendLine(lines)
		}
	}
	t.scratch = lines
	if len(lines) > 0 {
		if _, err := t.cfg.LogTo.Write(lines); err != nil && t.logErr == nil {
			t.logErr = err
		}
	}
}

// reaches tells whether the client can see this result's status.
func (r *result) reaches() bool {
	switch r.faultKind() {
	case LostAnswer, DropBefore, Truncated, MissingItem:
		return false
	}
	return true
}

// appendLine writes what encoding/json writes for an Event.
func (e *Event) appendLine(b []byte) []byte {
	b = append(b, `{"seq":`...)
	b = strconv.AppendInt(b, int64(e.Seq), 10)
	b = append(b, `,"time":"`...)
	b = e.Time.AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","call":`...)
	b = strconv.AppendInt(b, int64(e.Call), 10)
	b = appendString(append(b, `,"user":`...), e.User)
	b = appendString(append(b, `,"method":`...), e.Method)
	b = appendString(append(b, `,"action":`...), e.Action)
	b = strconv.AppendBool(append(b, `,"executed":`...), e.Executed)
	b = strconv.AppendInt(append(b, `,"status":`...), int64(e.Status), 10)
	if e.Fault != "" {
		b = appendString(append(b, `,"fault":`...), string(e.Fault))
	}
	b = appendString(append(b, `,"app":`...), e.App)
	b = appendString(append(b, `,"tenant":`...), e.Tenant)
	if e.SignedIn != "" {
		b = appendString(append(b, `,"signed_in":`...), e.SignedIn)
	}
	return append(b, '}', '\n')
}
