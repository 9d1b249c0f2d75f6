package intake

import (
	"bufio"
	"io"
	"strings"

	"offboard/batch"
	"offboard/batch/intake/source"
	"offboard/batch/intake/vocab"
)

// ReadProtectList reads a list of users who must not be touched: object ids, user principal names,
// and patterns of names with * for any characters, one a line, or comments with #. Any other line
// is an [*InputError]; so is a list without entries.
func ReadProtectList(r io.Reader) (rows []batch.Row, patterns []string, err error) {
	text, err := source.Text(r)
	if err != nil {
		return nil, nil, err
	}
	scan := bufio.NewScanner(text)
	for no := 1; scan.Scan(); no++ {
		entry := vocab.Trim(scan.Text()) // what is no UTF-8 in it reads as U+FFFD, which no entry may hold
		switch {
		case entry == "" || entry[0] == '#':
		case strings.Contains(entry, "*"):
			if reason := checkRunes(batch.ByUPN, strings.ReplaceAll(entry, "*", "")); reason != "" {
				return nil, nil, &InputError{Line: no, Reason: "the pattern " + reason}
			}
			patterns = append(patterns, entry)
		default:
			key := keyOf(vocab.IDOrUPN, entry)
			if reason := checkCell(key, entry); reason != "" {
				return nil, nil, &InputError{Line: no, Reason: reason + "; a line holds an object id, a user principal name, or a pattern such as breakglass-*@contoso.com"}
			}
			row := batch.Row{Seq: len(rows) + 1, Line: no, Input: entry}
			if key == batch.ByID {
				row.ID = strings.ToLower(entry)
			} else {
				row.UPN = entry
			}
			rows = append(rows, row)
		}
	}
	if err := scan.Err(); err != nil {
		return nil, nil, err
	}
	if len(rows)+len(patterns) == 0 {
		return nil, nil, &InputError{Reason: "the list protects nobody; take it off, or fill it"}
	}
	return rows, patterns, nil
}
