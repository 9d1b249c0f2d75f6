package intake

import (
	"fmt"
	"slices"
	"strings"
)

// column is a column of the input that is read.
type column struct {
	index int
	name  string // its header, trimmed
	kind  kind   // what its header says, or --key; noKind when only a gate reads it
	key   bool   // its cells name the users; if not, and it has a kind, the users must have what they say
	why   string // how it was chosen
}

// role is what a column is read for, as the settings name it.
func (c column) role() string {
	switch {
	case c.key:
		return "column " + c.kind.String()
	case gateOnly(c):
		return "column for a gate"
	}
	return "column checked"
}

// gateOnly reports whether nothing but a gate reads the column.
func gateOnly(c column) bool { return c.kind == noKind }

// choice is which columns are read, in the file's order, and which of them the
// gates look at.
type choice struct {
	columns []column
	where   []int // places in columns, one for each condition
	date    int   // place in columns, when there is a date gate
}

// choose picks the columns to read. The error has no line yet.
func choose(header []string, w wants) (choice, *HeaderError) {
	keys, bad := chooseKeys(header, w)
	if bad != nil {
		return choice{}, bad
	}
	ch := choice{columns: keys}
	var gated []int // indexes in the header
	for _, c := range w.where {
		column, _, bad := c.split(header)
		if bad != nil {
			return choice{}, bad
		}
		at, bad := find(header, column, "with --where COLUMN=VALUE")
		if bad != nil {
			return choice{}, bad
		}
		gated = append(gated, at)
	}
	if w.date != nil {
		at, bad := find(header, w.date.column, "as the column of dates")
		if bad != nil {
			return choice{}, bad
		}
		gated = append(gated, at)
	}
	for _, at := range gated {
		if ch.place(at) < 0 {
			ch.columns = append(ch.columns, column{index: at, name: header[at], why: "named for it"})
		}
	}
	ignored, bad := ignored(header, w.ignore)
	if bad != nil {
		return choice{}, bad
	}
	for at, name := range header {
		hr := isHR(name) && !ignored[at]
		if w.watch && hr && ch.place(at) < 0 && len(ch.columns) < maxColumns {
			ch.columns = append(ch.columns, column{index: at, name: name, why: "an HR column"})
		}
	}
	if len(ch.columns) > maxColumns {
		return choice{}, &HeaderError{Columns: header, Reason: fmt.Sprintf("%d columns would be read, and %d can be: choose the one that names the users with --column NAME", len(ch.columns), maxColumns)}
	}
	slices.SortFunc(ch.columns, func(a, b column) int { return a.index - b.index })
	for i, at := range gated {
		if i < len(w.where) {
			ch.where = append(ch.where, ch.place(at))
		} else {
			ch.date = ch.place(at)
		}
	}
	return ch, nil
}

// gated reports whether a gate looks at the column in the place.
func (r *Reader) gated(place int) bool {
	return slices.Contains(r.choice.where, place) || r.wants.date != nil && r.choice.date == place
}

// place finds the column with an index in the header, or gives -1.
func (ch choice) place(index int) int {
	return slices.IndexFunc(ch.columns, func(c column) bool { return c.index == index })
}

// find gives the index of the column that the person named: by the very
// header, or else by one that differs only in case, blanks and the signs - _ and
// dot, or whose plain word in brackets it is. Any other sign may mean something:
// "Status!" is not the column "Status".
func find(header []string, want, how string) (int, *HeaderError) {
	var exact, alike []int
	for i, h := range header {
		if h == want {
			exact = append(exact, i)
		}
		if n := plainName(want); n != "" && (n == plainName(h) || n == plainName(property(h)) && recognised(h)) {
			alike = append(alike, i)
		}
	}
	found := exact
	if len(found) == 0 {
		found = alike
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0 && looksLikeData(header):
		return 0, &HeaderError{Reason: fmt.Sprintf("no column %q: this looks like a row, and the header is missing", want)}
	case len(found) == 0:
		return 0, &HeaderError{Columns: header, Reason: fmt.Sprintf("no column %q: name one of those seen %s", want, how)}
	}
	e := &HeaderError{Columns: header, Reason: fmt.Sprintf("more than one column %q: give them different headers", want)}
	for _, i := range found {
		e.Matched = append(e.Matched, header[i])
	}
	return 0, e
}

// plainName is a header without what people leave out or put in when they type it.
func plainName(header string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "", ".", "").Replace(fold(header))
}
