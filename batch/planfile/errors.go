package planfile

import (
	"errors"
	"fmt"
)

// These errors say why a plan file is not read.
var (
	// ErrFormat says that the file is no plan of offboard, or that its first line
	// was altered beyond recognition.
	ErrFormat = errors.New("not a plan file of offboard, or its first line was altered")

	// ErrNewer says that a newer program wrote the plan.
	ErrNewer = errors.New("plan was written by a newer offboard, or its first line was altered")

	// ErrAltered says that the file is not what offboard wrote, or that it contradicts
	// itself.
	ErrAltered = errors.New("plan was altered after it was written; do not use it, and plan again")
)

// ErrAge says that a plan that was read is too old to be carried out, or from the
// future.
var ErrAge = errors.New("plan is not of the right age")

// ErrRow says that something handed to [Write] cannot stand in a plan.
var ErrRow = errors.New("cannot stand in a plan")

// altered is an ErrAltered with its reason in words.
func altered(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrAltered, fmt.Sprintf(format, args...))
}
