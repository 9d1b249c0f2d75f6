package main

import (
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// gate says how a row ends that a gate holds back, or "".
func (s *story) gate(r sheetRow) (batch.Outcome, string) {
	sh := &s.sheet
	for i, h := range sh.heads {
		if h.field == status && sh.status && asciiUpper(r.cells[i]) != "INACTIVE" || h.field == site && sh.site && asciiUpper(r.cells[i]) != "BERLIN" {
			return batch.Skipped, "where"
		}
	}
	d := sh.date
	if d == nil {
		return "", ""
	}
	switch {
	case r.day.kind == unreadable:
		return batch.Invalid, "date"
	case r.day.kind == notLeaving, s.leaves(r).After(d.asOf):
		return batch.Skipped, "date"
	}
	return "", ""
}

// leaves is the moment from which the date of a row lets it through.
func (s *story) leaves(r sheetRow) time.Time {
	d := s.sheet.date
	if y, m, dd := r.day.at.Date(); r.day.kind == wholeDay {
		if !d.startOfDay {
			dd++
		}
		return time.Date(y, m, dd, 0, 0, 0, 0, d.zone) // no clock of these zones is changed at midnight
	}
	return r.day.at
}

// named finds the person whom a row means, or how it ends and what kept it from
// meaning anybody. A user principal name beside the key must be the person's own.
func (s *story) named(r sheetRow) (graphsim.User, batch.Outcome, string) {
	beside := ""
	for i, h := range s.sheet.heads {
		if h.field == kept && r.cells[i] != "n/a" {
			beside = r.cells[i]
		}
	}
	if beside != "" && !strings.Contains(beside, "@") {
		return graphsim.User{}, batch.Invalid, "bad row"
	}
	u, outcome, kind, byID := s.keyed(r)
	if outcome == "" && beside != "" && !s.guard.noResolve && asciiUpper(beside) != asciiUpper(u.UPN) && !(byID && s.guard.renamed) {
		return u, batch.Invalid, "another's name"
	}
	return u, outcome, kind
}

// keyed finds the person whom the key of a row means; byID when that is an object id.
func (s *story) keyed(r sheetRow) (_ graphsim.User, _ batch.Outcome, _ string, byID bool) {
	cells := map[field]string{}
	for i, h := range s.sheet.heads {
		if h.field.names() {
			cells[h.field] = r.cells[i]
			if r.bad[i] && r.cells[i] != "" {
				return graphsim.User{}, batch.Invalid, "bad row", false
			}
		}
	}
	if either := cells[idOrUPN]; strings.Contains(either, "@") {
		cells[aUPN] = either
	} else if either != "" {
		cells[anID] = either
	}
	switch id, upn := strings.ToLower(cells[anID]), cells[aUPN]; {
	case id != "":
		u := s.byID(id)
		switch {
		case u.Type == "nobody" && s.guard.noResolve:
			return u, "", "", true
		case u.Type == "nobody":
			return u, batch.NotFound, "not found", true
		case upn != "" && asciiUpper(upn) != asciiUpper(u.UPN) && !s.guard.renamed:
			return u, batch.Invalid, "another's name", true
		}
		return u, "", "", true
	case upn != "":
		u, outcome, kind := soleOwner(s, upn, func(u graphsim.User) string { return u.UPN }, false)
		return u, outcome, kind, false
	case cells[aMail] != "":
		u, outcome, kind := soleOwner(s, cells[aMail], func(u graphsim.User) string { return u.Mail }, false)
		return u, outcome, kind, false
	case cells[anEmployeeID] != "":
		u, outcome, kind := soleOwner(s, cells[anEmployeeID], func(u graphsim.User) string { return u.EmployeeID }, true)
		return u, outcome, kind, false
	case cells[anOnPremUPN] != "":
		u, outcome, kind := soleOwner(s, cells[anOnPremUPN], func(u graphsim.User) string { return u.OnPremUPN }, false)
		return u, outcome, kind, false
	}
	return graphsim.User{}, batch.Invalid, "bad row", false
}

// byID is the user of an id; one that is nobody's has the type "nobody".
func (s *story) byID(id string) graphsim.User {
	for _, u := range s.people {
		if u.ID == id {
			return u
		}
	}
	return graphsim.User{ID: id, Type: "nobody"}
}

// soleOwner finds the only user who has a value. The directory regards no case at all;
// a person means what is written, but for the case of ASCII, or with exact to
// the letter.
func soleOwner(s *story, value string, of func(graphsim.User) string, exact bool) (graphsim.User, batch.Outcome, string) {
	var hits []graphsim.User
	for _, u := range s.people {
		if strings.EqualFold(of(u), value) {
			hits = append(hits, u)
		}
	}
	switch {
	case len(hits) == 0:
		return graphsim.User{}, batch.NotFound, "not found"
	case len(hits) > 1:
		return graphsim.User{}, batch.Ambiguous, "several users"
	case exact && of(hits[0]) != value, asciiUpper(of(hits[0])) != asciiUpper(value):
		return graphsim.User{}, batch.Invalid, "another's name"
	}
	return hits[0], "", ""
}
