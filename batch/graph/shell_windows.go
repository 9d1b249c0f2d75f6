package graph

import (
	"context"
	"os/exec"
	"strconv"
	"syscall"
)

// shell carries out a command as cmd does a line that is typed. Its text is handed over as
// it is: the rule by which Go quotes arguments is not that of cmd.
func shell(ctx context.Context, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "cmd.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `cmd.exe /s /c "` + command + `"`}
	cmd.Cancel = func() error { // with what it began
		if exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run() == nil {
			return nil
		}
		return cmd.Process.Kill()
	}
	return cmd
}
