// Package durable makes files that are there whole or not at all, for their owner
// alone, and that survive a power failure once they have their names; and copies that no
// kill leaves behind ([Spool]). It imports nothing of this module.
package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// WriteFile makes a file, mode 0600, of what write writes. Without overwrite a name
// that is taken is fs.ErrExist, and stays as it is. After an error the name stands as
// it stood, and nothing is left beside it. An error of [SyncDir] is the exception: the
// new file has its name, and may lose it in a power failure.
func WriteFile(name string, overwrite bool, write func(io.Writer) error) error {
	return writeFile(name, 0o600, overwrite, write)
}

// WriteShared makes or replaces a file as WriteFile does, mode 0644: another service
// reads it, and nothing in it is secret.
func WriteShared(name string, write func(io.Writer) error) error {
	return writeFile(name, 0o644, true, write)
}

func writeFile(name string, mode os.FileMode, overwrite bool, write func(io.Writer) error) error {
	d, err := Begin(name)
	if err != nil {
		return err
	}
	defer d.Discard()
	if err := d.file.Chmod(mode); err != nil && runtime.GOOS != "windows" {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := write(d); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := d.Finish(); err != nil {
		return err
	}
	if err := d.Publish(overwrite); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(name))
}

// Draft is a file in the making. It stands beside its name, as ".NAME.*.tmp", until
// it is published. A process that is killed leaves it there, and nothing reads it.
type Draft struct {
	file *os.File
	name string
}

// Begin makes an empty draft of the file of this name, mode 0600.
func Begin(name string) (*Draft, error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*.tmp")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	return &Draft{file: f, name: name}, nil
}

// Write adds to the draft.
func (d *Draft) Write(p []byte) (int, error) { return d.file.Write(p) }

// Finish makes the content durable.
func (d *Draft) Finish() error {
	if err := errors.Join(d.file.Sync(), d.file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", d.name, err)
	}
	return nil
}

// Publish gives a finished draft its name. SyncDir makes that durable. Without
// overwrite a name that is taken is fs.ErrExist, and stays as it is.
func (d *Draft) Publish(overwrite bool) error {
	give := os.Link // a rename would replace what is there
	if overwrite {
		give = os.Rename
	}
	if err := give(d.file.Name(), d.name); err != nil {
		return fmt.Errorf("write %s: %w", d.name, err)
	}
	return nil
}

// Discard takes a draft away, and is nothing to a file that has its name. Its own
// errors are of no use to anybody.
func (d *Draft) Discard() {
	_ = d.file.Close()
	_ = os.Remove(d.file.Name())
}

// SyncDir makes the names in a directory durable. There is nothing to do where that
// cannot be asked for: on Windows, on some network file systems, and in a directory
// that we may write to and not read.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}

// probed is how much a probe writes: a file alone can be made on a disk that is full.
const probed = 4 << 10

// Probe reports why no file can be written in a directory, by writing one, which it removes.
func Probe(dir string) error {
	f, err := os.CreateTemp(dir, ".offboard.*.tmp")
	if err != nil {
		return fmt.Errorf("write to directory: %w", err)
	}
	_, err = f.Write(bytes.Repeat([]byte("offboard"), probed/8))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}
