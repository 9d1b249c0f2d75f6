package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
)

// PruneOptions are those of runs prune.
type PruneOptions struct {
	OlderThan  Age  `required:"" env:"OFFBOARD_RUNS_PRUNE_OLDER_THAN" help:"Runs that nothing has happened to for so long: no change of state, no call. Such as 365d, 52w or 36h; 1h at the least." placeholder:"AGE"`
	Unfinished bool `help:"Runs that could still be resumed, too."`
	DryRun     bool `env:"OFFBOARD_RUNS_PRUNE_DRY_RUN" help:"Tell what would go, and delete nothing."`
	Yes        bool `short:"y" env:"-" help:"Do not ask. It has no environment variable: one that is set for run must not delete."`
}

// Pruned is what came of a prune; in JSON every key is always there.
type Pruned struct {
	DryRun bool      `json:"dry_run"`
	Pruned []OldRun  `json:"pruned"` // with DryRun, those that would be
	Kept   []OldRun  `json:"kept"`
	Freed  int       `json:"freed_bytes"`
	Cutoff time.Time `json:"older_than"`
}

// OldRun is a run that is old enough to be pruned.
type OldRun struct {
	Run   string    `json:"run"`
	State string    `json:"state"`
	Since time.Time `json:"since"` // nothing has happened to it
	Input string    `json:"input"`
	Rows  int       `json:"rows"`
	Why   string    `json:"why,omitempty"` // it is kept
}

// Prune lists the old runs, asks, deletes them one after the other, and gives the
// space back. A journal that is not there has no runs.
func Prune(ctx context.Context, h *Host, p *PruneOptions) (*Pruned, error) {
	if p.OlderThan.Duration < journal.Remembered {
		return nil, fmt.Errorf("%w: --older-than %s: what runs sent a short while ago counts toward Graph's quotas; give %s or more",
			ErrUsage, p.OlderThan, journal.Remembered)
	}
	done := &Pruned{DryRun: p.DryRun, Pruned: []OldRun{}, Kept: []OldRun{}, Cutoff: p.OlderThan.Before(time.Now()).UTC()}
	store, err := h.openJournal(ctx, journal.Open, true)
	switch {
	case errors.Is(err, ErrNoJournal) && h.Journal == "": // the first run makes it
		return done, nil
	case err != nil:
		return nil, err
	}
	defer store.Close()
	old, err := store.Old(ctx, done.Cutoff)
	if err != nil {
		return nil, err
	}
	going, err := p.choose(h, old, done)
	if err != nil || p.DryRun {
		return done, err
	}
	ctx, cancel := h.untilStop(ctx)
	defer cancel()
	if err := p.delete(ctx, h, going, done); err != nil {
		return nil, err
	}
	if done.Freed, err = store.Compact(ctx); err != nil {
		h.Told = true
		return nil, fmt.Errorf("%w; pruned %s, and the space was not all given back; the same command goes on", err, batch.Plural(len(done.Pruned), "run"))
	}
	return done, nil
}

// choose tells which of the old runs go and which are kept. A dry run ends here.
func (p *PruneOptions) choose(h *Host, old []journal.Old, done *Pruned) (going []journal.Old, err error) {
	for _, o := range old {
		switch why, err := p.keep(o); {
		case err != nil:
			return nil, err
		case why != "":
			done.keep(h, o, why)
		default:
			h.Say("prune    %s", describe(o))
			going = append(going, o)
			if p.DryRun {
				done.Pruned = append(done.Pruned, aboutOld(o))
			}
		}
	}
	return going, nil
}

// keep is why an old run is kept; "" lets it go.
func (p *PruneOptions) keep(o journal.Old) (string, error) {
	held, err := o.Held()
	switch {
	case err != nil:
		return "", err
	case held != nil:
		return held.Error(), nil
	case o.State().Resumable() && !p.Unfinished:
		return "it can still be resumed; --unfinished prunes it, too", nil
	}
	return "", nil
}

// delete asks, and deletes one run after the other.
func (p *PruneOptions) delete(ctx context.Context, h *Host, going []journal.Old, done *Pruned) error {
	if len(going) == 0 {
		return nil
	}
	if err := h.Confirm(p.Yes, fmt.Sprintf("Delete %s for good, with everything that the journal has of it?", batch.Plural(len(going), "run"))); err != nil {
		return err
	}
	for _, o := range going {
		err := o.Prune(ctx)
		switch {
		case errors.Is(err, journal.ErrLocked), errors.Is(err, journal.ErrState):
			done.keep(h, o, err.Error())
		case errors.Is(err, journal.ErrNoRun): // another prune was faster
		case err != nil:
			h.Told = true
			return fmt.Errorf("%w; pruned %d of %s, and the same command goes on", err, len(done.Pruned), batch.Plural(len(going), "run"))
		default:
			done.Pruned = append(done.Pruned, aboutOld(o))
		}
	}
	return nil
}

// keep tells of a run that is kept, and notes it.
func (d *Pruned) keep(h *Host, o journal.Old, why string) {
	h.Say("keep     %s: %s", describe(o), why)
	about := aboutOld(o)
	about.Why = why
	d.Kept = append(d.Kept, about)
}

func aboutOld(o journal.Old) OldRun {
	p := o.Plan()
	return OldRun{Run: p.Run, State: string(o.State()), Since: o.Since, Input: p.Input, Rows: p.Rows}
}

func describe(o journal.Old) string {
	p := o.Plan()
	if o.HalfPruned() {
		return p.Run + ", whose deletion was cut short"
	}
	return fmt.Sprintf("%s, %s since %s, %s, %s", p.Run, o.State(), o.Since.Local().Format(time.DateTime), p.Input, batch.Plural(p.Rows, "row"))
}

// untilStop is a context that also ends with the first signal.
func (h *Host) untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	select {
	case <-h.Stop:
		cancel(batch.ErrStopped)
	default:
	}
	go func() { // ends with the command
		select {
		case <-h.Stop:
			cancel(batch.ErrStopped)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
