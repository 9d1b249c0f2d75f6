//go:build darwin || freebsd || netbsd || openbsd

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// discardInput throws away what was typed and not read yet.
func discardInput(terminal uintptr) error {
	const read = 1 // FREAD: the input alone (tty(4))
	return unix.IoctlSetPointerInt(int(terminal), unix.TIOCFLUSH, read)
}

// takesOrders reports whether the terminal moves its cursor when it is told to.
func takesOrders(uintptr) bool { return os.Getenv("TERM") != "dumb" }
