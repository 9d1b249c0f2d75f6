package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strconv"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/planfile"
)

// PlanMade is a plan file that was written.
type PlanMade struct {
	Path   string // absolute
	Users  int    // to be sent
	Digest planfile.Digest
	Apply  []string // the words of the command that applies it
}

// MakePlan plans as Run does, and writes the plan to a file instead of carrying it
// out: also when a guard refuses it, so that people can read why; nobody can apply
// it then.
func MakePlan(ctx context.Context, h *Host, p *PlanOptions, name string) (made PlanMade, err error) {
	if p.NoResolve {
		return made, fmt.Errorf("%w: a plan file holds users who were looked up; plan without --no-resolve", ErrUsage)
	}
	j := h.newJob(&p.Connection, &Execution{Patience: p.Patience})
	defer j.close()
	if err := p.ready(ctx, j, func() error { return mayWrite(name, p.Overwrite) }); err != nil {
		return made, err
	}
	defer j.discardUnsealed(ctx, &err) // what is planned lies in the journal only until it is in the file
	if err := p.find(ctx, j); err != nil {
		return made, err
	}
	err = writeFile(name, p.Overwrite, func(w io.Writer) (err error) {
		made.Digest, err = planfile.Write(w, p.head(j), plannedRows(ctx, j.run), j.run.Skips(ctx))
		return err
	})
	if err != nil {
		return made, err
	}
	if made.Path, err = filepath.Abs(name); err != nil {
		return made, fmt.Errorf("find %s: %w", name, err)
	}
	if r, ok := errors.AsType[*Refusal](refused(nothingWritten, j.checks...)); ok {
		r.Beside = "--overwrite" // the file is there now
		return made, fmt.Errorf("%w; %s says so and cannot be applied", r, made.Path)
	}
	made.Users = j.count.Users
	made.Apply = applyWords(name, j.plan)
	if j.plan.Tenant == "" && p.Tenant != "" {
		made.Apply = append(made.Apply, "--tenant", p.Tenant)
	}
	return made, nil
}

// head is what a plan file says of the whole.
func (p *PlanOptions) head(j *job) planfile.Head {
	h := planfile.Head{Plan: j.plan, Options: p.chosen(j.plan.Terms.Choice)}
	h.Plan.Terms.Flags = nil // how it is carried out, the one who applies it says
	for _, k := range j.checks {
		if k.Name == "" { // a guard that had nothing to say
			continue
		}
		limit := strconv.Itoa(k.Limit)
		if k.Limit == 0 {
			limit = "none"
		}
		h.Guards = append(h.Guards, planfile.Guard{Name: k.Name, Limit: limit, Counted: strconv.Itoa(k.Counted), Refusal: k.Refusal})
	}
	return h
}

// chosen are the flags that chose the users, for the people who approve.
func (p *PlanOptions) chosen(choice []batch.Flag) []batch.Flag {
	given := slices.Clone(choice)
	add := func(name, value string, is bool) {
		if is && !slices.Contains(given, batch.Flag{Name: name, Value: value}) {
			given = append(given, batch.Flag{Name: name, Value: value})
		}
	}
	for _, column := range p.IgnoreColumn {
		add("ignore-column", column, true)
	}
	add("since", p.Since, p.Since != "")
	add("order", p.Order, p.Order != "")
	add("min-users", strconv.Itoa(p.MinUsers), p.MinUsers > 0)
	add("all-rows", "true", p.AllRows)
	return given
}

// plannedRows reads a plan that nobody has begun to carry out.
func plannedRows(ctx context.Context, run *journal.Run) iter.Seq2[batch.Planned, error] {
	return func(yield func(batch.Planned, error) bool) {
		seq := 0
		for l, err := range run.Lines(ctx) {
			seq++
			p := batch.Planned{Row: l.Row, User: l.User}
			switch {
			case err != nil:
			case l.User.Seq != seq:
				p.User, p.DuplicateOf = batch.User{Seq: seq}, l.User.Seq
			case l.Whole:
				p.Record = &l.Record
			default:
				for _, w := range l.Writes {
					if w.Target.Step.Listed() {
						p.Targets = append(p.Targets, w.Target)
					}
					if !w.Record.Outcome.Open() {
						p.Records = append(p.Records, w.Record)
					}
				}
			}
			if !yield(p, err) {
				return
			}
		}
	}
}
