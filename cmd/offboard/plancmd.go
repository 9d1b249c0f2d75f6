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
	"strings"

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
		return fmt.Errorf("%w: say where to write the plan: -o plan.json", errUsage)
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
Next      approve it, each with a private key in place of KEY: %s
          apply it with two approvals, FILE being the public keys of the people who may approve: %s
          apply it without approvals: %s
`, printable(path), batch.Thousands(work.count.Users), digest, c.shell("approve", name, "--key", "KEY"),
		c.typed(slices.Concat(apply, []string{"--approvals", "2", "--trusted", "FILE"})...), c.typed(apply...))
	return err
}

// head is what a plan file says of the whole.
func (p *planCmd) head(work *planned, checks []batch.Finding) planfile.Head {
	h := planfile.Head{Plan: work.plan, Options: p.given()}
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

// given are the flags that chose the users, for the people who approve.
func (p *planCmd) given() []planfile.Option {
	var given []planfile.Option
	add := func(name string, values ...string) {
		for _, v := range values {
			if v != "" {
				given = append(given, planfile.Option{Name: name, Value: v})
			}
		}
	}
	add("--column", p.Column)
	add("--ignore-column", p.IgnoreColumn...)
	add("--key", p.Key)
	add("--where", p.Where...)
	add("--date-column", p.DateColumn)
	add("--date-format", p.DateFormat)
	add("--as-of", p.AsOf)
	add("--since", p.Since)
	add("--protect", p.Protect...)
	add("--protect-group", p.ProtectGroup...)
	add("--order", p.Order)
	if p.MinUsers > 0 {
		add("--min-users", strconv.Itoa(p.MinUsers))
	}
	for name, on := range map[string]bool{"--protect-privileged": p.ProtectPrivileged, "--include-caller": p.IncludeCaller, "--allow-renamed": p.AllowRenamed, "--start-of-day": p.StartOfDay, "--allow-empty-pattern": p.AllowEmptyPattern, "--no-verify": p.NoVerify, "--all-rows": p.AllRows} {
		if on {
			add(name, "on")
		}
	}
	slices.SortStableFunc(given, func(a, b planfile.Option) int { return strings.Compare(a.Name, b.Name) })
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
