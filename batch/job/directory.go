package job

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"offboard/batch"
)

// This file reads what concerns no row: groups and roles.

// fetch makes a read at the pace of the lookups.
func (j *job) fetch(ctx context.Context, what, needs string, cost int, call func(context.Context) error) error {
	return j.ask(ctx, j.reads, what, needs, cost, call)
}

// ask makes a read at the pace of a gate, and tells what it waits for.
func (j *job) ask(ctx context.Context, gate batch.Gate, what, needs string, cost int, call func(context.Context) error) error {
	show := j.Progress("", 0, nil)
	defer show.End()
	if j.tenant != nil && j.tenant.identity().User != "" && needs != "" {
		needs += ", and the user who signed in a directory role that may read it, such as Directory Readers"
	}
	r := batch.Asker{Gate: gate, Retry: batch.DefaultRetry, Timeout: batch.LongestCall, Outage: j.Outage, Until: j.until(), Stop: j.Stop, Told: show.Waits}
	return r.Ask(ctx, what, needs, cost, call)
}

// The resource units that a page costs (Microsoft Graph, throttling limits).
const (
	memberUnits = 4
	roleUnits   = 2
	namedUnits  = 1
)

// members gives every user in a group, directly or through groups within it.
func (j *job) members(ctx context.Context, group string, each func(batch.User)) error {
	return j.pages(ctx, "the members of group "+group, "GroupMember.Read.All", memberUnits, func(ctx context.Context, next string) (string, error) {
		members, more, err := j.tenant.apps[0].client.Members(ctx, group, next)
		for _, u := range members {
			each(u)
		}
		return more, err
	})
}

// roleHolders gives the name of a privileged role for everybody who holds one,
// by object id: directly, or as a member of a group that does.
func (j *job) roleHolders(ctx context.Context) (map[string]string, error) {
	const needs = "RoleManagement.Read.Directory"
	client := j.tenant.apps[0].client
	names := map[string]string{}
	err := j.pages(ctx, "the directory roles", needs, roleUnits, func(ctx context.Context, next string) (string, error) {
		roles, more, err := client.Roles(ctx, next)
		for _, r := range roles {
			names[r.ID] = r.Name
		}
		return more, err
	})
	if err != nil {
		return nil, err
	}
	holders, groups := map[string]string{}, map[string]string{}
	err = j.pages(ctx, "who holds directory roles", needs, roleUnits, func(ctx context.Context, next string) (string, error) {
		found, more, err := client.RoleHolders(ctx, next)
		for _, h := range found {
			if !h.Privileged {
				continue
			}
			name := cmp.Or(names[h.Role], h.Role)
			holders[h.ID] = name
			if h.Type != "user" { // or Graph does not say what it is
				groups[h.ID] = name
			}
		}
		return more, err
	})
	if err != nil {
		return nil, err
	}
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		err := j.members(ctx, group, func(u batch.User) { holders[u.ID] = cmp.Or(holders[u.ID], groups[group]) })
		if err != nil && httpStatus(err) != 404 {
			return nil, err
		}
	}
	return holders, nil
}

// pages reads a list to its end.
func (j *job) pages(ctx context.Context, what, needs string, cost int, page func(ctx context.Context, next string) (string, error)) error {
	return toEnd(what, func(next string) (more string, err error) {
		err = j.fetch(ctx, what, needs, cost, func(ctx context.Context) (err error) {
			more, err = page(ctx, next)
			return err
		})
		return more, err
	})
}

// toEnd reads the pages of a list, each of which names the next one. Links that lead back
// to a page are an error, since such a list has no end.
func toEnd(what string, page func(next string) (more string, err error)) error {
	read := map[string]bool{}
	for next := ""; ; {
		more, err := page(next)
		if err != nil || more == "" {
			return err
		}
		if read[next] = true; read[more] {
			return fmt.Errorf("read %s: the list has no end: Graph leads back to a page that was read; run the same command again later", what)
		}
		next = more
	}
}
