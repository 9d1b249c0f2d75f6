package graph

import (
	"context"
	"os/exec"
	"syscall"
)

// shell carries out a command as cmd does a line that is typed. Its text is handed over as
// it is: the rule by which Go quotes arguments is not that of cmd.
func shell(ctx context.Context, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /s /c "` + command + `"`}
	return cmd
}
