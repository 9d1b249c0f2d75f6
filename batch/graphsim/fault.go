package graphsim

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// FaultKind is a misfortune that the tenant can be told to suffer. The list is
// closed.
type FaultKind string

// Faults of a whole call, which strike all of its items at once.
const (
	LostAnswer FaultKind = "LostAnswer" // executed; the connection drops before any answer
	DropBefore FaultKind = "DropBefore" // the connection drops, nothing was executed
	Truncated  FaultKind = "Truncated"  // executed; status 200, then the JSON breaks off with the connection
	HTML503    FaultKind = "HTML503"    // a gateway's 503 with an HTML page, with or without Retry-After; not executed
	Outer429   FaultKind = "Outer429"   // the call itself is throttled, with Retry-After; not executed
	Expired401 FaultKind = "Expired401" // 401 although the token was valid; the token is then dead for good; not executed
)

// Faults of one item that Graph did not execute.
const (
	Item429     FaultKind = "Item429"     // throttled out of turn, Retry-After with decimals
	Item401     FaultKind = "Item401"     // the token is refused for this item only, and stays valid
	Item500     FaultKind = "Item500"     // Service_InternalServerError
	Item503     FaultKind = "Item503"     // unavailable, with or without Retry-After
	Conflict409 FaultKind = "Conflict409" // Directory_ConcurrencyViolation, which is transient
)

// Faults of one item that was executed, or may have been.
const (
	BadGateway502Item FaultKind = "BadGateway502Item" // 502; executed half of the time, and the log knows
	Item504           FaultKind = "Item504"           // 504, executed
)

// Faults of the reply to an item that was treated as usual, which may have been a
// refusal. Batches only: a call made directly suffers the others.
const (
	MissingItem   FaultKind = "MissingItem"   // the item's reply is left out
	NullBody      FaultKind = "NullBody"      // a success with body null and no headers
	DuplicateItem FaultKind = "DuplicateItem" // the item is answered twice, with the same status
	ForeignItem   FaultKind = "ForeignItem"   // a success for an id that nobody asked for stands beside it
	NumericHeader FaultKind = "NumericHeader" // a header's value is a JSON number
	MixedUp       FaultKind = "MixedUp"       // a read is answered with what another read of the call asked for, and that one with this
)

var (
	callFaults  = []FaultKind{LostAnswer, DropBefore, Truncated, HTML503, Outer429, Expired401}
	itemFaults  = []FaultKind{Item429, Item401, Item500, Item503, Conflict409, BadGateway502Item, Item504}
	replyFaults = []FaultKind{MissingItem, NullBody, DuplicateItem, ForeignItem, NumericHeader, MixedUp}
)

// FaultKinds lists every kind.
func FaultKinds() []FaultKind { return slices.Concat(callFaults, itemFaults, replyFaults) }

// Fault says when a kind strikes. All conditions must hold; the zero value of
// each sets none, so that Fault{Kind: k} strikes always. The first fault in the
// list that strikes a call or an item wins. What it keeps from being executed does
// not use up quota either.
type Fault struct {
	Kind  FaultKind `json:"kind"`
	Rate  float64   `json:"rate"`  // chance, drawn once per call or once per item; 0 means 1
	Times int       `json:"times"` // how often at most
	Match string    `json:"match"` // only this user: id, UPN, or key as sent
	Only  string    `json:"only"`  // "write" or "read"; a call is a write when any item is
}

// EveryFault is a fault of every kind at the same rate, for soak tests; nil when the rate
// is 0. MixedUp is left out: an empty list of hits does not show which user it is about,
// and no client can tell it from the truth.
func EveryFault(rate float64) []Fault {
	if rate <= 0 {
		return nil
	}
	var faults []Fault
	for _, kind := range FaultKinds() {
		if kind != MixedUp {
			faults = append(faults, Fault{Kind: kind, Rate: rate})
		}
	}
	return faults
}

func (f Fault) validate() error {
	switch {
	case !slices.Contains(FaultKinds(), f.Kind):
		return fmt.Errorf("fault: kind %q is unknown; use one of %q", f.Kind, FaultKinds())
	case math.IsNaN(f.Rate) || f.Rate < 0 || f.Rate > 1:
		return fmt.Errorf("fault: rate %v is outside of 0 to 1", f.Rate)
	case f.Times < 0:
		return fmt.Errorf("fault: times cannot be negative")
	case f.Only != "" && f.Only != "write" && f.Only != "read":
		return fmt.Errorf("fault: only=%q is unknown; use write or read", f.Only)
	}
	return nil
}

