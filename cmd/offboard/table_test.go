package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	var b bytes.Buffer
	w, err := newTable(&b, "A", "B", "C")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range [][]string{{"1", "a\tb\x1b[31m\n", ""}, {"22222", "", "c"}} {
		if err := w.add(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	want := "A      B          C\n1      a b [31m   \n22222             c\n"
	if b.String() != want {
		t.Errorf("got\n%q, want\n%q", b.String(), want)
	}
}

// A long table is written as it comes, and ends with the first error.
func TestTableStreams(t *testing.T) {
	var b bytes.Buffer
	w, err := newTable(&b, "A", "B")
	for range tableRows {
		if err == nil {
			err = w.add("1", "2")
		}
	}
	if n := strings.Count(b.String(), "\n"); err != nil || n != tableRows {
		t.Errorf("%d lines are written, error %v; want %d", n, err, tableRows)
	}
	w, err = newTable(closedPipe{}, "A")
	for range tableRows {
		if err == nil {
			err = w.add("1")
		}
	}
	if err == nil {
		t.Error("nobody took it, and it was written")
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("closed pipe") }
