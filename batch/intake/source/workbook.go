package source

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"offboard/batch"
)

// The limits of a workbook. Those of a sheet are Excel's own. A sheet is streamed, so its size
// costs time alone; the shared texts are held in memory.
const (
	maxSheetRows  = 1 << 20
	maxSheetCols  = 1 << 14
	maxXML        = 1 << 20   // bytes of one XML element: a cell holds at most 32,767 characters
	maxSmallPart  = 32 << 20  // the list of sheets, the styles
	maxTexts      = 512 << 20 // six different texts of 40 bytes in each of a million rows
	maxSheet      = 4 << 30   // every row with a hundred cells
	maxListed     = 100       // other sheets that are named
	peekedRows    = 1000      // how far a sheet that is not read is searched for a filled row
	resave        = "open it in Excel, save it as a new .xlsx or as CSV UTF-8, and name that file"
	whyHidden     = "the row is hidden in the workbook (a filter or by hand): show it, or delete it, and save"
	whyNoValue    = "the formula in cell %s has no value in the file: open it in Excel, which computes the value, save it, and try again"
	whyProtected  = "the workbook is protected with a password: open it, save it without the password, and name that file"
	whyMuch       = "a part of the workbook unpacks to %d MB, and %d can be: save the sheet as CSV UTF-8, and name that file"
	whyBomb       = "a part of the workbook unpacks to more than %d times its size, as no real one does: " + resave
	whyNoWorkbook = "the zip holds no workbook (xl/workbook.xml): if it opens in Excel, " + resave
)

// workbook is the Source of one sheet of a workbook in Office Open XML (.xlsx, .xlsm), of the
// strict kind, too.
//
// A cell is the text that Excel shows, with two exceptions: a date is in ISO 8601 whatever its
// number format, and a number of more than 15 digits, of which Excel has lost some, is in
// scientific notation. Of a formula the stored value counts; nothing is computed. Merged cells
// are as in the file: the first has the value, the others are empty. Hidden columns are read.
// A hidden row has a Fault, since the person who looks at the sheet does not see it.
//
// The sheet is read from the zip as it goes, so nothing is written to a disk. The row iterator
// of excelize is not used: it ends without an error where the XML is broken, which would pass
// for the end of the list, and it does not tell an empty formula from an empty cell.
type workbook struct {
	parts    map[string]*zip.File
	texts    texts
	numbers  numbers
	settings []batch.Setting
	*sheet
}

// sheetInfo is a sheet in the list of a workbook.
type sheetInfo struct {
	Name  string `xml:"name,attr"`
	State string `xml:"state,attr"`
	Rel   string `xml:"id,attr"`
	part  string // "" when it is no worksheet
}

func (s sheetInfo) hidden() bool { return s.State == "hidden" || s.State == "veryHidden" }

