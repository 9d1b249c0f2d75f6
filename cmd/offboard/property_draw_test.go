package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// story is one case: a tenant, a file and guards, with the truth about each.
type story struct {
	rng       *rand.Rand
	now       time.Time
	cfg       graphsim.Config
	people    []graphsim.User // ids in lower case
	groups    []graphsim.Group
	holds     []holding
	strangers int
	sheet     sheet
	spoilt    map[string]bool      // kinds of guards that are to refuse the run
	crowd     int                  // so many of the people, the last ones, hold roles and are denied
	moments   map[string]time.Time // from when on the gates let a person through, by id; the judge's
	guard     guarding
	things    belongings
	args      []string
	twist     twist
}

// nameOfGroup is how people call a group whose id they should have given.
const nameOfGroup = "Break glass"

// holding is a role assignment; the principal is a user, a group or an app.
type holding struct{ role, principal string }

// guarding is what the flags say of guards, in the words of the truth.
type guarding struct {
	lists                                []protectList
	groups                               []string
	privileged, includeCaller            bool
	since                                time.Time // zero: no --since
	ago                                  bool      // it is given as so many hours ago
	maxUsers, maxPercent, maxPrivileged  int
	noResolve, noVerify, dryRun, noYes   bool
	noRoles, noMembers, noReads, renamed bool
	liftRoles                            bool // --max-privileged 0, since the app may not read roles
	noRevoke                             bool // the app may not revoke
	allowEmpty                           bool // --allow-empty-pattern
}

// protectList is one --protect file.
type protectList struct {
	name, text         string
	ids, upns, pattern []string // the good entries
	broken             string   // why it must refuse the run, or ""
	missing            bool     // the file is not there
	empty              bool     // a pattern of it is nobody's
}

// draw makes a case of a seed. It waits first, so that not all begin at midnight.
func draw(seed uint64) *story {
	s := &story{rng: rand.New(rand.NewPCG(seed, 0)), spoilt: map[string]bool{}}
	<-time.After(time.Duration(s.rng.IntN(300*24*3600)) * time.Second)
	s.now = time.Now().UTC()
	s.cfg = graphsim.Config{Seed: seed, PageSize: s.rng.IntN(4), Lag: time.Duration(s.rng.IntN(3)) * time.Second}
	switch s.rng.IntN(20) {
	case 0, 1:
		s.cfg.Faults = graphsim.EveryFault(0.02)
	case 2:
		s.cfg.Faults = []graphsim.Fault{{Kind: graphsim.MixedUp, Rate: 0.2}}
	}
	if s.one(12) {
		s.crowd = 45 + s.rng.IntN(10)
	} else {
		s.drawSpoils()
		s.guard.noResolve = s.one(12)
	}
	s.drawSteps()
	if !s.one(4) && s.things.steps == nil {
		ago := time.Duration(3600+s.rng.IntN(48*3600)) * time.Second
		if s.guard.ago = !s.faulty() && s.one(4); s.guard.ago {
			ago = ago.Truncate(time.Hour)
		}
		s.guard.since = s.now.Add(-ago)
	}
	s.drawPeople()
	s.drawGroups()
	s.drawBelongings()
	s.drawSheet()
	s.drawGuards()
	s.drawLimits()
	s.drawArgs()
	s.drawTwist()
	return s
}

// drawSpoils draws why the run is to be refused: in half of the cases not at
// all, and seldom for two reasons.
func (s *story) drawSpoils() {
	for range pick(s, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2) {
		s.spoilt[pick(s, "broken list", "broken list", "broken list", "broken list", "broken list", "no such group", "no such group", "no such group",
			"max-users", "max-users", "max-users", "max-users", "max-users", "max-users", "max-percent", "max-percent", "max-percent", "max-percent", "max-percent", "max-percent",
			"max-privileged", "max-privileged", "max-privileged", "max-privileged", "max-privileged", "max-privileged", "max-privileged", "max-privileged", "max-privileged", "max-privileged", "max-privileged", "max-privileged",
			"permission", "permission", "permission", "permission", "permission", "column without key", "column without key", "column without key", "column without key",
			"empty pattern", "empty pattern", "empty pattern", "empty pattern", "empty pattern", "empty pattern", "no such group", "no such group", "no --yes", "no --yes", "no --yes", "no --yes", "dry run", "dry run", "dry run", "dry run", "dry run")] = true
	}
}

// one is true once in n.
func (s *story) one(n int) bool { return s.rng.IntN(n) == 0 }

func (s *story) faulty() bool { return s.cfg.Faults != nil }

// mixes reports whether lookups are mixed up.
func (s *story) mixes() bool { return len(s.cfg.Faults) == 1 }

// pick draws one of several.
func pick[T any](s *story, of ...T) T { return of[s.rng.IntN(len(of))] }

