package planfile

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"offboard/batch"
)

// crowd is a plan of n users, made as it is asked for.
func crowd(n int) (Head, iter.Seq2[batch.Planned, error]) {
	h := tiny().head
	h.Plan.Rows, h.Plan.Users, h.Plan.Writes = n, n, n
	return h, func(yield func(batch.Planned, error) bool) {
		for i := range n {
			upn := "user" + strconv.Itoa(i) + "@contoso.com"
			p := batch.Planned{
				Row: batch.Row{Line: i + 2, Input: upn, UPN: upn, Cells: []string{upn}},
				User: batch.User{Seq: i + 1, ID: "11111111-2222-3333-4444-555555555555", UPN: upn,
					Type: "Member", Enabled: true, Stamp: noon},
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// TestStreams holds that both directions hold a part of the plan only: the
// first rows arrive while most have not been made.
func TestStreams(t *testing.T) {
	t.Parallel()
	const n = 20_000
	var made atomic.Int64
	h, rows := crowd(n)
	pr, pw := io.Pipe()
	done := make(chan error)
	go func() {
		_, err := Write(pw, h, func(yield func(batch.Planned, error) bool) {
			for p, err := range rows {
				made.Add(1)
				if !yield(p, err) {
					return
				}
			}
		}, pairs[batch.Skip](nil))
		pw.CloseWithError(err)
		done <- err
	}()
	got := 0
	_, err := Read(pr, Sink{Rows: func(rows []batch.Planned) error {
		if m := made.Load(); got == 0 && m > 3*group {
			t.Errorf("%d rows were made before the first came", m)
		}
		got += len(rows)
		return nil
	}})
	if werr := <-done; err != nil || werr != nil || got != n {
		t.Fatalf("%d rows, errors %v, %v", got, err, werr)
	}
}

// TestGroups holds that a Sink gets every row once, and in order.
func TestGroups(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, group - 1, group, group + 1, 2*group + 1} {
		h, rows := crowd(n)
		skips := make([]batch.Skip, n)
		for i := range skips {
			skips[i].Line = i + 1
		}
		var file bytes.Buffer
		if _, err := Write(&file, h, rows, pairs(skips)); err != nil {
			t.Fatal(err)
		}
		seq, line := 0, 0
		_, err := Read(iotest.OneByteReader(&file), Sink{
			Rows: func(rows []batch.Planned) error {
				for _, p := range rows {
					if seq++; p.User.Seq != seq {
						t.Fatalf("row %d after %d", p.User.Seq, seq-1)
					}
				}
				return nil
			},
			Skips: func(skips []batch.Skip) error {
				for _, s := range skips {
					if line++; s.Line != line {
						t.Fatalf("line %d after %d", s.Line, line-1)
					}
				}
				return nil
			},
		})
		if err != nil || seq != n || line != n {
			t.Errorf("%d rows and %d skips of %d, error %v", seq, line, n, err)
		}
	}
}

func TestReadFails(t *testing.T) {
	file, _ := written(t, tiny())
	full := func() error { return errFull }
	for name, sink := range map[string]Sink{
		"rows":  {Rows: func([]batch.Planned) error { return full() }},
		"skips": {Skips: func([]batch.Skip) error { return full() }},
	} {
		if f, err := Read(bytes.NewReader(file), sink); err != errFull || f.Digest != (Digest{}) {
			t.Errorf("%s: %+v, error %v", name, f, err)
		}
	}
	for at := range file {
		_, err := Read(io.MultiReader(bytes.NewReader(file[:at]), iotest.ErrReader(errFull)), Sink{})
		if !errors.Is(err, errFull) || errors.Is(err, ErrAltered) {
			t.Fatalf("disk fails at %d: %v", at, err)
		}
	}
	// The last byte has come, and the disk fails to say that it was the last.
	if _, err := Read(io.MultiReader(bytes.NewReader(file), iotest.ErrReader(errFull)), Sink{}); !errors.Is(err, errFull) {
		t.Error(err)
	}
}

// endless is a line without an end.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'a'
	}
	return len(b), nil
}

func TestEndlessLine(t *testing.T) {
	t.Parallel()
	file, _ := written(t, tiny())
	start := bytes.Index(file, []byte(`{"row":{"line":3`))
	if _, err := Read(io.MultiReader(bytes.NewReader(file[:start]), endless{}), Sink{}); !errors.Is(err, ErrAltered) {
		t.Error(err)
	}
	if _, err := Read(endless{}, Sink{}); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}
