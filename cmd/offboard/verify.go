package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/intake"
	"offboard/batch/journal"
)

// verifyCmd asks the directory, and believes no report.
type verifyCmd struct {
	What  string `arg:"" name:"run|file" help:"A run, a CSV file of users, or - for one on standard input."`
	Since string `help:"The stamps must be later: how long ago (24h), a day, a time (RFC 3339), or a run (its first success). Required for a file, of whose users signInSessionsValidFromDateTime alone is read. Without it the stamps of a run must prove the run's own revocations." placeholder:"TIME|RUN"`
	Watch length `help:"Read the stamps that do not hold again, for so long or until all hold." default:"0"`

	selection
	connection
	patience
}

// Help ends the command's help.
func (verifyCmd) Help() string {
	return "Graph permissions: User.Read.All.\n\n" + strings.Replace(exitCodeHelp,
		"every user ended in success, or was left alone on purpose; also: nothing to do", "every stamp holds", 1)
}

// check is one user whose stamp is read.
type check struct {
	Line     int       `json:"line"`
	Input    string    `json:"input"`
	ID       string    `json:"user_id"`
	UPN      string    `json:"user_principal_name"`
	Stamp    time.Time `json:"valid_from,omitzero"`
	Reason   string    `json:"reason"`          // why it does not hold; "" when it does
	Before   time.Time `json:"-"`               // the stamp before the run
	Accepted time.Time `json:"wanted,omitzero"` // the 2xx that the stamp must prove
	row      batch.Row
}

