package intake

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"offboard/batch"
)

// titleLines is how many lines may stand above the header.
const titleLines = 30

// readHeader finds the header and decides how to read what is below it.
func (r *Reader) readHeader() error {
	why, err := r.findHeader()
	if err != nil || r.list {
		return err
	}
	where := fmt.Sprintf("line %d", r.start)
	if r.rec.Header {
		where = "none"
	}
	r.addSetting("header", where, why)
	if bad := r.setColumns(); bad != nil {
		for _, s := range r.settings {
			if s.Name == "sheet" && strings.Contains(s.Why, "not read") {
				r.hint += fmt.Sprintf("; this is the sheet %q (%s): name another one with --sheet", s.Value, s.Why)
			}
		}
		if strings.Contains(strings.Join(r.header, ""), "\uFFFD") {
			r.hint += "; bytes of the header are not UTF-8: say how the file is encoded, such as --encoding windows-1252"
		}
		bad.Line, bad.Reason = cmp.Or(bad.Line, r.start), bad.Reason+r.hint
		return bad
	}
	return nil
}

// setHeader takes cells for the names of the columns.
func (r *Reader) setHeader(line int, cells []string) {
	r.start, r.header = line, nil
	for _, h := range cells {
		r.header = append(r.header, strings.ToValidUTF8(trim(h), "\uFFFD"))
	}
}

