package journal

import (
	"context"
	"time"
)

// Approval is a signature of a run by a person. Whether it counts is not the journal's to say.
type Approval struct {
	At        time.Time
	Key       string // its fingerprint
	Signature string
}

// AddApproval keeps one more. It ignores cancellation.
func (r *Run) AddApproval(ctx context.Context, a Approval) error {
	return r.note(ctx, "an approval", `INSERT INTO approvals (run, no, at, key, signature)
		VALUES ($1, (SELECT count(*) + 1 FROM approvals WHERE run = $1), $2, $3, $4)`, a.At, a.Key, a.Signature)
}

// Approvals are those of the run, the first one first.
func (r *Run) Approvals(ctx context.Context) ([]Approval, error) {
	return ask(ctx, r, "read approvals of", func(a *Approval) []any { return []any{&a.At, &a.Key, &a.Signature} },
		"SELECT at, key, signature FROM approvals WHERE run = $1 ORDER BY no")
}
