package job

import (
	"context"
	"fmt"
	"iter"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/report"
)

// report writes the files of a run.
func (h *Host) report(ctx context.Context, run *journal.Run, dir string) (report.End, error) {
	end, err := h.endOf(ctx, run)
	if err != nil {
		return end, err
	}
	return end, h.write(&end, run.Lines(ctx), dir)
}

// write writes the lines where --report-dir says, and tells what became of the
// report of another run there.
func (h *Host) write(end *report.End, lines iter.Seq2[batch.Line, error], dir string) error {
	dir, err := reportDir(dir, end.Plan)
	if err != nil {
		return err
	}
	aside, err := report.Write(dir, end, lines)
	if aside != "" {
		h.Say("note     the report of another run was in %s, and is in %s now", dir, aside)
	}
	end.Written = time.Now().UTC()
	if retry := end.RetryFile(); retry != "" {
		end.Retry = h.retryLine(end.Plan, retry)
	}
	return err
}

// seal completes a report that was written, signs it if there is a key, and notes
// its digest in the journal.
func (h *Host) seal(ctx context.Context, end *report.End, run *journal.Run) error {
	err := report.Seal(end, h.sign, func(sum string) error { return run.AddReport(ctx, sum) })
	if err != nil {
		return fmt.Errorf("the report is not complete: %w; this writes it again: %s", err, h.Typed(append([]string{"report", end.Plan.Run, "--report-dir", end.Dir}, h.signFlag()...)...))
	}
	return nil
}

// endOf folds the journal into what is said of a run.
func (h *Host) endOf(ctx context.Context, run *journal.Run) (report.End, error) {
	var end report.End
	end.Plan, end.PlanSHA256 = run.Plan(), run.SealDigest()
	err := h.stands(ctx, &end, run)
	if err != nil {
		return end, err
	}
	for _, err := range run.Skips(ctx) {
		if err != nil {
			return end, err
		}
		end.Skips++
	}
	if end.Summary, err = run.Summary(ctx); err != nil {
		return end, err
	}
	if end.Timing, err = run.Timing(ctx); err != nil {
		return end, err
	}
	return end, nil
}

// stands says how the run stands, since when it has ended if it has, and what goes on
// with it.
func (h *Host) stands(ctx context.Context, end *report.End, run *journal.Run) error {
	state := run.State()
	end.State, end.Resume, end.Ended = string(state), "", time.Time{}
	if state.Resumable() {
		end.Resume = h.resumeLine(run.Plan())
	}
	changes, err := run.Changes(ctx)
	if err != nil {
		return err
	}
	end.Reason, end.Sessions = "", nil
	for _, change := range changes {
		if change.State == journal.Running {
			end.Sessions = append(end.Sessions, report.Session{Began: change.At, By: change.Reason})
		}
	}
	switch last := changes[len(changes)-1]; last.State { // a run without a state is an error
	case journal.Finished, journal.Stopped, journal.Refused:
		end.Reason, end.Ended = last.Reason, last.At.UTC()
	}
	return nil
}

// held says in words who works on the run now, and takes back what it says of
// resuming it.
func held(end *report.End, run *journal.Run) error {
	by, err := run.Held()
	if err != nil || by == nil {
		return err
	}
	end.Held, end.Resume = holderWords(by), ""
	return nil
}

// holderWords names the holder of a run.
func holderWords(by *journal.LockedError) string {
	if by.PID == 0 {
		return "another process works on it"
	}
	return fmt.Sprintf("process %d on %s works on it, since %s", by.PID, by.Host, by.Since.Local().Format(time.DateTime))
}
