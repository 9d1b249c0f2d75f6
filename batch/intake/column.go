package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
)

// column is a column of the input.
type column struct {
	index   int       // its place among all columns of the header; its place in layout.columns is never called so
	name    string    // its header, trimmed
	key     batch.Key // what its cells are, by its header or --key; "" when only a gate, the report or [TakeSurvey] reads it
	names   bool      // its cells name the users; if not, and it has a key, the users must have what they say
	ignored bool      // by --ignore-column: it says nothing of the users, also when the report has it
	gate    bool      // a gate looks at it
	keep    bool      // the report has it
	hired   bool      // its days on which people began are held against those of leaving
	left    bool      // it has days of leaving that are held against those
	why     string    // how it was chosen; "" for a column that is not read
}

// read reports whether the column was chosen for any purpose.
func (c column) read() bool { return c.why != "" }

// counts reports whether a row is bad whose cell cannot be read. What only [TakeSurvey] looks
// at is then a word that nobody knows.
func (c column) counts() bool { return c.key != "" || c.keep }

// maySayStay reports whether it is an HR column that no gate looks at, and that counts.
func (c column) maySayStay() bool {
	return c.key == "" && !c.gate && !c.ignored && isHR(c.name) && listOf(c.name) != beganHeader
}

// role is what a column is read for, as the settings name it.
func (c column) role() string {
	switch {
	case c.names:
		return "column " + string(c.key)
	case c.key != "":
		return "column checked"
	case c.gate:
		return "column for a gate"
	}
	return "column kept"
}

// layout is which columns are read, in the file's order, and which of them the
// gates look at.
type layout struct {
	columns   []column
	where     []condition
	datePlace int // of the column of dates in columns; -1 without a date gate
}

// chooseColumns picks the columns to read. The error has no line yet.
func chooseColumns(header []string, opt parsedOptions) (read layout, bad *InputError) {
	defer func() {
		if is, what := mayBeRow(header, opt.Key); bad != nil && is {
			bad = &InputError{Reason: "this looks like a row, and " + cmp.Or(what, "the header is missing: put a line with the names of the columns above it, such as userPrincipalName, or say by its number which column names the users: --no-header --column 1")}
		}
	}()
	all := make([]column, len(header))
	for i, name := range header {
		all[i] = column{index: i, name: name, ignored: name != "" && normalise(name) == normalise(opt.preset.Ignore)}
	}
	for _, name := range opt.Ignore {
		at, bad := findColumn(header, name, "with --ignore-column NAME")
		if bad != nil {
			return layout{}, bad
		}
		all[at].ignored = true
	}
	if bad := chooseKeys(all, header, opt); bad != nil {
		return layout{}, bad
	}
	where, dateIndex, bad := gateColumns(header, opt)
	if bad != nil {
		return layout{}, bad
	}
	for i := range all {
		all[i].gate = i == dateIndex || slices.ContainsFunc(where, func(c condition) bool { return c.index == i })
	}
	setHired(all, dateIndex, opt)
	for i := range all {
		c := &all[i]
		if c.keep = c.gate || c.hired || c.left; c.gate {
			c.why = cmp.Or(c.why, "named for it")
		} else if c.keep {
			c.why = cmp.Or(c.why, "tells who came back")
		}
	}
	for _, name := range opt.Keep {
		at, bad := findColumn(header, name, "with --keep COLUMN")
		if bad != nil {
			return layout{}, bad
		}
		all[at].keep, all[at].why = true, cmp.Or(all[at].why, "--keep")
	}
	spare, fewer := maxColumns, "choose the one that names the users with --column NAME"
	if len(opt.Keep) > 0 {
		fewer = "name fewer with --keep"
	}
	for _, c := range all {
		if c.read() {
			spare--
		}
	}
	if spare < 0 {
		return layout{}, columnError(fmt.Sprintf("%d columns would be read, and %d can be: %s", maxColumns-spare, maxColumns, fewer), header, nil)
	}
	read.where = where
	places := map[int]int{-1: -1} // of the columns that are read, by their index
	for i, c := range all {
		if opt.watch && !c.read() && spare > 0 && c.maySayStay() {
			c.why = "an HR column"
			spare--
		}
		if c.read() {
			places[i] = len(read.columns)
			read.columns = append(read.columns, c)
		}
	}
	for i := range where {
		c := &where[i]
		c.place, c.people = places[c.index], all[c.index].key != ""
	}
	read.datePlace = places[dateIndex]
	return read, nil
}

