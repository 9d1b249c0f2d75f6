package source

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"github.com/xuri/nfp"

	"offboard/batch"
)

// The limits of a workbook. Those of a sheet are Excel's own. A sheet is streamed, so its size
// costs time alone; the shared texts are held in memory.
const (
	maxSheetRows = 1 << 20
	maxSheetCols = 1 << 14
	maxSmallPart = 32 << 20  // the list of sheets, the styles
	maxTexts     = 512 << 20 // six different texts of 40 bytes in each of a million rows
	maxListed    = 100       // other sheets that are named
	peekedRows   = 1000      // how far a sheet that is not read is searched for a filled row
	resave       = "open it in Excel, save it as a new .xlsx or as CSV UTF-8, and name that file"
	whyHidden    = "the row is hidden in the workbook (a filter or by hand): show it, or delete it, and save"
	whyNoValue   = "the formula in cell %s has no value in the file: open it in Excel, which computes the value, save it, and try again"
)

// workbook is the Source of one sheet of a workbook in Office Open XML (.xlsx, .xlsm), of the
// strict kind, too.
//
// A cell is the text that Excel shows, with two exceptions: a date is in ISO 8601 whatever its
// number format, and a number of more than 15 digits, of which Excel has lost some, is in
// scientific notation. Of a formula the stored value counts; nothing is computed. Merged cells
// that lie side by side are as in the file: the first has the value, the others are empty; those below it
// have the value of the first, as people see it. Hidden columns are read, and told.
// A hidden row has a Fault, since the person who looks at the sheet does not see it.
//
// The sheet is read from the zip as it goes, so nothing is written to a disk. The row iterator
// of excelize is not used: it ends without an error where the XML is broken, which would pass
// for the end of the list, and it does not tell an empty formula from an empty cell.
type workbook struct {
	parts    map[string]*zip.File
	texts    []*texts
	count    int          // of the texts
	struck   map[int]bool // those of them that are struck out in part
	styles   []style
	date1904 bool
	scratch  *excelize.File // has a cell for each format that is rendered
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

func (s sheetInfo) hidden() bool { return strings.HasSuffix(strings.ToLower(s.State), "hidden") }

// openWorkbook opens the sheet that opt names, or else the first one that is not hidden.
func openWorkbook(in Input, opt Options) (Source, error) {
	zipped, err := zip.NewReader(in.Bytes, in.Size)
	if err != nil {
		return nil, damaged(0, err)
	}
	w := &workbook{struck: map[int]bool{}, parts: make(map[string]*zip.File, len(zipped.File))}
	for _, f := range zipped.File {
		name := partName(f.Name)
		switch {
		case w.parts[name] != nil:
			return nil, damaged(0, fmt.Errorf("it holds %s twice", f.Name))
		case f.Flags&1 != 0:
			return nil, &Error{Reason: "the workbook is protected with a password: open it, save it without the password, and name that file"}
		}
		w.parts[name] = f
	}
	if w.parts["xl/workbook.xml"] == nil {
		return nil, &Error{Reason: "the zip holds no workbook (xl/workbook.xml): if it opens in Excel, " + resave}
	}
	sheets, err := w.readParts()
	if err != nil {
		return nil, damaged(0, err)
	}
	chosen, err := chooseSheet(sheets, opt.Sheet)
	if err != nil {
		return nil, err
	}
	w.settings = []batch.Setting{{Name: "format", Value: "workbook", Why: "a zip with xl/workbook.xml"}, w.whySheet(sheets, chosen, opt.Sheet)}
	if w.sheet, err = w.openSheet(chosen.part); err == nil {
		w.sheet.merged, err = w.merged(chosen.part)
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (w *workbook) Settings() []batch.Setting { return w.settings }

// readParts reads all but the sheets, and gives the list of those.
func (w *workbook) readParts() ([]sheetInfo, error) {
	var content struct {
		Date1904 struct {
			Value bool `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []sheetInfo `xml:"sheets>sheet"`
		Rels   []struct {
			ID     string `xml:"Id,attr"`
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
		Formats []*format `xml:"numFmts>numFmt"`
		Fonts   []struck  `xml:"fonts>font"`
		Styles  []struct {
			format
			Font int `xml:"fontId,attr"`
		} `xml:"cellXfs>xf"`
	}
	for _, name := range []string{"xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"} {
		p, err := w.open(name, maxSmallPart)
		if p != nil {
			defer p.Close()
			if err = p.Decode(&content); err == nil {
				err = p.drain()
			}
		}
		if err != nil {
			return nil, err
		}
	}
	w.date1904 = content.Date1904.Value
	byID := map[int]*format{}
	for _, f := range content.Formats {
		byID[f.ID] = cmp.Or(byID[f.ID], f)
	}
	for _, s := range content.Styles {
		byID[s.ID] = cmp.Or(byID[s.ID], &s.format)
		struck := s.Font >= 0 && s.Font < len(content.Fonts) && content.Fonts[s.Font].out()
		w.styles = append(w.styles, style{byID[s.ID], struck})
	}
	if len(w.styles) == 0 {
		w.styles = []style{{format: &format{kind: 'g'}}}
	}
	texts, targets := "xl/sharedstrings.xml", make(map[string]string, len(content.Rels))
	for _, r := range content.Rels {
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
	for i, s := range content.Sheets {
		part, found := targets[s.Rel]
		if !found {
			return nil, fmt.Errorf("nothing says where sheet %q lies", s.Name)
		}
		content.Sheets[i].part = part
	}
	return content.Sheets, w.readTexts(texts)
}

// partName makes the names of a part equal, however a program wrote them.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// damaged is the error of a workbook that cannot be understood. An error of the file system is
// given as it is.
func damaged(line int, err error) error {
	_, ours := errors.AsType[*Error](err)
	_, system := errors.AsType[*fs.PathError](err)
	if err == nil || ours || system {
		return err
	}
	return &Error{Line: line, Reason: fmt.Sprintf("the workbook is damaged or was not copied whole (%v): %s", err, resave)}
}

func chooseSheet(sheets []sheetInfo, name string) (sheetInfo, error) {
	var names []string
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
	reason, next := fmt.Sprintf("no sheet %q: ", name), "name one of "+strings.Join(names, ", ")
	if name == "" {
		reason = "no sheet is visible: "
	}
	if len(names) == 0 {
		next = "the workbook has no worksheet: " + resave
	}
	return sheetInfo{}, &Error{Option: "--sheet", Reason: reason + next}
}

// whySheet says which sheet is read and why, and which others there are, so that nobody
// overlooks one with rows.
func (w *workbook) whySheet(sheets []sheetInfo, chosen sheetInfo, asked string) batch.Setting {
	how := batch.Setting{Name: "sheet", Value: chosen.Name, Why: "the only one"}
	var others []string
	all := 0
	for _, s := range sheets {
		if s.part == "" || s.part == chosen.part {
			continue
		}
		if all++; all > maxListed {
			continue
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
	switch {
	case all > 0 && asked != "":
		how.Why = "--sheet; not read: " + batch.SomeOf(others, all)
	case all > 0:
		how.Why = "the first that is visible; not read: " + batch.SomeOf(others, all)
	}
	return how
}

// OtherSheets are those with rows, by why a sheet is read.
func OtherSheets(why string) (names []string) {
	_, others, _ := strings.Cut(why, "not read: ")
	for other := range strings.SplitSeq(others, ", ") {
		if name, is := strings.CutSuffix(other, " (has rows)"); is {
			names = append(names, name)
		}
	}
	return names
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
			return err != io.EOF
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
	cells []stored // to be used again
	err   error

	hidden []bool          // by the columns, from 0
	merged map[int][]merge // that begin in a row
	open   []merge         // that began above
}

// merge is what a column has of merged cells.
type merge struct {
	column, last int // from 0; the row in which they end
	text         string
}

var mergeRef = regexp.MustCompile(`mergeCell\s[^>]*ref="([A-Z]+[0-9]+):([A-Z]+[0-9]+)"`)

// merged finds the merged cells of several rows, which the file names behind all rows.
func (w *workbook) merged(name string) (map[int][]merge, error) {
	p, err := w.open(name, maxUnpacked)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	all := map[int][]merge{}
	scan := bufio.NewScanner(&p.meter) // of elements; what is wrong with one, the rows say
	scan.Buffer(nil, 2*maxElement)
	scan.Split(func(text []byte, _ bool) (int, []byte, error) {
		if end := bytes.IndexByte(text, '>') + 1; end > 0 {
			return end, text[:end], nil
		}
		return 0, nil, nil
	})
	for scan.Scan() {
		if !bytes.Contains(scan.Bytes(), []byte("mergeCell")) {
			continue
		}
		if m := mergeRef.FindStringSubmatch(scan.Text()); m != nil {
			column, first, err := excelize.CellNameToCoordinates(m[1])
			_, last, wrong := excelize.CellNameToCoordinates(m[2])
			if err := errors.Join(err, wrong); err != nil {
				return nil, damaged(0, err)
			}
			if first < last {
				all[first] = append(all[first], merge{column: column - 1, last: last})
			}
		}
	}
	return all, nil
}

// fillMerged gives the cells below the first of merged ones its value, in a row that has another.
func (s *sheet) fillMerged(rec *Record) {
	s.open = slices.DeleteFunc(s.open, func(m merge) bool {
		if len(rec.Cells) > 0 && m.last >= rec.Line {
			rec.Cells = append(rec.Cells, make([]string, max(0, m.column+1-len(rec.Cells)))...)
			rec.Cells[m.column] = cmp.Or(rec.Cells[m.column], m.text)
		}
		return m.last <= rec.Line
	})
	for _, m := range s.merged[rec.Line] {
		if m.column < len(rec.Cells) {
			m.text = rec.Cells[m.column]
			s.open = append(s.open, m)
		}
	}
}

func (w *workbook) openSheet(name string) (*sheet, error) {
	p, err := w.open(name, maxUnpacked)
	if p != nil {
		s := &sheet{part: p, book: w}
		if err = s.begin(); err == nil {
			return s, nil
		}
		p.Close()
	} else if err == nil {
		err = fmt.Errorf("%s is missing", name)
	}
	return nil, damaged(0, err)
}

// begin reads which columns are hidden, as far as the rows.
func (s *sheet) begin() error {
	start, err := s.next("", "cols", "sheetData")
	if err != nil || start.Name.Local == "sheetData" {
		return err
	}
	var cols struct {
		All []struct {
			First  int      `xml:"min,attr"`
			Last   int      `xml:"max,attr"`
			Hidden bool     `xml:"hidden,attr"`
			Width  *float64 `xml:"width,attr"`
		} `xml:"col"`
	}
	if err := s.DecodeElement(&cols, start); err != nil {
		return err
	}
	for _, c := range cols.All {
		for i := max(c.First, 1); i <= min(c.Last, maxSheetCols) && (c.Hidden || c.Width != nil && *c.Width == 0); i++ {
			s.hidden = append(s.hidden, make([]bool, max(0, i-len(s.hidden)))...)
			s.hidden[i-1] = true
		}
	}
	_, err = s.next("", "sheetData")
	return err
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

// stored is a cell or a shared text in the file, without the hints at its pronunciation.
type stored struct {
	Ref     string    `xml:"r,attr"`
	Kind    string    `xml:"t,attr"`
	Style   int       `xml:"s,attr"`
	Formula *struct{} `xml:"f"`
	Value   string    `xml:"v"`
	Inline  *stored   `xml:"is"`
	Text    string    `xml:"t"`
	Runs    []run     `xml:"r"`
}

// run is a part of a text, which may be struck out alone.
type run struct {
	Font struck `xml:"rPr"`
	Text string `xml:"t"`
}

// struck is a font, as far as it may be struck out.
type struck struct {
	Strike *struct {
		Val string `xml:"val,attr"`
	} `xml:"strike"`
}

func (s struck) out() bool { return s.Strike != nil && s.Strike.Val != "0" && s.Strike.Val != "false" }

func (c *stored) text() (text string, struck bool) {
	text = c.Text
	for _, r := range c.Runs {
		text += r.Text
		struck = struck || r.Font.out() && strings.TrimSpace(r.Text) != ""
	}
	return unescape(text), struck
}

// readRow reads the next row of the file. The error is io.EOF after the last one. A row or a cell
// without its number follows the one before.
func (s *sheet) readRow() (rec Record, err error) {
	start, err := s.next("sheetData", "row")
	if err != nil {
		return rec, damaged(s.row, err)
	} else if start == nil {
		return rec, io.EOF
	}
	row := struct {
		Line   int      `xml:"r,attr"`
		Hidden bool     `xml:"hidden,attr"`
		Height *float64 `xml:"ht,attr"`
		Cells  []stored `xml:"c"`
	}{Line: s.row + 1, Cells: s.cells[:0]}
	err = s.DecodeElement(&row, start)
	if err == nil && (row.Line <= s.row || row.Line > maxSheetRows) {
		err = fmt.Errorf("row %d follows row %d", row.Line, s.row)
	}
	s.row = row.Line
	rec = Record{Line: row.Line, Cells: make([]string, 0, len(row.Cells)), Placed: true, Hidden: s.hidden}
	if row.Hidden || row.Height != nil && *row.Height == 0 {
		rec.Fault = whyHidden
	}
	for i, after := 0, 0; i < len(row.Cells) && err == nil; i++ {
		after, err = s.readCell(&row.Cells[i], &rec, after)
	}
	s.fillMerged(&rec)
	clear(row.Cells)
	s.cells = row.Cells
	return rec, damaged(s.row, err)
}

// readCell reads a cell, which stands in the column after another one, and gives its column.
func (s *sheet) readCell(c *stored, rec *Record, after int) (column int, err error) {
	column, row := after+1, s.row
	if c.Ref != "" {
		column, row, err = excelize.CellNameToCoordinates(c.Ref)
	}
	switch {
	case err != nil:
		return 0, err
	case row != rec.Line || column <= after || column > maxSheetCols:
		return 0, fmt.Errorf("cell %s stands in row %d after column %d", c.Ref, rec.Line, after)
	}
	text, struck, err := s.book.show(c)
	uncomputed := c.Formula != nil && c.Value == "" && c.Kind != "str"
	if uncomputed && rec.Fault == "" {
		name, _ := excelize.CoordinatesToCellName(column, row)
		rec.Fault = fmt.Sprintf(whyNoValue, name)
	}
	if text != "" || uncomputed {
		rec.Cells = append(append(rec.Cells, make([]string, column-1-len(rec.Cells))...), text)
		if struck {
			rec.Struck = append(rec.Struck, column-1)
		}
	}
	return column, err
}

// show gives the text of a cell, and whether any of it is struck out.
func (w *workbook) show(c *stored) (text string, struck bool, err error) {
	var style style
	if c.Style >= 0 && c.Style < len(w.styles) {
		style = w.styles[c.Style]
	}
	switch {
	case c.Kind == "inlineStr" && c.Inline != nil:
		text, struck = c.Inline.text()
		return text, struck || style.struck, nil
	case c.Value == "":
		return "", false, nil
	}
	switch c.Kind {
	case "s":
		i, err := strconv.Atoi(c.Value)
		if err != nil || i < 0 || i >= w.count {
			return "", false, fmt.Errorf("there is no shared text %q", c.Value)
		}
		t := w.texts[i/textsInBlock]
		return string(t.all[t.ends[i%textsInBlock]:t.ends[i%textsInBlock+1]]), style.struck || w.struck[i], nil
	case "b":
		text = strings.ToUpper(strconv.FormatBool(c.Value == "1" || c.Value == "true"))
	case "d":
		text = strings.TrimSuffix(c.Value, "T00:00:00")
	case "", "n":
		if style.format == nil { // the number may have lost its zeros, or be a date
			return "", false, fmt.Errorf("there is no style %d", c.Style)
		}
		text = w.number(style.format, c.Value)
	default:
		text = unescape(c.Value)
	}
	return text, style.struck, nil
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

// part reads the XML of a part. Its names are read without their namespaces, which differ between
// the strict and the usual kind of workbook.
type part struct {
	*xml.Decoder
	meter
	body io.ReadCloser
}

// open opens a part of so many bytes at the most; one that is missing is nil.
func (w *workbook) open(name string, most int) (*part, error) {
	f := w.parts[name]
	if f == nil {
		return nil, nil
	}
	most = min(most, int(unpackedLimit(int64(f.CompressedSize64))))
	if f.UncompressedSize64 > uint64(most) {
		return nil, &Error{Reason: fmt.Sprintf("a part of the workbook unpacks to %d MB, and %d can be, since it is packed in %d bytes: save the sheet as CSV UTF-8, and name that file", f.UncompressedSize64>>20, most>>20, f.CompressedSize64)}
	}
	body, err := f.Open()
	if err != nil {
		return nil, err
	}
	p := &part{meter: meter{Reader: body, left: most}, body: body}
	p.Decoder = xml.NewDecoder(&p.meter)
	return p, nil
}

func (p *part) Close() error { return p.body.Close() }

// next goes to the next element of one of the names; nil where the element around it ends.
func (p *part) next(around string, names ...string) (*xml.StartElement, error) {
	for {
		p.left = maxElement
		token, err := p.Token()
		if err != nil {
			return nil, err // io.EOF, too: all XML was read, and nothing was around it
		}
		switch t := token.(type) {
		case xml.StartElement:
			if slices.Contains(names, t.Name.Local) {
				return &t, nil
			}
		case xml.EndElement:
			if t.Name.Local == around {
				return nil, p.drain()
			}
		}
	}
}

// drain reads to the end of the part, where its checksum is.
func (p *part) drain() error {
	_, err := io.Copy(io.Discard, p.body)
	return err
}

const textsInBlock = 1024

// texts are so many of the shared texts of a workbook, one after the other.
type texts struct {
	all  []byte
	ends [textsInBlock + 1]uint32
}

// readTexts reads the shared texts, if there are some.
func (w *workbook) readTexts(part string) error {
	p, err := w.open(part, maxTexts)
	if p == nil {
		return err
	}
	defer p.Close()
	for ; ; w.count++ {
		start, err := p.next("sst", "si")
		if start == nil {
			return err
		}
		var text stored
		if err := p.DecodeElement(&text, start); err != nil {
			return err
		}
		if w.count%textsInBlock == 0 {
			w.texts = append(w.texts, &texts{})
		}
		t := w.texts[len(w.texts)-1]
		shown, struck := text.text()
		t.all = append(t.all, shown...)
		if struck {
			w.struck[w.count] = true
		}
		t.ends[w.count%textsInBlock+1] = uint32(len(t.all))
		if w.count%textsInBlock == textsInBlock-1 {
			t.all = bytes.Clone(t.all) // of the right size
		}
	}
}

// builtIn has the kinds of the formats that have no code in the file, from 0; others mean nothing.
const builtIn = "grrrrrrrrrrrrrddddccccdggggdddddccccdrrrrrrrrcrcrgdddddccddrrrrrrrrrrrrddddccdcrcd"

// style is how a cell is shown.
type style struct {
	format *format
	struck bool
}

// format is a number format. Of a style, the ID alone is given.
type format struct {
	ID   int    `xml:"numFmtId,attr"`
	Code string `xml:"formatCode,attr"` // "" of a built-in format
	kind byte   // g is General; d a day, perhaps with the time; c a time without a day; r another, as excelize shows it
	cell string // in the scratch workbook
}

// findKind says what a format makes of a number above 0.
func (f *format) findKind() byte {
	if f.Code == "" {
		return (builtIn + "g")[min(uint(f.ID), uint(len(builtIn)))]
	}
	parser := nfp.NumberFormatParser()
	sections, letters := append(parser.Parse(f.Code), nfp.Section{}), ""
	for _, item := range sections[0].Items {
		switch item.TType {
		case nfp.TokenTypeElapsedDateTimes: // a duration, such as [h]:mm
			return 'r'
		case nfp.TokenTypeGeneral, nfp.TokenTypeTextPlaceHolder:
			if len(sections[0].Items) == 1 {
				return 'g'
			}
		case nfp.TokenTypeDateTimes:
			letters += strings.ToLower(item.TValue)
		}
	}
	switch hours := strings.ContainsAny(letters, "hs"); {
	case strings.ContainsAny(letters, "yd"), strings.Contains(letters, "m") && !hours:
		return 'd'
	case hours:
		return 'c'
	}
	return 'r'
}

// number gives the text of a number as Excel shows it, but for dates. What cannot be shown is no
// text that could be taken for a value.
func (w *workbook) number(f *format, stored string) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%s (in a number format that cannot be shown: %s)", stored, f.Code)
		}
	}()
	if f.kind == 0 {
		f.kind = 'r' // if the parser panics
		f.kind = f.findKind()
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(stored), 64)
	switch {
	case err != nil, math.IsNaN(v), math.IsInf(v, 0):
		return stored
	case f.kind == 'd', f.kind == 'c':
		return w.date(v, f.kind)
	case f.kind == 'g', math.Abs(v) >= 1e15:
		return asGeneral(v)
	}
	return w.render(f, stored)
}

// asGeneral shows a number in the format General, which has room for 11 characters.
func asGeneral(v float64) string {
	size := math.Abs(v)
	text := strconv.FormatFloat(v, 'f', max(0, 10-len(strconv.Itoa(int(size)))), 64)
	if size != 0 && (size >= 1e11 || size < 1e-4) {
		text = strconv.FormatFloat(v, 'E', 5, 64)
	}
	mantissa, exponent, _ := strings.Cut(text, "E")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	return strings.TrimSuffix(mantissa+"E"+exponent, "E")
}

// date gives a date in ISO 8601, with the time if there is one.
func (w *workbook) date(v float64, kind byte) string {
	first := 25569.0 // days up to 1970
	switch {
	case v < 0 || v >= 2958466: // 10000-01-01
		return "########" // as Excel shows it
	case w.date1904:
		first = 24107
	case v < 60: // Excel has a 29 February 1900
		first--
	}
	t := time.Unix(int64(math.Round((v-first)*24*60*60)), 0).UTC()
	switch {
	case v < 1 && kind == 'c':
		return t.Format(time.TimeOnly)
	case t.Unix()%(24*60*60) == 0:
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02T15:04:05")
}

// render shows a number in a format that excelize knows, and panics where it cannot.
func (w *workbook) render(f *format, stored string) string {
	const sheet = "Sheet1"
	var err error
	if w.scratch == nil {
		w.scratch = excelize.NewFile()
	}
	if f.cell == "" {
		style := &excelize.Style{NumFmt: f.ID}
		if f.Code != "" {
			style = &excelize.Style{CustomNumFmt: &f.Code}
		}
		var id int
		id, err = w.scratch.NewStyle(style)
		f.cell = fmt.Sprintf("A%d", id+1)
		err = errors.Join(err, w.scratch.SetCellStyle(sheet, f.cell, f.cell, id))
	}
	err = errors.Join(err, w.scratch.SetCellDefault(sheet, f.cell, stored))
	text, wrong := w.scratch.GetCellValue(sheet, f.cell)
	if err = errors.Join(err, wrong); err != nil {
		f.cell = ""
		panic(err)
	}
	return text
}
