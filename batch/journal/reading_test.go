package journal

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"offboard/batch"

	"github.com/google/go-cmp/cmp"
)

// reading is all that can be read of a run.
type reading struct {
	Info     Info
	History  []Change
	Lines    []batch.Line
	Pending  []batch.Pending
	Unproven []batch.Line
	Skips    []batch.Skip
	Left     [2]int
	LastCall int
	Timing   batch.Timing
	Sent     int // by its app to its tenant, all runs together

	errs map[string]error // by what could not be read
}

func readAll(ctx context.Context, s *Store, name string) reading {
	got := reading{errs: map[string]error{}}
	r, err := s.Run(ctx, name)
	if err != nil {
		for _, what := range []string{"Info", "History", "Lines", "Pending", "Unproven", "Skips", "Left", "LastCall", "Timing", "Sent"} {
			got.errs[what] = err
		}
		return got
	}
	got.Info, got.errs["Info"] = r.Info(ctx)
	got.History, got.errs["History"] = r.History(ctx)
	got.Lines, got.errs["Lines"] = list(r.Lines(ctx))
	got.Pending, got.errs["Pending"] = list(r.Pending(ctx))
	got.Unproven, got.errs["Unproven"] = list(r.Unproven(ctx))
	got.Skips, got.errs["Skips"] = list(r.Skips(ctx))
	got.Left[0], got.Left[1], got.errs["Left"] = r.Left(ctx)
	got.LastCall, got.errs["LastCall"] = r.LastCall(ctx)
	got.Timing, got.errs["Timing"] = r.Timing(ctx)
	sent, err := s.Sent(ctx, r.Plan().Tenant, r.Plan().App, time.Time{}.Add(longCall))
	got.errs["Sent"] = err
	for _, x := range sent {
		got.Sent += x.Users
	}
	return got
}

// list is nil when anything in the sequence is an error.
func list[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		if all = append(all, v); len(all) > 10_000 {
			return nil, fmt.Errorf("no end after %d", len(all))
		}
	}
	return all, nil
}

// told reports whether an error says honestly that the file is no good.
func told(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotJournal) || errors.Is(err, ErrNewer)
}

// lies lists what a reading says that is not so: every answer has to be the
// right one, or an error that tells of damage.
func (got reading) lies(want reading) (lies []string) {
	for what, pair := range map[string][2]any{
		"Info": {got.Info, want.Info}, "History": {got.History, want.History}, "Lines": {got.Lines, want.Lines},
		"Pending": {got.Pending, want.Pending}, "Unproven": {got.Unproven, want.Unproven}, "Skips": {got.Skips, want.Skips},
		"Left": {got.Left, want.Left}, "LastCall": {got.LastCall, want.LastCall}, "Sent": {got.Sent, want.Sent},
		"Timing": {got.Timing, want.Timing},
	} {
		switch err := got.errs[what]; {
		case err != nil && !told(err):
			lies = append(lies, fmt.Sprintf("%s: an error that tells of no damage: %v", what, err))
		case err == nil && !cmp.Equal(pair[0], pair[1]):
			lies = append(lies, fmt.Sprintf("%s (-want +got):\n%s", what, cmp.Diff(pair[1], pair[0])))
		}
	}
	return lies
}
