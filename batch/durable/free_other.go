//go:build !linux && !darwin && !freebsd && !windows

package durable

import "errors"

// Free is not known here.
func Free(string) (uint64, error) { return 0, errors.ErrUnsupported }
