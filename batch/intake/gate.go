package intake

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/intake/dates"
	"offboard/batch/intake/vocab"
)

// ruling is what a gate says of a row.
type ruling struct {
	from      time.Time     // [batch.Row.From]
	outcome   batch.Outcome // Skipped, Ambiguous for somebody who came back, or "" for a cell that cannot be judged
	reason    string        // why the row is held back, or ""
	userStays bool          // the row is held back, and says that its user stays
}

// passes reports whether the row is not held back.
func (g ruling) passes() bool { return g.reason == "" }

// memo keeps what was said of cells. A column has few different words or days.
type memo[T any] map[string]T

func (m memo[T]) of(cell string, say func(string) T) T {
	said, known := m[cell]
	if !known {
		if said = say(cell); len(m) < 10_000 {
			m[strings.Clone(cell)] = said
		}
	}
	return said
}

// rule asks the gates; the first that holds the row back gives the reason. If a condition that
// only chooses rows holds it back, the row says nothing of staying, whatever the others say.
// Otherwise its user stays when any condition on an HR column says so. The date is asked last, and
// only if no condition held the row back; a date that cannot be judged may be one of somebody who
// stays. A row that passes them may still say that its user came back.
func (r *Reader) rule(cells []string) ruling {
	var first ruling
	for _, c := range r.where {
		h := c.rule(cells[c.place])
		if h.passes() {
			continue
		}
		stays := first.userStays || h.userStays
		if first.passes() {
			first = h
		}
		first.userStays = stays && c.tells
		if !c.tells {
			return first
		}
	}
	if r.date != nil && first.passes() {
		first = r.opt.dateGate.rule(cells[r.date.place])
		first.userStays = !first.passes()
	}
	if first.passes() {
		if why := r.cameBack(cells); why != "" {
			first.outcome, first.reason, first.userStays = batch.Ambiguous, why, true
		}
	}
	return first
}

// setGates tells the gates as settings.
func (r *Reader) setGates() {
	for _, c := range r.where {
		r.addSetting("where", c.name+" = "+c.value, c.from+": other rows are skipped")
	}
	if r.whose != nil {
		r.addSetting("rows of", r.whose.name+" = "+strings.Join(r.ours, " or "), "--rows-of: other rows are those of others")
	}
	d := r.opt.dateGate
	if d == nil {
		return
	}
	d.Column = r.date.name
	passes := "is over"
	if d.StartOfDay {
		passes = "begins"
	}
	passes = "a row passes when the day " + passes + "; a time with an offset or Z is taken as it is, but midnight is the day"
	if p := r.opt.preset; p.Date != "" {
		passes = p.who(vocab.Trim(r.opt.DateGate.Column) != "", "--date-column") + ": " + passes
	}
	r.addSetting("date column", d.Column, passes)
	form, why := "ISO 8601, such as 2026-12-31", "no --date-format"
	if d.format.Text != "" {
		form, why = d.format.Text, "--date-format"
	}
	r.addSetting("date format", form, why)
	r.addSetting("date zone", d.Zone.String(), "where the day begins and ends")
	r.addSetting("as of", d.moment(d.AsOf), "rows with a later date are skipped")
}

// chooseHired marks the columns of days on which people began, and those of the days of leaving
// that they are held against: the date gate's, or without one all that are known. The report has
// them, since a row that is run again must say the same.
func (l *layout) chooseHired(opt parsedOptions) {
	var hired, left bool
	for _, c := range l.all {
		counts := c.key == "" && !c.ignored && !opt.AllRows
		c.hired = counts && c.hr == vocab.BeganHeader && !c.gate
		c.left = counts && !c.hired && (c == l.date || l.date == nil && c.hr == vocab.LeftHeader)
		hired, left = hired || c.hired, left || c.left
	}
	for _, c := range l.all { // one says nothing without the other
		if c.hired, c.left = c.hired && left, c.left && hired; c.hired || c.left {
			c.keep, c.why = true, cmp.Or(c.why, "tells who came back")
		}
	}
}

// cameBack says why a row tells of somebody who came back, or "". The days are read in any way.
func (r *Reader) cameBack(cells []string) string {
	for _, hired := range r.columns {
		if !hired.hired {
			continue
		}
		for _, left := range r.columns {
			if !left.left {
				continue
			}
			for _, began := range daysOf(r.opt.dateGate, cells[hired.place]) {
				for _, day := range daysOf(r.opt.dateGate, cells[left.place]) {
					if began.At.Format(time.DateOnly) > day.At.Format(time.DateOnly) && !began.None() && !day.None() {
						return fmt.Sprintf("%s is later than %s, so the person came back; correct the row, or take it out (--all-rows takes such rows)", hired.name, left.name)
					}
				}
			}
		}
	}
	return ""
}

// daysOf are those that a cell may mean: what the gate reads, or else all that people write so.
func daysOf(gate *dateGate, cell string) []dates.Date {
	if gate != nil && cell != "" {
		if exact, ok := gate.format.Read(cell); ok {
			return []dates.Date{exact.In(gate.Zone)}
		}
	}
	return dates.Any(cell)
}

