package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Open opens a file to read it. It refuses a named pipe, where it would wait until
// somebody writes to it, and no stop would end that. What a shell makes of <(command)
// stands below /dev, and is taken.
func Open(name string) (*os.File, error) {
	if info, err := os.Stat(name); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		if whole, err := filepath.Abs(name); err != nil || !strings.HasPrefix(whole, "/dev/") && !strings.HasPrefix(whole, "/proc/") {
			return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is a named pipe, and no regular file: write what it gives into a file first")}
		}
	}
	return os.Open(name)
}
