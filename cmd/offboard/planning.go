package main

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

// planning says which users to revoke, and how. The commands run and plan share it.
type planning struct {
	File string `arg:"" help:"The CSV file, or - for standard input."`

	selection
	planGuards
	Action    string `help:"revoke: revokeSignInSessions; invalidate: invalidateAllRefreshTokens, the older beta call (Invoke-MgInvalidateUserRefreshToken)." enum:"revoke,invalidate" default:"revoke" choice:""`
	NoResolve bool   `help:"Send keys as given, for an app without read permission. Nothing that needs a read is claimed; names beyond ASCII are refused, since no answer would show which user they reached." choice:""`
	NoVerify  bool   `help:"Do not read the stamps back; users end revoked." choice:""`
	AllRows   bool   `help:"Take all rows that pass the gates, although a status or leaving-date column that no gate looks at says that some of their people stay. --yes does not say that."`

	rehearsal bool // nothing will be written
	reports   bool // there will be report files
}

// planned is a job whose input is open and whose tenant is signed in to, and
// then what planning found.
type planned struct {
	*job
	in    *reading
	opt   intake.Options
	kept  batch.Kept // users of rows that a gate holds back
	plan  batch.Plan
	count batch.Count

	undone []func() // what ends it, the last first
}

func (p *planned) undo() {
	for _, end := range slices.Backward(p.undone) {
		end()
	}
}

// open opens everything. A wrong file is told before anybody signs in. Everything
// checkable without the directory is reported together; person is the error when no
// one can answer a question, or nil.
func (g *planning) open(ctx context.Context, c *command, conn connection, exe execution, person error) (_ *planned, err error) {
	if g.NoResolve && batch.Key(g.Key).Searched() {
		return nil, fmt.Errorf("%w: --key %s is searched for in the directory, which --no-resolve does not read", errUsage, g.Key)
	}
	now := time.Now()
	opt, err := g.options(now)
	if err != nil {
		return nil, err
	}
	choice, err := g.choice(c, opt)
	if err != nil {
		return nil, err
	}
	in, err := c.read(g.File)
	if err != nil {
		return nil, err
	}
	found, question, stays, err := g.survey(c, in, opt, now)
	if err != nil {
		return nil, err
	}
	rows, err := intake.Open(in.open(), opt)
	if err != nil {
		return nil, err
	}
	p := &planned{in: in, opt: opt, kept: found.Kept, plan: batch.Plan{Run: newName(now), Created: now}}
	defer func() {
		if err != nil {
			p.undo()
		}
	}()
	trip := g.errand(c, conn, exe)
	store, unready := p.claim(ctx, c, g, exe)
	if err := refuseAll(person, g.checkAge(in, now), stays, unready, c.mayConnect(trip)); err != nil {
		return nil, err
	}
	if question != "" {
		if err := c.ask(false, question); err != nil {
			return nil, err
		}
	}
	t, err := c.connect(ctx, trip, both(seedFile(in, opt), seedGuards(c, g.guards, batch.Guards{})))
	if err != nil {
		return nil, err
	}
	p.undone = append(p.undone, func() { p.target.close() }) // which may be another by then
	if p.job, err = newJob(c, conn, exe, t, store); err != nil {
		return nil, err
	}
	osUser, host := operator()
	p.plan = batch.Plan{
		Run: p.plan.Run, Created: now, Version: version,
		Input: g.File, Digest: in.digest, Columns: rows.Columns(), Settings: append(rows.Settings(), g.stayed(found)...),
		Tenant: t.identity().Tenant, App: t.identity().App, Cloud: t.cloud,
		Action: batch.Action(g.Action), Resolve: !g.NoResolve, Verify: !g.NoResolve && !g.NoVerify,
		Choice: choice, InOrder: g.Order == "file",
		Terms: batch.Terms{User: t.identity().User, UserName: t.identity().UPN, TenantName: t.organization.String(), OSUser: osUser, Host: host, Flags: c.flags("keep"), Choice: c.flags("choice")},
	}
	return p, nil
}

// claim opens the journal and makes the report directory, before anybody signs in.
func (p *planned) claim(ctx context.Context, c *command, g *planning, exe execution) (*journal.Store, error) {
	store, err := c.openJournal(ctx)
	if err == nil {
		p.undone = append(p.undone, func() { store.Close() })
	}
	if !g.reports {
		return store, err
	}
	tidy, noDir := c.claimReport(exe, p.plan)
	if noDir == nil {
		p.undone = append(p.undone, tidy)
	}
	return store, refuseAll(err, noDir)
}

