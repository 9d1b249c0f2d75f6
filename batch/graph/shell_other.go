//go:build !windows

package graph

import (
	"context"
	"os/exec"
	"syscall"
)

// shell carries out a command as sh does a line that is typed. When its time is over, what it
// began ends with it.
func shell(ctx context.Context, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}
