package intake

import (
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
)

// condition is one --where, read by the header.
type condition struct {
	entry, from   string // as given, and who gave it: --where or a preset
	column, value string // the very header, and what its cells must be
	index, place  int    // of the column in the header, and in layout.columns
	people        bool   // the column names people; else its cells are words
	hr            bool   // it is an HR column, whose cells may say that somebody stays
	words         statusWords
	met           memo[bool]
	gone          bool // it asks an HR column for people who are gone
}

func newCondition(entry, from, column, value string, index int) condition {
	words := statusWordsOf(column)
	if listOf(column) == leftHeader {
		words.stay = stayWords // some systems write "Active" where no date is
	}
	hired := listOf(column) == beganHeader
	gone := isWord(words.gone, value) || hired && value == "" // no day on which they came back
	return condition{entry: entry, from: from, column: column, value: value, index: index, met: memo[bool]{}, hr: isHR(column) && (gone || !hired), words: words, gone: gone}
}

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
			if c.place == d.place && !c.meets(d.value) {
				return &InputError{Reason: fmt.Sprintf("no row can meet both --where %q and --where %q: every --where must hold, and both look at the column %q; run the command once for each", d.entry, c.entry, c.column)}
			}
		}
	}
	return nil
}

// meets reports whether a cell has the value of the condition.
func (c condition) meets(cell string) bool {
	if c.people {
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
		h = ruling{reason: fmt.Sprintf("column %q: %s", c.column, whyEscaped)}
	case c.value == "":
		h.reason = fmt.Sprintf("%s is not empty (%s)", c.column, c.from)
	default:
		h.reason = fmt.Sprintf("%s is not %s (%s)", c.column, c.value, c.from)
	}
	if c.hr && cell != "" && !saysNothing(cell) {
		h.userStays = isWord(c.words.stay, cell) || c.gone && !isGone(c.words.gone, cell)
	}
	return h
}