func (s *story) guid() string {
	h := fmt.Sprintf("%016x%016x", s.rng.Uint64(), s.rng.Uint64())
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// anyCase is the same text for a directory that does not regard the case of ASCII.
func (s *story) anyCase(text string) string {
	switch s.rng.IntN(3) {
	case 0:
		return text
	case 1:
		return asciiUpper(text)
	}
	b := []byte(text)
	for i, c := range b {
		if 'a' <= c && c <= 'z' && s.one(2) {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

func asciiUpper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// drawGuards draws lists, groups and switches. Whoever is in the file is drawn
// more often, so that guards have something to decide.
func (s *story) drawGuards() {
	g := &s.guard
	g.includeCaller, g.noVerify, g.renamed = s.one(4), s.one(8), s.one(4)
	g.dryRun, g.noYes = s.spoilt["dry run"], s.spoilt["no --yes"]
	if g.noResolve {
		g.since = time.Time{}
		if !s.one(4) {
			return
		}
	}
	g.allowEmpty = s.one(6) && !s.spoilt["empty pattern"]
	for range s.rng.IntN(3) {
		g.lists = append(g.lists, s.drawList(len(g.lists)))
	}
	if s.spoilt["broken list"] {
		g.lists = append(g.lists, s.broken(s.drawList(len(g.lists))))
	}
	if s.spoilt["empty pattern"] {
		l := protectList{name: "slip.txt"}
		s.slip(&l, func(p string) { l.text = p + "\n" })
		g.lists = append(g.lists, l)
	}
	peopled, empty := s.sortGroups()
	if len(peopled) > 0 && s.one(3) {
		g.groups = append(g.groups, s.anyCase(pick(s, peopled...)))
	}
	if s.spoilt["no such group"] {
		g.groups = append(g.groups, pick(s, append(empty, s.guid(), nameOfGroup)...))
	}
	if s.spoilt["max-privileged"] {
		for range 6 {
			s.holds = append(s.holds, holding{globalAdministrator, s.inFile().ID})
		}
	}
	g.privileged = s.one(4) && (s.crowd == 0 || s.one(4)) && !s.spoilt["max-privileged"]
	s.drawGrants()
}

// sortGroups tells the groups that somebody is in from those that nobody is.
func (s *story) sortGroups() (peopled, empty []string) {
	for _, g := range s.groups {
		if slices.ContainsFunc(s.people, func(u graphsim.User) bool { return s.within(g.ID, u.ID, nil) }) {
			peopled = append(peopled, g.ID)
		} else {
			empty = append(empty, g.ID)
		}
	}
	return peopled, empty
}

// drawGrants takes a permission away: by mistake, or because nobody wants what
// it is good for.
func (s *story) drawGrants() {
	g := &s.guard
	withhold := ""
	switch {
	case s.spoilt["permission"]:
		withhold = pick(s, "RoleManagement.Read.Directory", "RoleManagement.Read.Directory", "GroupMember.Read.All", "User.Read.All", "User.RevokeSessions.All", "User.RevokeSessions.All")
	case s.one(12) && s.crowd == 0:
		withhold, g.liftRoles, g.privileged = "RoleManagement.Read.Directory", true, false
	}
	g.noRevoke = withhold == "User.RevokeSessions.All"
	g.noRoles, g.noMembers, g.noReads = withhold == "RoleManagement.Read.Directory", withhold == "GroupMember.Read.All", withhold == "User.Read.All"
	for _, role := range graphsim.DefaultRoles() {
		if role != withhold && (withhold != "GroupMember.Read.All" || role != "GroupMember.ReadWrite.All") { // which reads, too
			s.cfg.Roles = append(s.cfg.Roles, role)
		}
	}
}

// inFile is somebody whom a row was written for, or now and then anybody.
func (s *story) inFile() graphsim.User {
	if r := pick(s, s.sheet.rows...); r.about >= 0 && !s.one(4) {
		return s.people[r.about]
	}
	return s.somebody()
}

// drawLimits puts the limits around what the plan has.
func (s *story) drawLimits() {
	g := &s.guard
	v := s.judge()
	size := len(s.people) + s.strangers
	percent := (v.users*100 + size - 1) / size // the least that lets the plan through
	g.maxUsers = pick(s, 0, v.users, v.users, v.users+1, 500, 500, 500)
	g.maxPercent = pick(s, 0, 0, 0, percent, percent, percent+1, 100)
	g.maxPrivileged = pick(s, 0, 0, v.admins, v.admins+1, 50)
	if s.spoilt["max-users"] {
		g.maxUsers = v.users - 1
	}
	if s.spoilt["max-percent"] {
		g.maxPercent = percent - 1
	}
	if s.spoilt["max-privileged"] {
		g.maxPrivileged = v.admins - 1
	}
	if s.spoilt["permission"] {
		g.maxPrivileged = max(g.maxPrivileged, 1)
	}
	if g.liftRoles {
		g.maxPrivileged = 0
	}
	g.maxUsers, g.maxPercent, g.maxPrivileged = max(g.maxUsers, 0), max(g.maxPercent, 0), max(g.maxPrivileged, 0)
}

// drawArgs writes the flags.
func (s *story) drawArgs() {
	g := &s.guard
	add := func(given bool, format string, a ...any) {
		if given {
			s.args = append(s.args, fmt.Sprintf(format, a...))
		}
	}
	s.args = append(s.args, s.sheet.flags()...)
	for _, l := range g.lists {
		add(true, "--protect=DIR/%s", l.name)
	}
	for _, id := range g.groups {
		add(true, "--protect-group=%s", id)
	}
	add(g.privileged, "--protect-privileged")
	add(g.includeCaller, "--include-caller")
	add(g.ago && !g.since.IsZero(), "--since=%dh", s.now.Sub(g.since)/time.Hour)
	add(!g.ago && !g.since.IsZero(), "--since=%s", g.since.In(time.FixedZone("", 3600*s.rng.IntN(5))).Format(time.RFC3339))
	add(true, "--max-users=%d", g.maxUsers)
	add(true, "--max-percent=%d", g.maxPercent)
	add(true, "--max-privileged=%d", g.maxPrivileged)
	add(g.noResolve, "--no-resolve")
	add(g.noVerify, "--no-verify")
	add(g.dryRun, "--dry-run")
	add(!g.noYes, "--yes")
	add(g.renamed, "--allow-renamed")
	add(g.allowEmpty, "--allow-empty-pattern")
	if steps := s.things.steps; steps != nil {
		add(true, "--steps=%s", batch.StepList(steps))
	} else {
		add(s.one(8), "--steps=invalidate")
	}
	add(true, "--concurrency=%d", 1+s.rng.IntN(4))
}
