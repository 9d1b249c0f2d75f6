package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
)

// This file is about records whose cells may stand below the wrong headers. Programs leave out
// empty cells at the end; hands lose others, or write a delimiter into a cell without quotes. Then
// every cell behind stands in a column before its own, or behind it.

// cellsSoFar is what the cells of a column are, as far as it is known.
type cellsSoFar byte

const (
	noNames   cellsSoFar = iota // by its header, or since they were not
	unknown                     // its header says nothing, and it had no cells
	people                      // its header speaks of people
	onlyNames                   // and all its cells named people
	anything
)

func (c *column) setUsual(noHeader bool) {
	switch employeeID := cmp.Or(c.key, c.known) == batch.ByEmployeeID; {
	case c.names || c.ignored || c.key != "" && !employeeID:
		c.usual = anything
	case noHeader || !employeeID && containsAny(c.normal, headerParts["names"]):
		c.usual = people
	case employeeID || containsAny(c.normal, headerParts["no names"]):
		c.usual = noNames
	default:
		c.usual = unknown
	}
}

// likeName sees at once whether a cell may name somebody.
func likeName(cell string) bool {
	return strings.IndexByte(cell, '@') >= 0 || len(cell) >= 36 && batch.IsGUID(trim(cell))
}

// odd gives the first column whose cell is a name where there are none, or none where there
// are names alone; nil for nearly every record. What stands in the cells is then usual.
func (r *Reader) odd(cells []string) *column {
	news := false
	for i, c := range r.all {
		cell := cells[i]
		if c.usual == anything || cell == "" {
			continue
		}
		switch name := likeName(cell); {
		case name && c.usual <= unknown, !name && c.usual == onlyNames && trim(cell) != "" && !saysNothing(trim(cell)):
			if !isExample(trim(cell)) {
				return c
			}
		case name && c.usual == people, !name && (c.usual == people || c.usual == unknown):
			news = true
		}
	}
	if !news {
		return nil
	}
	for i, c := range r.all {
		switch cell := cells[i]; {
		case cell == "" || c.usual != people && c.usual != unknown:
		case likeName(cell):
			c.usual = onlyNames
		default:
			c.usual = noNames
		}
	}
	return nil
}

// misplaced says why cells of the record may stand below the wrong headers, or "". The cells
// are as many as the header has, and name somebody or not; or those that should are empty.
func (r *Reader) misplaced(cells []string, names, empty bool) (why string) {
	got, n := len(r.rec.Cells), len(r.header)
	if r.keyed || r.list {
		return ""
	}
	if got < r.named {
		brokenNote := got == 1 && r.named > 2 && r.noteBefore
		if !names || brokenNote || r.unfit() || r.lost(lacks) {
			return r.whyMiscounted()
		}
		return ""
	}
	if r.width == 0 && names {
		if r.width = got; got > n && r.merged() {
			r.wide = r.rec.Line // right if all rows are so
		}
	}
	if got > n && got != r.width && r.merged() {
		return r.whyMiscounted()
	}
	if r.named < n && strings.TrimFunc(strings.Join(cells[r.named:], ""), blank) != "" && r.merged() {
		return "a cell stands below no header, so the cells may have shifted; if it belongs there, give that column a header"
	}
	if empty {
		return ""
	}
	c := r.odd(cells)
	if c == nil {
		return ""
	}
	if r.lost(padded) || r.merged() {
		what := "names a user, too"
		if c.usual == onlyNames {
			what = "names nobody, and in other rows it does"
		}
		return fmt.Sprintf("the column %q %s, so the cells may have shifted; if it belongs there, leave that column out with --ignore-column %[1]q", c.name, what)
	}
	c.usual = anything
	return ""
}

// unfit reports whether a cell that is read does not fit its column. An employee id has no
// shape.
func (r *Reader) unfit() bool {
	return slices.ContainsFunc(r.columns, func(c *column) bool {
		cell := r.cell(c.index)
		return cell != "" && (c.key == batch.ByEmployeeID || !r.mayStand(c, cell, lacks))
	})
}

