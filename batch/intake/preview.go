package intake

// Gate is one of the gates of a file, by itself.
type Gate struct {
	Name   string                    // a column and its value, or the column of dates
	Passes func(cells []string) bool // whether it lets the row of [batch.Row.Cells] through
}

// Gates are those of the one file.
func (f *Files) Gates() (all []Gate) {
	r := f.all[0]
	for _, c := range r.where {
		all = append(all, Gate{c.name + " = " + c.value, func(cells []string) bool { return c.meets(cells[c.place]) }})
	}
	if d := r.opt.dateGate; d != nil {
		all = append(all, Gate{d.Column, func(cells []string) bool { return d.rule(cells[r.date.place]).passes() }})
	}
	return all
}

// Unread are the headers of the columns of the one file of which no cell is read, in its
// order. A header that may be a row is not told: it may hold anything.
func (f *Files) Unread() (all []string) {
	r := f.all[0]
	if looksLikeData(r.header) {
		return nil
	}
	for _, c := range r.all {
		if c.name != "" && c.place < 0 {
			all = append(all, c.name)
		}
	}
	return all
}
