package job

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"offboard/batch/durable"
)

// writeFile makes a file as durable.WriteFile does, and says of a name that is taken
// what to do.
func writeFile(name string, overwrite bool, write func(io.Writer) error) error {
	err := durable.WriteFile(name, overwrite, write)
	if errors.Is(err, fs.ErrExist) {
		return taken(name)
	}
	return err
}

func taken(name string) error {
	return fmt.Errorf("%w: %s exists; name another file, or replace it with --overwrite", ErrUsage, name)
}

// mayWrite refuses, before any work is done, what writeFile would refuse after it.
func mayWrite(name string, overwrite bool) error {
	if _, err := os.Lstat(name); err == nil && !overwrite {
		return taken(name)
	}
	if err := durable.Probe(filepath.Dir(name)); err != nil {
		return fmt.Errorf("%w: %s cannot be written: %w", ErrUsage, name, err)
	}
	return nil
}
