package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"
	"time"

	"offboard/batch"
	"offboard/report"
)

// column is one column of a list: its head in a table, its key in JSON, and what it
// has of a row; nil is not known. A column without a head is in JSON alone, and one
// without a key in tables alone.
type column[T any] struct {
	head, key string
	value     func(T) any
}

// reported is a column that has what the report has of a line.
func reported[T any](head, key string, line func(T) *batch.Line) column[T] {
	return column[T]{head, key, func(row T) any {
		if text := report.Cell(line(row), key); text != "" {
			return text
		}
		return nil
	}}
}

// list writes rows as they come: as a table, or with -o json as one array of objects.
// None is what people are told when there are no rows.
func list[T any](c *command, rows iter.Seq2[T, error], none string, columns ...column[T]) error {
	if c.cli.Output == "json" {
		return array(c.stdout, rows, columns)
	}
	return table(c.stdout, rows, none, columns)
}

// all are the elements of a slice as rows.
func all[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// array writes rows as JSON.
func array[T any](w io.Writer, rows iter.Seq2[T, error], columns []column[T]) error {
	sep := "["
	for row, err := range rows {
		if err != nil {
			return err
		}
		var fields []string
		for _, col := range columns {
			if col.key == "" {
				continue
			}
			value, err := json.Marshal(col.value(row))
			if err != nil {
				return err
			}
			fields = append(fields, fmt.Sprintf("%q:%s", col.key, value))
		}
		if _, err := fmt.Fprintf(w, "%s{%s}", sep, strings.Join(fields, ",")); err != nil {
			return err
		}
		sep = ",\n"
	}
	_, err := fmt.Fprintln(w, strings.TrimSuffix(sep, ",\n")+"]")
	return err
}

// tableRows is how many rows of a table are held, and have columns of one
// width; a table may be longer than memory.
const tableRows = 1000

// table writes rows in columns. Before an error it writes those that came.
func table[T any](w io.Writer, rows iter.Seq2[T, error], none string, columns []column[T]) error {
	out := bufio.NewWriter(w) // it keeps an error until it is flushed
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(cell func(column[T]) string) {
		var cells []string
		for _, col := range columns {
			if col.head != "" {
				cells = append(cells, cell(col))
			}
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	n := 0
	for row, err := range rows {
		if err != nil {
			return errors.Join(err, t.Flush(), out.Flush())
		}
		if n == 0 {
			line(func(col column[T]) string { return col.head })
		}
		line(func(col column[T]) string { return cell(col.value(row)) })
		if n++; n%tableRows == 0 {
			t.Flush()
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	if n == 0 {
		fmt.Fprintln(out, printable(none))
	}
	t.Flush()
	return out.Flush()
}

// cell is a value as people read it. It may come from files and directories, so what
// would act on a terminal is taken out.
func cell(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case time.Time:
		return v.Local().Format(time.DateTime)
	default:
		return printable(fmt.Sprint(v))
	}
}
