package job

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/intake"
	"offboard/batch/journal"
)

// opened are the files that are read, and what planning found in them.
type opened struct {
	in     inputs
	opt    intake.Options
	kept   batch.LinesByName // users of rows that a gate holds back
	count  batch.Count
	checks []batch.Finding // what the guards say
}

// ready opens everything, and signs in. What is wrong is told as read does.
func (g *Planning) ready(ctx context.Context, j *job, able func() error) error {
	_, question, err := g.read(ctx, j, able, j.prepare)
	if err != nil {
		return err
	}
	if question != "" {
		if err := j.Confirm(false, question); err != nil {
			return err
		}
	}
	if err := j.enterPrepared(ctx, j.guarded(seedFile(j.in, j.opt), g.Guards, batch.Guards{})); err != nil {
		return err
	}
	j.meet()
	return nil
}

// read opens everything but the tenant. A wrong file is told first. All else that can be checked
// without the directory is told together, before anybody signs in, with what able says
// once the input was read, and what signIn says. The question is one that a person has to answer.
func (g *Planning) read(ctx context.Context, j *job, able, signIn func() error) (found intake.Survey, question string, err error) {
	steps, err := g.checkFlags()
	if err != nil {
		return found, "", err
	}
	now := time.Now()
	in, opt, err := g.input(j.Host, g.File, g.Selection, now)
	opt.AllRows = g.AllRows
	if err != nil {
		return found, "", err
	}
	choice, err := g.choiceDigest(j.Host, opt)
	if err != nil {
		return found, "", err
	}
	found, question, stays, err := g.survey(j.Host, in, opt, now)
	if err != nil {
		return found, "", err
	}
	if len(found.Stay) > 0 && stayWords(found) == j.answered {
		question, stays = "", nil
	}
	if err := g.draft(j, in, opt, found, choice, steps, now); err != nil {
		return found, "", err
	}
	if j.key = g.key(); g.rehearsal && j.MayAsk() {
		j.key = "" // somebody sees the tenant, and nothing is written
	}
	closed := j.openStore(ctx, newJournal, false)
	var unclaimed error
	if g.reports && !errors.Is(closed, journal.ErrDisk) { // a full disk is told once
		unclaimed = j.claimReport()
	}
	return found, question, refused(nothingPlanned, able(), j.pace(), g.wrong(j.Host), g.checkAge(in, now), stays, closed, unclaimed, signIn())
}

// checkFlags gives the steps, and refuses flags that exclude each other.
func (g *Planning) checkFlags() ([]batch.Step, error) {
	if key := g.key(); g.NoResolve && key.Searched() {
		return nil, fmt.Errorf("%w: the key %s is searched for in the directory, which --no-resolve does not read", ErrUsage, key)
	}
	steps, err := g.steps()
	if err != nil {
		return nil, err
	}
	return steps, g.checkSLA(steps)
}

// draft begins the plan with what the input and the flags say.
func (g *Planning) draft(j *job, in inputs, opt intake.Options, found intake.Survey, choice string, steps []batch.Step, now time.Time) error {
	rows, err := intake.Open(in.sources(), opt)
	if err != nil {
		return err
	}
	defer rows.Close()
	j.in, j.opt, j.kept = in, opt, found.Kept
	osUser, host := operator()
	j.plan = batch.Plan{
		Run: newName(now), Created: now, Version: j.Version,
		Columns: rows.Columns(), Keep: rows.Kept(), Dated: opt.DateGate != nil, SLA: g.SLA.Duration,
		Settings: append(rows.Settings(), g.stayed(found)...),
		Steps:    steps, Resolve: !g.NoResolve, Verify: !g.NoResolve && !g.NoVerify,
		Choice: choice, InOrder: g.Order == "file",
		Terms: batch.Terms{OSUser: osUser, Host: host, Flags: j.Flags("keep"), Choice: j.Flags("choice")},
	}
	in.of(&j.plan)
	for _, name := range rows.Ignored() { // retry.csv has it
		j.plan.Terms.Choice = append(j.plan.Terms.Choice, batch.Flag{Name: "ignore-column", Value: name})
	}
	return nil
}

// meet keeps in the plan whose tenant it is, and who made it.
func (j *job) meet() {
	who := j.tenant.identity()
	j.plan.Tenant, j.plan.App, j.plan.Cloud = who.Tenant, who.App, j.tenant.cloud
	j.plan.Terms.User, j.plan.Terms.UserName, j.plan.Terms.TenantName = who.User, who.UPN, j.tenant.organization.String()
}