// gateColumns reads the conditions by the header, and gives the index of the column of
// dates, or -1. The preset's condition counts unless the person has one on its column.
func gateColumns(header []string, opt parsedOptions) (where []condition, dateIndex int, bad *InputError) {
	entries, from, how := opt.Where, "--where", "with --where COLUMN=VALUE"
	if opt.preset.Where != "" {
		entries = append(slices.Clone(entries), opt.preset.Where)
	}
	for i, entry := range entries {
		if i == len(opt.Where) {
			from, how = opt.preset.who(false, ""), how+", and leave --preset out"
		}
		name, value, bad := splitCondition(entry, header)
		if bad != nil {
			return nil, -1, bad
		}
		at, bad := findColumn(header, name, how)
		if bad != nil {
			return nil, -1, bad
		}
		if i < len(opt.Where) || !slices.ContainsFunc(where, func(c condition) bool { return c.index == at }) {
			where = append(where, newCondition(entry, from, header[at], value, at))
		}
	}
	if opt.dateGate == nil {
		return where, -1, nil
	}
	dateIndex, bad = findColumn(header, opt.dateGate.Column, "as the column of dates")
	return where, dateIndex, bad
}

// findColumn gives the index of the column that the person named: by the very
// header, or else by one that differs only in case, blanks and the signs - _ and
// dot, or whose plain word in brackets it is. Any other sign may mean something:
// "Status!" is not the column "Status".
func findColumn(header []string, want, how string) (int, *InputError) {
	typed := plainName(want)
	var found []int
	for _, fits := range []func(h string) bool{
		func(h string) bool { return h == want },
		func(h string) bool { return escaped(h) && h[1:] == want }, // so retry.csv writes it
		func(h string) bool {
			return typed != "" && (typed == plainName(h) || typed == plainName(property(h)) && recognise(h).key != "")
		},
	} {
		for i, h := range header {
			if fits(h) {
				found = append(found, i)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return -1, columnError(fmt.Sprintf("no column %q: name one of those seen %s", want, how), header, nil)
	}
	var matched []string
	for _, i := range found {
		matched = append(matched, header[i])
	}
	return found[0], columnError(fmt.Sprintf("more than one column %q: give them different headers", want), header, matched)
}

// looksLikeData reports whether a header holds what names a user. Such a line
// is not shown: its other cells may be anything.
func looksLikeData(header []string) bool {
	return slices.ContainsFunc(header, func(h string) bool { return batch.IsGUID(h) || WhyNobody(h) == "" })
}

// mayBeRow reports whether a header that cannot be read may be a row, which is not shown
// either, and what a cell is if that is known.
func mayBeRow(header []string, key batch.Key) (is bool, what string) {
	is = looksLikeData(header)
	if is || slices.ContainsFunc(header, func(h string) bool { return recognise(h).key != "" }) {
		return is, ""
	}
	for _, h := range header {
		switch why := shapeOf(h); {
		case h == "":
		case why != "":
			return true, "a cell of it is " + why
		case len(mayName(idOrUPN, h)) > 0, key == batch.ByEmployeeID && strings.Trim(h, "0123456789") == "":
			is = true
		}
	}
	return is, ""
}

func headersOf(columns []column) []string {
	var all []string
	for _, c := range columns {
		all = append(all, c.name)
	}
	return all
}
