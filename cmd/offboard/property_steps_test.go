package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// belongings are what the people of a case have, where its run takes several steps.
type belongings struct {
	steps    []batch.Step // nil: one step, and nobody has anything
	devices  []graphsim.Device
	clubs    []graphsim.Group // besides those of guards and roles
	licences []licensed
}

// licensed is a direct licence of a user.
type licensed struct{ user, sku string }

// propertySKUs are products that the tenant has.
var propertySKUs = []string{"05e9a617-0261-4cee-bb44-138d3ef5d965", "06ebc4ee-1bb5-47dd-8120-11324bc54e06"}

// drawSteps lets some of the cases take several steps. Not those in which reads are mixed
// up: a list does not say whose it is.
func (s *story) drawSteps() {
	if s.mixes() || s.crowd > 0 || s.guard.noResolve || s.spoilt["permission"] || !s.one(4) {
		return
	}
	for _, step := range batch.Leaver {
		if step == batch.Revoke || !s.one(3) {
			s.things.steps = append(s.things.steps, step)
		}
	}
}

// drawBelongings gives people devices, groups and licences of all kinds, and some of them
// to several.
func (s *story) drawBelongings() {
	if s.things.steps == nil {
		return
	}
	for i := range s.rng.IntN(2 * len(s.people)) {
		d := graphsim.Device{
			ID: s.guid(), Name: fmt.Sprint("device", i), System: pick(s, "Windows", "Windows", "Windows", "iOS", "MacMDM"),
			Enabled: !s.one(5), Synced: s.one(6), Restricted: s.one(10), Users: []string{s.somebody().ID},
		}
		if s.one(2) {
			d.Owners = d.Users
		}
		s.things.devices = append(s.things.devices, d)
	}
	for range s.rng.IntN(8) {
		g := graphsim.Group{
			ID: s.guid(), Kind: pick(s, graphsim.SecurityGroup, graphsim.SecurityGroup, graphsim.Microsoft365Group, graphsim.MailSecurityGroup, graphsim.DistributionList),
			Dynamic: s.one(8), Synced: s.one(8), RoleAssignable: s.one(10), Restricted: s.one(10),
		}
		if s.one(4) {
			g.Licences = []string{pick(s, propertySKUs...)}
		}
		for range s.rng.IntN(8) {
			if id := s.somebody().ID; !slices.Contains(g.Members, id) {
				g.Members = append(g.Members, id)
			}
		}
		s.things.clubs = append(s.things.clubs, g)
	}
	for _, u := range s.people {
		for _, sku := range propertySKUs {
			if s.one(3) {
				s.things.licences = append(s.things.licences, licensed{u.ID, sku})
			}
		}
	}
}

// furnish puts the belongings into the tenant.
func (b *belongings) furnish(t *graphsim.Tenant) error {
	for _, d := range b.devices {
		if err := t.AddDevice(d); err != nil {
			return err
		}
	}
	for _, g := range b.clubs {
		if err := t.AddGroup(g); err != nil {
			return err
		}
	}
	for _, l := range b.licences {
		if err := t.AddLicence(l.user, l.sku); err != nil {
			return err
		}
	}
	return nil
}

