// Package source reads the files that people bring, whatever their format, as records:
// cells with their place. Which columns are read, and what a cell means, intake says.
//
// Each format is one file: csv.go, list.go, workbook.go, json.go. text.go turns bytes of any
// encoding into UTF-8, and unpack.go takes a file out of its archive.
package source

import (
	"errors"
	"fmt"
	"io"

	"offboard/batch"
)

// Input is the bytes of one file, which can be read any number of times.
type Input struct {
	Name  string // as the person gave it
	Bytes io.ReaderAt
	Size  int64
}

// Options are what the person says of the file, and what a source asks of its reader.
type Options struct {
	Encoding   string // IANA name of the encoding of a text; "" to find out
	Sheet      string // name of the sheet of a workbook; "" for the first
	HeaderLine int    // the line on which the header starts; 0 to find it
	Table      bool   // a text is no list of people in mails

	// IsHeader reports whether cells may be the header: a column of theirs is recognised. Text
	// that could be cut into cells in several ways is cut so that they are.
	IsHeader func(cells []string) bool
	// Spares reports whether a key of JSON and what is below it, as a cell, say of a list that its people are not meant.
	Spares func(key, value string) bool
	// IsRow reports whether the cells of one line, within a record of several lines that has
	// so many cells, would be a row by themselves: then a closing quote was lost.
	IsRow func(line []string, cells int) bool
}

// Record is one line of a table.
type Record struct {
	Line   int      // on which it starts, from 1: line of a text, row of a sheet, element of an array
	Cells  []string // as they stand, not trimmed; none of a blank line; good until the next call of Next
	Shared int      // bytes of memory that each of the cells keeps alive
	Fault  string   // why the cells may not stand in their columns, and the next step; or ""
	Struck []int    // the cells that are struck out, wholly or in part, by their indexes
	Placed bool     // each cell has its address, so that those which are missing at the end are empty
	Hidden []bool   // of the cells: whether people do not see their column; may be shorter
	Header bool     // for certain these are the names of the columns, as of keys; none of a file that has nothing in it; else the reader decides
}

// Source gives the records of one file, in order.
type Source interface {
	// Next gives the next record. The error is io.EOF after the last one, an [*Error], or
	// what reading returned.
	Next() (Record, error)
	// Lines is the number of the last line that was read.
	Lines() int
	// Text is the last record as it is written; cells with commas between them where it has
	// no text of its own.
	Text() string
	// At gives the line of the file and the byte of that line, both from 1, at which the byte
	// of a cell of the last record stands, counted from 0; 0, 0 where a file has no such bytes.
	At(cell, offset int) (line, at int)
	// Settings are what was decided on opening: format, encoding, delimiter, sheet.
	Settings() []batch.Setting
	// Close frees what the source holds, and removes what it wrote.
	Close() error
}

// ErrInput is every [*Error].
var ErrInput = errors.New("the input cannot be read as asked")

// Error says what is wrong with an option, whatever the input, or why the input as a whole
// cannot be read, or read on.
type Error struct {
	Option string // as people write it: --encoding, --where; "" when the error is about the input
	File   string // the name of the file, of several; else ""
	Line   int    // line of the input; 0 when it is not about a line
	Reason string // what is wrong, and the next step
}

// Error gives the option or the place, and the reason.
func (e *Error) Error() string {
	switch {
	case e.Option != "":
		return e.Option + ": " + e.Reason
	case e.Line > 0 && e.File != "":
		return fmt.Sprintf("line %d of %s: %s", e.Line, e.File, e.Reason)
	case e.Line > 0:
		return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
	case e.File != "":
		return e.File + ": " + e.Reason
	}
	return e.Reason
}

// Is makes an Error an [ErrInput].
func (e *Error) Is(target error) bool { return target == ErrInput }

var errTooLong = errors.New("more bytes than one element or row has")

// meter gives bytes until none are left, so that no element or row fills the memory.
type meter struct {
	io.Reader
	left int
}

func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errTooLong
	}
	n, err := m.Reader.Read(p)
	m.left -= n
	return n, err
}
