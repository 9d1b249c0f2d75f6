//go:build !windows

package graph

import (
	"context"
	"os/exec"
)

// shell carries out a command as sh does a line that is typed.
func shell(ctx context.Context, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "sh", "-c", command)
}
