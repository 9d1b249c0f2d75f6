package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// cells are columns of rows that are cells already.
func cells(heads ...string) []column[[]any] {
	var columns []column[[]any]
	for i, head := range heads {
		columns = append(columns, column[[]any]{head, "k" + head, func(row []any) any { return row[i] }})
	}
	return append(columns, column[[]any]{"", "only", func([]any) any { return "in JSON" }})
}

func TestTable(t *testing.T) {
	rows := [][]any{{1, "a\tb\x1b[31m\n", nil}, {22222, "", "c"}}
	for _, c := range []struct {
		rows [][]any
		want string
		json string
	}{
		{rows, "A      B          C\n1      a b [31m   \n22222             c\n",
			`[{"kA":1,"kB":"a\tb\u001b[31m\n","kC":null,"only":"in JSON"},` + "\n" + `{"kA":22222,"kB":"","kC":"c","only":"in JSON"}]` + "\n"},
		{nil, "none at all\n", "[]\n"},
	} {
		var text, doc bytes.Buffer
		err := errors.Join(table(&text, all(c.rows), "none\tat all", cells("A", "B", "C")), array(&doc, all(c.rows), cells("A", "B", "C")))
		if err != nil || text.String() != c.want || doc.String() != c.json {
			t.Errorf("error %v; got\n%q, want\n%q; and\n%s, want\n%s", err, text.String(), c.want, doc.String(), c.json)
		}
	}
}

// A list that ends with an error has the rows that came before it. As JSON it is no
// whole array.
func TestListCutShort(t *testing.T) {
	broken := errors.New("broken")
	rows := func(yield func([]any, error) bool) {
		if yield([]any{1}, nil) && yield([]any{2}, nil) {
			yield(nil, broken)
		}
	}
	var text, doc bytes.Buffer
	for _, err := range []error{table(&text, rows, "", cells("A")), array(&doc, rows, cells("A"))} {
		if !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	}
	if want := "A\n1\n2\n"; text.String() != want {
		t.Errorf("the table is %q, want %q", text.String(), want)
	}
	if want := `[{"kA":1,"only":"in JSON"},` + "\n" + `{"kA":2,"only":"in JSON"}`; doc.String() != want {
		t.Errorf("the array is %q, want %q", doc.String(), want)
	}
}

// A long table is written as it comes, and ends with the first error.
func TestTableStreams(t *testing.T) {
	var b bytes.Buffer
	broken := errors.New("broken")
	rows := func(yield func([]any, error) bool) {
		for range tableRows {
			if !yield([]any{1, 2}, nil) {
				return
			}
		}
		yield(nil, broken)
	}
	err := table(&b, rows, "", cells("A", "B"))
	if n := strings.Count(b.String(), "\n"); !errors.Is(err, broken) || n != tableRows+1 {
		t.Errorf("%d lines are written, error %v; want %d", n, err, tableRows+1)
	}
	asked := 0
	endless := func(yield func([]any, error) bool) {
		for asked < 3*tableRows && yield([]any{1, 2}, nil) {
			asked++
		}
	}
	for name, write := range map[string]error{
		"table": table(closedPipe{}, endless, "", cells("A", "B")), "array": array(closedPipe{}, endless, cells("A", "B")),
	} {
		if write == nil || asked >= 3*tableRows {
			t.Errorf("nobody took the %s, and %d rows were written", name, asked)
		}
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("closed pipe") }
