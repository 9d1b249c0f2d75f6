package main

import (
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// This file is the judge: what must come of a case, said anew by plain loops over
// the truth, and without any rule of the program.

// guardKinds are what may keep a person from being written, or a run from
// beginning; and in the last line what must not.
var guardKinds = []string{
	"protect: id", "protect: name", "protect: pattern", "protect: group", "protect: privileged", "caller", "since",
	"where", "date", "broken list", "no such group", "max-users", "max-percent", "max-privileged", "permission", "no --yes", "dry run",
	"another's name", "several users", "bad row", "second column", "contradiction", "status column", "column without key", "empty pattern", "identity", "late", "mixed up",
	"moment", "internal guest", "holders denied", "double column", "look-alike", "several steps",
}

// verdict is what must come of a case.
type verdict struct {
	refused []refusal
	users   int                      // to be written
	admins  int                      // of them, holders of privileged roles
	may     map[string]bool          // object ids, in lower case; those of nobody too with --no-resolve
	lines   map[int]told             // by line of the file
	either  map[string]batch.Outcome // by id: an ending that is true, too
	decided map[string]bool          // kinds of guards that alone kept somebody, or the run, from being written
}

// refusal is a reason to write nothing at all, and the exit codes that fit it.
type refusal struct {
	kind  string
	codes []exitCode
}

// told is what the report says of a row; id is "" where the row names nobody.
type told struct {
	outcome batch.Outcome
	id      string
}

// judge says what must come of the case.
func (s *story) judge() verdict {
	v := verdict{may: map[string]bool{}, lines: map[int]told{}, either: map[string]batch.Outcome{}, decided: map[string]bool{}}
	goes := map[string][]sheetRow{} // rows that let somebody go, by id
	held := map[string][]string{}   // why other rows about somebody are none, by id
	s.moments = map[string]time.Time{}
	for _, r := range s.sheet.rows {
		if r.form == blankRow || r.form == exampleRow || strings.Join(r.cells, "") == "" && r.form == plainRow {
			continue
		}
		gate, gateKind := s.gate(r)
		u, outcome, kind := s.named(r)
		switch {
		case r.form != plainRow:
			v.lines[r.line] = told{outcome: batch.Invalid}
			held[s.people[r.about].ID] = append(held[s.people[r.about].ID], "bad row")
		case gate != "":
			v.lines[r.line] = told{outcome: gate}
			if outcome == "" {
				held[u.ID] = append(held[u.ID], gateKind)
			}
		case outcome != "":
			v.lines[r.line] = told{outcome: outcome}
			held[s.people[r.about].ID] = append(held[s.people[r.about].ID], kind)
		default:
			goes[u.ID] = append(goes[u.ID], r)
			if at := s.leaves(r); at.After(s.moments[u.ID]) {
				s.moments[u.ID] = at
			}
		}
	}
	for id, rows := range goes {
		u := s.byID(id)
		end, stays, why := told{s.ending(u), id}, s.staying(u), s.spared(u)
		if len(why) > 0 && why[0] != "since" {
			stays = nil // who is protected stays so, whatever the rows say
		}
		if len(stays) > 0 {
			end.outcome = batch.Ambiguous
			v.decided["contradiction"] = v.decided["contradiction"] || len(why) == 0
		} else {
			s.end(&v, u)
		}
		for _, r := range stays {
			v.lines[r.line] = told{outcome: batch.Ambiguous}
		}
		for _, r := range rows {
			v.lines[r.line] = end
		}
	}
	for id, kinds := range held {
		if len(goes[id]) == 0 && len(s.spared(s.byID(id))) == 0 && len(slices.Compact(slices.Sorted(slices.Values(kinds)))) == 1 {
			v.decided[kinds[0]] = true
		}
	}
	s.refuse(&v)
	if len(v.refused) == 0 {
		s.letThrough(&v)
	}
	return v
}

// letThrough finds what was no reason to leave somebody alone, and might have
// been taken for one.
func (s *story) letThrough(v *verdict) {
	sh, refusing := &s.sheet, 0
	for id := range v.may {
		u := s.byID(id)
		since := !s.guard.since.IsZero() && u.Stamp.After(s.guard.since) && !external(u)
		v.decided["moment"] = v.decided["moment"] || since
		v.decided["internal guest"] = v.decided["internal guest"] || u.Type == "Guest" && !external(u) && s.ending(u) == batch.Verified
		if u.Denied && s.privileged(id) {
			refusing++
		}
	}
	v.decided["holders denied"] = refusing > 40 && v.users > refusing
	v.decided["double column"] = v.users > 0 && slices.ContainsFunc(sh.heads, func(h head) bool { return h.twin > 0 })
	v.decided["look-alike"] = v.users > 0 && s.has(logWord) && !sh.allRows && sh.date == nil
}

// end counts a person who is named by a good row.
func (s *story) end(v *verdict, u graphsim.User) {
	why := s.spared(u)
	if len(why) == 1 {
		v.decided[why[0]] = true
	}
	if len(why) > 0 {
		return
	}
	v.may[u.ID] = true
	v.users++
	if s.privileged(u.ID) {
		v.admins++
	}
}

// ending is how a person ends who is named by a good row of a run that nothing
// refuses or disturbs.
func (s *story) ending(u graphsim.User) batch.Outcome {
	why := s.spared(u)
	switch {
	case len(why) > 0 && why[0] != "since":
		return batch.Protected
	case len(why) > 0:
		return batch.Already
	case u.Type == "nobody":
		return batch.NotFound
	case u.Denied:
		return batch.Denied
	case !s.guard.noResolve && external(u):
		return batch.Ineffective
	case s.guard.noResolve || s.guard.noVerify:
		return batch.Revoked
	case u.Frozen:
		return batch.Unverified
	}
	return batch.Verified
}

func external(u graphsim.User) bool {
	return u.State != "" || u.Created == "Invitation" || strings.Contains(u.UPN, "#EXT#")
}

// spared gives every reason to leave a person alone, "since" last.
func (s *story) spared(u graphsim.User) []string {
	g := &s.guard
	why := map[string]bool{"caller": s.cfg.SignedIn == u.ID && !g.includeCaller}
	for _, l := range g.lists {
		why["protect: id"] = why["protect: id"] || slices.Contains(l.ids, u.ID)
		why["protect: name"] = why["protect: name"] || slices.Contains(l.upns, u.UPN)
		for _, p := range l.pattern {
			why["protect: pattern"] = why["protect: pattern"] || glob(asciiUpper(p), asciiUpper(u.UPN))
		}
	}
	for _, id := range g.groups {
		why["protect: group"] = why["protect: group"] || s.within(strings.ToLower(id), u.ID, nil)
	}
	why["protect: privileged"] = g.privileged && s.privileged(u.ID)
	why["since"] = !g.since.IsZero() && !external(u) && u.Stamp.After(g.since) && u.Stamp.After(s.moments[u.ID])
	var kinds []string
	for _, k := range guardKinds {
		if why[k] {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// glob matches a pattern of stars.
func glob(pattern, name string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !strings.HasPrefix(name, head) {
		return false
	}
	name = name[len(head):]
	if !star {
		return name == ""
	}
	for i := range len(name) + 1 {
		if glob(rest, name[i:]) {
			return true
		}
	}
	return false
}

// within reports whether a user is in a group, or in one within it.
func (s *story) within(group, user string, seen []string) bool {
	for _, g := range s.groups {
		if g.ID != group || slices.Contains(seen, group) {
			continue
		}
		if slices.Contains(g.Members, user) {
			return true
		}
		for _, inner := range g.Groups {
			if s.within(inner, user, append(seen, group)) {
				return true
			}
		}
	}
	return false
}

// rolesHidden reports whether the app cannot find out who holds a role.
func (s *story) rolesHidden() bool {
	groups := slices.ContainsFunc(s.holds, func(h holding) bool {
		return h.administers() && slices.ContainsFunc(s.groups, func(g graphsim.Group) bool { return g.ID == h.principal })
	})
	return s.guard.noRoles || s.guard.noMembers && groups || s.guard.noResolve
}

func (h holding) administers() bool { return h.role != "88d8e3e3-8f55-4a1e-953a-9b9898b8876b" }

// privileged reports whether the program can know of a role that the user holds.
func (s *story) privileged(id string) bool {
	if s.rolesHidden() {
		return false
	}
	return slices.ContainsFunc(s.holds, func(h holding) bool {
		return h.administers() && (h.principal == id || s.within(h.principal, id, nil))
	})
}

// refuse collects why nothing may be written at all.
func (s *story) refuse(v *verdict) {
	g := &s.guard
	add := func(is bool, kind string, codes ...exitCode) {
		if is {
			v.refused = append(v.refused, refusal{kind, codes})
		}
	}
	add(s.spoilt["column without key"], "column without key", exitUsage)
	add(s.unasked(), "status column", exitRefused)
	add(g.noResolve && (len(g.lists)+len(g.groups) > 0 || g.privileged), "blind guards", exitUsage)
	for _, l := range g.lists {
		add(!g.noResolve && l.missing, "no such list", exitUsage)
		add(l.empty && !g.noResolve && !g.allowEmpty, "empty pattern", exitRefused)
		add(!g.noResolve && l.broken != "" && !l.missing, "broken list", exitRefused)
	}
	for _, id := range g.groups {
		nobody := !slices.ContainsFunc(s.people, func(u graphsim.User) bool { return s.within(strings.ToLower(id), u.ID, nil) })
		add(!g.noResolve && nobody && id != nameOfGroup, "no such group", exitRefused)
		add(!g.noResolve && id == nameOfGroup, "no such group", exitUsage)
		add(!g.noResolve && g.noMembers, "permission", exitSignIn)
	}
	add(!g.noResolve && s.rolesHidden() && (g.maxPrivileged > 0 || g.privileged), "permission", exitSignIn)
	add(!g.noResolve && g.noReads, "permission", exitDone, exitPartial, exitRefused, exitSignIn) // each row may end denied
	add(g.noRevoke, "permission", exitSignIn)
	add(g.dryRun, "dry run", s.rehearse(v))
	for _, kind := range s.beyond(v.users, v.admins) {
		add(!s.faulty(), kind, exitRefused) // whom the faults keep from being found, no limit counts
	}
	add(g.noYes && !g.dryRun, "no --yes", exitRefused)
	if len(v.refused) == 1 && v.users > 0 {
		v.decided[v.refused[0].kind] = true
	}
}

// rehearse says how a dry run ends, if nothing refuses it. Users who would be sent
// are told as not sent; that Graph would deny one, nobody can know.
func (s *story) rehearse(v *verdict) exitCode {
	if !s.guard.dryRun {
		return exitDone
	}
	code := exitDone
	for line, l := range v.lines {
		fails := l.outcome.Kind() == batch.Failure
		if v.may[l.id] {
			v.lines[line] = told{batch.NotSent, l.id}
			fails = !s.guard.noResolve && external(s.byID(l.id))
		}
		if fails {
			code = exitPartial
		}
	}
	return code
}

// beyond gives the limits that so many users, with so many administrators among
// them, would break.
func (s *story) beyond(users, admins int) []string {
	g := &s.guard
	var kinds []string
	if g.maxUsers > 0 && users > g.maxUsers {
		kinds = append(kinds, "max-users")
	}
	if !g.noResolve && g.maxPercent > 0 && users*100 > g.maxPercent*(len(s.people)+s.strangers) {
		kinds = append(kinds, "max-percent")
	}
	if g.maxPrivileged > 0 && admins > g.maxPrivileged {
		kinds = append(kinds, "max-privileged")
	}
	return kinds
}

// unasked reports whether a column that no flag is about says that somebody stays
// whom the gates let through.
func (s *story) unasked() bool {
	sh := &s.sheet
	if sh.allRows {
		return false
	}
	return slices.ContainsFunc(sh.rows, func(r sheetRow) bool {
		gate, _ := s.gate(r)
		_, _, why := s.named(r)
		stays := r.works || sh.date == nil && s.has(lastDay) && (r.day.kind == notLeaving || r.day.at.After(s.now))
		return r.form == plainRow && gate == "" && why != "bad row" && stays
	})
}