// condition is one --where, read by the header.
type condition struct {
	*column            // that it looks at
	entry, from string // as given, and who gave it: --where or a preset
	value       string // what the cells must be
	words       vocab.StatusWords
	gone        bool // it asks for people who are gone, so that any other word keeps; what to do may be more than one thing
	tells       bool // it looks at an HR column, or asks for people who are gone: cells may say that somebody stays
	met         memo[bool]
}

func newCondition(entry, from, value string, c *column) *condition {
	words := vocab.WordsOf(c.hr)
	if c.hr == vocab.LeftHeader {
		words.Stay = vocab.StayWords // some systems write "Active" where no date is
	}
	hired := c.hr == vocab.BeganHeader
	gone := vocab.IsWord(words.Gone, value) || hired && value == "" // no day on which they came back
	if from != "--where" {                                          // it is the one word of a preset's column for people who left
		words.Gone = map[string]bool{vocab.Fold(value): true}
	}
	return &condition{c, entry, from, value, words, gone && (c.hr != "" && !words.Others || vocab.IsWord(vocab.GoneWords, value)), gone || c.hr != "" && !hired, memo[bool]{}}
}

// asksWhoStays reports whether a person chose those who stay, by a word that says nothing else.
func (c *condition) asksWhoStays() bool {
	return c.from == "--where" && c.hr != "" && !c.ignored && c.words.Stay[vocab.Fold(c.value)] && !c.gone
}

// chooseGates reads the conditions by the header, and finds the column of dates. A condition of
// the person comes before the preset's on its column.
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
		l.whose, l.ours = c, append(l.ours, vocab.Fold(value))
	}
}

// elses reports whether a row is that of somebody else, by a cell that is surely its own.
func (r *Reader) elses(row *batch.Row) bool {
	if r.whose == nil || row.Cells == nil {
		return false
	}
	cell := row.Cells[r.whose.place]
	is := !slices.Contains(r.ours, vocab.Fold(cell))
	if is && r.opt.Others != nil {
		r.opt.Others(*row, cell)
	}
	return is
}

// guard makes a gate look at the column.
func (c *column) guard() { c.gate, c.keep, c.why = true, true, cmp.Or(c.why, "named for it") }

// operators are signs of comparisons. Beside the equals sign one would turn the condition around.
const operators = "!<>~=:^*"

// splitCondition gives column and value of an entry. Only the very header may have such signs.
func splitCondition(entry string, header []string) (column, value string, bad *InputError) {
	compared := func(value string) bool {
		return strings.Trim(value, operators) != "" && (strings.Contains("!~=", value[:1]) || strings.HasPrefix(value, "<>"))
	}
	for i := range len(entry) {
		if entry[i] != '=' {
			continue
		}
		column, value = vocab.Trim(entry[:i]), vocab.Trim(entry[i+1:])
		if slices.Contains(header, column) && !compared(value) {
			return column, value, nil
		}
	}
	column, value, _ = strings.Cut(entry, "=")
	column, value = vocab.Trim(column), vocab.Trim(value)
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

// mistyped gives a word of people who left that the column has where no cell meets the condition, which
// seems to be that word with a slip; or "".
func (c *condition) mistyped(values tally) string {
	asked := vocab.Fold(c.value)
	for _, word := range slices.Sorted(maps.Keys(values)) {
		if c.hr != "" && c.from == "--where" && vocab.IsGone(c.words.Gone, word) && vocab.Slip(asked, vocab.Fold(word), c.gone) {
			return word
		}
	}
	return ""
}

// meets reports whether a cell has the value of the condition.
func (c *condition) meets(cell string) bool {
	if c.key != "" {
		return batch.SameValue(batch.ByUPN, cell, c.value)
	}
	return c.met.of(cell, func(cell string) bool { return cell == c.value || vocab.Fold(cell) == vocab.Fold(c.value) })
}

// rule says why the condition holds a row with the cell back. The cell is not told: the column may
// hold anything. Only a cell of an HR column says that its user stays, by a word for that. If the
// condition asks for people who are gone, a word that is not known says so, too: it may mean that
// somebody comes back. An empty status says nothing.
func (c *condition) rule(cell string) ruling {
	h := ruling{outcome: batch.Skipped}
	switch {
	case c.meets(cell):
		return ruling{}
	case vocab.Escaped(cell) && c.meets(cell[1:]):
		h = ruling{reason: fmt.Sprintf("column %q: %s", c.name, whyEscaped)}
	case c.value == "":
		h.reason = fmt.Sprintf("%s is not empty (%s)", c.name, c.from)
	default:
		h.reason = fmt.Sprintf("%s is not %s (%s)", c.name, c.value, c.from)
	}
	if c.tells && cell == "" {
		h.userStays = c.gone && c.words.Leaver // where others say that people leave, nothing says that somebody stays
	} else if c.tells && !vocab.SaysNothing(cell) {
		h.userStays = vocab.IsWord(c.words.Stay, cell) || c.gone && !vocab.IsGone(c.words.Gone, cell)
	}
	return h
}
