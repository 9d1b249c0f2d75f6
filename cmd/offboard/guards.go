package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"offboard/batch"
)

// guards say who is left alone although the input names them, and when a plan is
// refused as a whole. They are asked when a plan is made, and again by the
// commands that go on with one. A limit that is nil was not given.
type guards struct {
	Protect           []string `help:"A file of users who are never touched: object ids, user principal names and patterns such as breakglass-*@contoso.com, one a line. If an id or a name does not exist, or a pattern fits nobody, the run is refused. Repeatable." placeholder:"FILE" type:"path" sep:"none" choice:""`
	ProtectGroup      []string `help:"The object id of a group whose members, nested ones too, are never touched. Repeatable." placeholder:"ID" choice:""`
	ProtectPrivileged bool     `help:"Never touch holders of privileged directory roles." choice:""`
	AllowEmptyPattern bool     `help:"Accept a pattern of --protect that fits nobody." choice:""`
	IncludeCaller     bool     `help:"Do not leave out the account that is signed in; revoking it may end the run's own session." choice:""`
	MaxUsers          *int     `help:"Refuse a plan with more users; 0 is no limit. Default: 500, or what the plan was made with." placeholder:"N"`
	MaxPercent        *int     `help:"Refuse a plan with more of the tenant's users, in percent; 0 is no limit. Default: 20, or what the plan was made with." placeholder:"N"`
	MaxPrivileged     *int     `help:"Refuse a plan with more holders of privileged directory roles; 0 is no limit. Default: 5, or what the plan was made with." placeholder:"N"`
}

// defaults are the limits of a new plan.
var defaults = batch.Limits{MaxUsers: 500, MaxPercent: 20, MaxPrivileged: 5}

// learned is what the guards found out.
type learned struct {
	guards   batch.Guards // all that the plan is held against now
	spare    batch.Spare
	users    int             // of the tenant; -1 when nobody asked
	settings []batch.Setting // for the plan
	refusals []batch.Finding // beside those of the limits
}

// note keeps a decision for the plan and its reports.
func (l *learned) note(name, value, why string) {
	l.settings = append(l.settings, batch.Setting{Name: name, Value: value, Why: why})
}

// refuse keeps a reason why the plan must not be carried out.
func (l *learned) refuse(flag, lift, format string, args ...any) {
	l.refuseAs(batch.Finding{Name: flag, Lift: lift, Refusal: fmt.Sprintf(format, args...)})
}

// refuseAs keeps a check that refuses.
func (l *learned) refuseAs(k batch.Finding) {
	if k.Refusal != "" {
		l.refusals = append(l.refusals, k)
	}
}

// over are the guards that a plan was made under, with what the flags add. A limit
// that is not given again is the plan's. Whether the caller may be sent was said of
// the person who planned, and so counts for the same person alone.
func (g guards) over(own batch.Guards, samePerson bool) batch.Guards {
	given := func(flag *int, limit *int) {
		if flag != nil {
			*limit = *flag
		}
	}
	given(g.MaxUsers, &own.Limits.MaxUsers)
	given(g.MaxPercent, &own.Limits.MaxPercent)
	given(g.MaxPrivileged, &own.Limits.MaxPrivileged)
	own.Limits.MinUsers = 0 // it was met when the plan was made
	own.Groups = slices.Clone(own.Groups)
	for _, id := range g.ProtectGroup {
		if id = strings.ToLower(id); !slices.Contains(own.Groups, id) {
			own.Groups = append(own.Groups, id)
		}
	}
	own.Admin = own.Admin || g.ProtectPrivileged
	own.Caller = g.IncludeCaller || own.Caller && samePerson
	return own
}

// limit is a limit as it was given, nil if it was not.
type limit struct {
	flag string
	n    *int
}

func (g guards) limits() []limit {
	return []limit{{"--max-users", g.MaxUsers}, {"--max-percent", g.MaxPercent}, {"--max-privileged", g.MaxPrivileged}}
}

// valid refuses limits below 0, which would limit nothing.
func (g guards) valid() error {
	for _, l := range g.limits() {
		if l.n != nil && *l.n < 0 {
			return fmt.Errorf("%w: %s %d is no limit; give 1 or more, or 0 for none", errUsage, l.flag, *l.n)
		}
	}
	return nil
}

// purpose is what the guards are asked for.
type purpose int