// openWorkbook opens the sheet that opt names, or else the first one that is not hidden.
func openWorkbook(in Input, opt Options) (Source, error) {
	zipped, err := zip.NewReader(in.Bytes, in.Size)
	if err != nil {
		return nil, damaged(0, err)
	}
	w := &workbook{parts: make(map[string]*zip.File, len(zipped.File))}
	for _, f := range zipped.File {
		name := partName(f.Name)
		switch {
		case w.parts[name] != nil:
			return nil, damaged(0, fmt.Errorf("it holds %s twice", f.Name))
		case f.Flags&1 != 0:
			return nil, &Error{Reason: whyProtected}
		}
		w.parts[name] = f
	}
	if w.parts["xl/workbook.xml"] == nil {
		return nil, &Error{Reason: whyNoWorkbook}
	}
	sheets, err := w.readParts()
	if err != nil {
		return nil, err
	}
	chosen, err := chooseSheet(sheets, opt.Sheet)
	if err != nil {
		return nil, err
	}
	w.settings = []batch.Setting{{Name: "format", Value: "workbook", Why: "a zip with xl/workbook.xml"}, w.whySheet(sheets, chosen, opt.Sheet)}
	w.sheet, err = w.openSheet(chosen.part)
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (w *workbook) Settings() []batch.Setting { return w.settings }

// readParts reads all but the sheets, and gives the list of those.
func (w *workbook) readParts() ([]sheetInfo, error) {
	var book struct {
		Props struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []sheetInfo `xml:"sheets>sheet"`
	}
	var rels struct {
		Rels []struct {
			ID     string `xml:"Id,attr"`
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	var styles stylesheet
	parts := []struct {
		name string
		to   any
	}{{"xl/workbook.xml", &book}, {"xl/_rels/workbook.xml.rels", &rels}, {"xl/styles.xml", &styles}}
	for _, p := range parts {
		if err := w.decodePart(p.name, p.to); err != nil {
			return nil, err
		}
	}
	texts, targets := "xl/sharedstrings.xml", make(map[string]string, len(rels.Rels))
	for _, r := range rels.Rels {
		part := partName(path.Join("/xl", r.Target))
		if strings.HasPrefix(r.Target, "/") {
			part = partName(path.Clean(r.Target))
		}
		switch path.Base(r.Type) {
		case "sharedStrings":
			texts = part
		case "worksheet":
			targets[r.ID] = part
		default:
			targets[r.ID] = ""
		}
	}
	for i, s := range book.Sheets {
		part, found := targets[s.Rel]
		if !found {
			return nil, damaged(0, fmt.Errorf("nothing says where sheet %q lies", s.Name))
		}
		book.Sheets[i].part = part
	}
	w.numbers = newNumbers(styles, isTrue(book.Props.Date1904))
	return book.Sheets, w.readTexts(texts)
}

// partName makes the names of a part equal, however a program wrote them.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

func isTrue(attr string) bool { return attr == "1" || attr == "true" }

// decodePart reads a small part; one that is missing is empty.
func (w *workbook) decodePart(name string, to any) error {
	body, err := w.open(name, maxSmallPart)
	if body == nil {
		return err
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err == nil {
		err = xml.NewDecoder(bytes.NewReader(data)).Decode(to)
	}
	return damaged(0, err)
}

// open opens a part; one that is missing is nil.
func (w *workbook) open(name string, most uint64) (io.ReadCloser, error) {
	f := w.parts[name]
	switch {
	case f == nil:
		return nil, nil
	case f.UncompressedSize64 > most:
		return nil, &Error{Reason: fmt.Sprintf(whyMuch, f.UncompressedSize64>>20, most>>20)}
	case f.UncompressedSize64 > 16<<20 && f.UncompressedSize64/maxRatio > f.CompressedSize64:
		return nil, &Error{Reason: fmt.Sprintf(whyBomb, maxRatio)}
	}
	body, err := f.Open()
	if err != nil {
		return nil, damaged(0, err)
	}
	return body, nil
}

// damaged is the error of a workbook that cannot be understood. An error of the file system is
// given as it is.
func damaged(line int, err error) error {
	if _, ours := errors.AsType[*Error](err); err == nil || ours {
		return err
	}
	if _, system := errors.AsType[*fs.PathError](err); system {
		return err
	}
	return &Error{Line: line, Reason: fmt.Sprintf("the workbook is damaged or was not copied whole (%v): %s", err, resave)}
}

func chooseSheet(sheets []sheetInfo, name string) (sheetInfo, error) {
	names := make([]string, 0, len(sheets))
	for _, s := range sheets {
		switch {
		case name != "" && !strings.EqualFold(s.Name, name), name == "" && (s.hidden() || s.part == ""):
		case s.part == "":
			return s, &Error{Option: "--sheet", Reason: fmt.Sprintf("%q is no worksheet (a chart, a dialog or macros)", s.Name)}
		default:
			return s, nil
		}
		if s.part != "" {
			names = append(names, strconv.Quote(s.Name))
		}
	}
	list := "the workbook has no worksheet: " + resave
	if len(names) > 0 {
		list = "name one of " + strings.Join(names, ", ")
	}
	if name == "" {
		return sheetInfo{}, &Error{Option: "--sheet", Reason: "no sheet is visible: " + list}
	}
	return sheetInfo{}, &Error{Option: "--sheet", Reason: fmt.Sprintf("no sheet %q: %s", name, list)}
}

// whySheet says which sheet is read and why, and which others there are, so that nobody
// overlooks one with rows.
func (w *workbook) whySheet(sheets []sheetInfo, chosen sheetInfo, asked string) batch.Setting {
	why := "the first that is visible"
	if asked != "" {
		why = "--sheet"
	}
	var others []string
	for _, s := range sheets {
		if s.part == "" || s.part == chosen.part {
			continue
		}
		if len(others) == maxListed {
			others = append(others, "and more")
			break
		}
		filled := "empty"
		if w.filled(s.part) {
			filled = "has rows"
		}
		if s.hidden() {
			filled += ", hidden"
		}
		others = append(others, fmt.Sprintf("%s (%s)", s.Name, filled))
	}
	if len(others) == 0 {
		return batch.Setting{Name: "sheet", Value: chosen.Name, Why: "the only one"}
	}
	why += "; not read: " + strings.Join(others, ", ")
	return batch.Setting{Name: "sheet", Value: chosen.Name, Why: why}
}

// filled reports whether a sheet has a cell with something in it near its top. One that cannot be read may.
func (w *workbook) filled(part string) bool {
	s, err := w.openSheet(part)
	if err != nil {
		return true
	}
	defer s.Close()
	for range peekedRows {
		if rec, err := s.readRow(); err != nil || len(rec.Cells) > 0 {
			return len(rec.Cells) > 0 || err != io.EOF
		}
	}
	return false
}

// sheet reads the rows of a worksheet.
type sheet struct {
	*part
	book  *workbook
	row   int    // that was read last
	given int    // that was given last
	ahead Record // the row below the blank ones that are given
	last  []string
	cells []string // of the row that is read
	err   error
}

func (w *workbook) openSheet(part string) (*sheet, error) {
	m, err := w.openPart(part, maxSheet)
	if err == nil && m == nil {
		err = damaged(0, fmt.Errorf("%s is missing", part))
	}
	if err != nil {
		return nil, err
	}
	for {
		token, err := m.next()
		if err != nil {
			m.Close()
			return nil, damaged(0, err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "sheetData" {
			return &sheet{part: m, book: w}, nil
		}
	}
}

func (s *sheet) Lines() int                 { return s.given }
func (s *sheet) Text() string               { return strings.Join(s.last, ",") }
func (s *sheet) At(int, int) (line, at int) { return 0, 0 }

// Next gives the rows down to the last one with a value.
func (s *sheet) Next() (Record, error) {
	for s.err == nil && s.ahead.Line <= s.given {
		var rec Record
		if rec, s.err = s.readRow(); s.err == nil && len(rec.Cells) > 0 {
			s.ahead = rec
		}
	}
	if s.ahead.Line <= s.given {
		return Record{}, s.err
	}
	s.given++
	rec := Record{Line: s.given}
	if s.given == s.ahead.Line {
		rec = s.ahead
	}
	s.last = rec.Cells
	return rec, nil
}

// readRow reads the next row of the file. The error is io.EOF after the last one. A row or a cell
// without its number follows the one before.
func (s *sheet) readRow() (rec Record, err error) {
	column := 0
	for {
		token, err := s.next()
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "row":
				if rec, err = s.startRow(t.Attr); err == nil && (rec.Line <= s.row || rec.Line > maxSheetRows) {
					err = fmt.Errorf("row %d follows row %d", rec.Line, s.row)
				}
				s.row, s.cells, column = rec.Line, s.cells[:0], 0
			case "c":
				column, err = s.readCell(t, &rec, column)
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "row":
				rec.Cells = s.cells
				return rec, nil
			case "sheetData":
				if err = s.drain(); err == nil {
					return rec, io.EOF
				}
			}
		}
		if err != nil {
			return rec, damaged(s.row, err)
		}
	}
}

func (s *sheet) startRow(attrs []xml.Attr) (Record, error) {
	rec, err := Record{Line: s.row + 1, Placed: true}, error(nil)
	for _, a := range attrs {
		switch a.Name.Local {
		case "r":
			rec.Line, err = strconv.Atoi(a.Value)
		case "hidden":
			if isTrue(a.Value) {
				rec.Fault = whyHidden
			}
		case "ht":
			if height, err := strconv.ParseFloat(a.Value, 64); err == nil && height == 0 {
				rec.Fault = whyHidden
			}
		}
	}
	return rec, err
}

// stored is a cell or a shared text in the file, without the hints at its pronunciation.
type stored struct {
	Ref     string    `xml:"r,attr"`
	Kind    string    `xml:"t,attr"`
	Style   int       `xml:"s,attr"`
	Formula *struct{} `xml:"f"`
	Value   string    `xml:"v"`
	Inline  *stored   `xml:"is"`
	Text    string    `xml:"t"`
	Runs    []string  `xml:"r>t"`
}

func (c *stored) text() string { return unescape(c.Text + strings.Join(c.Runs, "")) }

// readCell reads a cell, which stands in the column after another one, and gives its column.
func (s *sheet) readCell(start xml.StartElement, rec *Record, after int) (int, error) {
	c, column, row := stored{}, after+1, s.row
	err := s.DecodeElement(&c, &start)
	if c.Ref != "" && err == nil {
		column, row, err = excelize.CellNameToCoordinates(c.Ref)
	}
	switch {
	case err != nil:
		return 0, err
	case row != rec.Line || column <= after || column > maxSheetCols:
		return 0, fmt.Errorf("cell %s stands in row %d after column %d", c.Ref, rec.Line, after)
	}
	text, err := s.book.show(&c)
	uncomputed := c.Formula != nil && c.Value == "" && c.Kind != "str"
	if uncomputed && rec.Fault == "" {
		name, _ := excelize.CoordinatesToCellName(column, row)
		rec.Fault = fmt.Sprintf(whyNoValue, name)
	}
	if text != "" || uncomputed {
		for len(s.cells) < column-1 {
			s.cells = append(s.cells, "")
		}
		s.cells = append(s.cells, text)
	}
	return column, err
}

// show gives the text of a cell.
func (w *workbook) show(c *stored) (string, error) {
	switch {
	case c.Kind == "inlineStr" && c.Inline != nil:
		return c.Inline.text(), nil
	case c.Value == "":
		return "", nil
	}
	switch c.Kind {
	case "s":
		i, err := strconv.Atoi(c.Value)
		if err != nil || i < 0 || i >= len(w.texts.ends) {
			return "", fmt.Errorf("there is no shared text %q", c.Value)
		}
		return w.texts.at(i), nil
	case "b":
		return strings.ToUpper(strconv.FormatBool(isTrue(c.Value))), nil
	case "d":
		return strings.TrimSuffix(c.Value, "T00:00:00"), nil
	case "", "n":
		return w.numbers.show(c.Value, c.Style)
	}
	return unescape(c.Value), nil
}

// part reads the XML of a part. Its names are read without their namespaces, which differ between
// the strict and the usual kind of workbook.
type part struct {
	*xml.Decoder
	body io.ReadCloser
	left int // bytes that may be read for the next element
}

// openPart opens a part; one that is missing is nil.
func (w *workbook) openPart(name string, most uint64) (*part, error) {
	body, err := w.open(name, most)
	if body == nil {
		return nil, err
	}
	m := &part{body: body}
	m.Decoder = xml.NewDecoder(m)
	return m, nil
}

// Read gives the decoder its bytes, and refuses an element that would fill the memory.
func (m *part) Read(p []byte) (int, error) {
	if m.left < 0 {
		return 0, fmt.Errorf("an element of more than %d bytes", maxXML)
	}
	n, err := m.body.Read(p)
	m.left -= n
	return n, err
}

func (m *part) Close() error { return m.body.Close() }

// next gives the next token.
func (m *part) next() (xml.Token, error) {
	m.left = maxXML
	return m.Token()
}

// drain reads to the end of the part, where its checksum is.
func (m *part) drain() error {
	_, err := io.Copy(io.Discard, m.body)
	return err
}

var escape = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// unescape takes _x000D_ for the character that XML cannot hold, as Excel writes it.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	return escape.ReplaceAllStringFunc(s, func(code string) string {
		r, _ := strconv.ParseUint(code[2:6], 16, 16)
		return string(rune(r))
	})
}

// texts are the shared texts of a workbook, one after the other, in blocks that never move.
type texts struct {
	blocks [][]byte
	ends   []uint32
}

const textBlock = 1 << 18

func (t *texts) add(s string) {
	end := len(s)
	if n := len(t.ends); n > 0 {
		end += int(t.ends[n-1])
	}
	t.ends = append(t.ends, uint32(end))
	for s != "" {
		last := len(t.blocks) - 1
		if last < 0 || len(t.blocks[last]) == textBlock {
			t.blocks = append(t.blocks, make([]byte, 0, textBlock))
			last++
		}
		n := min(len(s), textBlock-len(t.blocks[last]))
		t.blocks[last] = append(t.blocks[last], s[:n]...)
		s = s[n:]
	}
}

func (t *texts) at(i int) string {
	from, to := 0, int(t.ends[i])
	if i > 0 {
		from = int(t.ends[i-1])
	}
	text := ""
	for from < to {
		block, at := t.blocks[from/textBlock], from%textBlock
		n := min(to-from, textBlock-at)
		text += string(block[at : at+n])
		from += n
	}
	return text
}

// readTexts reads the shared texts, if there are some.
func (w *workbook) readTexts(part string) error {
	m, err := w.openPart(part, maxTexts)
	if m == nil {
		return err
	}
	defer m.Close()
	for {
		token, err := m.next()
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "si" {
				var text stored
				err = m.DecodeElement(&text, &t)
				w.texts.add(text.text())
			}
		case xml.EndElement:
			if t.Name.Local == "sst" {
				return damaged(0, m.drain())
			}
		}
		if err != nil {
			return damaged(0, err)
		}
	}
}
