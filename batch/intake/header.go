package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gocarina/gocsv"
)

// delimiters are those that are looked for, the likelier first.
var delimiters = []rune{',', ';', '\t', '|'}

// readHeader finds the header and decides how to read what is below it.
func (r *Reader) readHeader() error {
	raw, stated, err := r.findHeader()
	if err != nil {
		return err
	}
	var why string
	r.comma, why = delimiter(string(raw), stated, r.opt)
	start := r.src.no - bytes.Count(raw, []byte("\n"))
	r.start = start
	if err := r.bind(raw, start); err != nil {
		return err
	}
	var bad *HeaderError
	if r.layout, bad = chooseColumns(r.header, r.opt); bad != nil {
		bad.Line = start
		return bad
	}
	if err := r.csv.RenormalizeHeaders(r.fields); err != nil {
		return fmt.Errorf("line %d: map the columns: %w", start, err)
	}
	r.set("delimiter", delimiterName(r.comma), why)
	r.set("header", fmt.Sprintf("line %d", start), "first line that is neither blank nor a version line")
	for _, c := range r.columns {
		r.set(c.role(), c.name, c.why)
		if c.names {
			r.naming = append(r.naming, c)
		}
	}
	if bad := r.checkNamed(); bad != nil {
		bad.Line = start
		return bad
	}
	r.setGates()
	if bad := r.checkConditions(); bad != nil {
		bad.Line = start
		return bad
	}
	return nil
}

// findHeader passes over what stands above the header, and gives the header's
// lines. The delimiter is the one that a sep= line states, or 0.
func (r *Reader) findHeader() (raw []byte, stated rune, err error) {
	for {
		line, err := r.src.next()
		if err == io.EOF {
			return nil, 0, &InputError{Reason: "the file has no header line: it needs one, such as userPrincipalName, and a line for each user"}
		}
		if err != nil {
			return nil, 0, err
		}
		if len(bytes.TrimFunc(line, blank)) == 0 {
			r.skip(r.src.no, "blank line")
			continue
		}
		if n := noteOf(string(line)); n != nil && n.table {
			r.skip(r.src.no, n.reason)
			if s := strings.ToLower(trim(string(line))); strings.HasPrefix(s, "sep=") && len(s) == len("sep=")+1 {
				stated = rune(s[len(s)-1])
			}
			continue
		}
		raw, err := r.wholeHeader(line)
		return raw, stated, err
	}
}

// wholeHeader adds the lines of a header whose quoted cells hold line breaks.
func (r *Reader) wholeHeader(line []byte) ([]byte, error) {
	f := &feed{src: r.src}
	f.begin(line, r.src.no)
	for bytes.Count(f.raw, []byte(`"`))%2 == 1 {
		if err := f.more(); err == io.EOF {
			return nil, f.openQuote()
		} else if err != nil {
			return nil, err
		}
	}
	if !utf8.Valid(f.raw) {
		return nil, &InputError{Line: f.start, Reason: "the header is not UTF-8: " + asUTF8}
	}
	return bytes.TrimSuffix(f.raw, []byte("\n")), nil
}

// bind starts gocsv below the header.
func (r *Reader) bind(raw []byte, start int) error {
	r.feed.begin(raw, start)
	csvReader, err := gocsv.NewUnmarshaller(newCSV(r.feed, r.comma), &cells{})
	if _, ok := errors.AsType[*csv.ParseError](err); ok {
		return &InputError{Line: start, Reason: "the header has a quote in the wrong place: put quotes around whole cells only, and double those inside"}
	}
	if err != nil {
		return fmt.Errorf("line %d: read the header: %w", start, err)
	}
	r.csv = csvReader
	for _, h := range csvReader.Headers {
		r.header = append(r.header, trim(h))
		r.normalised = append(r.normalised, normalise(h))
	}
	return nil
}

// fields gives gocsv a header of its own making: the tags of cells for the
// columns that are read, and nothing for the others.
func (r *Reader) fields(header []string) []string {
	tags := make([]string, len(header))
	for i, c := range r.columns {
		tags[c.index] = fmt.Sprintf("cell[%d]", i)
	}
	return tags
}

// delimiter decides by the header: the delimiter that lets columns be
// recognised, and of several the one that is there most often outside quotes.
func delimiter(header string, stated rune, opt parsedOptions) (rune, string) {
	if strings.ContainsRune(string(delimiters), stated) && stated != 0 {
		return stated, "stated by the sep= line"
	}
	best, most, bestFits := ',', 0, false
	for _, d := range delimiters {
		cells := split(header, d)
		n := len(cells) - 1
		if n <= 0 {
			continue
		}
		_, bad := chooseColumns(cells, opt)
		fits := bad == nil
		if fits && !bestFits || fits == bestFits && n > most {
			best, most, bestFits = d, n, fits
		}
	}
	if most == 0 {
		return best, "none in the header line, which has one column"
	}
	return best, fmt.Sprintf("%d in the header line", most)
}

func delimiterName(d rune) string {
	if d == '\t' {
		return "TAB"
	}
	return string(d)
}
