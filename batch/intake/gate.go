package intake

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
)

// wants are the options, looked through.
type wants struct {
	kind   kind // by --key; noKind when the columns decide
	column string
	ignore []string
	where  []condition
	date   *dateGate // nil without one
	watch  bool      // read columns of HR statuses and leaving dates, too
}

// wants looks the options through. The error is an [*OptionError].
func (o Options) wants() (wants, error) {
	w := wants{column: trim(o.Column), watch: o.watch}
	for _, name := range o.Ignore {
		w.ignore = append(w.ignore, trim(name))
	}
	var err error
	if w.kind, err = kindOfKey(o.Key); err != nil {
		return wants{}, err
	}
	for _, entry := range o.Where {
		c, err := parseCondition(entry)
		if err != nil {
			return wants{}, err
		}
		w.where = append(w.where, c)
	}
	if o.Date != nil {
		w.date, err = newDateGate(*o.Date)
	}
	return w, err
}

// condition is one --where.
type condition struct {
	entry         string // as given
	column, value string // of the header, once that is read
	names         bool   // the column names people; else its cells are words
	hr            bool   // the column is one of HR statuses or leaving dates, by its name
	gone          bool   // it asks a column of HR statuses for people who are gone
}

func parseCondition(entry string) (condition, error) {
	column, value, found := strings.Cut(entry, "=")
	c := condition{entry: entry, column: trim(column), value: trim(value)}
	if !found || c.column == "" {
		return c, &OptionError{"--where", fmt.Sprintf("%q is not COLUMN=VALUE", entry)}
	}
	return c, nil
}

// operators are the signs of comparisons in other languages. One of them beside the
// equals sign would turn the condition around, or mean a pattern.
const operators = "!<>~=:^*"

// split gives column and value of the entry. A header may hold equals signs and
// other signs itself: then the entry has to have the very header.
func (c condition) split(header []string) (column, value string, bad *HeaderError) {
	compared := func(value string) bool {
		return value != "" && strings.Contains("!~=", value[:1]) || strings.HasPrefix(value, "<>")
	}
	for i := range len(c.entry) {
		if c.entry[i] != '=' {
			continue
		}
		column, value = trim(c.entry[:i]), trim(c.entry[i+1:])
		if slices.Contains(header, column) && !compared(value) {
			return column, value, nil
		}
	}
	if strings.Trim(c.column, operators) != c.column || compared(c.value) {
		return "", "", &HeaderError{Reason: fmt.Sprintf("%q: --where knows only COLUMN=VALUE, and takes the rows whose cell is the value", c.entry)}
	}
	return c.column, c.value, nil
}

// hold says why a cell does not meet the condition, or "". The cell is not
// told: the column may hold anything.
func (c condition) hold(cell string) (batch.Outcome, string) {
	value := c.value
	switch {
	case c.matches(cell):
		return "", ""
	case escaped(cell) && c.matches(cell[1:]):
		return "", fmt.Sprintf("column %q: %s", c.column, whyEscaped)
	case value == "":
		value = "empty"
	}
	return batch.Skipped, fmt.Sprintf("%s is not %s (--where)", c.column, value)
}

// matches reports whether a cell has the value of the condition.
func (c condition) matches(cell string) bool {
	if c.names {
		return batch.LowerASCII(cell) == batch.LowerASCII(c.value)
	}
	return cell == c.value || fold(cell) == fold(c.value)
}

// held is why a gate keeps a row from being read further.
type held struct {
	from    time.Time     // batch.Row.From
	outcome batch.Outcome // Skipped, or "" for a cell that cannot be judged
	why     string        // "" for a row that passes
	keeps   bool          // the row says that its user stays
}

// keeps reports whether a cell that does not meet the condition says that somebody
// stays. If the condition asks for people who are gone, a word that nobody knows says
// so, too: it may mean that somebody comes back. An empty status says nothing.
func (c condition) keeps(cell string) bool {
	switch {
	case !c.hr || cell == "" || saysNothing(cell):
		return false
	case in(stayWords, cell):
		return true
	}
	return c.gone && !in(goneWords, cell)
}

// hold asks the gates. A condition on a column of HR statuses says that somebody
// stays when the cell does; any other condition only chooses rows, and a row that it
// does not choose says nothing of whether its user leaves. A date that cannot be
// judged may be one of somebody who stays.
func (r *Reader) hold(cells []string) held {
	var h held
	for i, c := range r.wants.where {
		cell := cells[r.choice.where[i]]
		outcome, why := c.hold(cell)
		if why == "" {
			continue
		}
		if h.why == "" {
			h.outcome, h.why = outcome, why
		}
		if !c.hr {
			h.keeps = false
			return h
		}
		h.keeps = h.keeps || c.keeps(cell)
	}
	if d := r.wants.date; d != nil && h.why == "" {
		h.from, h.outcome, h.why = d.hold(cells[r.choice.date])
		h.keeps = h.why != ""
	}
	return h
}

// twice refuses two conditions on one column: a cell cannot be both.
func (r *Reader) twice() *HeaderError {
	for i, c := range r.wants.where {
		for j, d := range r.wants.where[:i] {
			if r.choice.where[i] == r.choice.where[j] && !c.matches(d.value) {
				return &HeaderError{Reason: fmt.Sprintf("no row can meet both --where %q and --where %q: every --where must hold, and both look at the column %q; run the command once for each", d.entry, c.entry, c.column)}
			}
		}
	}
	return nil
}

// setGates tells the gates as settings.
func (r *Reader) setGates() {
	for i := range r.wants.where {
		c := &r.wants.where[i]
		of := r.columns[r.choice.where[i]]
		_, c.value, _ = c.split(r.header) // which was possible
		c.column, c.names = of.name, !gateOnly(of)
		c.hr = isHR(of.name)
		c.gone = statusNames[normalise(of.name)] && in(goneWords, c.value)
		r.set("where", c.column+" = "+c.value, "--where: other rows are skipped")
	}
	d := r.wants.date
	if d == nil {
		return
	}
	d.column = r.columns[r.choice.date].name
	passes := "a row passes when the day is over; a time with an offset or Z is taken as it is"
	if d.startOfDay {
		passes = "a row passes when the day begins; a time with an offset or Z is taken as it is"
	}
	r.set("date column", d.column, passes)
	if d.format == nil {
		r.set("date format", "YYYY-MM-DD (ISO 8601)", "no --date-format")
	} else {
		r.set("date format", d.format.text, "--date-format")
	}
	r.set("date zone", d.zone.String(), "where the day begins and ends")
	r.set("as of", d.asOfText(), "rows with a later date are skipped")
}
