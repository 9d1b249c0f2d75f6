package intake

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"offboard/batch"
)

// newRow reads the cells of one record. The reason says why it names nobody: that no cell
// names anybody, or else what is wrong with the first cell, in the order of the columns,
// that names somebody or says something of the user.
func (r *Reader) newRow(texts []string) (row batch.Row, reason string) {
	n := len(r.columns)
	if len(r.spare) < n {
		r.spare = make([]string, 64*n)
	}
	row = batch.Row{Seq: r.rows + 1, File: r.opt.name, Line: r.rec.Line, Cells: r.spare[:n:n]}
	r.spare = r.spare[n:]
	for i, col := range r.columns {
		text := trim(texts[col.index])
		if r.rec.Shared > 256 {
			text = strings.Clone(text) // or it would keep the whole record
		}
		row.Cells[i] = text
		why := ""
		switch {
		case text == "":
		case !col.names && (!utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0): // no name has such bytes
			if col.counts() {
				why = whyLost
			}
		case col.key == "":
		case col.names:
			if why = r.nameUser(&row, col, text); why != "" && len(r.naming) > 1 {
				why = fmt.Sprintf("column %q: %s", col.name, why)
			}
		default:
			why = claim(&row, col, text)
		}
		if reason == "" {
			reason = why
		}
	}
	if row.Input == "" {
		reason = "no value in " + columnList(headersOf(r.naming))
	}
	return row, reason
}

// columnList are columns as people write them.
func columnList(names []string) string {
	if len(names) == 1 {
		return fmt.Sprintf("column %q", names[0])
	}
	return "columns " + strings.ReplaceAll(quotedList(names), ", ", " and ")
}

// nameUser lets a cell name the row's user, and says why it cannot. Of several columns
// of one key all cells that are not empty must be alike, and one that fills gaps of another may
// be a manager's: some row of the file has to show both, alike.
func (r *Reader) nameUser(row *batch.Row, column *column, cell string) string {
	key, text, why := meaning(column.key, cell)
	if row.Input == "" || key == batch.ByID && row.ID == "" {
		row.Input = cell
	}
	named := &row.Value
	switch key {
	case batch.ByID:
		text = batch.LowerASCII(text)
		named = &row.ID
	case batch.ByUPN:
		named = &row.UPN
	default:
		row.By = key
	}
	switch first := *named; {
	case first == "" && (len(r.naming) == 1 || why != ""):
		*named = text
	case first == "":
		*named = text
		if r.fillers[key] == nil {
			r.fillers[key] = column
		} else if r.fillers[key] != column {
			r.agree[key] = r.agree[key]
		}
	case batch.SameValue(key, first, text):
		r.agree[key] = true
	default:
		r.agree[key] = r.agree[key]
		return fmt.Sprintf("says %s where another column says %s: two columns name two users; leave the wrong column out with --ignore-column", text, first)
	}
	switch {
	case why == "" && key == batch.ByEmployeeID && r.besideRows(text):
		return whyNameless
	case why == whyNotID && r.opt.Key != "":
		return whyKeyNotID
	case why == whyUPNisID && r.opt.Key != "":
		return whyKeyIsID
	default:
		return why
	}
}

// claim adds what a cell beside those that name the user says of the user, and
// tells why it cannot be held against anybody. A word for nothing says nothing.
func claim(row *batch.Row, col *column, text string) string {
	if saysNothing(text) {
		return ""
	}
	key, text, why := meaning(col.key, text)
	switch {
	case key.Searched(): // what it says as it stands is for the directory
	case why != "" && slices.Contains(sharedHeaders, col.normal):
		return ""
	case why != "":
		return fmt.Sprintf("column %q: %s", col.name, why)
	}
	if key == batch.ByID {
		text = batch.LowerASCII(text)
	}
	row.Claims = append(row.Claims, batch.Claim{Key: key, Value: text, Column: col.name})
	return ""
}

// besideRows reports whether what stands in a column of employee ids is surely a
// line beside the rows, or another header. Any short text can be an employee
// id, so the usual check lets all of those through.
func (r *Reader) besideRows(text string) bool {
	number := strings.Trim(text, "0123456789") == "" // which no header is but one of --no-header
	return noteOf(r.src.Text()) != nil || !number && (recognise(text).known != "" || isExample(text) || r.isHeader(text))
}