// checkSLA refuses an SLA of which nothing could be said.
func (g *Planning) checkSLA(steps []batch.Step) error {
	switch {
	case g.SLA.Duration == 0:
		return nil
	case g.dateColumn() == "":
		return fmt.Errorf("%w: --sla counts from the date of each row; name their column with --date-column", ErrUsage)
	case !batch.Contains(steps):
		return fmt.Errorf("%w: --sla says when users are to be contained, and the steps %s only end sessions; contain them with --steps emergency", ErrUsage, batch.StepList(steps))
	}
	return nil
}

// choiceDigest tells all that chooses users, and nothing else: a run that was begun
// under another choice is another run. Of the time it holds the day, so that
// tomorrow's dates are looked at anew, and of a protect list what the list says.
func (g *Planning) choiceDigest(h *Host, opt intake.Options) (string, error) {
	day := ""
	parts := []string{g.Column, g.Key, g.DateColumn, g.DateFormat, g.TimeZone, g.Since, g.Order,
		g.Preset, g.Encoding, g.Sheet, fmt.Sprint(g.HeaderLine, g.NoHeader),
		fmt.Sprint(g.StartOfDay, g.AllowRenamed, g.ProtectPrivileged, g.IncludeCaller)}
	if opt.DateGate != nil {
		day = dated + opt.DateGate.AsOf.Format(time.DateOnly)
	}
	parts = slices.Concat(parts, g.Where, g.ProtectGroup, g.IgnoreColumn, g.RowsOf)
	for _, name := range g.Protect {
		list, err := h.read(name)
		if err != nil {
			return "", fmt.Errorf("--protect: %w", err)
		}
		parts = append(parts, list.digest)
	}
	hash := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(hash[:]) + day, nil
}

// find plans into the journal, tells what it found, and holds it against the
// limits. The caller seals the run, or discards it.
func (g *Planning) find(ctx context.Context, j *job) error {
	if j.plan.Resolve {
		if err := j.tenant.may(looking(j.plan)); err != nil {
			return err
		}
	}
	known, err := g.askGuards(ctx, j, &j.plan)
	if err != nil {
		return err
	}
	if err := j.create(ctx); err != nil {
		return err
	}
	if err := errors.Join(g.lookUpRows(ctx, j, known.spare), j.Files.unchanged(nothingWritten)); err != nil {
		return err
	}
	j.Planned(j.plan, j.count)
	g.checkClock(j, &known)
	j.checks = known.checks(j.count)
	return nil
}

// lookUpRows reads the input into the journal, and looks everybody up.
func (g *Planning) lookUpRows(ctx context.Context, j *job, spare batch.Spare) error {
	var skips []batch.Skip
	opt := j.opt
	opt.Skip = func(s batch.Skip) { skips = append(skips, s) }
	look := j.stepPlanner()
	look.Rows, look.AllowRenamed, look.Spare, look.Stay = func(yield func(batch.Row, error) bool) {
		rows, err := intake.Open(j.in.sources(), opt)
		if err != nil {
			yield(batch.Row{}, err)
			return
		}
		defer rows.Close()
		opt.Skip = nil // a second reading skips the same lines
		rows.Rows()(yield)
		j.plan.Lines = 0
		for i, n := range rows.Lines() {
			if j.plan.Lines += n; len(j.plan.Inputs) > 0 {
				j.plan.Inputs[i].Lines = n
			}
		}
	}, g.AllowRenamed, spare, j.kept
	look.Add = func(ctx context.Context, planned []batch.Planned) error {
		if err := j.run.AddSkips(ctx, skips); err != nil {
			return err
		}
		skips = skips[:0]
		return j.run.AddRows(ctx, planned)
	}
	if g.NoResolve {
		look.Directory = nil
	}
	var err error
	if j.count, err = j.lookUp(ctx, "", look); err != nil {
		return fmt.Errorf("plan: %w; nothing was written", err)
	}
	j.plan.Rows, j.plan.Users, j.plan.Writes, j.plan.Accounts = j.count.Rows, j.count.Users, j.count.Writes, j.count.Accounts
	return j.run.AddSkips(ctx, skips)
}

// newName names a run by its time, and by chance for those who start two in
// one second.
func newName(now time.Time) string {
	var b [2]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return now.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(b[:])
}
