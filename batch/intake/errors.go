package intake

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrInput is every [*InputError].
var ErrInput = errors.New("the input cannot be read as asked")

// InputError says what is wrong with an option, whatever the input, or why the input as a
// whole cannot be read, or read on.
type InputError struct {
	Option  string   // as people write it: --key, --where, --date-format; "" when the error is about the input
	File    string   // the name of the file, of several; else ""
	Line    int      // line of the input; 0 when it is not about a line
	Reason  string   // what is wrong, and the next step
	Matched []string // headers of columns that could name the users, when there are too many
	Columns []string // headers of all columns, when another one has to be named; else nil: a line that is no header may hold anything
}

// Error gives the option or the place, the reason and the columns.
func (e *InputError) Error() string {
	s := e.Reason
	switch {
	case e.Option != "":
		s = e.Option + ": " + s
	case e.Line > 0 && e.File != "":
		s = fmt.Sprintf("line %d of %s: %s", e.Line, e.File, s)
	case e.Line > 0:
		s = fmt.Sprintf("line %d: %s", e.Line, s)
	case e.File != "":
		s = e.File + ": " + s
	}
	if len(e.Matched) > 0 {
		s += "; matched: " + quotedList(e.Matched)
	}
	if len(e.Columns) > 0 {
		s += "; columns seen: " + quotedList(e.Columns)
	}
	return s
}

// Is makes an InputError an [ErrInput].
func (e *InputError) Is(target error) bool { return target == ErrInput }

func quotedList(names []string) string {
	const most = 100
	var quoted []string
	for _, n := range names[:min(most, len(names))] {
		quoted = append(quoted, strconv.Quote(n))
	}
	if more := len(names) - most; more > 0 {
		quoted = append(quoted, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(quoted, ", ")
}
