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

// maxLine is the longest line, in bytes. A record of the input has at most 1 MiB. A row
// holds it at most three times, and JSON writes each byte as at most six.
const maxLine = 20 << 20

// Write writes a plan and returns its digest. It keeps one line in memory, and two
// numbers for each row that names a user again.
//
// The rows come in the order of their Seq, from 1 without a gap. Plan.Run is left out.
// A row or a count that no plan may have is ErrRow. Bytes that are no UTF-8 become
// U+FFFD; in a user's id, UPN or value they are ErrRow instead. After an error, what was
// written is no plan.
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
	v := validator{plan: h.Plan}
	if err := v.checkHead(); err != nil {
		return fmt.Errorf("%w: %w", ErrRow, err)
	}
	if err := put(w, headLine{format, Version, h}); err != nil {
		return err
	}
	for p, err := range rows {
		if err != nil {
			return err
		}
		if err := v.checkRow(&p); err != nil {
			return fmt.Errorf("row %d %w: %w", v.Rows, ErrRow, err)
		}
		l := line{Row: &p.Row, User: &p.User, DuplicateOf: p.DuplicateOf, Record: p.Record}
		if len(p.Targets)+len(p.Records) > 0 {
			l.Work = &work{p.Targets, p.Records}
		}
		if err := put(w, l); err != nil {
			return err
		}
	}
	for s, err := range skips {
		if err != nil {
			return err
		}
		v.Skips++
		if err := v.checkFile(s.Place()); err != nil {
			return fmt.Errorf("%w: %w", ErrRow, err)
		}
		if err := put(w, line{Skip: &s}); err != nil {
			return err
		}
	}
	if err := v.checkEnd(v.end); err != nil {
		return fmt.Errorf("%w: %w", ErrRow, err)
	}
	if err := put(w, line{End: &v.end}); err != nil {
		return err
	}
	return w.Flush()
}

// put writes one line. For bytes that are no UTF-8 encoding/json writes the escape
// \ufffd, and for the character U+FFFD it writes the character. Read would refuse the
// escape as a form that Write does not give, so such a line is read and written again.
func put[T any](w *bufio.Writer, v T) error {
	b, err := encode(v)
	if err == nil && bytes.Contains(b, []byte(`\ufffd`)) {
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
