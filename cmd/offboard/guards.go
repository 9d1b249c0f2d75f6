package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/intake"
)

// guards say who is left alone although the input names them, and when a plan is
// refused as a whole.
type guards struct {
	Protect           []string `help:"A file of users who are never touched: object ids, user principal names and patterns such as breakglass-*@contoso.com, one a line. An id or a name that does not exist refuses the run. Repeatable." placeholder:"FILE" type:"path" sep:"none"`
	ProtectGroup      []string `help:"The object id of a group whose members, nested ones too, are never touched. Repeatable." placeholder:"ID"`
	ProtectPrivileged bool     `help:"Never touch holders of privileged directory roles."`
	IncludeCaller     bool     `help:"Do not leave out the account that is signed in; revoking it may end the run's own session."`
	MaxUsers          int      `help:"Refuse a plan with more users; 0 is no limit." default:"500"`
	MaxPercent        int      `help:"Refuse a plan with more of the tenant's users, in percent; 0 is no limit." default:"20"`
	MaxPrivileged     int      `help:"Refuse a plan with more holders of privileged directory roles; 0 is no limit." default:"5"`
	Since             string   `help:"Whoever was revoked after that ends already, and is not sent: a time (RFC 3339), or a run, whose first success counts." placeholder:"TIME|RUN"`
	Order             string   `help:"danger: holders of privileged roles first, then as in the file; file: as in the file." enum:"danger,file" default:"danger"`
}

// learned is what the guards found out before planning.
type learned struct {
	spare    batch.Spare
	users    int             // of the tenant; -1 when nobody asked
	settings []batch.Setting // for the plan
}

// note keeps a decision for the plan and its reports.
func (l *learned) note(name, value, why string) {
	l.settings = append(l.settings, batch.Setting{Name: name, Value: value, Why: why})
}

// learn reads who is protected, who holds which role and how many users the
// tenant has. What cannot be read ends the run: a guard that fails open is none.
func (g guards) learn(ctx context.Context, j *job, resolve bool) (learned, error) {
	l := learned{spare: batch.Spare{IDs: map[string]string{}, Admin: g.ProtectPrivileged}, users: -1}
	if id := j.target.identity(); id.User != "" && !g.IncludeCaller {
		l.spare.IDs[id.User] = "the account that is signed in (--include-caller)"
		if id.UPN != "" { // without resolution a row may have the name alone
			l.spare.Names = append(l.spare.Names, id.UPN)
		}
	}
	if !resolve {
		return l, g.blind(&l)
	}
	for _, step := range []func(context.Context, *job, *learned) error{g.since, g.protectFiles, g.protectGroups, g.roles, g.count} {
		if err := step(ctx, j, &l); err != nil {
			return l, err
		}
	}
	return l, nil
}

// blind refuses what cannot be done without reading the directory.
func (g guards) blind(l *learned) error {
	for flag, given := range map[string]bool{
		"--protect": len(g.Protect) > 0, "--protect-group": len(g.ProtectGroup) > 0,
		"--protect-privileged": g.ProtectPrivileged, "--since": g.Since != "",
	} {
		if given {
			return fmt.Errorf("%w: %s needs the directory, which --no-resolve does not read", errUsage, flag)
		}
	}
	l.note("limits", "--max-users only", "--no-resolve reads neither roles nor the tenant's size")
	return nil
}

// since reads --since.
func (g guards) since(ctx context.Context, j *job, l *learned) error {
	if g.Since == "" {
		return nil
	}
	at, err := sinceWhen(ctx, j, g.Since)
	if err != nil {
		return err
	}
	if at.After(time.Now()) {
		return fmt.Errorf("%w: --since %s lies in the future", errUsage, at.Format(time.RFC3339))
	}
	l.spare.Since = at
	l.note("since", at.UTC().Format(time.RFC3339), "--since "+g.Since)
	return nil
}

// sinceWhen is a time, or one that all stamps are later than that a run set: its
// first success by the server's clock, less the slack that proof has.
func sinceWhen(ctx context.Context, j *job, s string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, s)
	if err == nil {
		return at, nil
	}
	run, err := j.store.Run(ctx, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: --since %q is neither a time such as 2026-11-22T12:00:00Z nor a run: %w", errUsage, s, err)
	}
	plan := run.Plan()
	if plan.Tenant != j.target.identity().Tenant || plan.Cloud != j.target.cloud {
		return time.Time{}, fmt.Errorf("%w: --since: run %s is one of tenant %s at %s", errUsage, plan.Run, plan.Tenant, plan.Cloud)
	}
	at, err = run.Began(ctx)
	if err == nil && at.IsZero() {
		err = fmt.Errorf("%w: --since: run %s revoked nobody", errUsage, plan.Run)
	}
	return at.Add(-batch.Slack), err
}

