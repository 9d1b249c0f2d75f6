package intake

import (
	"cmp"
	"slices"

	"offboard/batch"
)

// This file is about records that lack cells. Programs leave out empty cells at the end;
// hands lose others, and every cell behind a lost one stands below the wrong header.

// mayHaveShifted reports whether cells of a record that lacks some may stand in columns before
// their own: a cell that is read does not fit its column, or all from some cell on would fit
// the columns as many places further as there may be cells lost. That cell is at the latest
// the first that names the user, or one that a gate asks: what stands beside a name has to
// agree with it in any case.
func (r *Reader) mayHaveShifted() bool {
	cells := trimAll(r.rec.Cells)
	latest, named := 0, false
	for _, c := range r.columns {
		if c.index >= len(cells) || cells[c.index] == "" {
			continue
		}
		if c.key == batch.ByEmployeeID || !r.mayStand(c.index, cells[c.index], false) { // an employee id has no shape
			return true
		}
		if c.gate || c.names && !named {
			latest = max(latest, c.index)
		}
		named = named || c.names
	}
	for lost := 1; lost <= len(r.header)-len(cells); lost++ {
		for from := range latest + 1 {
			at := from
			for at < len(cells) && r.mayStand(at+lost, cells[at], from == 0 || lost > 1) {
				at++
			}
			if at == len(cells) {
				return true
			}
		}
	}
	return false
}

// mayStand reports whether a cell may be one of a column: a date, or a word that a gate asks
// for, where the column is one for that, and other text where it is not. A name may stand in
// any column that is not read, as a password does; or with people, where the header speaks of
// people.
func (r *Reader) mayStand(at int, cell string, people bool) bool {
	c := r.all[at]
	key := cmp.Or(c.key, c.known)
	named := func(key batch.Key) bool {
		_, _, none := meaning(key, cell)
		return none == ""
	}
	asked := slices.ContainsFunc(r.where, func(w condition) bool { return w.column == c })
	date := false
	if r.date != nil {
		_, date = r.opt.dateGate.parse(cell)
	}
	switch {
	case cell == "" || saysNothing(cell):
		return true
	case key != "":
		return key == batch.ByEmployeeID || named(key)
	case named(idOrUPN):
		return !people && c.place < 0 || containsAny(c.normal, headerParts["names"])
	case c == r.date || c.hired || c.left || c.hr == leftHeader || c.hr == beganHeader || containsAny(c.normal, []string{"date", "datum", "day"}):
		return date
	case slices.ContainsFunc(r.where, func(w condition) bool { return w.meets(cell) }):
		return asked
	}
	return !date && !asked
}
