package planfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"offboard/batch"
)

// maxLine is the longest line, in bytes. A record of the input has 1 MiB at the
// most, and stands in a row no more than three times, each byte as six.
const maxLine = 20 << 20

// Write writes a plan and returns its digest. It holds one line at a time, and of
// rows that name one user two numbers each.
//
// The rows come in the order of their Seq, from 1 without a gap. Plan.Run is left out.
// A row or a count that no plan may have is ErrRow. Bytes that are no UTF-8 become U+FFFD, but for a user's id, UPN
// or value, where they are ErrRow. After an error, what was written is no plan.
func Write(w io.Writer, h Head, rows iter.Seq2[batch.Planned, error], skips iter.Seq2[batch.Skip, error]) (Digest, error) {
	hash := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(w, hash), 1<<16)
	if err := write(out, h, rows, skips); err != nil {
		return Digest{}, fmt.Errorf("write plan: %w", err)
	}
	return Digest(hash.Sum(nil)), nil
}

func write(w *bufio.Writer, h Head, rows iter.Seq2[batch.Planned, error], skips iter.Seq2[batch.Skip, error]) error {
	h.Plan.Run = "" // a run is named when it is carried out
	t := tally{plan: h.Plan}
	if err := t.head(); err != nil {
		return fmt.Errorf("%w: %w", ErrRow, err)
	}
	if err := put(w, headLine{format, version, h}); err != nil {
		return err
	}
	for p, err := range rows {
		if err != nil {
			return err
		}
		if err := t.add(&p); err != nil {
			return fmt.Errorf("row %d %w: %w", t.Rows, ErrRow, err)
		}
		if err := put(w, line{Row: &p.Row, User: &p.User, DuplicateOf: p.DuplicateOf, Record: p.Record}); err != nil {
			return err
		}
	}
	for s, err := range skips {
		if err != nil {
			return err
		}
		t.Skips++
		if err := put(w, line{Skip: &s}); err != nil {
			return err
		}
	}
	if err := t.check(t.end); err != nil {
		return fmt.Errorf("%w: %w", ErrRow, err)
	}
	if err := put(w, line{End: &t.end}); err != nil {
		return err
	}
	return w.Flush()
}

// put writes one line.
func put[T any](w *bufio.Writer, v T) error {
	b, err := encode(v)
	if err == nil && bytes.Contains(b, []byte(`\ufffd`)) { // it stands for bytes that are no UTF-8
		var clean T
		if err = json.Unmarshal(b, &clean); err == nil {
			b, err = encode(clean)
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrRow, err)
	case len(b) > maxLine:
		return fmt.Errorf("%w: a line has %d bytes, and may have %d: %.60q", ErrRow, len(b), maxLine, b)
	}
	_, err = w.Write(b)
	return err
}
