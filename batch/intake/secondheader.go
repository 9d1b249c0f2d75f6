package intake

import "slices"

// contradictsHeader reports whether a record that names nobody is a header that does
// not fit ours. "ID" alone in a column that is not ours says little: it may be
// the state of Idaho.
func (r *Reader) contradictsHeader(all []string) bool {
	if looksLikeData(all) {
		return false // a header names no user: an audit log's cells may hold names of properties
	}
	for i, cell := range all {
		switch key := recognise(cell).known; {
		case key == "" || key.Searched(), normalise(cell) == "id" && !r.saysWho(i):
		case i >= len(r.header) || !r.fitsHeader(i, cell):
			return true
		}
	}
	for i, cell := range all {
		if r.saysWho(i) && r.isHeader(cell) && normalise(cell) != r.all[i].normal {
			return true
		}
	}
	return false
}

// saysWho reports whether the column with the index is read for what it says of the
// users.
func (r *Reader) saysWho(index int) bool {
	return index < len(r.all) && r.all[index].key != ""
}

// isHeader reports whether a text is the header of a column.
func (r *Reader) isHeader(text string) bool {
	name := normalise(text)
	return name != "" && slices.ContainsFunc(r.all, func(c *column) bool { return c.normal == name })
}

// fitsHeader reports whether a cell is the header of its own column, or an alias of
// the same key.
func (r *Reader) fitsHeader(index int, cell string) bool {
	name, known, c := normalise(cell), recognise(cell).known, r.all[index]
	return name != "" && name == c.normal || known != "" && known == c.known
}

// repeatsHeader reports whether a record says the header again: the cells of all our
// columns do, or, in a row of labels below a row of keys, at least two cells.
func (r *Reader) repeatsHeader(all []string) bool {
	fitting, whole := 0, true
	for i, cell := range all {
		if r.fitsHeader(i, cell) {
			fitting++
		} else if r.saysWho(i) {
			whole = false
		}
	}
	return whole || fitting >= 2 && r.rows == 0
}

// otherTable ends the reading where the columns may change their meaning.
func (r *Reader) otherTable() error {
	return &InputError{Line: r.rec.Line, Reason: "a second table with other columns seems to start here: split the file, and run each part by itself"}
}
