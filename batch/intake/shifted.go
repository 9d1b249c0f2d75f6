package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/intake/dates"
	"offboard/batch/intake/source"
	"offboard/batch/intake/vocab"
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
	c.thing = vocab.IDOfThing(c.name)
	switch employeeID := cmp.Or(c.key, c.Known) == batch.ByEmployeeID; {
	case c.names || c.ignored || c.key != "" && !employeeID:
		c.usual = anything
	case noHeader || !employeeID && vocab.HasPart(c.normal, "names"):
		c.usual = people
	case employeeID || vocab.HasPart(c.normal, "no names"):
		c.usual = noNames
	default:
		c.usual = unknown
	}
}

// likeName sees at once whether a cell may name somebody.
func likeName(cell string) bool {
	return strings.IndexByte(cell, '@') >= 0 || len(cell) >= 36 && batch.IsGUID(vocab.Trim(cell))
}

// odd gives the columns whose cell is a name where there are none, or none where there are names
// alone; nil for nearly every record. What stands in the cells of a record without is then usual.
func (r *Reader) odd(cells []string) (odd []*column) {
	var news []*column
	for i, c := range r.all {
		cell := cells[i]
		if c.usual == anything || cell == "" {
			continue
		}
		switch name := likeName(cell); {
		case name && c.thing && strings.IndexByte(cell, '@') < 0:
		case name && c.usual == onlyNames, !name && c.usual == noNames:
		case c.usual == people, c.usual == unknown && !name:
			news = append(news, c)
		case name || vocab.Trim(cell) != "" && !vocab.SaysNothing(vocab.Trim(cell)):
			if !vocab.IsExample(vocab.Trim(cell)) {
				odd = append(odd, c)
			}
		}
	}
	if odd == nil {
		for _, c := range news {
			if c.usual = noNames; likeName(cells[c.index]) {
				c.usual = onlyNames
			}
		}
	}
	return odd
}

// belong reports whether names belong into a column by the whole file: a record that has shifted
// stands against the others. What its header says that it holds comes first: names, or other things.
func (r *Reader) belong(c *column, padded bool) bool {
	if r.counted == nil {
		r.counted = make([]cellCount, len(r.all))
		r.count()
	}
	n := r.counted[c.index]
	return n.names > 1 && (vocab.HasPart(c.normal, "names") ||
		c.hr == "" && !vocab.HasPart(c.normal, "no names") && (n.cells-n.names)*10 <= n.cells && (!padded || n.whole > 1))
}

// count reads the file once more, from its beginning.
func (r *Reader) count() {
	again, err := *r, error(nil)
	if again.src, err = source.Open(r.in, r.of); err != nil {
		return
	}
	defer again.src.Close()
	for again.held, again.padded = false, nil; again.nextRecord() == nil; {
		cells, why := again.fitted()
		if why != "" || again.rec.Line <= r.start || len(again.rec.Cells) < r.named {
			continue
		}
		for i, cell := range cells {
			if cell = vocab.Trim(cell); cell == "" || vocab.SaysNothing(cell) {
				continue
			}
			if r.counted[i].cells++; likeName(cell) {
				r.counted[i].names++
				r.counted[i].whole += min(1, len(vocab.Trim(cells[r.named-1])))
			}
		}
	}
}

// misplaced says why cells of the record may stand below the wrong headers, or "". The cells
// are as many as the header has, and name somebody or not; or those that should are empty.
func (r *Reader) misplaced(cells []string, names, empty bool) (why string) {
	got, n := len(r.rec.Cells), len(r.header)
	brokenNote := r.noteBefore && names && (got == 1 && r.named > 2 || vocab.Spaced(r.rec.Cells))
	last := r.unended
	switch r.unended = ""; {
	case r.keyed || r.list:
		return ""
	case names && last != "" && !r.rec.Placed:
		return fmt.Sprintf("this line may go on from the last cell of the row above, which ends in %q: take the line break out of that, or if this is a row, put a full stop behind it", last)
	case brokenNote && got > 1:
		return "this line may go on from the last cell of the row above: if it does, take the line break out of that, and if not, the blanks behind the delimiters"
	case got < r.named:
		if !names || brokenNote || !r.fit(r.counting, 0, here) || r.lost(lacks) {
			return r.whyMiscounted()
		}
		return ""
	case r.width == 0 && names:
		if r.width = got; got > n && r.merged(cutInTwo, nil) {
			r.wide = r.rec.Line // right if all rows are so
		}
	case got > n && got != r.width && r.merged(cutInTwo, nil):
		return r.whyMiscounted()
	}
	if r.named < n && strings.TrimFunc(strings.Join(cells[r.named:], ""), vocab.Blank) != "" && r.merged(cutInTwo, nil) {
		return "a cell stands below no header, so the cells may have shifted; if it belongs there, give that column a header"
	}
	if empty {
		return ""
	}
	odd := r.odd(cells)
	if odd == nil {
		return ""
	}
	what, flags, unread := "", "", func(c *column) bool { return c.key == "" && !c.gate }
	shifted := slices.DeleteFunc(odd, r.explained)
	for _, c := range shifted {
		if slices.ContainsFunc(shifted, unread) && !unread(c) {
			continue
		}
		does := "names a user, too"
		if c.usual == onlyNames {
			does = "names nobody, and in other rows it does"
		}
		what += fmt.Sprintf(", and the column %q %s", c.name, does)
		flags += fmt.Sprintf(" --ignore-column %q", c.name)
	}
	if what == "" {
		return r.misplaced(cells, names, empty) // which are usual now
	}
	return fmt.Sprintf("%s, so the cells may have shifted; if that belongs there, leave it out with%s", strings.TrimPrefix(what, ", and "), flags)
}