const (
	planIt   purpose = iota // roles are read where that is allowed, since their holders are named and sent first
	applyIt                 // roles are read if the plan knew them, or a guard needs them
	resumeIt                // roles are read if a guard needs them
)

// learn reads who is protected, who holds which role and how many users the
// tenant has, as the flags and the guards of the plan ask. What cannot be read
// ends the run: a guard that fails open is none.
func (g guards) learn(ctx context.Context, j *job, plan batch.Plan, why purpose) (learned, error) {
	if err := g.valid(); err != nil {
		return learned{}, err
	}
	caller, own := j.target.identity(), plan.Terms.Guards
	l := learned{guards: g.over(own, caller.User != "" && plan.Terms.User == caller.User), users: -1}
	l.spare = batch.Spare{IDs: map[string]string{}, Admin: l.guards.Admin}
	maps.Copy(l.spare.IDs, own.IDs)
	if caller.User != "" && !l.guards.Caller {
		l.spare.IDs[caller.User] = "the account that is signed in (--include-caller)"
	}
	if caller.UPN != "" && !l.guards.Caller { // without resolution a row may have the name alone
		l.spare.Names = append(l.spare.Names, caller.UPN)
	}
	if !plan.Resolve {
		return l, g.blind(&l)
	}
	if err := g.protectFiles(ctx, j, &l); err != nil {
		return l, err
	}
	g.changedLists(j.command, own.Lists, &l)
	l.spare.Names = append(l.spare.Names, l.guards.Names...)
	if err := j.protectGroups(ctx, &l); err != nil {
		return l, err
	}
	if needed := l.guards.Admin || l.guards.Limits.MaxPrivileged > 0; needed || why == planIt || why == applyIt && own.Roles {
		// A plan that knew the roles is held against them, unless that is waived.
		waived := !needed && (!own.Roles || g.MaxPrivileged != nil)
		if err := j.roles(ctx, &l, waived); err != nil {
			return l, err
		}
	}
	return l, j.count(ctx, &l)
}

// blind refuses what cannot be done without reading the directory.
func (g guards) blind(l *learned) error {
	if err := needDirectory(map[string]bool{
		"--protect": len(g.Protect) > 0, "--protect-group": len(g.ProtectGroup) > 0, "--protect-privileged": g.ProtectPrivileged,
	}); err != nil {
		return err
	}
	l.note("limits", "only --max-users applies", "--no-resolve reads neither roles nor the tenant's size")
	l.note("columns", "not checked against the directory", "--no-resolve reads no user")
	return nil
}

// needDirectory refuses flags that were given with --no-resolve.
func needDirectory(given map[string]bool) error {
	for _, flag := range slices.Sorted(maps.Keys(given)) {
		if given[flag] {
			return fmt.Errorf("%w: %s needs the directory, which --no-resolve does not read: nobody could be checked", errUsage, flag)
		}
	}
	return nil
}

// roles finds the holders of privileged roles, to be counted, named and sent
// first. When they cannot be read the limit refuses; only a person who waives it
// goes on without.
func (j *job) roles(ctx context.Context, l *learned, waived bool) error {
	holders, err := j.roleHolders(ctx)
	e, _ := errors.AsType[*batch.CallError](err)
	switch {
	case err == nil:
		l.spare.Roles, l.guards.Roles = holders, true
		return nil
	case errors.Is(err, batch.ErrSignIn), errors.Is(err, batch.ErrNotGraph), e == nil, e.Status == 0 && !errors.Is(err, batch.ErrUnreadable):
		return err // not the role list's own trouble
	case waived:
		l.note("roles", "not read", "holders of privileged roles are neither counted nor sent first: "+err.Error())
		return nil
	}
	return fmt.Errorf("%w; or go without with --max-privileged 0", err)
}

// count asks how many users the tenant has.
func (j *job) count(ctx context.Context, l *learned) error {
	if l.guards.Limits.MaxPercent == 0 {
		return nil
	}
	if err := j.fetch(ctx, "the number of users", batch.NeedsRead, 1, func(ctx context.Context) error {
		var err error
		l.users, err = j.target.apps[0].client.CountUsers(ctx)
		return err
	}); err != nil {
		return err
	}
	j.sized(l.users)
	return nil
}

// checks holds a plan against the limits, beside all other reasons.
func (l learned) checks(count batch.Count) []batch.Finding {
	return append(l.guards.Limits.Findings(count, l.users), l.refusals...)
}
