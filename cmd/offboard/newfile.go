package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// writeFile makes a file, for its owner alone, that is there whole or not at
// all: it is written beside its name, made durable, and then named. Without
// overwrite a file of that name stays as it is.
func writeFile(name string, overwrite bool, write func(io.Writer) error) (err error) {
	if err := free(name, overwrite); err != nil {
		return err
	}
	dir := filepath.Dir(name)
	f, err := os.CreateTemp(dir, "."+filepath.Base(name)+".*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		_ = f.Close()           // closed already, unless something failed
		_ = os.Remove(f.Name()) // gone already, unless something failed
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if overwrite {
		err = os.Rename(f.Name(), name)
	} else if err = os.Link(f.Name(), name); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s exists by now; name another file, or replace it with --overwrite", errUsage, name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return syncDir(dir)
}

// free refuses a name that is taken, unless the file may be overwritten.
func free(name string, overwrite bool) error {
	if _, err := os.Lstat(name); err == nil && !overwrite {
		return fmt.Errorf("%w: %s exists; name another file, or replace it with --overwrite", errUsage, name)
	}
	return nil
}

// mayWrite refuses, before any work is done, what writeFile would refuse after it.
func mayWrite(name string, overwrite bool) error {
	if err := free(name, overwrite); err != nil {
		return err
	}
	if err := probe(filepath.Dir(name)); err != nil {
		return fmt.Errorf("%w: %s cannot be written: %w", errUsage, name, err)
	}
	return nil
}

// probe makes a file in a directory, and removes it.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, ".offboard.*.tmp")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// syncDir makes a name durable. Windows has no such call.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("sync directory %s: %w", dir, err)
	}
	return nil
}
