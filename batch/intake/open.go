package intake

import (
	"io"
	"slices"

	"github.com/gocarina/gocsv"

	"offboard/batch"
)

// Reader reads the rows of one input. It is for one goroutine.
type Reader struct {
	opt        parsedOptions
	settings   []batch.Setting
	src        *lines
	feed       *feed
	csv        *gocsv.Unmarshaller // reads from feed
	comma      rune                // the delimiter
	start      int                 // line on which the header starts
	header     []string            // the header's cells, trimmed
	normalised []string            // the same, as [normalise] has them
	layout                         // the columns that are read, and the gates
	naming     []column            // the columns that name the users
	rows       int                 // that were yielded
	list       batch.Key           // what each line is, of a list without a header; "" of a table
	waiting    []byte              // its first line, until it is a row
	headerDue  bool                // a line that starts a new table was met: its header must come
	err        error               // why reading ended
}

// Open reads as far as the header, and decides encoding, delimiter and columns.
// The error is an [*OptionError] when the options cannot be followed whatever
// the input, an [*InputError] when the input is no CSV text, or its header does not
// tell which column to read or lacks one that was named, or else what reading
// returned. A header without rows is no error.
func Open(r io.Reader, opt Options) (*Reader, error) {
	parsed, err := opt.parse()
	if err != nil {
		return nil, err
	}
	text, settings, err := decode(r)
	if err != nil {
		return nil, err
	}
	src := newLines(text)
	rd := &Reader{opt: parsed, settings: settings, src: src, feed: &feed{src: src}}
	if err := rd.readHeader(); err != nil {
		return nil, err
	}
	return rd, nil
}

// Columns are the headers of the columns that are read, trimmed, in the order
// of the file. [batch.Row.Cells] are their cells. The columns that the gates
// look at are among them, so that rows written out again meet the same gates.
func (r *Reader) Columns() []string { return headersOf(r.columns) }

// Kept are the headers of those columns that the report has: those that the gates look at,
// and those of Options.Keep.
func (r *Reader) Kept() []string {
	return headersOf(slices.DeleteFunc(slices.Clone(r.columns), func(c column) bool { return !c.keep }))
}

// Ignored are the entries of Options.Ignore whose columns are read all the same, for the
// report alone.
func (r *Reader) Ignored() (all []string) {
	for _, name := range r.opt.Ignore {
		if at, bad := findColumn(r.header, name, ""); bad == nil && slices.ContainsFunc(r.columns, func(c column) bool { return c.index == at }) {
			all = append(all, name)
		}
	}
	return all
}

// Settings are the decisions made on opening: the encoding, the delimiter, the
// line of the header, each column that is read, and the gates.
func (r *Reader) Settings() []batch.Setting { return slices.Clone(r.settings) }

// Lines is the number of lines read so far.
func (r *Reader) Lines() int { return r.src.no }

func (r *Reader) addSetting(name, value, why string) {
	r.settings = append(r.settings, batch.Setting{Name: name, Value: value, Why: why})
}

func (r *Reader) skip(line int, reason string) {
	if r.opt.Skip != nil {
		r.opt.Skip(batch.Skip{Line: line, Reason: reason})
	}
}