// SetFaults replaces the faults in mid-run. Counts of Times begin anew.
func (t *Tenant) SetFaults(faults ...Fault) error {
	if err := (Config{Faults: faults}).Validate(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = activate(faults)
	return nil
}

// activeFault is a fault with the number of times that it has struck.
type activeFault struct {
	Fault
	struck int
}

func activate(faults []Fault) []*activeFault {
	var active []*activeFault
	for _, f := range faults {
		active = append(active, &activeFault{Fault: f})
	}
	return active
}

// kind is empty for what was treated as usual.
func (f *activeFault) kind() FaultKind {
	if f == nil {
		return ""
	}
	return f.Kind
}

// drawCall picks the fault of a whole call: the first listed that strikes.
func (t *Tenant) drawCall(c *call) *activeFault {
	write := slices.ContainsFunc(c.items, (*item).write)
	for _, f := range t.faults {
		if slices.Contains(callFaults, f.Kind) && f.due(write) && t.matches(f, c, c.items...) && f.strike(c) {
			return f
		}
	}
	return nil
}

// drawItem picks the fault of one item.
func (t *Tenant) drawItem(c *call, it *item) *activeFault {
	for _, f := range t.faults {
		if slices.Contains(callFaults, f.Kind) || slices.Contains(replyFaults, f.Kind) && !c.batch || f.Kind == MixedUp && it.write() {
			continue
		}
		if f.due(it.write()) && t.matches(f, c, it) && f.strike(c) {
			return f
		}
	}
	return nil
}

func (f *activeFault) due(write bool) bool {
	over := f.Times > 0 && f.struck >= f.Times
	return !over && !(f.Only == "write" && !write) && !(f.Only == "read" && write)
}

func (f *activeFault) strike(c *call) bool {
	if f.Rate > 0 && c.rng.Float64() >= f.Rate {
		return false
	}
	f.struck++
	return true
}

// matches reports whether one of the items is about the fault's user.
func (t *Tenant) matches(f *activeFault, c *call, items ...*item) bool {
	user, ok := t.dir.find(f.Match)
	return f.Match == "" || slices.ContainsFunc(items, func(it *item) bool {
		i, known := t.dir.find(it.op.key)
		return strings.EqualFold(f.Match, it.op.key) || ok && (known && i == user || it.op.about != nil && t.meant(c, it).user == user)
	})
}

// verdict is what an item that a fault struck is answered with, and how likely it is
// executed all the same. A kind without one leaves the item as usual.
type verdict struct {
	runs float64
	bad  *failure
	wait []string // values of Retry-After, of which one is drawn; "" is none
}

var verdicts = map[FaultKind]verdict{
	DropBefore:        {bad: &failure{}},
	HTML503:           {bad: &failure{status: 503}, wait: []string{"", "5"}},
	Outer429:          {bad: errThrottled, wait: []string{"1.500", "2"}},
	Expired401:        {bad: errDeadToken},
	Item429:           {bad: errThrottled, wait: []string{"0.249", "2.128"}}, // seen in batches (microsoft-graph-docs#3877); the documentation's own sample
	Item401:           {bad: errDeadToken},
	Item500:           {bad: errInternal},
	Item503:           {bad: errUnavailable, wait: []string{"", "", "3", "3.000"}},
	Conflict409:       {bad: errConcurrency},
	BadGateway502Item: {bad: errBackend, runs: 0.5},
	Item504:           {bad: errTimeout, runs: 1},
}

// runItem treats one item, struck by the fault of the call, else by one of its own, if
// any strikes.
func (t *Tenant) runItem(c *call, it *item) result {
	f := c.fault
	if f == nil {
		f = t.drawItem(c, it)
	}
	v, struck := verdicts[f.kind()]
	if !struck { // nothing is struck, or the reply alone
		r := t.obey(c, it)
		if f.kind() == NullBody && r.bad != nil {
			f.struck-- // only successes come without a body
			return r
		}
		r.fault = f
		return r
	}
	executed := v.runs > 0 && c.rng.Float64() < v.runs && t.obey(c, it).executed
	r := refuse(c.varied(v.bad), nil)
	r.executed, r.fault = executed, f
	if len(v.wait) > 0 {
		if wait := v.wait[c.rng.IntN(len(v.wait))]; wait != "" {
			r.header = map[string]string{retryAfterName(c.rng): wait}
		}
	}
	return r
}

// mixUp lets each read that MixedUp struck change answers with another read of
// the call. A read that finds no other is answered as usual.
func (c *call) mixUp() {
	mixed := make([]bool, len(c.items))
	for i := range c.items {
		a := &c.results[i]
		if a.fault.kind() != MixedUp || mixed[i] {
			continue
		}
		var others []int
		for j, it := range c.items {
			if kind := c.results[j].fault.kind(); j != i && !it.write() && !mixed[j] && (kind == "" || kind == MixedUp) {
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
