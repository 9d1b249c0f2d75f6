package intake

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"

	"offboard/batch"
	"offboard/batch/intake/vocab"
)

// errSkipped says that a record is no row, and that its line was reported.
var errSkipped = errors.New("no row")

// Rows yields the rows of one file after the other, in the order of the input, numbered from 1
// through all of them. A bad row comes with a [*batch.RowError], names nobody (ID, UPN and Value are
// empty), and reading goes on; so does a row that a gate holds back, whose outcome is Skipped. Any
// other error is the last thing yielded, and every later call yields it again. The rows are read as
// they are asked for, so a second call goes on where the first one stopped.
func (f *Files) Rows() iter.Seq2[batch.Row, error] {
	return func(yield func(batch.Row, error) bool) {
		above := 0
		for _, r := range f.all {
			for r.err == nil {
				row, err := batch.Row{}, r.nextRecord()
				if err == nil {
					err = r.readRecord(&row)
				}
				bad, isBad := errors.AsType[*batch.RowError](err)
				if err != nil && err != errSkipped && !isBad {
					r.err = InFile(r.opt.name, err)
					break
				} else if err == errSkipped || r.elses(&row) {
					continue
				}
				r.rows++
				row.Seq = above + r.rows
				if cells := row.Cells; cells != nil && len(f.all) > 1 {
					row.Cells = make([]string, len(f.columns))
					for i, at := range r.places {
						row.Cells[at] = cells[i]
					}
				}
				if isBad {
					bad.Row = row
				}
				if !yield(row, err) {
					return
				}
			}
			if above += r.rows; r.err != io.EOF {
				yield(batch.Row{}, r.err)
				return
			}
		}
	}
}

// Rows yields those of one file alone.
func (r *Reader) Rows() iter.Seq2[batch.Row, error] { return (&Files{all: []*Reader{r}}).Rows() }

// readRecord makes a row of the record just read. A record has the first of these reasons that
// holds: its shape, bytes that are no UTF-8, a gate that holds it back, and why its cells name
// nobody; a row that says that its user stays, and means nobody, has the last two as one. A record
// that names nobody may be no row at all, so namesNobody is asked first.
func (r *Reader) readRecord(row *batch.Row) error {
	if len(r.rec.Cells) == 0 {
		r.blank = r.rec.Line
		r.skip(r.rec.Line, "blank line")
		return errSkipped
	}
	cells, why := r.fitted()
	if why != "" {
		return r.misshapen(row, why)
	}
	whyNobody := r.newRow(row, cells)
	if r.wide > 0 && len(r.rec.Cells) >= len(r.header) && len(r.rec.Cells) != r.width {
		return &InputError{Line: r.rec.Line, Reason: fmt.Sprintf("the header has %d cells, this line %d, and line %d has %d with an empty one at its end, so its cells may have shifted: correct the one that is wrong", len(r.header), len(r.rec.Cells), r.wide, r.width)}
	}
	if why = r.misplaced(cells, whyNobody == "", row.Input == ""); why != "" {
		return r.misshapen(row, why)
	}
	if name := r.struckOut(); name != "" { // by somebody who takes the person out of the list, in this row
		e := &batch.RowError{Reason: fmt.Sprintf("column %q: its cell is struck out in the workbook: take the line off, or delete the row", name)}
		e.Keeps, _ = r.whomMeant(row.Cells)
		row.Cells = nil
		return r.namesNobody(row, e)
	}
	if r.noteBefore = len(r.rec.Cells) == r.named && r.rec.Cells[r.named-1] != "" && !vocab.Spaced(r.rec.Cells); r.noteBefore {
		r.unended = vocab.Unended(r.rec.Cells[r.named-1])
	}
	h := r.rule(row.Cells)
	row.From = h.from
	r.dense, r.last = r.dense || r.last > 0 && r.last == r.rec.Line-1, r.rec.Line
	if whyNobody == "" && h.passes() && !r.headerDue && r.heading == "" {
		return nil
	}
	e := &batch.RowError{Outcome: h.outcome, Reason: cmp.Or(h.reason, whyNobody)}
	if e.Reason == "" && r.heading != "" {
		e.Reason = r.heading
		e.Keeps, _ = r.whomMeant(row.Cells)
		row.Cells = nil
		return refuse(row, e)
	}
	if h.userStays {
		var said bool
		if e.Keeps, said = r.whomMeant(row.Cells); said && len(e.Keeps) == 0 && h.outcome == batch.Skipped {
			e.Outcome, e.Reason = "", whyNobody+", in a row that says that somebody stays ("+h.reason+")"
		}
	}
	if lost := r.notUTF8(row.Cells); lost != "" {
		whyNobody = lost
		e.Outcome, e.Reason = "", lost
		row.Input, row.Cells = strings.ToValidUTF8(row.Input, "\uFFFD"), nil
	}
	switch {
	case whyNobody != "": // perhaps it is no row at all, whatever a gate says
		return r.namesNobody(row, e)
	case r.headerDue:
		return r.otherTable()
	}
	return refuse(row, e)
}

