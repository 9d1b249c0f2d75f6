package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// input is a CSV file that can be read twice: once for its digest, which tells
// whether a run on it was begun before, and once for its rows.
type input struct {
	*os.File
	name   string // as given
	digest string // SHA-256, hex
	spool  bool   // the file is a copy of standard input
}

// openInput opens the file, or copies standard input into one that goes away
// with close.
func openInput(name string, stdin io.Reader) (*input, error) {
	in := &input{name: name, spool: name == "-"}
	var err error
	if in.spool {
		in.File, err = os.CreateTemp("", "offboard-*.csv") // mode 0600
	} else {
		in.File, err = os.Open(name)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: open input: %w", errUsage, err)
	}
	hash := sha256.New()
	if in.spool {
		_, err = io.Copy(io.MultiWriter(in.File, hash), stdin)
	} else {
		_, err = io.Copy(hash, in.File)
	}
	if err != nil {
		in.close()
		return nil, fmt.Errorf("%w: read input %s: %w", errUsage, name, err)
	}
	in.digest = hex.EncodeToString(hash.Sum(nil))
	return in, in.rewind()
}

// rewind makes the next read start at the beginning.
func (in *input) rewind() error {
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("rewind input %s: %w", in.name, err)
	}
	return nil
}

func (in *input) close() {
	in.Close() // only read from
	if in.spool {
		os.Remove(in.File.Name()) // a leftover in the temporary directory harms nothing
	}
}
