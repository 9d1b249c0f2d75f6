package intake

import (
	"errors"
	"io"
	"strings"

	"offboard/batch"
)

// Protect reads a list of users who must not be touched: object ids, user
// principal names, and patterns of names with * for any characters, one a line.
// Blank lines and those that begin with # are comments. A list fails closed: a
// line that is none of these, or a list without entries, is an [*InputError].
func Protect(r io.Reader) (rows []batch.Row, patterns []string, err error) {
	text, _, err := decode(r)
	if err != nil {
		return nil, nil, err
	}
	src := newLines(text)
	for {
		line, err := src.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		entry := trim(string(line)) // what is no UTF-8 in it reads as U+FFFD, which no entry may hold
		switch {
		case entry == "" || entry[0] == '#':
		case strings.Contains(entry, "*"):
			if reason := checkRunes(strings.ReplaceAll(entry, "*", ""), oddInUPN); reason != "" {
				return nil, nil, &InputError{Line: src.no, Reason: "the pattern " + reason}
			}
			patterns = append(patterns, entry)
		default:
			row, reason := protected(entry)
			if reason != "" {
				return nil, nil, &InputError{Line: src.no, Reason: reason + "; a line holds an object id, a user principal name, or a pattern such as breakglass-*@contoso.com"}
			}
			row.Seq, row.Line = len(rows)+1, src.no
			rows = append(rows, row)
		}
	}
	if len(rows)+len(patterns) == 0 {
		return nil, nil, &InputError{Reason: "the list protects nobody; take it off, or fill it"}
	}
	return rows, patterns, nil
}

// protected is the user that an entry names, or why it names none.
func protected(entry string) (batch.Row, string) {
	row := batch.Row{Input: entry}
	if batch.IsGUID(entry) {
		row.ID = strings.ToLower(entry)
		return row, checkID(entry)
	}
	row.UPN = entry
	return row, checkUPN(entry)
}