// fitted gives the record as many cells as the header has. Empty ones may be missing or too many.
func (r *Reader) fitted() (cells []string, why string) {
	cells, n := r.rec.Cells, len(r.header)
	switch {
	case r.rec.Fault != "":
		return nil, r.rec.Fault
	case len(cells) < n:
		r.padded = append(append(r.padded[:0], cells...), make([]string, n-len(cells))...)
		return r.padded, ""
	case slices.ContainsFunc(cells[n:], func(c string) bool { return vocab.Trim(c) != "" }):
		return nil, r.whyMiscounted()
	}
	return cells[:n], ""
}

// struckOut is the first column that counts and whose cell is struck out, or "". In a row of which
// most is struck out, that is any.
func (r *Reader) struckOut() string {
	struck, empty := r.rec.Struck, func(cell string) bool { return cell == "" }
	if n := len(struck); n > 0 && struck[0] < len(r.header) && 2*n > len(slices.DeleteFunc(trimAll(r.rec.Cells), empty)) {
		return r.header[struck[0]]
	}
	for _, c := range r.counting {
		if slices.Contains(struck, c.index) {
			return c.name
		}
	}
	return ""
}

// notUTF8 names the first byte of a cell that is read which is no UTF-8, or "".
func (r *Reader) notUTF8(cells []string) string {
	for _, c := range r.counting {
		cell := cells[c.place]
		if strings.IndexByte(cell, 0) >= 0 { // retry.csv cannot have it, and would name somebody else
			return fmt.Sprintf("column %q: a NUL character stands in it, which no text has", c.name)
		}
		if utf8.ValidString(cell) {
			continue
		}
		raw := []byte(r.rec.Cells[c.index])
		_, at, _ := encoding.UTF8Validator.Transform(make([]byte, len(raw)), raw, true)
		line, place := r.src.At(c.index, at)
		return fmt.Sprintf("byte %d of line %d (0x%02X) is not UTF-8: %s, or save it again as CSV UTF-8", place, line, raw[at], r.howEncoded(raw))
	}
	return ""
}

// misshapen deals with a record whose cells may not stand in their columns.
func (r *Reader) misshapen(row *batch.Row, why string) error {
	all := trimAll(r.rec.Cells)
	*row = batch.Row{File: r.opt.name, Line: r.rec.Line, Input: r.shownInput(all)}
	return r.namesNobody(row, &batch.RowError{Reason: why, Keeps: r.shiftedKeeps(all)})
}

// shownInput gives what can be shown of a record whose cells may not stand in their columns. One
// may be a password: so the record when every column says something of the users, or a first cell
// that nothing has shifted.
func (r *Reader) shownInput(all []string) string {
	if len(r.columns) == len(r.header) && !slices.ContainsFunc(r.columns, func(c *column) bool { return c.key == "" }) {
		return vocab.Trim(strings.ToValidUTF8(r.src.Text(), "\uFFFD"))
	}
	if r.naming[0].index == 0 && len(all) > len(r.header) && r.rec.Fault == "" {
		return strings.ToValidUTF8(all[0], "\uFFFD")
	}
	return ""
}

// wouldBeRow reports whether one line, within a cell of a record of so many, is surely a row: then
// a closing quote was lost. A name among other cells is enough; so is a name alone where the
// record has the wrong number of cells, or all have one.
func (r *Reader) wouldBeRow(line []string, cells int) bool {
	if len(r.naming) == 0 {
		return false // above the header
	}
	line = trimAll(line)
	key := r.naming[0].key
	if i := r.naming[0].index; key == batch.ByEmployeeID && i < len(line) && len(line) >= len(r.header) && idLike(strings.Trim(line[i], `"`)) {
		return true
	}
	return (len(line) > 1 || cells == 1 || cells != len(r.header)) && slices.ContainsFunc(line, func(cell string) bool {
		return names(vocab.IDOrUPN, cell) || key == batch.ByMail && names(key, cell)
	})
}

// whyMiscounted says what is wrong with the number of cells.
func (r *Reader) whyMiscounted() string {
	why := "put quotes around a cell that holds the delimiter"
	if r.rec.Placed {
		why = "give the columns of all cells a header of their own, unmerged"
	}
	if len(r.rec.Cells) < len(r.header) {
		why = "some are missing, and the rest may have shifted"
	} else if len(r.rec.Cells) == len(r.header)+1 && vocab.Trim(r.rec.Cells[0]) == strconv.Itoa(r.rows+1) {
		why = "the first one numbers the row, as R writes it: write the file again with row.names = FALSE; or put" + strings.TrimPrefix(why, "put")
	}
	return fmt.Sprintf("%s where the header has %d: %s", batch.Plural(len(r.rec.Cells), "cell"), len(r.header), why)
}

// refuse takes out of the row whom it names.
func refuse(row *batch.Row, e *batch.RowError) error {
	row.ID, row.UPN, row.By, row.Value, row.Claims = "", "", "", "", nil
	return e
}

