package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// discardInput throws away what was typed and not read yet.
func discardInput(terminal uintptr) error {
	return unix.IoctlSetInt(int(terminal), unix.TCFLSH, unix.TCIFLUSH)
}

// takesOrders reports whether the terminal moves its cursor when it is told to.
func takesOrders(uintptr) bool { return os.Getenv("TERM") != "dumb" }
