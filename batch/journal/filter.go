package journal

import (
	"context"
	"fmt"
	"slices"
	"time"

	"offboard/batch"
)

// Filter chooses runs by what is known of them without a look at their users.
// What is zero lets every run through.
type Filter struct {
	States    []State   // in one of these
	Tenant    string    // exactly this, but for the case of ASCII letters
	Digest    string    // of this input or plan file
	NewerThan time.Time // created after this moment
	OlderThan time.Time // created before this moment
}

func (f Filter) admits(r *Run) bool {
	p := r.plan
	return (len(f.States) == 0 || slices.Contains(f.States, r.state)) &&
		(f.Tenant == "" || batch.LowerASCII(f.Tenant) == batch.LowerASCII(p.Tenant)) &&
		(f.Digest == "" || f.Digest == p.Digest) &&
		(f.NewerThan.IsZero() || p.Created.After(f.NewerThan)) &&
		(f.OlderThan.IsZero() || p.Created.Before(f.OlderThan))
}

// sqlNewestFirst selects all runs but those that are being pruned.
const sqlNewestFirst = "WHERE state <> 'pruning' ORDER BY id DESC"

// Runs lists the runs that the filter admits, the newest first.
func (s *Store) Runs(ctx context.Context, filter Filter) ([]*Run, error) {
	runs, err := s.find(ctx, sqlNewestFirst)
	if err != nil {
		return nil, fmt.Errorf("list runs in %s: %w", s.path, err)
	}
	return slices.DeleteFunc(runs, func(r *Run) bool { return !filter.admits(r) }), nil
}
