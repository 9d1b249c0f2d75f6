package intake

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/intake/dates"
	"offboard/batch/intake/source"
	"offboard/batch/intake/vocab"
)

// titleLines is how many lines may stand above the header.
const titleLines = 30

// readHeader finds the header and decides how to read what is below it.
func (r *Reader) readHeader() error {
	why, err := r.findHeader()
	switch {
	case err != nil:
		return err
	case r.rec.Header && len(r.header) == 0: // an export of nobody has no keys that a flag could name
		r.opt = parsedOptions{Options: Options{Skip: r.opt.Skip}}
		return nil
	case r.list:
		r.addSetting("list of", "object ids and user principal names", why)
	case r.rec.Header:
		r.addSetting("header", "none", why)
	default:
		r.addSetting("header", fmt.Sprintf("line %d", r.start), why)
	}
	if bad := r.setColumns(); bad != nil {
		for _, s := range r.settings {
			if s.Name == "sheet" && strings.Contains(s.Why, "not read") {
				r.hint += fmt.Sprintf("; this is the sheet %q (%s): name another one with --sheet", s.Value, s.Why)
				if others := source.OtherSheets(s.Why); len(others) == 1 {
					r.hint += fmt.Sprintf(" %q", others[0])
				}
			} else if s.Name == "encoding" && strings.Contains(s.Why, "is not UTF-8") && !vocab.IsASCII(strings.Join(r.header, "")) {
				r.hint += "; bytes of the header are not UTF-8: " + r.howEncoded(nil)
			}
		}
		bad.Line, bad.Reason = cmp.Or(bad.Line, r.start), bad.Reason+r.hint
		return bad
	}
	return nil
}

// legible gives cells as the names of columns, without what stands around them, and the charset by which
// one is a header of HR.
func legible(cells []string) (all []string, charset string) {
	all, charset = source.Legible(cells, func(name string) bool { return vocab.ListOf(name) != "" })
	return trimAll(all), charset
}

// howEncoded says how to read a text that is no UTF-8: as the header is written, or as bytes look.
func (r *Reader) howEncoded(text []byte) string {
	if r.charset != "" {
		return "read it with --encoding " + r.charset
	}
	if text == nil || source.Western(text) {
		return "say how the file is encoded, such as --encoding windows-1252"
	}
	return "say how the file is encoded with --encoding"
}

// setHeader takes cells for the names of the columns, and tells the lines above.
func (r *Reader) setHeader(line int, cells []string, above []titled) {
	for _, t := range above {
		r.skip(t.line, cmp.Or(t.skip, "above the header"))
	}
	r.start = line
	r.header = cells
}

// setColumns chooses the columns and tells them as settings. The error has no line yet.
func (r *Reader) setColumns() (bad *InputError) {
	r.opt.keyed = r.keyed
	if r.layout = chooseColumns(r.header, r.opt); r.bad != nil || r.list {
		return r.bad
	}
	if p := r.opt.preset; p.Name != "" {
		r.addSetting("preset", p.Name, p.Note)
	}
	for _, c := range r.columns {
		r.addSetting(c.role(), c.name, c.why)
		hidden := c.index < len(r.rec.Hidden) && r.rec.Hidden[c.index]
		if hidden && c.names && r.opt.Column == "" {
			return &InputError{Reason: fmt.Sprintf("the column %q is hidden in the workbook, and would name the users: show it, and look whether it is the right one, or name the column with --column", c.name)}
		}
		if hidden && (c.names || c.gate) {
			r.addSetting("hidden column", c.name, "people do not see it in the workbook, and it is read: show the column, and look whether it is the right one")
		}
	}
	for i, name := range r.header {
		if d, is := r.opt.decided[i]; is && d.key == "" {
			r.addSetting("column names nobody", name, "none of its cells is an object id or user principal name")
		}
	}
	for i, c := range r.all {
		c.twin = slices.ContainsFunc(r.naming, func(d *column) bool {
			return d != c && (d.key == c.key || d.key == vocab.IDOrUPN || c.key == vocab.IDOrUPN)
		})
		if c.setUsual(r.opt.NoHeader); c.name != "" {
			r.named = i + 1
		}
	}
	r.setGates()
	return cmp.Or(r.checkNamed(), r.checkConditions())
}

// A titled is a line that may stand above the header.
type titled struct {
	line   int
	cells  []string
	skip   string // why it is passed over, whatever the header is; or ""
	fault  string // of the record
	filled int    // cells that are not empty
}

