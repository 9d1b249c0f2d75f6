package intake

import (
	"fmt"
	"strconv"
	"strings"

	"offboard/batch/intake/source"
)

// ErrInput is every [*InputError].
var ErrInput = source.ErrInput

// InputError says what is wrong with an option, or with the input as a whole.
type InputError = source.Error

// columnError says of which columns the person has to name one, and which of them, if any,
// could be meant.
func columnError(reason string, columns, matched []string) *InputError {
	if len(matched) > 0 {
		reason += "; matched: " + quotedList(matched)
	}
	if len(columns) > 0 {
		reason += "; columns seen: " + quotedList(columns)
	}
	return &InputError{Reason: reason}
}

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
