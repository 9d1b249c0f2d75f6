package job

import (
	"context"
	"errors"
)

// ApproveRunOptions are those of the command that approves a run.
type ApproveRunOptions struct {
	RunName string `arg:"" name:"run" help:"The run, which is planned and not begun."`
	Key     string `help:"Your private SSH key. A passphrase is asked for, unless the ssh agent has the key. For a key whose private half only the agent has, such as one in a FIDO token, name the .pub file." required:"" placeholder:"FILE" type:"path"`
	Yes     bool   `short:"y" env:"-" help:"Do not ask. It has no environment variable: one that is set for run must not sign."`
}

// RunApproved is a run with one more signature.
type RunApproved struct {
	Run    string
	Digest string // of its plan, SHA-256 in hex
	Key    string // fingerprint
	Keys   int    // that have signed the plan, this one too
}

// ApproveRun shows a planned run, asks, and keeps a person's signature of its name and the digest
// of its sealed plan in the journal. A key that has signed it already adds nothing.
func ApproveRun(ctx context.Context, h *Host, o *ApproveRunOptions) (RunApproved, error) {
	return RunApproved{}, errors.ErrUnsupported
}

// RunApprovals counts the people of the trusted set who have approved exactly the plan of a run.
// It is [ErrUnapproved] if they are fewer than o or the run's submission asks for.
func RunApprovals(ctx context.Context, h *Host, run string, o Approving) (people int, err error) {
	return 0, errors.ErrUnsupported
}
