package source

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/gocarina/gocsv"

	"offboard/batch"
)

const (
	maxRecordLines = 100     // lines that quoted cells may span within one record
	maxRecordBytes = 1 << 20 // bytes of a line, and of a record
	headLines      = 30      // that are looked at for the header
)

// mark is a byte order mark, as it stands where files were joined.
const mark = "\ufeff"

// delimiters are those that are looked for, the likelier first.
var delimiters = []rune{',', ';', '\t', '|'}

// csvSource reads text whose cells stand between delimiters. A line without a quote is cut
// as it is; all others encoding/csv reads, one line at a time: it asks for more in the middle
// of a record only while a quote is open. So the lines of a record are known exactly, and no
// record can run on through the rest of the input.
type csvSource struct {
	scan     *bufio.Scanner
	isRow    func(line []string, cells int) bool
	settings []batch.Setting
	comma    rune
	raw      *csv.Reader         // reads from the source itself: see Read
	records  gocsv.SimpleDecoder // over raw; gocsv's mapping to structs takes longer than all else
	no       int                 // the last line read, from 1
	start    int                 // the line on which the record starts
	text     []byte              // the record, every line with LF; "" when line is all of it
	line     string              // a record without quotes
	guarded  *regexp.Regexp      // a cell ="00123" without quotes around it, which payroll programs write
	quoted   bool                // text is the record, and not line
	handed   int                 // how much of text raw was given
	cells    []string            // of the record without quotes
}

// openCSV takes text for CSV, and decides its delimiter.
func openCSV(text *bufio.Reader, settings []batch.Setting, opt Options) *csvSource {
	c := &csvSource{isRow: opt.IsRow, scan: bufio.NewScanner(text)}
	sample, _ := text.Peek(sampleSize)
	var why string
	c.comma, why = delimiter(string(sample), opt)
	c.settings = append(settings, batch.Setting{Name: "delimiter", Value: strings.ReplaceAll(string(c.comma), "\t", "TAB"), Why: why})
	c.scan.Buffer(make([]byte, sampleSize), maxRecordBytes)
	c.guarded = regexp.MustCompile(fmt.Sprintf(`(^|%[1]s) *="([^"%[1]s]+)"`, regexp.QuoteMeta(string(c.comma))))
	c.raw = newCSV(c, c.comma)
	c.records = gocsv.NewSimpleDecoderFromCSVReader(c.raw)
	return c
}

// newCSV is the one way in which CSV is read here.
func newCSV(r io.Reader, comma rune) *csv.Reader {
	c := csv.NewReader(r)
	c.Comma, c.FieldsPerRecord, c.ReuseRecord = comma, -1, true
	c.TrimLeadingSpace = comma != '\t' // it would take empty cells for blanks
	return c
}

func (c *csvSource) Settings() []batch.Setting { return c.settings }
func (c *csvSource) Lines() int                { return c.no }
func (c *csvSource) Close() error              { return nil }

// Text gives the record, without the last line end.
func (c *csvSource) Text() string {
	if !c.quoted {
		return c.line
	}
	return string(bytes.TrimSuffix(c.text, []byte("\n")))
}

// Next reads a line, and those that belong to it.
func (c *csvSource) Next() (Record, error) {
	line, err := c.nextLine()
	if err != nil {
		return Record{}, err
	}
	c.start = c.no
	rec := Record{Line: c.no, Shared: len(line)}
	if c.quoted = bytes.IndexByte(line, '"') >= 0; c.quoted {
		text := bytes.ReplaceAll(line, []byte(mark+`"`), []byte(`"`))
		if bytes.Contains(text, []byte(`="`)) {
			text = c.guarded.ReplaceAll(text, []byte(`$1"=""$2"""`))
		}
		c.text, c.handed = append(text, '\n'), 0
		rec.Cells, rec.Fault, err = c.readQuoted()
		rec.Shared = len(c.text)
		return rec, err
	}
	c.line = string(line)
	if line = bytes.TrimLeft(line, " \t"); len(line) == 0 || line[0] == byte(c.comma) && strings.Trim(c.line, " \t"+string(c.comma)) == "" {
		return rec, nil
	}
	c.cells = c.cells[:0]
	rest := c.line
	for i := strings.IndexByte(rest, byte(c.comma)); i >= 0; i = strings.IndexByte(rest, byte(c.comma)) {
		c.cells, rest = append(c.cells, rest[:i]), rest[i+1:]
	}
	c.cells = append(c.cells, rest)
	rec.Cells = c.cells
	return rec, nil
}

// nextLine gives the next line without its end. It is good until the next call.
func (c *csvSource) nextLine() ([]byte, error) {
	more := c.scan.Scan()
	switch err := c.scan.Err(); {
	case err == bufio.ErrTooLong:
		return nil, &Error{Line: c.no + 1, Reason: fmt.Sprintf("the line is longer than %d bytes: is this a CSV file?", maxRecordBytes)}
	case err != nil: // even if a line came: it may be cut
		return nil, fmt.Errorf("read line %d of the input: %w", c.no+1, err)
	case !more:
		return nil, io.EOF
	}
	c.no++
	return bytes.TrimPrefix(c.scan.Bytes(), []byte(mark)), nil
}

// Read hands out what is left of the line, or else of the next: it is what the CSV reader
// reads from.
func (c *csvSource) Read(p []byte) (int, error) {
	if c.handed == len(c.text) {
		if c.lines() >= maxRecordLines || len(c.text) > maxRecordBytes {
			return 0, c.openQuote()
		}
		line, err := c.nextLine()
		if err != nil {
			return 0, err
		}
		c.text = append(append(c.text, line...), '\n')
	}
	n := copy(p, c.text[c.handed:])
	c.handed += n
	return n, nil
}

