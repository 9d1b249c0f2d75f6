package job

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/throttle"
	"offboard/report"

	"golang.org/x/sync/errgroup"
)

// publish writes the report of a run where --report-dir says, completes and signs it. The
// journal keeps its digest, but for a dry run, which does not stay there. What became of
// the report of another run in the directory is told.
func (h *Host) publish(ctx context.Context, end *report.End, run *journal.Run, lines iter.Seq2[batch.Line, error], dir string) error {
	dir, err := h.reportDir(dir, end.Plan)
	if err != nil {
		return err
	}
	end.Written, end.Retry = time.Now().UTC(), h.retryLine(end.Plan, filepath.Join(dir, report.RetryName))
	seal := report.Seal{Sign: h.sign}
	if !end.Dry {
		seal.Keep = func(sum string) error { return run.AddReport(ctx, sum) }
	}
	aside, err := report.Write(dir, end, lines, seal)
	if aside != "" {
		h.Say("note     the report of another run was in %s, and is in %s now", dir, aside)
	}
	return err
}

// incomplete says how to have the report that was not written or completed, and why; nil
// of one that was.
func (h *Host) incomplete(end report.End, why error) error {
	if why == nil {
		return nil
	}
	again := append([]string{"report", end.Plan.Run, "--report-dir", cmp.Or(end.Dir, "DIR")}, h.signFlag()...)
	return fmt.Errorf("the report is not complete: %w; this writes it: %s", why, h.Typed(again...))
}

// endOf folds the journal into what is said of a run: its plan, how it stands, since when
// it has ended if it has, what goes on with it, and what came of its users.
func (h *Host) endOf(ctx context.Context, run *journal.Run) (end report.End, err error) {
	end.Plan, end.PlanSHA256, end.State = run.Plan(), run.SealDigest(), string(run.State())
	end.Campaign = run.Membership().Campaign
	if end.Plan.Undoes != "" {
		end.Retry = h.undoLine(end.Plan)
	}
	if run.State().Resumable() {
		end.Resume = h.resumeLine(run.Plan())
	}
	if end.Ceiling = ceiling(end.Plan); end.Plan.Cloud != Simulated { // whose stamps are gone with it
		end.Verify = h.Typed(slices.Concat([]string{"verify", end.Plan.Run}, rootFlag(end.Plan))...)
	}
	changes, err := run.Changes(ctx)
	if err != nil {
		return end, err
	}
	for _, change := range changes {
		if change.State == journal.Running {
			end.Sessions = append(end.Sessions, report.Session{Began: change.At, By: change.Reason})
		}
	}
	switch last := changes[len(changes)-1]; last.State { // a run without a state is an error
	case journal.Finished, journal.Stopped, journal.Refused:
		end.Reason, end.Ended = last.Reason, last.At.UTC()
	}
	if end.TakenBack, err = takenBackFrom(ctx, run); err != nil {
		return end, err
	}
	for _, err := range run.Skips(ctx) {
		if err != nil {
			return end, err
		}
		end.Skips++
	}
	both, ctx := errgroup.WithContext(ctx) // each takes a second or two of a million users
	both.Go(func() (err error) { end.Summary, err = run.Summary(ctx); return err })
	both.Go(func() (err error) { end.Timing, err = run.Timing(ctx); return err })
	err = both.Wait()
	return end, err
}

// ceiling is the quota of writes that paces a run of one app, as the plan knows it: the
// limits of a quota file are not kept.
func ceiling(p batch.Plan) report.Ceiling {
	share := 1.0
	for _, f := range p.Terms.Flags {
		switch f.Name {
		case "quota-file":
			return report.Ceiling{}
		case "quota-share":
			share, _ = strconv.ParseFloat(f.Value, 64) // it was read when the run began
		}
	}
	q := throttle.For(throttle.Share(throttle.Documented(), share), throttle.Write)[0]
	return report.Ceiling{Writes: q.Limit, Window: q.Window, Origin: q.Origin}
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
