//go:build unix

package pgtest

import (
	"os/exec"
	"syscall"
	"testing"
)

// demote has a program run as another user than root.
func demote(t testing.TB, cmd *exec.Cmd) {
	if uid, gid, other := unprivileged(t); other {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
}