// mayBeWritten reports whether a write of the log is one that the plan could have, by the
// truth about the user: a step that was asked for, at a thing of this user that Graph can
// change and that is not so already.
func (s *story) mayBeWritten(e graphsim.Event) bool {
	u, has := s.byID(e.User), func(step batch.Step) bool { return slices.Contains(s.things.steps, step) }
	club := func() bool {
		for _, g := range s.things.clubs {
			if g.ID == e.Target {
				kept := g.Dynamic || g.Synced || g.Kind == graphsim.MailSecurityGroup || g.Kind == graphsim.DistributionList
				return slices.Contains(g.Members, u.ID) && !kept && (has(batch.Groups) && len(g.Licences) == 0 || has(batch.Licences) && len(g.Licences) > 0)
			}
		}
		return has(batch.Groups) && slices.ContainsFunc(s.groups, func(g graphsim.Group) bool { return g.ID == e.Target && slices.Contains(g.Members, u.ID) })
	}
	switch e.Action {
	case "revokeSignInSessions":
		return has(batch.Revoke)
	case "disable":
		return has(batch.Disable) && u.Enabled
	case "password":
		return has(batch.Password) && !u.Synced && !external(u)
	case "disableDevice":
		return has(batch.Devices) && slices.ContainsFunc(s.things.devices, func(d graphsim.Device) bool {
			apple := d.System != "Windows" && s.cfg.SignedIn == "" // which a person may disable, and no app
			return d.ID == e.Target && d.Users[0] == u.ID && d.Enabled && !apple
		})
	case "leaveGroup":
		return e.Method == http.MethodDelete && strings.HasSuffix(e.Path, "/$ref") && club()
	case "assignLicense":
		for sku := range strings.FieldsSeq(e.Target) {
			if !slices.Contains(s.things.licences, licensed{u.ID, strings.TrimPrefix(sku, "-")}) {
				return false
			}
		}
		return has(batch.Licences)
	}
	return false
}

// wrongSteps holds the log of a run with several steps against the truth, and its report
// against the log.
func (s *story) wrongSteps(t *graphsim.Tenant, p played, dir string) (wrong []string) {
	if s.things.steps == nil {
		return nil
	}
	say := func(format string, a ...any) { wrong = append(wrong, fmt.Sprintf(format, a...)) }
	sent := map[thing]int{}
	for i, e := range t.Log() {
		if e.Method == http.MethodGet {
			continue
		}
		if !s.mayBeWritten(e) {
			say("%s %s, %s at %q, is in no plan for %s", e.Method, e.Path, e.Action, e.Target, e.User)
		}
		if i >= len(p.between) && len(p.codes) > 1 && s.isLate(e.User, p) {
			say("%s arrived for %s, who was protected by then", e.Action, e.User)
		}
		for _, of := range thingsOf(e) {
			if sent[of]++; sent[of] > 1 && !s.faulty() && len(p.codes) == 1 {
				say("%v was written twice", of)
			}
		}
	}
	done := executedIn(t.Log())
	writes, err := readWrites(filepath.Join(dir, "report"))
	if err != nil { // there is none
		return wrong
	}
	for _, w := range writes {
		if why := contradicted(w, done[w.thing()]); why != "" {
			say("%s, %s", w, why)
		}
	}
	return wrong
}

// isLate reports whether a user was protected when the run went on.
func (s *story) isLate(id string, p played) bool {
	w := &s.twist
	return p.happen && slices.Contains(w.late, id) && !(w.how == byCaller && len(p.codes) == 2)
}

// wrongState holds what changed in the directory against who may be written: nothing else
// of anybody, and nobody and nothing is gone but memberships and licences.
func (s *story) wrongState(v *verdict, before, after graphsim.State) (wrong []string) {
	for _, change := range before.Diff(after) {
		what, _, _ := strings.Cut(change, ": ")
		kind, rest, _ := strings.Cut(what, " ")
		name, property, _ := strings.Cut(rest, " ")
		id := ""
		for _, d := range s.things.devices {
			if kind == "device" && d.ID == name {
				id = d.Users[0]
			}
		}
		for _, u := range s.people {
			if kind == "user" && u.UPN == name {
				id = u.ID
			}
		}
		if s.twist.how == byGroup && slices.Contains(s.twist.late, id) && strings.HasSuffix(change, ": - -> member") {
			continue // the case itself protected the user so
		}
		gone := strings.HasSuffix(change, " -> -") && !strings.HasPrefix(property, "group ") && !strings.HasPrefix(property, "licence ")
		if !v.may[id] || len(v.refused) > 0 || gone {
			wrong = append(wrong, "the directory changed: "+change)
		}
	}
	return wrong
}
