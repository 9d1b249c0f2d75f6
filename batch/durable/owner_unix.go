//go:build !windows

package durable

import (
	"os"
	"syscall"
)

// GroupReads reports whether a file of this user can be read by its group, which a file with a secret
// is better without: nobody else reads it for this user. Of a file of another user, as systemd and
// Kubernetes give secrets, the group is what lets this process read it.
func GroupReads(name string) bool {
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm()&0o040 == 0 {
		return false
	}
	of, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(of.Uid) == os.Geteuid()
}