// lines is how many lines the record has so far.
func (c *csvSource) lines() int { return c.no - c.start + 1 }

// readQuoted reads the record that begins with text. The fault says that its quotes are
// wrong; cells are then what can be told apart.
func (c *csvSource) readQuoted() (cells []string, fault string, err error) {
	cells, err = c.records.GetCSVRow()
	_, broken := errors.AsType[*csv.ParseError](err)
	switch {
	case err == io.EOF, broken && (c.lines() > 1 || !endsOutside(c.Text(), c.comma)):
		return nil, "", c.openQuote()
	case broken:
		return splitLoosely(c.Text(), c.comma), "a quote is in the wrong place: put quotes around whole cells only, and double those inside", nil
	case err == nil && c.lines() > 1 && c.swallowsRow(cells):
		return nil, "", c.openQuote()
	}
	return cells, "", err
}

// swallowsRow reports whether a cell of several lines holds one that would be a row, so that
// a closing quote was lost.
func (c *csvSource) swallowsRow(cells []string) bool {
	for _, cell := range cells {
		for line := range strings.SplitSeq(cell, "\n") {
			if line != cell && c.isRow != nil && c.isRow(splitLoosely(line, c.comma), len(cells)) {
				return true
			}
		}
	}
	return false
}

// openQuote is the error for a record that does not end where it should. It
// names the line of the last quote that stayed open beyond the end of its line.
func (c *csvSource) openQuote() error {
	line, opened, at, open := c.start, c.start, c.start, false
	for _, b := range c.Text() {
		switch {
		case b == '"':
			open = !open
			opened = line
		case b == '\n':
			line++
			if open {
				at = opened
			}
		}
	}
	return &Error{Line: at, Reason: fmt.Sprintf("a quote opens here and is not closed as it should be (read as far as line %d): close it, or double the quotes inside the cell", c.no)}
}

// At finds a byte of a cell in its line. Doubled quotes before it count.
func (c *csvSource) At(cell, offset int) (line, at int) {
	if !c.quoted {
		at = offset + 1
		for _, before := range c.cells[:cell] {
			at += len(before) + 1
		}
		return c.start, at
	}
	first, _ := c.raw.FieldPos(0)
	line, at = c.raw.FieldPos(cell)
	return c.start + line - first, at + offset
}

// delimiter decides by the first line that can be the header, however its cells are cut:
// the delimiter that lets columns be recognised, and of several the one that is there most
// often outside quotes. If no line can be, it decides by the first line that has any.
func delimiter(sample string, opt Options) (best rune, why string) {
	lines := headOf(sample, opt.HeaderLine)
	for _, line := range lines {
		if stated, ok := strings.CutPrefix(strings.ToLower(strings.Trim(line, " \t\"")), "sep="); ok && len(stated) == 1 && slices.Contains(delimiters, rune(stated[0])) {
			return rune(stated[0]), "stated by the sep= line"
		}
	}
	fallback, most := ',', 0
	for _, line := range lines {
		n := -1
		for _, d := range delimiters {
			cells := splitLoosely(line, d)
			if len(cells)-1 > n && opt.IsHeader != nil && opt.IsHeader(cells) && (len(cells) > 1 || !strings.ContainsAny(line, ";\t|")) {
				best, n = d, len(cells)-1
			}
			if len(cells)-1 > most && strings.TrimSpace(strings.Join(cells, "")) != "" {
				fallback, most = d, len(cells)-1
			}
		}
		switch {
		case n == 0:
			return ',', "none in the header line, which has one column"
		case n > 0:
			return best, fmt.Sprintf("%d in the header line", n)
		}
	}
	if most == 0 {
		return fallback, "none in the first lines, which have one column"
	}
	return fallback, fmt.Sprintf("%d in one of the first lines", most)
}

// headOf gives the records among which the header is looked for: the first ones, or the
// one that starts on the line of that number.
func headOf(sample string, only int) (head []string) {
	record, start, no := "", 0, 0
	for line := range strings.Lines(sample) {
		if no++; record == "" {
			start = no
		}
		if record += line; strings.Count(record, `"`)%2 == 1 && no-start < maxRecordLines {
			continue
		}
		if only == start {
			return []string{record}
		}
		if len(head) < headLines && strings.TrimSpace(record) != "" {
			head = append(head, strings.TrimPrefix(strings.TrimRight(record, "\r\n"), mark))
		}
		record = ""
	}
	return head
}

// splitLoosely cuts the first record of text into cells, leniently. It is for
// looking at what is wrong with a record; rows are never made of it.
func splitLoosely(text string, comma rune) []string {
	r := newCSV(strings.NewReader(text), comma)
	r.LazyQuotes = true
	cells, _ := r.Read() // what could be read is good enough for a look
	return cells
}

// endsOutside reports whether a line with broken quoting surely ends outside of
// quotes, so that the next line starts a record. Inside a cell that starts with
// a quote, only an even number of quotes leaves no doubt. A quote in the middle
// of any other cell opens nothing.
func endsOutside(line string, comma rune) bool {
	quotes := 0 // of the cell that is open
	for part := range strings.SplitSeq(line, string(comma)) {
		if quotes == 0 {
			part = strings.TrimLeft(part, " \t")
			if !strings.HasPrefix(part, `"`) {
				continue
			}
			quotes, part = 1, part[1:]
		}
		quotes += strings.Count(part, `"`)
		part = strings.TrimRight(part, " ")
		if last := len(part) - len(strings.TrimRight(part, `"`)); last%2 == 0 {
			continue // all are doubled, and the cell goes on behind the delimiter
		}
		if quotes%2 == 1 {
			return false
		}
		quotes = 0
	}
	return quotes == 0
}
