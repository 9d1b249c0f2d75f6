package main

import (
	"io"
	"strings"
	"text/tabwriter"
)

// tableRows is how many rows of a table are held, and have columns of one
// width; a table may be longer than memory.
const tableRows = 1000

// table writes rows in columns. Its cells may come from files and directories,
// so what would act on a terminal is taken out.
type table struct {
	w    *tabwriter.Writer
	rows int
}

func newTable(w io.Writer, head ...string) (*table, error) {
	t := &table{w: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	return t, t.add(head...)
}

func (t *table) add(cells ...string) error {
	for i, c := range cells {
		cells[i] = printable(c)
	}
	if _, err := io.WriteString(t.w, strings.Join(cells, "\t")+"\n"); err != nil {
		return err
	}
	if t.rows++; t.rows%tableRows == 0 {
		return t.w.Flush()
	}
	return nil
}

// end writes what is still held.
func (t *table) end() error { return t.w.Flush() }

// printable is one line of text: it has a space in place of everything that would
// act on a terminal, and of line ends and tabs.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if acts(r) || r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, s)
}
