package main

import "golang.org/x/sys/windows"

// discardInput throws away what was typed and not read yet.
func discardInput(terminal uintptr) error {
	return windows.FlushConsoleInputBuffer(windows.Handle(terminal))
}
