//go:build !windows

package flagfile

import (
	"errors"
	"os"
	"syscall"
)

// OnlyOurs refuses a file that another user can write: it says whom a run spares.
func OnlyOurs(f *os.File) error {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	if info.Mode().Perm()&0o022 != 0 {
		return errors.New("other users can write it: chmod go-w it, after a look at what is in it")
	}
	if of, ok := info.Sys().(*syscall.Stat_t); ok && of.Uid != 0 && int(of.Uid) != os.Geteuid() {
		return errors.New("it belongs to another user: copy it, after a look at what is in it")
	}
	return nil
}