// explained reports whether a column is odd though no cell has shifted, and is not from now on.
func (r *Reader) explained(c *column) bool {
	nobody, how, lost := c.usual == onlyNames, cutInTwo, r.lost(padded)
	if nobody {
		how = unnamed
	}
	suspect := lost || r.merged(how, c)
	belongs := suspect && !nobody && r.belong(c, lost)
	if suspect && !belongs {
		return false
	}
	if c.usual = anything; belongs {
		c.usual = onlyNames
	}
	return true
}

// cell gives a cell of the record, or "" where it has none.
func (r *Reader) cell(at int) string {
	if at >= len(r.rec.Cells) {
		return ""
	}
	return vocab.Trim(r.rec.Cells[at])
}

// fit reports whether all cells that stand so many places behind columns may be theirs.
func (r *Reader) fit(columns []*column, behind int, how doubt) bool {
	return !slices.ContainsFunc(columns, func(c *column) bool { return !r.mayStand(c, r.cell(c.index+behind), how) })
}

// lost reports whether all cells from some cell on would fit the columns as many places further
// as there may be cells lost. That cell is at the latest the first that names the user, or one
// that a gate asks: what stands beside a name has to agree with it in any case.
func (r *Reader) lost(how doubt) bool {
	latest, named, filled := 0, false, len(r.rec.Cells)
	for filled > 0 && r.cell(filled-1) == "" {
		filled--
	}
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
			if how != padded && (from == 0 || lost > 1) {
				how = lacksMany
			} else if how != padded {
				how = lacks
			}
			if r.fit(r.all[from+lost:], -lost, how) {
				return true
			}
		}
	}
	return false
}

// merged reports whether all cells behind some cell would fit the columns before theirs: that
// cell, of a column that is not read, was cut at a delimiter in it, or stands there by mistake. Where
// a column is odd, so is its cell, or it has moved.
func (r *Reader) merged(how doubt, odd *column) bool {
	reads := func(c *column) bool { return c.key != "" || c.gate }
	for extra := 1; extra <= max(1, len(r.rec.Cells)-len(r.header)); extra++ {
		for at, cut := range r.all {
			behind := r.all[at+1:]
			if likeName(r.cell(at + extra)) {
				behind = r.all[at:]
			}
			if (odd == nil || at <= odd.index) && !reads(cut) && slices.ContainsFunc(behind, reads) && r.cell(at) != "" && r.cell(at+extra) != "" && !likeName(r.cell(at)) && r.fit(behind, extra, how) {
				return true
			}
		}
	}
	return false
}

// doubt is why cells may have shifted.
type doubt byte

const (
	here      doubt = iota // the record has fewer cells than the header
	lacks                  // so it has, and one cell is lost
	lacksMany              // several are, or the first
	padded                 // it is filled up at its end, and a cell is odd
	cutInTwo               // it has a cell more
	unnamed                // so it had, the last was empty, and a column of names has other text
)

// mayStand reports whether a cell may be one of a column: a date, or a word that a gate asks
// for, where the column is one for that, and other text where it is not. A name may stand in
// any column that is not read, as a password does; or with people, where the header speaks of
// people.
func (r *Reader) mayStand(c *column, cell string, how doubt) bool {
	key := cmp.Or(c.key, c.Known)
	asked := slices.ContainsFunc(r.where, func(w *condition) bool { return w.column == c })
	date := false
	if r.date != nil {
		_, date = r.opt.dateGate.format.Read(cell)
	}
	switch {
	case cell == "" || vocab.SaysNothing(cell):
		return how != cutInTwo || !c.names
	case key == batch.ByEmployeeID:
		return how != here && (how < padded || !likeName(cell)) // which has no shape
	case key != "":
		return names(key, cell)
	case names(vocab.IDOrUPN, cell) && how >= padded:
		return c.usual != noNames
	case names(vocab.IDOrUPN, cell):
		return how <= lacks && !c.counts() || vocab.HasPart(c.normal, "names")
	case how == padded && c.usual == onlyNames:
		return false
	case c == r.date || c.hired || c.left || c.hr == vocab.LeftHeader || c.hr == vocab.BeganHeader || vocab.HasPart(c.normal, "day"):
		return date || r.date == nil && len(dates.Any(cell)) > 0
	case how >= cutInTwo:
		return true
	case slices.ContainsFunc(r.where, func(w *condition) bool { return w.meets(cell) }):
		return asked
	}
	return !date && (!asked || how == padded)
}
