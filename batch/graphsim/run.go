package graphsim

import "time"

// result is what became of one item.
type result struct {
	status   int
	bad      *failure // the body of a refusal
	body     []byte   // the body of a success
	header   []pair   // beyond the usual ones
	executed bool
	user     int32 // the record meant, or nobody
	fault    *activeFault
	seq      int
	at       time.Time
}

const nobody = -1

type pair struct{ name, value string }

func (r *result) ok() bool { return r.bad == nil }

// faultKind is empty for an item that was treated as usual.
func (r *result) faultKind() FaultKind {
	if r.fault == nil {
		return ""
	}
	return r.fault.Kind
}

func refuse(bad *failure, header ...pair) result {
	return result{status: bad.status, bad: bad, header: header, user: nobody}
}

// run executes the items of a call, in the order of the batch, at one moment.
func (t *Tenant) run(c *call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.date = t.now()
	c.fault = t.drawCall(c)
	if c.fault != nil && c.fault.Kind == Expired401 {
		c.bearer.dead = true
	}
	c.results = make([]result, len(c.items))
	for i := range c.items {
		it, r := c.items[i], &c.results[i]
		if c.fault != nil {
			*r = t.runUnder(c, it)
		} else {
			*r = t.runItem(c, it)
		}
		t.seq++
		r.seq, r.at = t.seq, c.date
		t.tally(it, r)
	}
	c.mixUp()
}

// mixUp lets each read that MixedUp struck change answers with another read of
// the call. A read that finds no other is answered as usual.
func (c *call) mixUp() {
	mixed := make([]bool, len(c.items))
	for i := range c.items {
		a := &c.results[i]
		if a.faultKind() != MixedUp || mixed[i] {
			continue
		}
		var others []int
		for j, it := range c.items {
			if kind := c.results[j].faultKind(); j != i && !it.write() && !mixed[j] && (kind == "" || kind == MixedUp) {
				others = append(others, j)
			}
		}
		if len(others) == 0 {
			a.fault.struck--
			a.fault = nil
			continue
		}
		j := others[c.rng.IntN(len(others))]
		b := &c.results[j]
		mixed[i], mixed[j], b.fault = true, true, a.fault
		a.status, b.status = b.status, a.status
		a.bad, b.bad = b.bad, a.bad
		a.body, b.body = b.body, a.body
		a.header, b.header = b.header, a.header
	}
}

// runUnder treats an item of a call that a fault struck as a whole.
func (t *Tenant) runUnder(c *call, it *item) result {
	var r result
	switch c.fault.Kind {
	case LostAnswer, Truncated:
		r = t.perform(c, it)
	case HTML503:
		r = result{status: 503}
	case Outer429:
		r = result{status: 429}
	case Expired401:
		r = result{status: 401}
	}
	r.fault = c.fault
	if !r.executed {
		r.user = t.meant(c, it)
	}
	return r
}

// runItem treats one item, with a fault of its own if one strikes.
func (t *Tenant) runItem(c *call, it *item) result {
	f := t.drawItem(c, it)
	if f == nil {
		return t.perform(c, it)
	}
	var r result
	switch f.Kind {
	case BadGateway502Item:
		r = refuse(errBackend)
		r.executed = c.rng.IntN(2) == 0 && t.perform(c, it).executed
	case Item504:
		r = refuse(errTimeout)
		r.executed = t.perform(c, it).executed
	case Item429:
		wait := "0.249" // seen in batches (microsoft-graph-docs#3877)
		if c.rng.IntN(2) == 0 {
			wait = "2.128" // the documentation's own sample
		}
		r = refuse(throttled(c.rng, c.bearer.app, t.cfg.TenantID), pair{retryAfterName(c.rng), wait})
	case Item401:
		r = refuse(errDeadToken)
	case Item500:
		r = refuse(errInternal)
	case Item503:
		r = refuse(unavailable(c.rng))
		if c.rng.IntN(2) == 0 {
			r.header = []pair{{retryAfterName(c.rng), retryAfter(c.rng, 3*time.Second)}}
		}
	case Conflict409:
		r = refuse(errConcurrency)
	default: // the reply alone is struck
		r = t.perform(c, it)
		if f.Kind == NullBody && !r.ok() {
			f.struck-- // only successes come without a body
			return r
		}
	}
	r.fault, r.user = f, t.meant(c, it)
	return r
}
