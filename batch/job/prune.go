package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/report"
)

// PruneOptions are those of runs prune.
type PruneOptions struct {
	OlderThan  Age    `required:"" env:"OFFBOARD_RUNS_PRUNE_OLDER_THAN" help:"Runs that nothing has happened to for so long: no change of state, no call. Such as 365d, 52w or 36h; 1h at the least." placeholder:"AGE"`
	Unfinished bool   `help:"Runs that could still be resumed, too."`
	Reports    string `env:"OFFBOARD_RUNS_PRUNE_REPORTS" placeholder:"DIR" type:"path" help:"Delete the reports of those runs in this directory, or up to two levels below it, too: those whose report.sha256 the journal knows, and whose files are as they were written. Other files stay."`
	DryRun     bool   `env:"OFFBOARD_RUNS_PRUNE_DRY_RUN" help:"Tell what would go, and delete nothing."`
	Yes        bool   `short:"y" env:"-" help:"Do not ask. It has no environment variable: one that is set for run must not delete."`
}

// Pruned is what came of a prune; in JSON every key is always there.
type Pruned struct {
	DryRun  bool        `json:"dry_run"`
	Pruned  []OldRun    `json:"pruned"` // with DryRun, those that would be
	Kept    []OldRun    `json:"kept"`
	Reports []OldReport `json:"reports"` // of pruned runs

	Campaigns []string  `json:"campaigns"` // that have no run, or none any more
	Freed     int       `json:"freed_bytes"`
	Cutoff    time.Time `json:"older_than"`
}

// OldReport is a report of an old run, in the directory that was named.
type OldReport struct {
	Dir  string   `json:"dir"`
	Run  string   `json:"run"`
	Left []string `json:"left,omitempty"` // what else is in the directory, and stays
	Why  string   `json:"why,omitempty"`  // it is kept

	copy report.Copy
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
	done := &Pruned{DryRun: p.DryRun, Pruned: []OldRun{}, Kept: []OldRun{}, Reports: []OldReport{}, Campaigns: []string{}, Cutoff: p.OlderThan.Before(time.Now()).UTC()}
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
	var campaigns []string
	if err == nil {
		campaigns, err = p.idle(ctx, h, store, going, done.Cutoff)
	}
	if p.DryRun {
		done.Campaigns = append(done.Campaigns, campaigns...)
	}
	if err == nil && p.Reports != "" {
		err = done.find(h, p.Reports, going)
	}
	if err != nil || p.DryRun {
		return done, err
	}
	ctx, cancel := h.untilStop(ctx)
	defer cancel()
	if err := p.delete(ctx, h, going, campaigns, done); err != nil {
		return nil, err
	}
	for _, name := range campaigns {
		switch gone, err := store.ForgetCampaign(ctx, name); {
		case errors.Is(err, journal.ErrLocked): // somebody goes on with it
		case err != nil:
			return nil, err
		case gone:
			done.Campaigns = append(done.Campaigns, name)
		}
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

// idle finds the old campaigns that have no run but those that go. One that can still begin its tenants
// is kept, as are runs that can be resumed.
func (p *PruneOptions) idle(ctx context.Context, h *Host, store *journal.Store, going []journal.Old, cutoff time.Time) (names []string, err error) {
	if day := time.Now().Add(-mostAge); !p.Unfinished && day.Before(cutoff) {
		cutoff = day
	}
	all, err := store.CampaignsBefore(ctx, cutoff)
	for _, c := range all {
		runs, err := store.Runs(ctx, journal.Filter{Campaign: c.Name})
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(runs, func(r *journal.Run) bool {
			return !slices.ContainsFunc(going, func(o journal.Old) bool { return o.Plan().Run == r.Plan().Run })
		}) {
			h.Say("prune    %s of %s, %s", c.Name, c.Created.Local().Format(time.DateTime), c.Input)
			names = append(names, c.Name)
		}
	}
	return names, err
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

// delete asks, also of the campaigns, and deletes one run after the other.
func (p *PruneOptions) delete(ctx context.Context, h *Host, going []journal.Old, campaigns []string, done *Pruned) error {
	if len(going)+len(campaigns) == 0 {
		return nil
	}
	question := fmt.Sprintf("Delete %s for good, with everything that the journal has of it?", batch.Plural(len(going), "run"))
	if n := len(campaigns); n > 0 {
		question = strings.Replace(question, " for good", " and "+batch.Plural(n, "campaign")+" for good", 1)
	}
	if n := done.Removed(); n > 0 {
		question = strings.Replace(question, " for good", " and "+batch.Plural(n, "report")+" for good", 1)
	}
	if err := h.Confirm(p.Yes, question); err != nil {
		return err
	}
	for _, o := range going {
		// The reports go first, under the lock of the run: a journal that still has the run can
		// make them again, and without the run nobody knows any more whose they are. A signature
		// cannot be made again, so nothing goes of a run that somebody works on.
		var stays error
		err := o.PruneAfter(ctx, func() error { stays = done.remove(h, o); return stays })
		switch {
		case stays != nil:
			done.keep(h, o, stays.Error())
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

// find finds the reports of the runs that go, and tells of each.
func (d *Pruned) find(h *Host, root string, going []journal.Old) error {
	copies, unread, err := report.Copies(root)
	if err != nil {
		return fmt.Errorf("look for reports (--reports): %w", err)
	}
	for _, err := range unread {
		h.Say("pass     a directory that cannot be read: %v", err)
	}
	for _, c := range copies {
		for _, o := range going {
			known := slices.Contains(o.Reports, c.Sum)
			if name := o.Plan().Run; known || c.Run == name {
				d.Reports = append(d.Reports, OldReport{Dir: c.Dir, Run: name, copy: c})
				r := &d.Reports[len(d.Reports)-1]
				if err := c.Whole(); !known {
					r.Why = "its report.sha256 is none that the journal knows"
				} else if err != nil {
					r.Why = err.Error()
				}
				r.tell(h, "prune")
				break
			}
		}
	}
	return nil
}

// tell says what becomes of a report.
func (r *OldReport) tell(h *Host, verb string) {
	if r.Why != "" {
		h.Say("keep     report of %s in %s: %s", r.Run, r.Dir, r.Why)
		return
	}
	h.Say("%-8s report of %s in %s", verb, r.Run, r.Dir)
}

// remove removes the reports of a run.
func (d *Pruned) remove(h *Host, o journal.Old) error {
	for i := range d.Reports {
		r := &d.Reports[i]
		if r.Run != o.Plan().Run || r.Why != "" {
			continue
		}
		left, err := r.copy.Remove()
		if err != nil {
			r.Why = err.Error()
			return fmt.Errorf("its report in %s could not be removed: %w", r.Dir, err)
		}
		if r.Left = left; len(left) > 0 {
			h.Say("left     %s, with what is not of the report: %s", r.Dir, batch.SomeOf(left[:min(len(left), 5)], len(left)))
		}
	}
	return nil
}

// Removed is how many reports go, or went.
func (d *Pruned) Removed() (n int) {
	for _, r := range d.Reports {
		if r.Why == "" {
			n++
		}
	}
	return n
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
