package job

import (
	"context"
	"errors"
	"slices"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/report"
)

// takenBackFrom are the undos of a run that began to write, the oldest first. A run that
// was pruned meanwhile has none.
func takenBackFrom(ctx context.Context, run *journal.Run) (all []report.Undo, err error) {
	undos, err := run.Undos(ctx)
	for _, u := range slices.Backward(undos) {
		changes, err := u.Changes(ctx)
		began := slices.IndexFunc(changes, func(c journal.Change) bool { return c.State == journal.Running })
		if errors.Is(err, journal.ErrNoRun) || err == nil && began < 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		sum, err := u.Summary(ctx)
		if err != nil {
			return nil, err
		}
		p := u.Plan()
		part := ""
		if i := slices.IndexFunc(p.Settings, func(s batch.Setting) bool { return s.Name == partSetting }); i >= 0 {
			part = p.Settings[i].Value
		}
		all = append(all, report.Undo{Run: p.Run, Part: part, Began: changes[began].At.UTC(), State: string(u.State()), Rows: sum.Lines, Failed: sum.CountOf(batch.Failure)})
	}
	return all, err
}
