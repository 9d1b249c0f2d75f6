package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"offboard/batch"
)

// defaults are the limits of a new plan.
var defaults = batch.Limits{MaxUsers: 500, MaxPercent: 20, MaxPrivileged: 5}

// findings is what the guards found out.
type findings struct {
	guards   batch.Guards // all that the plan is held against now
	spare    batch.Spare
	users    int             // of the tenant; -1 when nobody asked
	settings []batch.Setting // for the plan
	refusals []batch.Finding // beside those of the limits
	anew     bool            // no flag lifts them: the plan is no longer true, and another one must be made
}

// note keeps a decision for the plan and its reports.
func (l *findings) note(name, value, why string) {
	l.settings = append(l.settings, batch.Setting{Name: name, Value: value, Why: why})
}

// refuse keeps a reason why the plan must not be carried out.
func (l *findings) refuse(flag, lift, format string, args ...any) {
	l.refuseAs(batch.Finding{Name: flag, Lift: lift, Refusal: fmt.Sprintf(format, args...)})
}

// refuseAs keeps a check that refuses.
func (l *findings) refuseAs(k batch.Finding) {
	if k.Refusal != "" {
		l.refusals = append(l.refusals, k)
	}
}

// over are the guards that a plan was made under, with what the flags add. A limit
// that is not given again is the plan's. Whether the caller may be sent was said of
// the person who planned, and so counts for the same person alone.
func (g Guards) over(own batch.Guards, samePerson bool) batch.Guards {
	given := func(flag *int, limit *int) {
		if flag != nil {
			*limit = *flag
		}
	}
	given(g.MaxUsers, &own.Limits.MaxUsers)
	given(g.MaxPercent, &own.Limits.MaxPercent)
	given(g.MaxPrivileged, &own.Limits.MaxPrivileged)
	own.Limits.MinUsers = 0 // it was met when the plan was made
	for _, id := range g.ProtectGroup {
		own.Groups = union(own.Groups, []string{strings.ToLower(id)})
	}
	ids := map[string]string{} // the plan keeps its own
	maps.Copy(ids, own.IDs)
	own.IDs = ids
	own.Admin = own.Admin || g.ProtectPrivileged
	own.IncludeCaller = g.IncludeCaller || own.IncludeCaller && samePerson
	return own
}

// union is what one of two lists has, each once, in a list of its own.
func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// wrong is what cannot be meant, as far as that is known without the directory; resolve
// says whether it will be read.
func (g Guards) wrong(h *Host, resolve bool) error {
	var all []error
	for _, l := range []struct {
		flag string
		n    *int
		most int
		give string
	}{{"--max-users", g.MaxUsers, math.MaxInt, "or more"}, {"--max-percent", g.MaxPercent, 100, "to 100"}, {"--max-privileged", g.MaxPrivileged, math.MaxInt, "or more"}} {
		if l.n != nil && (*l.n < 0 || *l.n > l.most) {
			all = append(all, fmt.Errorf("%w: %s %d is no limit; give 1 %s, or 0 for none", ErrUsage, l.flag, *l.n, l.give))
		}
	}
	for _, id := range g.ProtectGroup {
		all = append(all, isGroup(id))
	}
	if !resolve {
		return refused(h.unwritten(), append(all, needDirectory(map[string]bool{
			"--protect": len(g.Protect) > 0, "--protect-group": len(g.ProtectGroup) > 0, "--protect-privileged": g.ProtectPrivileged,
		}))...)
	}
	for _, name := range g.Protect {
		_, _, err := h.readProtect(name)
		all = append(all, err)
	}
	return refused(h.unwritten(), all...)
}

// isGroup refuses what is no object id, and tells where to find it.
func isGroup(id string) error {
	if batch.IsGUID(id) {
		return nil
	}
	return fmt.Errorf("%w: --protect-group %q is no object id, which is a GUID; the group's page in the Entra admin center shows it", ErrUsage, id)
}

// purpose is what the guards are asked for.
type purpose int

const (
	planIt   purpose = iota // roles are read where that is allowed, since their holders are named and sent first
	applyIt                 // roles are read if the plan knew them, or a guard needs them
	resumeIt                // roles are read if a guard needs them
)

// ask reads who is protected, who holds which role and how many users the
// tenant has, as the flags and the guards of the plan ask. What cannot be read
// ends the run: a guard that fails open is none.
func (g Guards) ask(ctx context.Context, j *job, plan batch.Plan, why purpose) (findings, error) {
	caller, own := j.tenant.identity(), plan.Terms.Guards
	l := findings{guards: g.over(own, caller.User != "" && plan.Terms.User == caller.User), users: -1}
	l.spare = batch.Spare{IDs: map[string]string{}, Admin: l.guards.Admin}
	maps.Copy(l.spare.IDs, own.IDs)
	if caller.User != "" && !l.guards.IncludeCaller {
		l.spare.IDs[caller.User] = "the account that is signed in (--include-caller)"
	}
	if caller.UPN != "" && !l.guards.IncludeCaller { // without resolution a row may have the name alone
		l.spare.Names = append(l.spare.Names, caller.UPN)
	}
	if !plan.Resolve {
		l.note("limits", "only --max-users applies", "--no-resolve reads neither roles nor the tenant's size")
		l.note("columns", "not checked against the directory", "--no-resolve reads no user")
		return l, nil
	}
	if err := g.protectFiles(ctx, j, &l); err != nil {
		return l, err
	}
	g.changedLists(j.Host, own.Lists, &l)
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
	return l, j.countUsers(ctx, &l)
}

// needDirectory refuses flags that were given with --no-resolve.
func needDirectory(given map[string]bool) error {
	for _, flag := range slices.Sorted(maps.Keys(given)) {
		if given[flag] {
			return fmt.Errorf("%w: %s needs the directory, which --no-resolve does not read: nobody could be checked", ErrUsage, flag)
		}
	}
	return nil
}

// roles finds the holders of privileged roles, to be counted, named and sent
// first. When they cannot be read the limit refuses; only a person who waives it
// goes on without.
func (j *job) roles(ctx context.Context, l *findings, waived bool) error {
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

// countUsers asks how many users the tenant has.
func (j *job) countUsers(ctx context.Context, l *findings) error {
	if l.guards.Limits.MaxPercent == 0 {
		return nil
	}
	if err := j.fetch(ctx, "the number of users", batch.NeedsRead, 1, func(ctx context.Context) error {
		var err error
		l.users, err = j.tenant.apps[0].client.CountUsers(ctx)
		return err
	}); err != nil {
		return err
	}
	j.sized(l.users)
	return nil
}

// checks holds a plan against the limits, beside all other reasons.
func (l findings) checks(count batch.Count) []batch.Finding {
	return slices.Concat(l.guards.Limits.Findings(count, l.users), []batch.Finding{givenBackCheck(count.GivenBack)}, l.refusals)
}