// namesNobody finds out whether the record of a bad row is no row, or another table's header.
func (r *Reader) namesNobody(row *batch.Row, e *batch.RowError) error {
	all := trimAll(r.rec.Cells)
	n := vocab.NoteOf(r.src.Text())
	whole := len(all) == len(r.header) && row.Cells != nil
	again, other := r.asHeader(all)
	switch {
	case strings.Join(all, "") == "":
		r.blank = row.Line
		r.skip(row.Line, "blank row")
	case n != nil:
		r.headerDue = r.headerDue || n.Of == "line above a header"
		if n.Why == "line of dashes" && r.rows > 0 {
			r.setHeading(all)
		} else if n.Why == "end of the list" && r.rows > 0 && r.heading == "" {
			r.heading = fmt.Sprintf("line %d above says that the list ends there: if it does, take this row out, and if not, that line", row.Line)
		}
		r.skip(row.Line, n.Why)
	case other:
		return r.otherTable()
	case whole && again:
		r.headerDue, r.again = false, row.Line
		r.skip(row.Line, "repeated header")
	case r.headerDue:
		return r.otherTable()
	case whole && r.isExampleRow(row.Cells):
		r.skip(row.Line, "example row")
	case r.list && r.rows > 0 && r.blank != row.Line-1 && !strings.HasSuffix(all[0], ":") && vocab.StayNote(all[0]) != "":
		return &InputError{Line: row.Line, Reason: "this line seems to say that somebody stays, and not whether it means the line above it: take out who stays, and this line"}
	case r.setHeading(all) && strings.HasSuffix(strings.Join(all, ""), ":"):
		r.skip(row.Line, "heading")
	default:
		return refuse(row, e)
	}
	return errSkipped
}

// newRow reads the cells of a record. The reason says that no cell names anybody, or what is wrong
// with the first one that says something of the user.
func (r *Reader) newRow(row *batch.Row, texts []string) (reason string) {
	n := len(r.columns)
	if len(r.spare) < n {
		r.spare = make([]string, 64*n)
	}
	row.File, row.Line, row.Cells = r.opt.name, r.rec.Line, r.spare[:n:n]
	r.spare = r.spare[n:]
	for i, col := range r.columns {
		text := vocab.Trim(texts[col.index])
		if r.rec.Shared > 256 {
			text = strings.Clone(text) // or it would keep the whole record
		}
		row.Cells[i] = text
		if col.rival {
			if in := userWithin.FindStringSubmatch(text); in != nil {
				text = in[1]
			}
		}
		why := ""
		switch {
		case text == "":
		case !col.names && (!utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0): // no name has such bytes
			if col.counts() {
				why = whyLost
			}
		case col.key == "", col.rival && !names(col.key, text):
		case col.names:
			if why = r.nameUser(row, col, text); why != "" && len(r.naming) > 1 {
				why = fmt.Sprintf("column %q: %s", col.name, why)
			}
		default:
			why = claim(row, col, text)
		}
		if reason == "" {
			reason = why
		}
	}
	if row.Input == "" {
		reason = "no value in " + columnList(headersOf(r.naming))
	}
	return reason
}

// userWithin is the user principal name in an object of JSON, which is without blanks.
var userWithin = regexp.MustCompile(`^\{(?:.*?,)?"(?i:userPrincipalName|upn)":"([^"]+)"`)

// columnList are columns as people write them.
func columnList(names []string) string {
	if len(names) == 1 {
		return fmt.Sprintf("column %q", names[0])
	}
	return "columns " + strings.ReplaceAll(quotedList(names), ", ", " and ")
}

// nameUser lets a cell name the row's user, or says why it cannot. Cells of one key must be alike, and
// some row of the file has to show both, alike, where one column fills the gaps of another.
func (r *Reader) nameUser(row *batch.Row, column *column, cell string) string {
	key, text, why := meaning(column.key, cell)
	if row.Input == "" || key == batch.ByID && row.ID == "" {
		row.Input = cell
	}
	named := &row.Value
	switch key {
	case batch.ByID:
		text, named = batch.LowerASCII(text), &row.ID
	case batch.ByUPN:
		named = &row.UPN
	default:
		row.By = key
	}
	switch first := *named; {
	case first == "":
		*named = text
		if column.twin && why == "" {
			if r.fillers[key] = cmp.Or(r.fillers[key], column); r.fillers[key] != column && !r.agree[key] { // which may be a manager's
				r.agree[key] = false
			}
		}
	case batch.SameValue(key, first, text):
		r.agree[key] = true
	default:
		if !r.agree[key] {
			r.agree[key] = false
		}
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

// claim adds what a cell beside the name says of the user, or tells what is wrong with it.
func claim(row *batch.Row, col *column, text string) string {
	if vocab.SaysNothing(text) {
		return ""
	}
	key, text, why := meaning(col.key, text)
	switch {
	case key.Searched(): // what it says as it stands is for the directory
	case why != "" && slices.Contains(vocab.SharedHeaders, col.normal):
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

// besideRows reports whether a cell of employee ids is surely of a line beside the rows.
func (r *Reader) besideRows(text string) bool {
	number := strings.Trim(text, "0123456789") == "" // which no header is but one of --no-header
	return vocab.NoteOf(r.src.Text()) != nil || !number && (vocab.Recognise(text).Known != "" || vocab.IsExample(text) || r.isHeader(vocab.Normalise(text)))
}
