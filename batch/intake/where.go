package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
)

// condition is one --where, read by the header.
type condition struct {
	*column            // that it looks at
	entry, from string // as given, and who gave it: --where or a preset
	value       string // what the cells must be
	words       statusWords
	gone        bool // it asks an HR column for people who are gone
	tells       bool // it looks at an HR column, whose cells may say that somebody stays
	met         memo[bool]
}

func newCondition(entry, from, value string, c *column) condition {
	words := statuses[c.hr]
	if c.hr == leftHeader {
		words.stay = stayWords // some systems write "Active" where no date is
	}
	hired := c.hr == beganHeader
	gone := isWord(words.gone, value) || hired && value == "" // no day on which they came back
	return condition{c, entry, from, value, words, gone, c.hr != "" && (gone || !hired), memo[bool]{}}
}

// chooseGates reads the conditions by the header, and finds the column of dates. The preset's
// condition counts unless the person has one on its column.
func (l *layout) chooseGates(opt parsedOptions) {
	entries, from, how := opt.Where, "--where", "with --where COLUMN=VALUE"
	if opt.preset.Where != "" {
		entries = append(slices.Clone(entries), opt.preset.Where)
	}
	for i, entry := range entries {
		if i == len(opt.Where) {
			from, how = opt.preset.who(false, ""), how+", and leave --preset out"
		}
		name, value, bad := splitCondition(entry, l.header)
		l.refuse(bad)
		c := l.find(name, how)
		if i < len(opt.Where) || !c.gate {
			c.guard()
			l.where = append(l.where, newCondition(entry, from, value, c))
		}
	}
	if opt.dateGate != nil {
		l.date = l.find(opt.dateGate.Column, "as the column of dates")
		l.date.guard()
	}
}

// chooseWhose finds the column that says whose a row is.
func (l *layout) chooseWhose(opt parsedOptions) {
	for _, entry := range opt.RowsOf {
		name, value, bad := splitCondition(entry, l.header)
		l.refuse(bad)
		c := l.find(name, "with --rows-of COLUMN=VALUE")
		if l.whose != nil && l.whose != c {
			l.refuse(&InputError{Option: "--rows-of", Reason: fmt.Sprintf("it looks at one column, and %q and %q are two", l.whose.name, c.name)})
		}
		c.keep, c.why = true, cmp.Or(c.why, "says whose row it is")
		l.whose, l.ours = c, append(l.ours, fold(value))
	}
}

// elses reports whether a row is that of somebody else, by a cell that is surely its own.
func (r *Reader) elses(row batch.Row) bool {
	if r.whose == nil || row.Cells == nil {
		return false
	}
	cell := row.Cells[r.whose.place]
	is := !slices.Contains(r.ours, fold(cell))
	if is && r.opt.Others != nil {
		r.opt.Others(row, cell)
	}
	return is
}

// guard makes a gate look at the column.
func (c *column) guard() { c.gate, c.keep, c.why = true, true, cmp.Or(c.why, "named for it") }

// operators are the signs of comparisons in other languages. One of them beside the
// equals sign would turn the condition around, or mean a pattern.
const operators = "!<>~=:^*"

// splitCondition gives column and value of an entry. A header may hold equals signs
// and other signs itself: then the entry has to have the very header.
func splitCondition(entry string, header []string) (column, value string, bad *InputError) {
	compared := func(value string) bool {
		return value != "" && strings.Contains("!~=", value[:1]) || strings.HasPrefix(value, "<>")
	}
	for i := range len(entry) {
		if entry[i] != '=' {
			continue
		}
		column, value = trim(entry[:i]), trim(entry[i+1:])
		if slices.Contains(header, column) && !compared(value) {
			return column, value, nil
		}
	}
	column, value, _ = strings.Cut(entry, "=")
	column, value = trim(column), trim(value)
	if strings.Trim(column, operators) != column || compared(value) {
		return "", "", &InputError{Reason: fmt.Sprintf("%q: --where knows only COLUMN=VALUE, and takes the rows whose cell is the value", entry)}
	}
	return column, value, nil
}

// checkConditions refuses two values of one column: a cell cannot be both.
func (r *Reader) checkConditions() *InputError {
	for i, c := range r.where {
		for _, d := range r.where[:i] {
			if c.column == d.column && !c.meets(d.value) {
				return &InputError{Reason: fmt.Sprintf("no row can meet both --where %q and --where %q: every --where must hold, and both look at the column %q; run the command once for each", d.entry, c.entry, c.name)}
			}
		}
	}
	return nil
}

// meets reports whether a cell has the value of the condition.
func (c condition) meets(cell string) bool {
	if c.key != "" {
		return batch.SameValue(batch.ByUPN, cell, c.value)
	}
	return c.met.of(cell, func(cell string) bool { return cell == c.value || fold(cell) == fold(c.value) })
}

// rule says why the condition holds a row with the cell back. The cell is not told:
// the column may hold anything. Only a cell of an HR column says that its user stays, by a
// word for that. If the condition asks for people who are gone, a word that is not known
// says so, too: it may mean that somebody comes back. An empty status says nothing.
func (c condition) rule(cell string) ruling {
	h := ruling{outcome: batch.Skipped}
	switch {
	case c.meets(cell):
		return ruling{}
	case escaped(cell) && c.meets(cell[1:]):
		h = ruling{reason: fmt.Sprintf("column %q: %s", c.name, whyEscaped)}
	case c.value == "":
		h.reason = fmt.Sprintf("%s is not empty (%s)", c.name, c.from)
	default:
		h.reason = fmt.Sprintf("%s is not %s (%s)", c.name, c.value, c.from)
	}
	if c.tells && cell != "" && !saysNothing(cell) {
		h.userStays = isWord(c.words.stay, cell) || c.gone && !isGone(c.words.gone, cell)
	}
	return h
}
