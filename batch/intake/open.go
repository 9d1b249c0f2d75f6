package intake

import (
	"io"
	"slices"

	"github.com/gocarina/gocsv"

	"offboard/batch"
)

// Options are the choices of the person.
type Options struct {
	Column string           // the one column to read, by its header; "" to recognise columns by their names
	Ignore []string         // headers of columns that say nothing of the users, although they are recognised
	Key    batch.Key        // what the column names users by; "" or "auto" to let column and cell decide
	Where  []string         // COLUMN=VALUE, all of which a row must meet; words are compared without regard to case
	Date   *DateGate        // may be nil
	Skip   func(batch.Skip) // called for each line that is no row, in order, by Open and while Rows runs; may be nil
	watch  bool             // columns that only [Look] looks at are read, too
}

// Reader reads the rows of one input. It is for one goroutine.
type Reader struct {
	settings []batch.Setting
	skipped  func(batch.Skip)
	src      *lines
	feed     *feed
	comma    rune
	cells    *gocsv.Unmarshaller
	header   []string // the header's cells, trimmed
	names    []string // the same, normalised
	start    int      // line on which the header starts
	wants    wants    // what the person asked for
	choice            // the columns that are read
	named    []column // those of them that name users
	body     bool     // a row was met
	table    bool     // a line that starts a new table was met: its header must come
	err      error    // why reading ended
}

// Open reads as far as the header, and decides encoding, delimiter and columns.
// The error is an [*OptionError] when the options cannot be followed whatever
// the input, a [*HeaderError] when the header does not tell which column to
// read or lacks one that was named, an [*InputError] when the input is no CSV
// text, or else what reading returned. A header without rows is no error.
func Open(r io.Reader, opt Options) (*Reader, error) {
	w, err := opt.wants()
	if err != nil {
		return nil, err
	}
	text, settings, err := decode(r)
	if err != nil {
		return nil, err
	}
	src := &lines{r: text}
	rd := &Reader{settings: settings, skipped: opt.Skip, src: src, feed: &feed{src: src}, wants: w}
	if err := rd.readHeader(); err != nil {
		return nil, err
	}
	return rd, nil
}

// Columns are the headers of the columns that are read, trimmed, in the order
// of the file. [batch.Row.Cells] are their cells. The columns that the gates
// look at are among them, so that rows written out again meet the same gates.
func (r *Reader) Columns() []string {
	names := make([]string, len(r.columns))
	for i, c := range r.columns {
		names[i] = c.name
	}
	return names
}

// Settings are the decisions made on opening: the encoding, the delimiter, the
// line of the header, each column that is read, and the gates.
func (r *Reader) Settings() []batch.Setting { return slices.Clone(r.settings) }

// Lines is the number of lines read so far.
func (r *Reader) Lines() int { return r.src.no }

func (r *Reader) set(name, value, why string) {
	r.settings = append(r.settings, batch.Setting{Name: name, Value: value, Why: why})
}

func (r *Reader) skip(line int, reason string) {
	if r.skipped != nil {
		r.skipped(batch.Skip{Line: line, Reason: reason})
	}
}
