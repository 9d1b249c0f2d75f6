package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"offboard/batch/job"

	"offboard/batch"
	"offboard/batch/journal"
)

type pruneCmd struct {
	OlderThan  job.Age `required:"" help:"Runs that nothing has happened to for so long: no change of state, no call. Such as 365d, 52w or 36h; 1h at the least." placeholder:"AGE"`
	Unfinished bool    `help:"Runs that could still be resumed, too."`
	DryRun     bool    `help:"Tell what would go, and delete nothing."`
	Yes        bool    `short:"y" env:"-" help:"Do not ask. It has no environment variable: one that is set for run must not delete."`
}

// Help ends the command's help.
func (pruneCmd) Help() string {
	return `Deletes runs with everything that the journal has of them; report files stay. Runs that somebody
works on are kept, and so are, without --unfinished, those that could still be resumed (planned, running
or stopped). It can be stopped at any point; the same command goes on.

Then the journal gives the space back, a little at a time: others who use it go on meanwhile.

` + noGraph
}

// pruned is what came of it; every key is always there.
type pruned struct {
	DryRun bool      `json:"dry_run"`
	Pruned []oldRun  `json:"pruned"` // with DryRun, those that would be
	Kept   []oldRun  `json:"kept"`
	Freed  int       `json:"freed_bytes"`
	Cutoff time.Time `json:"older_than"`
}

// oldRun is a run that is old enough.
type oldRun struct {
	Run   string    `json:"run"`
	State string    `json:"state"`
	Since time.Time `json:"since"`
	Input string    `json:"input"`
	Rows  int       `json:"rows"`
	Why   string    `json:"why,omitempty"` // it is kept
}

// Run lists, asks, deletes and gives the space back.
func (p pruneCmd) Run(ctx context.Context, c *command) error {
	if p.OlderThan.Duration < journal.Remembered {
		return fmt.Errorf("%w: --older-than %s: what runs sent a short while ago counts toward Graph's quotas; give %s or more",
			job.ErrUsage, p.OlderThan, journal.Remembered)
	}
	store, err := c.host.OpenJournal(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	done := pruned{DryRun: p.DryRun, Pruned: []oldRun{}, Kept: []oldRun{}, Cutoff: p.OlderThan.Before(time.Now()).UTC()}
	going, err := p.choose(ctx, c, store, &done)
	if err != nil {
		return err
	}
	if p.DryRun {
		for _, o := range going {
			done.Pruned = append(done.Pruned, aboutOld(o))
		}
		return done.tell(c)
	}
	if err := p.prune(ctx, c, going, &done); err != nil {
		return err
	}
	if done.Freed, err = store.Compact(ctx); err != nil {
		return fmt.Errorf("pruned %s, and the space was not given back: %w", batch.Plural(len(done.Pruned), "run"), err)
	}
	return done.tell(c)
}

// choose lists the old runs, and tells which go and which are kept.
func (p pruneCmd) choose(ctx context.Context, c *command, store *journal.Store, done *pruned) ([]journal.Old, error) {
	old, err := store.Old(ctx, done.Cutoff)
	if err != nil {
		return nil, err
	}
	var going []journal.Old
	for _, o := range old {
		why, err := p.keep(o)
		if err != nil {
			return nil, err
		}
		if why != "" {
			done.keep(c, o, why)
			continue
		}
		c.Say("prune    %s", describe(o))
		going = append(going, o)
	}
	return going, nil
}

// keep is why an old run is kept; "" lets it go.
func (p pruneCmd) keep(o journal.Old) (string, error) {
	unlock, err := o.Lock()
	if locked, ok := errors.AsType[*journal.LockedError](err); ok {
		return locked.Error(), nil
	}
	if err != nil {
		return "", err
	}
	if err := unlock(); err != nil {
		return "", err
	}
	if o.State().Resumable() && !p.Unfinished {
		return "it can still be resumed; --unfinished prunes it, too", nil
	}
	return "", nil
}

// prune asks, and deletes one run after the other.
func (p pruneCmd) prune(ctx context.Context, c *command, going []journal.Old, done *pruned) error {
	if len(going) == 0 {
		return nil
	}
	if err := c.host.Confirm(p.Yes, fmt.Sprintf("Delete %s for good, with everything that the journal has of it?", batch.Plural(len(going), "run"))); err != nil {
		return err
	}
	ctx, cancel := c.untilStop(ctx)
	defer cancel()
	for _, o := range going {
		err := o.Prune(ctx)
		switch {
		case errors.Is(err, journal.ErrLocked), errors.Is(err, journal.ErrState):
			done.keep(c, o, err.Error())
		case errors.Is(err, journal.ErrNoRun): // another prune was faster
		case err != nil:
			c.host.Told = true
			return fmt.Errorf("%w; pruned %d of %s, and the same command goes on", err, len(done.Pruned), batch.Plural(len(going), "run"))
		default:
			done.Pruned = append(done.Pruned, aboutOld(o))
		}
	}
	return nil
}

func (d *pruned) keep(c *command, o journal.Old, why string) {
	c.Say("keep     %s: %s", describe(o), why)
	about := aboutOld(o)
	about.Why = why
	d.Kept = append(d.Kept, about)
}

// tell says what came of it.
func (d *pruned) tell(c *command) error {
	if c.cli.Output == "json" {
		return json.NewEncoder(c.stdout).Encode(d)
	}
	verb := "pruned"
	if d.DryRun {
		verb = "dry run, nothing was deleted: would prune"
	}
	rows := 0
	for _, o := range d.Pruned {
		rows += o.Rows
	}
	text := fmt.Sprintf("%s %s with %s; kept %s that are as old", verb, batch.Plural(len(d.Pruned), "run"), batch.Plural(rows, "row"), batch.Plural(len(d.Kept), "run"))
	if d.Freed > 0 {
		text += fmt.Sprintf("; the journal gave back %s KB", batch.Thousands(d.Freed/1000))
	}
	_, err := fmt.Fprintln(c.stdout, text)
	return err
}

func aboutOld(o journal.Old) oldRun {
	p := o.Plan()
	return oldRun{Run: p.Run, State: string(o.State()), Since: o.Since, Input: p.Input, Rows: p.Rows}
}

func describe(o journal.Old) string {
	if o.Begun() {
		return o.Plan().Run + ", whose deletion was cut short"
	}
	p := o.Plan()
	return fmt.Sprintf("%s, %s since %s, %s, %s", p.Run, o.State(), o.Since.Local().Format(time.DateTime), p.Input, batch.Plural(p.Rows, "row"))
}

// untilStop is a context that also ends with the first signal.
func (c *command) untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() { // ends with the command
		select {
		case <-c.stop:
			cancel(batch.ErrStopped)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