// cell gives a cell of the record, or "" where it has none.
func (r *Reader) cell(at int) string {
	if at >= len(r.rec.Cells) {
		return ""
	}
	return trim(r.rec.Cells[at])
}

// filled is how many cells the record has up to the last that is not empty.
func (r *Reader) filled() (n int) {
	for n = len(r.rec.Cells); n > 0 && r.cell(n-1) == ""; n-- {
	}
	return n
}

// lost reports whether all cells from some cell on would fit the columns as many places further
// as there may be cells lost. That cell is at the latest the first that names the user, or one
// that a gate asks: what stands beside a name has to agree with it in any case.
func (r *Reader) lost(how doubt) bool {
	latest, named, filled := 0, false, r.filled()
	for _, c := range r.columns {
		if r.cell(c.index) == "" {
			continue
		}
		if c.gate || c.names && !named {
			latest = max(latest, c.index)
		}
		named = named || c.names
	}
	for lost := 1; lost <= len(r.header)-filled; lost++ {
		for from := range latest + 1 {
			if how != padded {
				if how = lacks; from == 0 || lost > 1 {
					how = lacksMany
				}
			}
			at := from
			for at < filled && r.mayStand(r.all[at+lost], r.cell(at), how) {
				at++
			}
			if at >= filled {
				return true
			}
		}
	}
	return false
}

// merged reports whether all cells behind some cell would fit the columns before theirs: that
// cell, of a column that is not read, was cut at a delimiter in it, or stands there by mistake.
func (r *Reader) merged() bool {
	reads := func(c *column) bool { return c.key != "" || c.gate }
	for extra := range max(1, len(r.rec.Cells)-len(r.header)) {
		extra++
		for at, cut := range r.all {
			behind := r.all[at+1:]
			if likeName(r.cell(at + extra)) {
				behind = r.all[at:]
			}
			if !reads(cut) && slices.ContainsFunc(behind, reads) && r.cell(at) != "" && r.cell(at+extra) != "" && !likeName(r.cell(at)) &&
				!slices.ContainsFunc(behind, func(c *column) bool { return !r.mayStand(c, r.cell(c.index+extra), cutInTwo) }) {
				return true
			}
		}
	}
	return false
}

// doubt is why cells may have shifted.
type doubt byte

const (
	lacks     doubt = iota // the record has fewer cells than the header; one cell is lost
	lacksMany              // several are, or the first
	padded                 // it is filled up at its end, and a cell is odd
	cutInTwo               // it has a cell more
)

// mayStand reports whether a cell may be one of a column: a date, or a word that a gate asks
// for, where the column is one for that, and other text where it is not. A name may stand in
// any column that is not read, as a password does; or with people, where the header speaks of
// people.
func (r *Reader) mayStand(c *column, cell string, how doubt) bool {
	key := cmp.Or(c.key, c.known)
	asked := slices.ContainsFunc(r.where, func(w condition) bool { return w.column == c })
	date := false
	if r.date != nil {
		_, date = r.opt.dateGate.parse(cell)
	}
	switch {
	case cell == "" || saysNothing(cell):
		return how != cutInTwo || !c.names
	case key == batch.ByEmployeeID:
		return how < padded || !likeName(cell)
	case key != "":
		return names(key, cell)
	case names(idOrUPN, cell) && how >= padded:
		return c.usual != noNames
	case names(idOrUPN, cell):
		return how == lacks && c.place < 0 || containsAny(c.normal, headerParts["names"])
	case how == padded && c.usual == onlyNames:
		return false
	case c == r.date || c.hired || c.left || c.hr == leftHeader || c.hr == beganHeader || containsAny(c.normal, []string{"date", "datum", "day"}):
		return date
	case how == cutInTwo:
		return true
	case slices.ContainsFunc(r.where, func(w condition) bool { return w.meets(cell) }):
		return asked
	}
	return !date && (!asked || how == padded)
}
