package job

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/intake"
)

// protectFiles spares the users that the lists name. An entry that is no user of
// this tenant refuses the run: it may be a misspelt name of somebody who is.
func (g Guards) protectFiles(ctx context.Context, j *job, l *findings) error {
	for _, name := range g.Protect {
		rows, patterns, err := j.readProtect(name)
		if err != nil {
			return err
		}
		ids, err := j.protect(ctx, name, rows, l)
		if err != nil {
			return err
		}
		if err := g.patterns(ctx, j, name, patterns, l); err != nil {
			return err
		}
		maps.Copy(l.guards.IDs, ids)
		maps.Copy(l.spare.IDs, ids)
		l.guards.Names = union(l.guards.Names, patterns)
		if err := l.keepList(j.Host, name); err != nil {
			return err
		}
		l.note("protect", fmt.Sprintf("%s and %s of %s", batch.Plural(len(rows), "user"), batch.Plural(len(patterns), "pattern"), name), "--protect")
	}
	if len(g.Protect) > 0 && j.Simulate {
		l.note("protect", "spelling is not checked", "a rehearsal creates every listed user except nobody...@")
	}
	return nil
}

// readProtect reads a list. A list that cannot be read whole refuses the run.
func (h *Host) readProtect(name string) ([]batch.Row, []string, error) {
	list, err := h.read(name)
	if err != nil {
		return nil, nil, fmt.Errorf("--protect: %w", err)
	}
	rows, patterns, err := intake.ReadProtectList(list.reader())
	if err != nil {
		return nil, nil, refused(h.unwritten(), batch.Finding{Name: "--protect", Refusal: fmt.Sprintf("--protect %s: %v", name, err)})
	}
	return rows, patterns, nil
}

// protect resolves the entries of a list, to object ids with why they are spared.
func (j *job) protect(ctx context.Context, list string, rows []batch.Row, l *findings) (map[string]string, error) {
	var missing []string
	ids := map[string]string{}
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
				missing = append(missing, fmt.Sprintf("%s, %s: %s", pl.Row.Place(), pl.Row.Input, pl.Record.Reason))
				continue
			}
			ids[pl.User.ID] = "protected by " + batch.Place{File: list, Line: pl.Row.Line}.String()
		}
		return nil
	}
	if _, err := j.lookUp(ctx, "looking up "+list, p); err != nil {
		return nil, fmt.Errorf("look up --protect %s: %w; %s", list, err, j.unwritten())
	}
	if len(missing) > 0 {
		l.refuse("--protect", "", "--protect %s names users who cannot be found, and may mean others: %s", list, strings.Join(missing, "; "))
	}
	return ids, nil
}

// patterns asks Graph for a user that each pattern fits. A pattern that fits nobody
// may be misspelt, and would then leave the intended people unprotected. Graph
// searches by the beginning of a name, and not without one.
func (g Guards) patterns(ctx context.Context, j *job, list string, patterns []string, l *findings) error {
	var empty []string
	for _, p := range patterns {
		begin, _, _ := strings.Cut(p, "*")
		if begin == "" {
			l.note("protect", fmt.Sprintf("pattern %s of %s is not checked", p, list), "Graph searches for the beginning of a name, and it has none; see that it is spelt right")
			continue
		}
		fits, err := j.anyNamed(ctx, p, begin)
		if err != nil {
			return err
		}
		switch {
		case fits:
		case g.AllowEmptyPattern:
			l.note("protect", fmt.Sprintf("pattern %s of %s fits nobody", p, list), "--allow-empty-pattern")
		default:
			empty = append(empty, p)
		}
	}
	if len(empty) > 0 {
		l.refuse("--protect", "--allow-empty-pattern", "--protect %s has patterns that fit no user of the tenant, and may be misspelt: %s; correct them, or give --allow-empty-pattern if that is meant",
			list, strings.Join(empty, ", "))
	}
	return nil
}

// anyNamed reports whether the tenant has a user that the pattern fits.
func (j *job) anyNamed(ctx context.Context, pattern, begin string) (fits bool, err error) {
	err = j.pages(ctx, "users named "+begin+"...", batch.NeedsRead, namedUnits, func(ctx context.Context, next string) (string, error) {
		users, more, err := j.tenant.apps[0].client.Named(ctx, begin, next)
		fits = slices.ContainsFunc(users, func(u batch.User) bool { return batch.Named(pattern, u.UPN) })
		if fits {
			more = ""
		}
		return more, err
	})
	return fits, err
}

// protectGroups spares the members of the groups. A group without members is taken
// for a mistake, or its members are hidden from this app.
func (j *job) protectGroups(ctx context.Context, l *findings) error {
	for _, group := range l.guards.Groups {
		if err := isGroup(group); err != nil {
			return err
		}
		n := 0
		err := j.members(ctx, group, func(u batch.User) {
			l.spare.IDs[u.ID] = "member of the protected group " + group
			n++
		})
		switch {
		case httpStatus(err) == 404:
			l.refuse("--protect-group", "", "the protected group %s does not exist in this tenant", group)
		case err != nil:
			return err
		case n == 0:
			l.refuse("--protect-group", "", "the protected group %s has no members that this app can see; take it off, or grant Member.Read.Hidden if they are hidden", group)
		default:
			l.note("protect", fmt.Sprintf("%s members of group %s", batch.Thousands(n), group), "--protect-group")
		}
	}
	return nil
}
