//go:build linux || darwin || freebsd

package durable

import "golang.org/x/sys/unix"

// Free is how many bytes an ordinary user may still write to the disk of a directory.
func Free(dir string) (uint64, error) {
	var s unix.Statfs_t
	err := unix.Statfs(dir, &s)
	return uint64(s.Bavail) * uint64(s.Bsize), err
}
