package intake

import (
	"fmt"
	"strconv"
	"strings"
)

// HeaderError says why the header does not tell which column names the users.
type HeaderError struct {
	Line    int      // line of the input on which the header starts
	Columns []string // the columns seen; nil when the line is no header and may hold anything
	Matched []string // those that could name users, when there are too many
	Reason  string   // what is wrong, and the next step
}

// Error gives the line, the reason and the columns.
func (e *HeaderError) Error() string {
	s := fmt.Sprintf("line %d: %s", e.Line, e.Reason)
	if len(e.Matched) > 0 {
		s += "; matched: " + list(e.Matched)
	}
	if len(e.Columns) > 0 {
		s += "; columns seen: " + list(e.Columns)
	}
	return s
}

// OptionError says what is wrong with an option, whatever the input.
type OptionError struct {
	Option string // as people write it: --key, --where, --date-format
	Reason string // what is wrong, and the next step
}

// Error gives the option and the reason.
func (e *OptionError) Error() string { return e.Option + ": " + e.Reason }

// InputError says why the input as a whole cannot be read, or read on.
type InputError struct {
	Line   int    // line of the input; 0 when it is not about a line
	Reason string // what is wrong, and the next step
}

// Error gives the line, if there is one, and the reason.
func (e *InputError) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	return "line " + strconv.Itoa(e.Line) + ": " + e.Reason
}

func list(names []string) string {
	const most = 100
	quoted := make([]string, 0, len(names))
	for i, n := range names {
		if i == most {
			quoted = append(quoted, fmt.Sprintf("and %d more", len(names)-most))
			break
		}
		quoted = append(quoted, strconv.Quote(n))
	}
	return strings.Join(quoted, ", ")
}
