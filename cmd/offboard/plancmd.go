package main

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

// planCmd plans as run does, and writes the plan to a file instead of carrying
// it out.
type planCmd struct {
	planning
	Overwrite bool `help:"Replace a file that is there."`

	connection
	patience
}

// Help ends the command's help.
func (planCmd) Help() string {
	return "The file has the users with their object ids, what the guards say, and a digest that finds any change.\n\n" +
		"Graph permissions: User.Read.All, and what the guards read; see offboard run --help.\n\n" + exitCodeHelp
}

// Run writes the file also when a guard refuses the plan, so that people can
// read why; nobody can apply it.
func (p *planCmd) Run(ctx context.Context, c *command) (err error) {
	name := c.cli.Output
	if name == "text" || name == "json" {
		return fmt.Errorf("%w: say where to write the plan: -o plan.jsonl", errUsage)
	}
	if p.NoResolve {
		return fmt.Errorf("%w: a plan file holds users who were looked up; plan without --no-resolve", errUsage)
	}
	work, err := p.open(ctx, c, p.connection, execution{patience: p.patience}, mayWrite(name, p.Overwrite))
	if err != nil {
		return err
	}
	defer work.undo()
	unlock, checks, err := p.make(ctx, work)
	if err != nil {
		return err
	}
	defer unlock()
	// What is planned lies in the journal only until it is in the file.
	defer func() { err = errors.Join(err, work.run.Discard(context.WithoutCancel(ctx))) }()
	var digest planfile.Digest
	err = writeFile(name, p.Overwrite, func(w io.Writer) (err error) {
		digest, err = planfile.Write(w, p.head(work, checks), plannedRows(ctx, work.run), work.run.Skips(ctx))
		return err
	})
	if err != nil {
		return err
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return fmt.Errorf("find %s: %w", name, err)
	}
	if err := refused(nothingWritten, checks); err != nil {
		return fmt.Errorf("%w; %s says so and cannot be applied", err, path)
	}
	apply := append([]string{"apply", name}, rootFlag(work.plan)...)
	if work.plan.Tenant == "" && p.Tenant != "" {
		apply = append(apply, "--tenant", p.Tenant)
	}
	_, err = fmt.Fprintf(c.stdout, `Plan      %s
Users     %s
Digest    %s
Next      approve it, each person with a key of their own: %s
          apply it with two approvals of people in the file allowed_signers: %s
          apply it without approvals: %s
`, printable(path), batch.Thousands(work.count.Users), digest, c.approveLine(name),
		c.typed(slices.Concat(apply, []string{"--approvals", "2", "--trusted", "allowed_signers"})...), c.typed(apply...))
	return err
}

// head is what a plan file says of the whole.
func (p *planCmd) head(work *planned, checks []batch.Finding) planfile.Head {
	h := planfile.Head{Plan: work.plan, Options: p.options(work.plan.Terms.Choice)}
	h.Plan.Terms.Flags = nil // how it is carried out, the one who applies it says
	for _, k := range checks {
		limit := strconv.Itoa(k.Limit)
		if k.Limit == 0 {
			limit = "none"
		}
		h.Guards = append(h.Guards, planfile.Guard{Name: k.Name, Limit: limit, Counted: strconv.Itoa(k.Counted), Refusal: k.Refusal})
	}
	return h
}

// options are the flags that chose the users, for the people who approve.
func (p *planCmd) options(choice []batch.Flag) []batch.Flag {
	given := slices.Clone(choice)
	add := func(name, value string, is bool) {
		if is {
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
			case !l.Record.Outcome.Open():
				p.Record = &l.Record
			}
			if !yield(p, err) {
				return
			}
		}
	}
}