// errand is what planning signs in for.
func (g *planning) errand(c *command, conn connection, exe execution) errand {
	e := errand{connection: conn, patience: exe.patience, action: batch.Action(g.Action), key: batch.Key(g.Key)}
	if g.rehearsal && c.asks {
		e.key = "" // somebody sees the tenant, and nothing is written
	}
	return e
}

// choice tells all that chooses users, and nothing else: a run that was begun
// under another choice is another run. Of the time it holds the day, so that
// tomorrow's dates are looked at anew, and of a protect list what the list says.
func (g *planning) choice(c *command, opt intake.Options) (string, error) {
	day := ""
	parts := []string{g.Column, g.Key, g.DateColumn, g.DateFormat, g.TimeZone, g.Since, g.Order,
		fmt.Sprint(g.StartOfDay, g.AllowRenamed, g.ProtectPrivileged, g.IncludeCaller)}
	if opt.Date != nil {
		day = dated + opt.Date.AsOf.Format(time.DateOnly)
	}
	parts = append(append(append(parts, g.Where...), g.ProtectGroup...), g.IgnoreColumn...)
	for _, name := range g.Protect {
		list, err := c.read(name)
		if err != nil {
			return "", fmt.Errorf("--protect: %w", err)
		}
		parts = append(parts, list.digest)
	}
	hash := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(hash[:]) + day, nil
}

// make plans into the journal, tells what it found, and holds it against the
// limits. The caller seals the run, or discards it, and unlocks it.
func (g *planning) make(ctx context.Context, p *planned) (unlock func() error, checks []batch.Finding, err error) {
	if p.plan.Resolve {
		if err := p.target.mayRead(); err != nil {
			return nil, nil, err
		}
	}
	known, err := g.learn(ctx, p.job, &p.plan)
	if err != nil {
		return nil, nil, err
	}
	if p.run, err = p.store.Create(ctx, p.plan); err != nil {
		return nil, nil, err
	}
	if unlock, err = p.run.Lock(); err != nil {
		return nil, nil, err
	}
	if err := errors.Join(g.resolve(ctx, p, known.spare), p.files.unchanged(nothingWritten)); err != nil {
		return nil, nil, errors.Join(err, p.run.Discard(ctx), unlock())
	}
	p.counts(p.plan, p.count)
	g.checkClock(p.job, &known)
	return unlock, known.checks(p.count), nil
}

// resolve reads the input into the journal, and looks everybody up.
func (g *planning) resolve(ctx context.Context, p *planned, spare batch.Spare) error {
	var skips []batch.Skip
	opt := p.opt
	opt.Skip = func(s batch.Skip) { skips = append(skips, s) }
	look := p.planner()
	look.Rows, look.AllowRenamed, look.Spare, look.Kept = func(yield func(batch.Row, error) bool) {
		rows, err := intake.Open(p.in.open(), opt)
		if err != nil {
			yield(batch.Row{}, err)
			return
		}
		opt.Skip = nil // a second reading skips the same lines
		rows.Rows()(yield)
		p.plan.Lines = rows.Lines()
	}, g.AllowRenamed, spare, p.kept
	look.Add = func(ctx context.Context, planned []batch.Planned) error {
		if err := p.run.AddSkips(ctx, skips); err != nil {
			return err
		}
		skips = skips[:0]
		return p.run.AddRows(ctx, planned)
	}
	if g.NoResolve {
		look.Directory = nil
	}
	show := p.progress(0, nil)
	look.Progress = show.planning
	var err error
	p.count, err = look.Plan(ctx)
	show.end()
	if err != nil {
		return fmt.Errorf("plan: %w; nothing was written", err)
	}
	p.plan.Rows, p.plan.Users, p.plan.Accounts = p.count.Rows, p.count.Users, p.count.Accounts
	return p.run.AddSkips(ctx, skips)
}

// newName names a run by its time, and by chance for those who start two in
// one second.
func newName(now time.Time) string {
	var b [2]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return now.UTC().Format("20060102-150405") + "-" + hex.EncodeToString(b[:])
}