// setColumns chooses the columns by the header, and tells them as settings. The error
// has no line yet.
func (r *Reader) setColumns() (bad *InputError) {
	if r.layout = chooseColumns(r.header, r.opt); r.bad != nil {
		return r.bad
	}
	if p := r.opt.preset; p.Name != "" {
		r.addSetting("preset", p.Name, p.Note)
	}
	for _, c := range r.columns {
		r.addSetting(c.role(), c.name, c.why)
	}
	for i, name := range r.header {
		if d, is := r.opt.decided[i]; is && d.key == "" {
			r.addSetting("column names nobody", name, "none of its cells is an object id or user principal name")
		}
	}
	for i, c := range r.all {
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

// findHeader passes over what stands above the header, and says why the header is where
// it is. It is the first line, or below a title the first of some lines in which a column
// is recognised, or the one that the person named.
func (r *Reader) findHeader() (why string, err error) {
	var above []titled
	var maybe []titled // of them, those that could be a header or a title
	for {
		err := r.nextRecord()
		if err == io.EOF {
			break
		} else if err != nil {
			return "", err
		}
		t := titled{line: r.rec.Line, cells: trimAll(r.rec.Cells), fault: r.rec.Fault}
		for _, c := range t.cells {
			if c != "" {
				t.filled++
			}
		}
		note := noteOf(r.src.Text())
		switch {
		case r.rec.Header && len(t.cells) == 0: // an export of nobody has no keys that a flag could name
			r.list, r.opt = true, parsedOptions{Options: Options{Skip: r.opt.Skip}}
			return "", nil
		case r.rec.Header:
			r.keyed = true
			r.setHeader(t.line, t.cells)
			return "the keys of the objects are the columns", nil
		case r.opt.HeaderLine > t.line:
			t.skip = "above the header"
		case r.opt.HeaderLine == t.line && r.rec.Fault == "":
			r.passOver(above)
			r.setHeader(t.line, t.cells)
			return "--header-line", nil
		case r.opt.HeaderLine > 0:
			return "", &InputError{Line: t.line, Reason: fmt.Sprintf("--header-line %d is no line on which a header begins", r.opt.HeaderLine)}
		case t.filled == 0:
			t.skip = "blank line"
		case note != nil && note.headerBelow:
			t.skip = note.reason
		case r.opt.NoHeader:
			r.passOver(above)
			r.held = true
			names := make([]string, len(t.cells))
			for i := range names {
				names[i] = strconv.Itoa(i + 1)
			}
			r.setHeader(t.line, names)
			chosen := slices.Index(names, r.opt.Column)
			for i, c := range t.cells {
				if n := names[i]; chosen >= 0 && i != chosen && !slices.Contains(r.opt.Ignore, n) && WhyNobody(c) == "" && batch.IsGUID(c) == batch.IsGUID(t.cells[chosen]) {
					return "", &InputError{Line: t.line, Reason: fmt.Sprintf("cell %s names a user, too, and only column %s is read: write one name a line, or if it is somebody else, leave it out with --ignore-column %[1]s", n, r.opt.Column)}
				}
			}
			return "--no-header: this line is a row, and columns are called by their numbers", nil
		case t.fault != "": // a title, or nothing
		case len(maybe) == 0 && r.openList(t.cells):
			r.passOver(above)
			return "", r.setList()
		case r.fits(t.cells) && r.isTitle(maybe, t):
			for _, title := range maybe {
				says := title.cells
				if title.filled > 1 {
					says = says[:2] // further ones are of groups of columns
				}
				if slices.ContainsFunc(says, saysStay) {
					return "", &InputError{Line: title.line, Reason: fmt.Sprintf("this line seems to say that the rows below are not meant: if they are, say so with --header-line %d", t.line)}
				}
			}
			r.passOver(above)
			r.setHeader(t.line, t.cells)
			if len(maybe) > 0 {
				return fmt.Sprintf("the first line in which a column is recognised; %s above it", batch.Plural(len(maybe), "line")), nil
			}
			return "first line that is neither blank nor a version line", nil
		}
		if above = append(above, t); t.skip == "" {
			maybe = append(maybe, t)
		}
		if len(maybe) > titleLines {
			break
		}
	}
	return "first line that is neither blank nor a version line", r.noHeader(above, maybe)
}

// isTitle reports whether lines above a header surely are no rows and no part of it: they
// name nobody, each has fewer cells that are filled than the header, or a single one as it
// has, and the last of them does not set the users' column below the word for somebody else.
func (r *Reader) isTitle(above []titled, header titled) bool {
	naming := chooseColumns(header.cells, r.opt).naming
	return !slices.ContainsFunc(above, func(t titled) bool {
		return looksLikeData(t.cells) || t.filled > 1 && t.filled >= header.filled ||
			t.line == header.line-1 && slices.ContainsFunc(naming, func(c *column) bool { return !t.sets(c.index) })
	})
}

// sets reports whether a line of groups, such as "Employee" and "Manager" above some columns
// each, sets a column below a word for the users. A title, or a name and its value, has none.
func (t titled) sets(at int) bool {
	if t.filled == 0 || t.cells[0] != "" && (t.filled == 1 || t.filled == 2 && t.cells[1] != "") {
		return true
	}
	for at = min(at, len(t.cells)-1); at > 0 && t.cells[at] == ""; at-- {
	}
	return t.cells[at] == "" || slices.ContainsFunc(strings.Fields(fold(t.cells[at])), func(w string) bool { return cellWords["users"][w] })
}

// fits reports whether cells are a header that can be read.
func (r *Reader) fits(cells []string) bool {
	return chooseColumns(cells, r.opt).bad == nil
}

// passOver tells the lines above the header.
func (r *Reader) passOver(above []titled) {
	for _, t := range above {
		r.skip(t.line, cmp.Or(t.skip, "above the header"))
	}
}

// noHeader takes the likeliest line for the header when none can be read, so that the
// error of the columns is about that line.
func (r *Reader) noHeader(above, maybe []titled) error {
	if len(maybe) == 0 {
		r.passOver(above)
		if r.opt.HeaderLine > 0 {
			return &InputError{Option: "--header-line", Reason: fmt.Sprintf("the input has no line %d", r.opt.HeaderLine)}
		}
		return &InputError{Reason: "the file has no header line: it needs one, such as userPrincipalName, and a line for each user"}
	}
	var lines []string
	for _, t := range above {
		lines = append(lines, strings.Join(t.cells, ","))
	}
	if why := formattedOutput(lines); why != "" {
		return &InputError{Line: maybe[0].line, Reason: why}
	}
	header := maybe[0]
	if wider := slices.IndexFunc(maybe, func(t titled) bool { return t.filled > 1 }); header.filled == 1 && wider > 0 && r.isTitle(maybe[:wider], maybe[wider]) {
		header = maybe[wider]
	}
	for i, t := range maybe {
		if !slices.ContainsFunc(t.cells, func(c string) bool { return recognise(c).known != "" }) {
			continue
		}
		switch {
		case r.isTitle(maybe[:i], t):
			header = t
		case slices.ContainsFunc(maybe[:i], func(t titled) bool { return looksLikeData(t.cells) }):
			return &InputError{Line: maybe[0].line, Reason: fmt.Sprintf("a user is named above line %d, which seems to be the header: if those lines are no rows, say so with --header-line %d, and if they are, put them below it", t.line, t.line)}
		default:
			r.hint = fmt.Sprintf("; if the header is line %d, say so with --header-line %d", t.line, t.line)
		}
		break
	}
	if header.fault != "" {
		return &InputError{Line: header.line, Reason: "the header has a quote in the wrong place: put quotes around whole cells only, and double those inside"}
	}
	r.passOver(above[:slices.IndexFunc(above, func(t titled) bool { return t.line == header.line })])
	r.setHeader(header.line, header.cells)
	return nil
}

// checkNamed refuses a column named by --column whose header is known to hold mail
// addresses or employee ids, until the person says what its cells are.
func (r *Reader) checkNamed() *InputError {
	named := r.naming[0]
	k := named.known
	for _, may := range []batch.Key{batch.ByMail, batch.ByEmployeeID} {
		if k == "" && hinted([]string{named.name}, may) != nil {
			k = may
		}
	}
	if r.opt.Column == "" || r.opt.Key != "" || !k.Searched() {
		return nil
	}
	return columnError(fmt.Sprintf("by its name the column %q holds %s: add --key %s, or add --key upn or --key id if it holds user principal names or object ids", named.name, cellsOf[k], k), r.header, nil)
}
