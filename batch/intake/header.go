package intake

import (
	"bytes"
	"cmp"
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
	stated, err := r.findHeader()
	if err != nil {
		return err
	}
	if stated == 0 {
		if is, err := r.openList(); is {
			return err
		}
	}
	r.start = r.feed.start
	var why string
	r.comma, why = delimiter(r.feed.text(), stated, r.opt)
	r.csv, err = gocsv.NewUnmarshaller(newCSV(r.feed, r.comma), &cells{})
	if _, ok := errors.AsType[*csv.ParseError](err); ok {
		return &InputError{Line: r.start, Reason: "the header has a quote in the wrong place: put quotes around whole cells only, and double those inside"}
	}
	if err != nil {
		return fmt.Errorf("line %d: read the header: %w", r.start, err)
	}
	for _, h := range r.csv.Headers {
		r.header = append(r.header, trim(h))
		r.normalised = append(r.normalised, normalise(h))
	}
	r.addSetting("delimiter", delimiterName(r.comma), why)
	r.addSetting("header", fmt.Sprintf("line %d", r.start), "first line that is neither blank nor a version line")
	if bad := r.setColumns(); bad != nil {
		bad.Line = r.start
		return bad
	}
	if err := r.csv.RenormalizeHeaders(r.fields); err != nil {
		return fmt.Errorf("line %d: map the columns: %w", r.start, err)
	}
	return nil
}

// setColumns chooses the columns by the header, and tells them as settings. The error
// has no line yet.
func (r *Reader) setColumns() (bad *InputError) {
	if r.layout, bad = chooseColumns(r.header, r.opt); bad != nil {
		return bad
	}
	for _, c := range r.columns {
		r.addSetting(c.role(), c.name, c.why)
		if c.names {
			r.naming = append(r.naming, c)
		}
	}
	r.setGates()
	return cmp.Or(r.checkNamed(), r.checkConditions())
}

// findHeader passes over what stands above the header, and leaves the header in the
// feed. The delimiter is the one that a sep= line states, or 0.
func (r *Reader) findHeader() (stated rune, err error) {
	for {
		line, err := r.src.next()
		if err == io.EOF {
			return 0, &InputError{Reason: "the file has no header line: it needs one, such as userPrincipalName, and a line for each user"}
		}
		if err != nil {
			return 0, err
		}
		n := noteOf(string(line))
		switch {
		case len(bytes.TrimFunc(line, blank)) == 0:
			r.skip(r.src.no, "blank line")
		case n != nil && n.headerBelow:
			r.skip(r.src.no, n.reason)
			if sep, ok := strings.CutPrefix(strings.ToLower(trim(string(line))), "sep="); ok && len(sep) == 1 {
				stated = rune(sep[0])
			}
		default:
			return stated, r.wholeHeader(line)
		}
	}
}

// wholeHeader reads the lines of a header whose quoted cells hold line breaks.
func (r *Reader) wholeHeader(line []byte) error {
	r.feed.begin(line, r.src.no)
	for bytes.Count(r.feed.raw, []byte(`"`))%2 == 1 {
		if err := r.feed.more(); err == io.EOF {
			return r.feed.openQuote()
		} else if err != nil {
			return err
		}
	}
	if !utf8.Valid(r.feed.raw) {
		return &InputError{Line: r.feed.start, Reason: "the header is not UTF-8: " + asUTF8}
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
		cells := splitLoosely(header, d)
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

// checkNamed refuses a column named by --column whose header is known to hold mail
// addresses or employee ids, until the person says what its cells are.
func (r *Reader) checkNamed() *InputError {
	named := r.naming[0]
	k := recognise(named.name).key
	if r.opt.Column == "" || r.opt.Key != "" || !k.Searched() {
		return nil
	}
	return &InputError{Columns: r.header, Reason: fmt.Sprintf("by its name the column %q holds %s: add --key %s, or add --key upn or --key id if it holds user principal names or object ids", named.name, cellsOf(k), k)}
}
