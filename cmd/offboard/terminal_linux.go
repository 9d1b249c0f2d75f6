package main

import "golang.org/x/sys/unix"

// discardInput throws away what was typed and not read yet.
func discardInput(terminal uintptr) error {
	return unix.IoctlSetInt(int(terminal), unix.TCFLSH, unix.TCIFLUSH)
}
