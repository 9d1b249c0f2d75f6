//go:build darwin || freebsd || netbsd || openbsd

package main

import "golang.org/x/sys/unix"

// discardInput throws away what was typed and not read yet.
func discardInput(terminal uintptr) error {
	const read = 1 // FREAD: the input alone (tty(4))
	return unix.IoctlSetPointerInt(int(terminal), unix.TIOCFLUSH, read)
}