// findHeader passes over what stands above the header, and says why it is where it is: the first
// line, or below a title the first in which a column is recognised, or the one that the person
// named. The header of a list is made up, and its first record is a row; so it is without a
// header.
func (r *Reader) findHeader() (why string, err error) {
	const first = "first line that is neither blank nor a version line"
	var above []titled
	var maybe []titled // of them, those that could be a header or a title
	for len(maybe) <= titleLines {
		if err := r.nextRecord(); err == io.EOF {
			break
		} else if err != nil {
			return "", err
		}
		t := titled{line: r.rec.Line, fault: r.rec.Fault}
		t.cells, r.charset = legible(r.rec.Cells)
		t.filled = len(slices.DeleteFunc(slices.Clone(t.cells), func(c string) bool { return c == "" }))
		header, named, note := t.cells, r.opt.HeaderLine, vocab.NoteOf(r.src.Text())
		switch {
		case r.rec.Header:
			why, r.keyed = "the keys of the objects are the columns", true
		case named > t.line:
			t.skip = "above the header"
		case named == t.line && t.fault == "":
			why = "--header-line"
		case named > 0:
			return "", &InputError{Line: t.line, Reason: fmt.Sprintf("--header-line %d is no line on which a header begins", named)}
		case t.filled == 0:
			t.skip = "blank line"
		case note != nil && note.Of == "line above a header":
			t.skip = note.Why
		case r.opt.NoHeader:
			r.held, why = true, "--no-header: this line is a row, and columns are called by their numbers"
			if header, err = r.numbered(t); err != nil {
				return "", err
			}
		case t.fault != "": // a title, or nothing
		case r.isList(t.cells) && (len(maybe) == 0 || vocab.TitleMeans(textOf(maybe)) || vocab.IsCell("users", vocab.Fold(textOf(maybe)))):
			if err := r.dayToCome(maybe, "take that line out"); err != nil {
				return "", err
			}
			r.list, r.held, header = true, true, []string{"objectIdOrUpn"}
			if why = "each line is one, and there is no header"; r.opt.Named {
				r.settings, why = nil, "--user"
			}
		case r.fits(t.cells) && r.isTitle(maybe, t):
			if err := r.dayToCome(maybe, fmt.Sprintf("say so with --header-line %d", t.line)); err != nil {
				return "", err
			}
			for _, title := range maybe {
				says := title.cells
				if title.filled > 1 {
					says = says[:2] // further ones are of groups of columns
				}
				for _, cell := range says {
					if word := vocab.TitleSays(cell); word != "" && !vocab.TellsWho(strings.Join(says, " ")) {
						return "", &InputError{Line: title.line, Reason: fmt.Sprintf("this line seems to say that the rows below are not meant (%q): if they are, say so with --header-line %d", word, t.line)}
					}
				}
			}
			if why = first; len(maybe) > 0 {
				why = fmt.Sprintf("the first line in which a column is recognised; %s above it", batch.Plural(len(maybe), "line"))
			}
		}
		if why != "" {
			r.setHeader(t.line, header, above)
			return why, nil
		}
		if above = append(above, t); t.skip == "" {
			maybe = append(maybe, t)
		}
	}
	return first, r.noHeader(above, maybe)
}

// textOf is all that lines say.
func textOf(lines []titled) (text string) {
	for _, t := range lines {
		text += " " + strings.Join(t.cells, " ")
	}
	return text
}

// later reports whether a day is to come, for a title. A date gate knows better.
func (o parsedOptions) later(d dates.Date) bool {
	return o.dateGate == nil && !o.Now.IsZero() && d.At.Format(time.DateOnly) > o.Now.Format(time.DateOnly)
}

// dayToCome refuses titles that tell of a day or month to come.
func (r *Reader) dayToCome(titles []titled, next string) error {
	for _, title := range titles {
		for text, days := range dates.Within(strings.Join(title.cells, " ")) {
			if slices.ContainsFunc(days, r.opt.later) {
				return &InputError{Line: title.line, Reason: fmt.Sprintf("this line seems to say that the rows below are of a day to come (%s): if they are meant now, %s", text, next)}
			}
		}
	}
	return nil
}

// numbered gives the columns of a row their numbers. Only the chosen one may name a user.
func (r *Reader) numbered(row titled) (header []string, err error) {
	chosen, _ := strconv.Atoi(r.opt.Column)
	for i, c := range row.cells {
		n := strconv.Itoa(i + 1)
		header = append(header, n)
		if 0 < chosen && chosen <= len(row.cells) && i != chosen-1 && !slices.Contains(r.opt.Ignore, n) && c != "" && len(mayName(vocab.IDOrUPN, c)) > 0 && batch.IsGUID(c) == batch.IsGUID(row.cells[chosen-1]) {
			return nil, &InputError{Line: row.line, Reason: fmt.Sprintf("cell %s names a user, too, and only column %s is read: write one name a line, or if it is somebody else, leave it out with --ignore-column %[1]s", n, r.opt.Column)}
		}
	}
	return header, nil
}

// isList takes the input for a list if its first line is an object id or user principal name.
func (r *Reader) isList(cells []string) bool {
	return WhyNobody(cells[0]) == "" && listLine(cells) && r.opt.mayBeList() && (r.opt.Key == "" || r.opt.Key == keyOf(vocab.IDOrUPN, cells[0]))
}