// protectFiles spares whom the lists name. An entry that is no user of this
// tenant refuses the run: it may be a misspelt name of somebody who is.
func (g guards) protectFiles(ctx context.Context, j *job, l *learned) error {
	for _, name := range g.Protect {
		list, err := j.read(name)
		if err != nil {
			return fmt.Errorf("--protect: %w", err)
		}
		rows, patterns, err := intake.Protect(list.open())
		if err != nil {
			return fmt.Errorf("%w; nothing was written: --protect %s: %w", errRefused, name, err)
		}
		if err := j.protect(ctx, name, rows, l.spare.IDs); err != nil {
			return err
		}
		l.spare.Names = append(l.spare.Names, patterns...)
		l.note("protect", fmt.Sprintf("%s users and %s patterns of %s", thousands(len(rows)), thousands(len(patterns)), name), "--protect")
	}
	return nil
}

// protect resolves the entries of a list.
func (j *job) protect(ctx context.Context, list string, rows []batch.Row, ids map[string]string) error {
	var missing []string
	p := j.planner()
	p.Rows = func(yield func(batch.Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
	p.Add = func(_ context.Context, planned []batch.Planned) error {
		for _, pl := range planned {
			if pl.Record != nil {
				missing = append(missing, fmt.Sprintf("line %d, %s: %s", pl.Row.Line, pl.Row.Input, pl.Record.Reason))
				continue
			}
			ids[pl.User.ID] = fmt.Sprintf("protected by line %d of %s", pl.Row.Line, list)
		}
		return nil
	}
	if _, err := p.Plan(ctx); err != nil {
		return fmt.Errorf("look up --protect %s: %w; nothing was written", list, err)
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w; nothing was written: --protect %s names users who cannot be found, so it is not sure whom it means: %s",
			errRefused, list, strings.Join(missing, "; "))
	}
	return nil
}

// protectGroups spares the members of the groups. A group without any is taken
// for a mistake, or for one whose members are hidden from this app.
func (g guards) protectGroups(ctx context.Context, j *job, l *learned) error {
	for _, group := range g.ProtectGroup {
		if !graph.IsObjectID(group) { // told here, since a call that cannot leave is tried again until the outage is over
			return fmt.Errorf("%w: --protect-group %q is no object id, which is a GUID; the group's page in the Entra admin center shows it", errUsage, group)
		}
		n := 0
		err := j.members(ctx, group, func(u batch.User) {
			l.spare.IDs[u.ID] = "member of the protected group " + group
			n++
		})
		switch {
		case notThere(err):
			return fmt.Errorf("%w; nothing was written: the protected group %s does not exist in this tenant", errRefused, group)
		case err != nil:
			return err
		case n == 0:
			return fmt.Errorf("%w; nothing was written: the protected group %s has no members that this app can see; take it off, or grant Member.Read.Hidden if they are hidden", errRefused, group)
		}
		l.note("protect", fmt.Sprintf("%s members of group %s", thousands(n), group), "--protect-group")
	}
	return nil
}

// notThere reports a 404.
func notThere(err error) bool {
	e, ok := errors.AsType[*batch.CallError](err)
	return ok && e.Status == 404
}

// roles finds the holders of privileged roles, to be counted, named and sent
// first. Without the permission to read them the default limit refuses; only
// whoever lifts it goes on without.
func (g guards) roles(ctx context.Context, j *job, l *learned) error {
	holders, err := j.roleHolders(ctx)
	if errors.Is(err, batch.ErrPermission) {
		if g.MaxPrivileged == 0 && !g.ProtectPrivileged {
			l.note("roles", "not read", "the app has no permission to; holders of privileged roles are neither counted nor sent first")
			return nil
		}
		return fmt.Errorf("%w; or go without with --max-privileged 0", err)
	}
	l.spare.Roles = holders
	return err
}

// count asks how many users the tenant has.
func (g guards) count(ctx context.Context, j *job, l *learned) error {
	if g.MaxPercent == 0 {
		return nil
	}
	return j.reader().Read(ctx, "the number of users", "User.Read.All", 1, func(ctx context.Context) error {
		var err error
		l.users, err = j.target.apps[0].client.CountUsers(ctx)
		return err
	})
}

// checks holds a plan against the limits.
func (g guards) checks(count batch.Count, l learned) []batch.Check {
	return batch.Limits{MaxUsers: g.MaxUsers, MaxPercent: g.MaxPercent, MaxPrivileged: g.MaxPrivileged}.Checks(count, l.users)
}

// refused refuses a plan whole, with every reason.
func refused(checks []batch.Check) error {
	var why []string
	for _, k := range checks {
		if k.Refusal != "" {
			why = append(why, k.Refusal)
		}
	}
	if len(why) == 0 {
		return nil
	}
	return fmt.Errorf("%w; nothing was written: %s", errRefused, strings.Join(why, "; "))
}
