//go:build !windows

package durable

import "os"

// newSpool makes a temporary file (mode 0600) and takes its name away at once: the
// system frees it when the process ends, however that happens.
func newSpool() (*os.File, error) {
	f, err := os.CreateTemp("", "offboard-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