// mayBeList reports whether no flag asks for a table.
func (o parsedOptions) mayBeList() bool {
	return o.Column == "" && o.Preset == "" && o.dateGate == nil && len(o.Where) == 0 && len(o.Ignore) == 0
}

// listLine reports whether the cells may be a line of a list: one id alone, with a semicolon
// behind it in a list of recipients, and not a comment, nor a pattern of a protect list.
func listLine(cells []string) bool {
	return len(cells) == 0 || strings.Join(cells[1:], "") == "" && !strings.HasPrefix(vocab.Trim(cells[0]), "#") && !strings.Contains(cells[0], "*")
}

// isTitle reports whether lines above a header surely are no rows and no part of it: they name
// nobody, each has fewer cells than the header, or one, and the last of them does not set the
// users' column below the word for somebody else.
func (r *Reader) isTitle(above []titled, header titled) bool {
	naming := chooseColumns(header.cells, r.opt).naming
	return !slices.ContainsFunc(above, func(t titled) bool {
		return looksLikeData(t.cells) || t.filled > 1 && t.filled >= header.filled ||
			t.line == header.line-1 && slices.ContainsFunc(naming, func(c *column) bool { return !t.sets(c.index) })
	})
}

// sets reports whether a line of groups, such as "Employee" and "Manager" above some columns each,
// sets a column below a word for the users. A title, or a name and its value, has none.
func (t titled) sets(at int) bool {
	if t.filled == 0 || t.cells[0] != "" && (t.filled == 1 || t.filled == 2 && t.cells[1] != "") {
		return true
	}
	for at = min(at, len(t.cells)-1); at > 0 && t.cells[at] == ""; at-- {
	}
	return t.cells[at] == "" || slices.ContainsFunc(strings.Fields(vocab.Fold(t.cells[at])), func(w string) bool { return vocab.IsCell("users", w) })
}

// fits reports whether cells are a header that can be read.
func (r *Reader) fits(cells []string) bool { return chooseColumns(cells, r.opt).bad == nil }

// noHeader takes the likeliest line for the header when none can be read: the error is about it.
func (r *Reader) noHeader(above, maybe []titled) error {
	if len(maybe) == 0 {
		if r.setHeader(0, nil, above); r.opt.HeaderLine > 0 {
			return &InputError{Option: "--header-line", Reason: fmt.Sprintf("the input has no line %d", r.opt.HeaderLine)}
		}
		return &InputError{Reason: "the file has no header line: it needs one, such as userPrincipalName, and a line for each user"}
	}
	var lines []string
	for _, t := range above {
		lines = append(lines, strings.Join(t.cells, ","))
	}
	if why := source.Shown(lines); why != "" {
		return &InputError{Line: maybe[0].line, Reason: why}
	}
	header := maybe[0]
	if wider := slices.IndexFunc(maybe, func(t titled) bool { return t.filled > 1 }); wider > 0 && r.isTitle(maybe[:wider], maybe[wider]) {
		header = maybe[wider]
	}
	known := slices.IndexFunc(maybe, func(t titled) bool {
		return slices.ContainsFunc(t.cells, func(c string) bool { return vocab.Recognise(c).Known != "" })
	})
	if known >= 0 {
		switch t, above := maybe[known], maybe[:known]; {
		case r.isTitle(above, t):
			header = t
		case slices.ContainsFunc(above, func(t titled) bool { return looksLikeData(t.cells) }):
			return &InputError{Line: maybe[0].line, Reason: fmt.Sprintf("a user is named above line %d, which seems to be the header: if those lines are no rows, say so with --header-line %d, and if they are, put them below it", t.line, t.line)}
		default:
			r.hint = fmt.Sprintf("; if the header is line %d, say so with --header-line %d", t.line, t.line)
		}
	}
	if len(maybe) > 1 && r.isList(maybe[1].cells) {
		r.hint += "; if this line is no header of those below it, take it out"
	}
	if header.fault != "" {
		return &InputError{Line: header.line, Reason: "the header has a quote in the wrong place: put quotes around whole cells only, and double those inside"}
	}
	r.setHeader(header.line, header.cells, above[:slices.IndexFunc(above, func(t titled) bool { return t.line == header.line })])
	return nil
}

// checkNamed asks the key of a column named by --column whose header speaks of another.
func (r *Reader) checkNamed() *InputError {
	named := r.naming[0]
	k := named.Known
	for _, may := range []batch.Key{batch.ByMail, batch.ByEmployeeID} {
		if k == "" && len(vocab.Hinted([]string{named.name}, may)) > 0 {
			k = may
		}
	}
	if r.opt.Column == "" || r.opt.Key != "" || !k.Searched() {
		return nil
	}
	return columnError(fmt.Sprintf("by its name the column %q holds %s: add --key %s, or add --key upn or --key id if it holds user principal names or object ids", named.name, cellsOf[k], k), r.header, nil)
}
