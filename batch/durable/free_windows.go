package durable

import "golang.org/x/sys/windows"

// Free is how many bytes this user may still write to the disk of a directory.
func Free(dir string) (free uint64, err error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err == nil {
		err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	}
	return free, err
}
