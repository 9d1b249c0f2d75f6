package main

import (
	"fmt"
	"time"

	"offboard/batch/graphsim"
)

// drawPeople fills the tenant with users of all kinds, some of whom share what
// should be theirs alone.
func (s *story) drawPeople() {
	ordinary := 6 + s.rng.IntN(24)
	for i := range ordinary + s.crowd {
		u := graphsim.User{
			ID: s.guid(), Enabled: !s.one(4), Synced: s.one(3), Denied: s.one(20), Frozen: s.one(25),
			Mail: fmt.Sprintf("mail%d@contoso.example", i), EmployeeID: fmt.Sprintf("%04d", i+1), OnPremUPN: fmt.Sprintf("u%d@corp.local", i),
		}
		u.UPN = fmt.Sprintf(pick(s, "user%d@contoso.example", "User%d@Contoso.Example", "bg-%d@contoso.example", "kim%d@corp.contoso.example",
			"o'neil%d@contoso.example", "jürgen%d@contoso.example", "$cash%d@contoso.example", "r&d+%d@contoso.example",
			"ann%d_fabrikam.example#EXT#@contoso.example"), i)
		switch {
		case s.one(8):
			u.Type = "Guest" // without #EXT#: an internal one, if nothing else tells
			u.State, u.Created = pick(s, "", "", "", "Accepted", "PendingAcceptance"), pick(s, "", "", "", "LocalAccount", "Invitation")
		case s.one(12):
			u.Type, u.State = "Member", pick(s, "", "", "Accepted") // perhaps with #EXT#
		}
		if i >= ordinary {
			u.UPN, u.Type, u.Denied = fmt.Sprintf("holder%d@contoso.example", i), "Member", true
		} else if i > 0 {
			s.share(&u, s.people[s.rng.IntN(i)])
		}
		since := s.guard.since
		if since.IsZero() {
			since = s.now.Add(-time.Hour)
		}
		u.Stamp = pick(s, time.Time{}, since.AddDate(-1, 0, 0), since.Add(-time.Second), since, since.Add(time.Second), since.Add(time.Second), since.Add(10*time.Minute), since.Add(10*time.Minute), s.now.Add(-time.Second))
		if i >= ordinary {
			u.Stamp = since.AddDate(-1, 0, 0)
		}
		s.people = append(s.people, u)
	}
	s.strangers = s.rng.IntN(60)
	if s.one(3) {
		s.cfg.SignedIn = s.somebody().ID
	}
}

// share gives a user what is another's, too, or what looks like it.
func (s *story) share(u *graphsim.User, other graphsim.User) {
	switch s.rng.IntN(9) {
	case 0:
		u.Mail = s.anyCase(other.Mail)
	case 1:
		u.Mail = other.UPN
	case 2:
		u.Mail = ""
	}
	switch s.rng.IntN(9) {
	case 0:
		u.EmployeeID = other.EmployeeID
	case 1, 3, 4:
		u.EmployeeID = pick(s, "E", "e") + u.EmployeeID
	case 2:
		u.EmployeeID = ""
	}
	switch s.rng.IntN(9) {
	case 0:
		u.OnPremUPN = s.anyCase(other.OnPremUPN)
	case 1:
		u.OnPremUPN = other.UPN
	case 2:
		u.OnPremUPN = ""
	}
}

func (s *story) somebody() graphsim.User { return pick(s, s.people...) }

// drawGroups nests groups in each other, and gives roles to some and to users.
func (s *story) drawGroups() {
	for i := range s.rng.IntN(5) {
		g := graphsim.Group{ID: s.guid()}
		for range s.rng.IntN(3) {
			g.Members = append(g.Members, s.somebody().ID)
		}
		if i > 0 && s.one(2) {
			g.Groups = append(g.Groups, s.groups[s.rng.IntN(i)].ID)
		}
		s.groups = append(s.groups, g)
	}
	if n := len(s.groups); n > 0 && s.one(3) {
		s.groups[0].Groups = append(s.groups[0].Groups, s.groups[n-1].ID) // perhaps in a circle
	}
	if s.crowd > 0 {
		var g graphsim.Group
		g.ID = s.guid()
		for _, u := range s.people[len(s.people)-s.crowd:] {
			g.Members = append(g.Members, u.ID)
		}
		s.groups = append(s.groups, g)
		s.holds = append(s.holds, holding{globalAdministrator, g.ID})
	}
	const reader = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b" // Directory Readers make no administrator
	for range s.rng.IntN(9) {
		h := holding{pick(s, globalAdministrator, "fe930be7-5e62-47db-91af-98c3a49a38b1", s.guid(), reader), s.somebody().ID}
		switch {
		case len(s.groups) > 0 && s.one(3):
			h.principal = pick(s, s.groups...).ID
		case s.one(6):
			h.principal = s.guid() // an app
		}
		s.holds = append(s.holds, h)
	}
}

// tenant is the story's, as the simulator has it.
func (s *story) tenant() (*graphsim.Tenant, error) {
	t := graphsim.New(s.cfg)
	t.AddStrangers(s.strangers)
	if err := t.Add(s.people...); err != nil {
		return nil, err
	}
	for _, g := range s.groups { // first without what is within, which may come later or contain them
		if err := t.AddGroup(graphsim.Group{ID: g.ID}); err != nil {
			return nil, err
		}
	}
	for _, g := range s.groups {
		if err := t.AddGroup(g); err != nil {
			return nil, err
		}
	}
	for _, h := range s.holds {
		if err := t.Assign(h.role, h.principal); err != nil {
			return nil, err
		}
	}
	return t, s.things.furnish(t)
}