// Run reads the stamps until they hold or --watch is over.
func (v *verifyCmd) Run(ctx context.Context, c *command) error {
	store, err := c.readJournal(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	j, checks, err := v.prepare(ctx, c, store)
	if err != nil {
		return err
	}
	defer j.target.close()
	var from since
	if v.Since != "" {
		if from, err = j.sinceWhen(ctx, v.Since, v.zone, time.Now()); err != nil {
			return err
		}
	}
	failing, err := v.watch(ctx, j, checks, from.at)
	if err = errors.Join(err, c.files.unchanged(nothingWritten)); err != nil {
		return err
	}
	if err := refused("nothing was verified", []batch.Finding{from.check(j.target.clock.read())}); err != nil {
		return err
	}
	if err := v.tell(c, len(checks), failing); err != nil {
		return err
	}
	if len(failing) > 0 {
		return errPartial
	}
	return nil
}

// watch reads the stamps, and those that do not hold again and again until they
// do or --watch is over. It gives the checks that fail.
func (v *verifyCmd) watch(ctx context.Context, j *job, checks []*check, since time.Time) ([]*check, error) {
	over := time.Now().Add(v.Watch.Duration)
	for failing := checks; ; {
		var err error
		if failing, err = v.read(ctx, j, failing, since); err != nil {
			return nil, err
		}
		if len(failing) == 0 || time.Now().Add(watchEvery).After(over) {
			return failing, nil
		}
		j.say("%s of %s hold; reading the others again in %s", batch.Thousands(len(checks)-len(failing)), batch.Thousands(len(checks)), batch.Span(watchEvery))
		select {
		case <-time.After(watchEvery):
		case <-j.stop:
			return nil, batch.ErrStopped
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// watchEvery is how long --watch leaves between two looks.
const watchEvery = 15 * time.Second

// prepare signs in and lists whom to check: those of a file, or of a run.
func (v *verifyCmd) prepare(ctx context.Context, c *command, store *journal.Store) (*job, []*check, error) {
	var checks []*check
	var seeds seeder
	if _, err := os.Stat(v.What); v.What == "-" || err == nil || !errors.Is(err, fs.ErrNotExist) {
		if v.Since == "" {
			return nil, nil, fmt.Errorf("%w: a file needs --since: the moment after which its users must have been revoked", errUsage)
		}
		in, err := c.read(v.What)
		if err != nil {
			return nil, nil, err
		}
		opt, err := v.options(time.Now())
		if err != nil {
			return nil, nil, err
		}
		if checks, err = fileChecks(in, opt); err != nil {
			return nil, nil, err
		}
		seeds = seedFile(in, opt)
		return v.connected(ctx, c, store, batch.Plan{}, checks, seeds)
	}
	if err := c.findJournal(); err != nil {
		return nil, nil, fmt.Errorf("%s is no file, and no run: %w", v.What, err)
	}
	run, err := store.Run(ctx, v.What)
	if err != nil {
		return nil, nil, err
	}
	plan := run.Plan()
	if plan.Cloud == simulatedCloud {
		return nil, nil, fmt.Errorf("%w: run %s was a rehearsal: its tenant was in memory, and is gone with all stamps; what the run itself read back is in its report: %s",
			errUsage, plan.Run, c.typed("show", plan.Run))
	}
	if err := v.follow(plan, "nothing was verified"); err != nil {
		return nil, nil, err
	}
	if checks, err = runChecks(ctx, run, v.Since != ""); err != nil {
		return nil, nil, err
	}
	j, checks, err := v.connected(ctx, c, store, plan, checks, seedPlan(run))
	if err == nil {
		if err = j.sameTenant(plan); err != nil {
			err = errors.Join(err, j.target.close())
		}
	}
	return j, checks, err
}

func (v *verifyCmd) connected(ctx context.Context, c *command, store *journal.Store, plan batch.Plan, checks []*check, s seeder) (*job, []*check, error) {
	e := errand{connection: v.connection, patience: v.patience, action: cmp.Or(plan.Action, batch.Revoke), plan: plan, key: batch.Key(v.Key)}
	t, err := c.connect(ctx, e, s)
	if err != nil {
		return nil, nil, err
	}
	j, err := newJob(c, v.connection, execution{patience: v.patience}, t, store)
	if err == nil {
		err = t.mayRead()
	}
	if err != nil {
		return nil, nil, errors.Join(err, t.close())
	}
	return j, checks, nil
}

// fileChecks are the rows of a file that name somebody; a bad row does not hold.
func fileChecks(in *reading, opt intake.Options) ([]*check, error) {
	rows, err := intake.Open(in.open(), opt)
	if err != nil {
		return nil, err
	}
	var checks []*check
	for row, err := range rows.Rows() {
		if bad, ok := errors.AsType[*batch.RowError](err); ok {
			if bad.Outcome != batch.Skipped {
				checks = append(checks, &check{Line: bad.Row.Line, Input: bad.Row.Input, Reason: bad.Reason})
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		checks = append(checks, &check{Line: row.Line, Input: row.Input, row: row})
	}
	return checks, nil
}

// runChecks are the users of a run: those whom it revoked, each against its own
// 2xx, or with since all whom it names. Of a skipped row it looked nobody up.
func runChecks(ctx context.Context, run *journal.Run, since bool) ([]*check, error) {
	var checks []*check
	for l, err := range run.Lines(ctx) {
		if err != nil {
			return nil, err
		}
		neutral := l.Record.Outcome.Kind() == batch.Neutral || l.Record.Outcome == batch.Already
		if l.First != 0 || l.Record.Outcome == batch.Skipped || neutral && !since {
			continue
		}
		k := &check{Line: l.Row.Line, Input: l.Row.Input, ID: l.User.ID, UPN: l.User.UPN, Before: l.User.Stamp, Accepted: l.Record.Accepted}
		switch {
		case l.User.ID == "" && l.User.UPN == "", l.Record.Outcome == batch.Invalid:
			k.Reason = "the run has no user for this row"
		case !since && l.Record.Accepted.IsZero():
			k.Reason = "the run has no success to prove: the user is " + string(l.Record.Outcome)
		default:
			k.row = batch.Row{Line: l.Row.Line, Input: l.Row.Input, ID: l.User.ID, UPN: l.User.UPN}
		}
		checks = append(checks, k)
	}
	return checks, nil
}

// read looks at the stamps, and gives those that do not hold.
func (v *verifyCmd) read(ctx context.Context, j *job, checks []*check, since time.Time) ([]*check, error) {
	var failing, asked []*check
	for _, k := range checks {
		if k.row.Line == 0 {
			failing = append(failing, k)
			continue
		}
		asked = append(asked, k)
	}
	p := j.planner()
	p.AllowRenamed = true // a user who was revoked by id may have a new name by now
	p.Rows = func(yield func(batch.Row, error) bool) {
		for i, k := range asked {
			k.row.Seq = i + 1
			if !yield(k.row, nil) {
				return
			}
		}
	}
	p.Add = func(_ context.Context, planned []batch.Planned) error {
		for _, pl := range planned {
			k := asked[pl.User.Seq-1]
			if k.judge(pl, since); k.Reason != "" {
				failing = append(failing, k)
			}
		}
		return nil
	}
	show := j.progress(0, nil)
	show.stage = "reading stamps"
	p.Progress = show.planning
	_, err := p.Plan(ctx)
	show.end()
	if err != nil {
		return nil, fmt.Errorf("read stamps: %w", err)
	}
	return failing, nil
}

// judge holds the stamp that was read against what it must show.
func (k *check) judge(pl batch.Planned, since time.Time) {
	k.Reason = ""
	if pl.Record != nil {
		k.Reason = string(pl.Record.Outcome) + ": " + pl.Record.Reason
		return
	}
	u, asked := pl.User, batch.User{ID: k.row.ID, UPN: k.row.UPN, Stamp: k.Before}
	k.ID, k.UPN, k.Stamp = cmp.Or(u.ID, k.ID), cmp.Or(u.UPN, k.UPN), u.Stamp
	if k.row.From.After(since) { // a stamp from before says nothing of the days until then
		since = k.row.From
	}
	switch {
	case u.External():
		k.Reason = "a guest's sessions live in the home tenant; a stamp here says nothing of them"
	case u.Stamp.IsZero():
		k.Reason = "the directory has no stamp"
	case !since.IsZero() && !u.Stamp.After(since):
		k.Reason = "the stamp is not later than " + since.UTC().Format(time.RFC3339)
	case !since.IsZero() && u.Incredible() != "":
		k.Reason = u.Incredible()
	case since.IsZero():
		k.Reason, _ = asked.Judge(k.Accepted, &u)
	}
}

// tell writes who holds, and by name who does not.
func (v *verifyCmd) tell(c *command, all int, failing []*check) error {
	if c.cli.Output == "json" {
		return json.NewEncoder(c.stdout).Encode(map[string]any{"checked": all, "holds": all - len(failing), "failing": append([]*check{}, failing...)})
	}
	if _, err := fmt.Fprintf(c.stdout, "%s of %s hold\n", batch.Thousands(all-len(failing)), batch.Thousands(all)); err != nil || len(failing) == 0 {
		return err
	}
	t, err := newTable(c.stdout, "LINE", "INPUT", "STAMP", "REASON")
	for _, k := range failing {
		if err != nil {
			return err
		}
		stamp := "none"
		if !k.Stamp.IsZero() {
			stamp = k.Stamp.UTC().Format(time.RFC3339)
		}
		err = t.add(strconv.Itoa(k.Line), k.Input, stamp, k.Reason)
	}
	if err != nil {
		return err
	}
	return t.end()
}
