package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// InMemory is up to which size a [Spool] is kept in memory. Most inputs are far smaller,
// and need no directory to write to.
const InMemory = 16 << 20

// Spool holds what was read once of a stream, for any number of readings at once. More than
// [InMemory] bytes lie in a temporary file that has no name any more: they may hold
// passwords, and so a kill leaves nothing behind.
type Spool struct {
	io.ReaderAt
	Size int64
	file *os.File // nil when it is in memory
}

// NewSpool reads src to its end.
func NewSpool(src io.Reader) (*Spool, error) {
	var head bytes.Buffer
	n, err := io.CopyN(&head, src, InMemory)
	if errors.Is(err, io.EOF) {
		return &Spool{ReaderAt: bytes.NewReader(head.Bytes()), Size: n}, nil
	} else if err != nil {
		return nil, err
	}
	f, err := newSpool()
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	if n, err = io.Copy(f, io.MultiReader(&head, src)); err != nil {
		f.Close() // the copy is of no use
		return nil, err
	}
	return &Spool{ReaderAt: f, Size: n, file: f}, nil
}

// Close frees what is held, after which nothing can be read.
func (s *Spool) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
