package main

import "golang.org/x/sys/windows"

// discardInput throws away what was typed and not read yet.
func discardInput(terminal uintptr) error {
	return windows.FlushConsoleInputBuffer(windows.Handle(terminal))
}

// takesOrders has the console move its cursor when it is told to, and reports whether it
// will: consoles before Windows 10 do not.
func takesOrders(console uintptr) bool {
	mode, h := uint32(0), windows.Handle(console)
	return windows.GetConsoleMode(h, &mode) == nil &&
		windows.SetConsoleMode(h, mode|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
