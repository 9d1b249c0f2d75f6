package graphsim

import (
	"fmt"
	"slices"
	"strings"
)

// activeFault is a fault with the number of times that it has struck.
type activeFault struct {
	Fault
	struck int
}

// SetFaults replaces the faults in mid-run. Counts of Times begin anew.
func (t *Tenant) SetFaults(faults ...Fault) error {
	active := make([]*activeFault, 0, len(faults))
	for _, f := range faults {
		if err := f.validate(); err != nil {
			return fmt.Errorf("fault: %w", err)
		}
		active = append(active, &activeFault{Fault: f})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = active
	return nil
}

// drawCall picks the fault of a whole call: the first listed that strikes.
func (t *Tenant) drawCall(c *call) *activeFault {
	write := slices.ContainsFunc(c.items, (*item).write)
	for _, f := range t.faults {
		if f.Kind.ofCall() && f.due(c, write) && t.anyMatch(f, c) && f.strike(c) {
			return f
		}
	}
	return nil
}

// drawItem picks the fault of one item.
func (t *Tenant) drawItem(c *call, it *item) *activeFault {
	for _, f := range t.faults {
		if f.Kind.ofCall() || f.Kind.ofBatch() && !c.batch || f.Kind == MixedUp && it.write() {
			continue
		}
		if f.due(c, it.write()) && t.matches(f.Match, it) && f.strike(c) {
			return f
		}
	}
	return nil
}

func (f *activeFault) due(c *call, write bool) bool {
	switch {
	case c.no < f.From, f.To > 0 && c.no > f.To:
		return false
	case f.Times > 0 && f.struck >= f.Times:
		return false
	case f.Only == "write" && !write, f.Only == "read" && write:
		return false
	}
	return true
}

func (f *activeFault) strike(c *call) bool {
	if f.Rate > 0 && c.rng.Float64() >= f.Rate {
		return false
	}
	f.struck++
	return true
}

func (t *Tenant) anyMatch(f *activeFault, c *call) bool {
	return f.Match == "" || slices.ContainsFunc(c.items, func(it *item) bool { return t.matches(f.Match, it) })
}

func (t *Tenant) matches(match string, it *item) bool {
	if match == "" || strings.EqualFold(match, it.op.key) {
		return true
	}
	i, ok := t.dir.find(it.op.key)
	if !ok {
		return false
	}
	rec := &t.dir.records[i]
	return strings.EqualFold(match, rec.upn) || strings.EqualFold(match, rec.id.String())
}
