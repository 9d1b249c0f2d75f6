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

// planned is a job whose input is open and whose tenant is signed in to, and
// then what planning found.
type planned struct {
	*job
	in     *reading
	opt    intake.Options
	kept   batch.LinesByName // users of rows that a gate holds back
	plan   batch.Plan
	count  batch.Count
	checks []batch.Finding // what the guards say

	undone []func() error // what ends it, the last first
}

func (p *planned) close() {
	for _, end := range slices.Backward(p.undone) {
		_ = end() // what was written is durable by now
	}
}

// open opens everything. A wrong file is told first. All else that can be checked
// without the directory is told together, before anybody signs in, with what able says
// once the input was read. The caller closes what was opened.
func (g *Planning) open(ctx context.Context, h *Host, conn *Connection, exe *Execution, able func() error) (_ *planned, err error) {
	if g.NoResolve && batch.Key(g.Key).Searched() {
		return nil, fmt.Errorf("%w: --key %s is searched for in the directory, which --no-resolve does not read", ErrUsage, g.Key)
	}
	now := time.Now()
	opt, err := g.options(now)
	if err != nil {
		return nil, err
	}
	choice, err := g.choice(h, opt)
	if err != nil {
		return nil, err
	}
	in, err := h.read(g.File)
	if err != nil {
		return nil, err
	}
	found, question, stays, err := g.survey(h, in, opt, now)
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
			p.close()
		}
	}()
	store, unclaimed := p.claim(ctx, h, g, exe)
	s, unnamed := h.prepare(g.errand(h, conn, exe))
	if err := refuseAll(nothingPlanned, able(), g.wrong(h, conn), g.checkAge(in, now), stays, unclaimed, unnamed); err != nil {
		return nil, err
	}
	if question != "" {
		if err := h.Confirm(false, question); err != nil {
			return nil, err
		}
	}
	if p.job, err = s.open(ctx, store, exe, h.guarded(seedFile(in, opt), g.Guards, batch.Guards{})); err != nil {
		return nil, err
	}
	p.undone = append(p.undone, p.job.close)
	who := p.tenant.identity()
	osUser, host := operator()
	p.plan = batch.Plan{
		Run: p.plan.Run, Created: now, Version: h.Version,
		Input: g.File, Digest: in.digest, Columns: rows.Columns(), Settings: append(rows.Settings(), g.stayed(found)...),
		Tenant: who.Tenant, App: who.App, Cloud: p.tenant.cloud,
		Action: batch.Action(g.Action), Resolve: !g.NoResolve, Verify: !g.NoResolve && !g.NoVerify,
		Choice: choice, InOrder: g.Order == "file",
		Terms: batch.Terms{User: who.User, UserName: who.UPN, TenantName: p.tenant.organization.String(), OSUser: osUser, Host: host, Flags: h.Flags("keep"), Choice: h.Flags("choice")},
	}
	return p, nil
}

// claim opens the journal and makes the report directory, before anybody signs in.
func (p *planned) claim(ctx context.Context, h *Host, g *Planning, exe *Execution) (*journal.Store, error) {
	store, err := h.OpenJournal(ctx)
	if err == nil {
		p.undone = append(p.undone, store.Close)
	}
	if !g.reports {
		return store, err
	}
	tidy, noDir := h.claimReport(exe, p.plan)
	if noDir == nil {
		p.undone = append(p.undone, tidy)
	}
	return store, refuseAll(nothingPlanned, err, noDir)
}

// errand is what planning signs in for.
func (g *Planning) errand(h *Host, conn *Connection, exe *Execution) errand {
	e := errand{Connection: conn, Patience: exe.Patience, action: batch.Action(g.Action), key: batch.Key(g.Key)}
	if g.rehearsal && h.MayAsk() {
		e.key = "" // somebody sees the tenant, and nothing is written
	}
	return e
}

// choice tells all that chooses users, and nothing else: a run that was begun
// under another choice is another run. Of the time it holds the day, so that
// tomorrow's dates are looked at anew, and of a protect list what the list says.
func (g *Planning) choice(h *Host, opt intake.Options) (string, error) {
	day := ""
	parts := []string{g.Column, g.Key, g.DateColumn, g.DateFormat, g.TimeZone, g.Since, g.Order,
		fmt.Sprint(g.StartOfDay, g.AllowRenamed, g.ProtectPrivileged, g.IncludeCaller)}
	if opt.DateGate != nil {
		day = dated + opt.DateGate.AsOf.Format(time.DateOnly)
	}
	parts = append(append(append(parts, g.Where...), g.ProtectGroup...), g.IgnoreColumn...)
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
// limits. The caller seals the run, or discards it, and unlocks it.
func (g *Planning) find(ctx context.Context, p *planned) (unlock func() error, err error) {
	if p.plan.Resolve {
		if err := p.tenant.mayRead(); err != nil {
			return nil, err
		}
	}
	known, err := g.learn(ctx, p.job, &p.plan)
	if err != nil {
		return nil, err
	}
	if p.run, err = p.store.Create(ctx, p.plan); err != nil {
		return nil, err
	}
	if unlock, err = p.run.Lock(); err != nil {
		return nil, errors.Join(err, p.run.Discard(ctx))
	}
	if err := errors.Join(g.resolve(ctx, p, known.spare), p.Files.unchanged(nothingWritten)); err != nil {
		return nil, errors.Join(err, p.run.Discard(ctx), unlock())
	}
	p.Planned(p.plan, p.count)
	g.checkClock(p.job, &known)
	p.checks = known.checks(p.count)
	return unlock, nil
}

// resolve reads the input into the journal, and looks everybody up.
func (g *Planning) resolve(ctx context.Context, p *planned, spare batch.Spare) error {
	var skips []batch.Skip
	opt := p.opt
	opt.Skip = func(s batch.Skip) { skips = append(skips, s) }
	look := p.planner()
	look.Rows, look.AllowRenamed, look.Spare, look.Stay = func(yield func(batch.Row, error) bool) {
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
	var err error
	if p.count, err = p.lookUp(ctx, "", look); err != nil {
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
