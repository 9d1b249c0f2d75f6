package main

import (
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// gate says how a row ends that a gate holds back, or "".
func (s *story) gate(r sheetRow) (batch.Outcome, string) {
	gated := slices.ContainsFunc(s.sheet.heads, func(h head) bool { return h.field == hrStatus && h.gated })
	switch {
	case r.dropped, r.works && gated:
		return batch.Skipped, "where"
	case s.sheet.date == nil:
		return "", ""
	case r.day.kind == unreadable:
		return batch.Invalid, "date"
	case r.day.kind == notLeaving, s.leaves(r).After(s.sheet.date.asOf):
		return batch.Skipped, "date"
	}
	return "", ""
}

// staying are the rows that keep a person: which say so by a date or an HR status,
// whether or not the date can be read, and name the person in any of their cells.
func (s *story) staying(u graphsim.User) []sheetRow {
	var rows []sheetRow
	for _, r := range s.sheet.rows {
		gate, _ := s.gate(r)
		if _, _, why := s.named(r); r.form != plainRow || gate == "" || r.dropped || why == "bad row" {
			continue
		}
		for i, h := range s.sheet.heads {
			own := propertyOf(h.field, u)
			if h.field == idOrUPN && strings.Contains(r.cells[i], "@") {
				own = u.UPN
			}
			if own != "" && sameCell(h.field, r.cells[i], own) && (h.key || h.field <= aUPN) {
				rows = append(rows, r)
				break
			}
		}
	}
	return rows
}

// leaves is from when on the date gate lets a row through; zero without a gate.
func (s *story) leaves(r sheetRow) time.Time {
	d := s.sheet.date
	if d == nil {
		return time.Time{}
	}
	leaves := r.day.at
	if y, m, dd := leaves.Date(); r.day.kind == wholeDay {
		if !d.startOfDay {
			dd++
		}
		leaves = time.Date(y, m, dd, 0, 0, 0, 0, d.zone) // no clock of these zones is changed at midnight
	}
	return leaves
}

// named finds the person whom a row means, or how it ends and what kept it from
// meaning anybody.
func (s *story) named(r sheetRow) (graphsim.User, batch.Outcome, string) {
	nobody := graphsim.User{}
	cells := map[field]string{} // of the columns that name users
	for i, h := range s.sheet.heads {
		switch {
		case !h.key || r.cells[i] == "":
		case r.bad[i], cells[h.field] != "" && !sameCell(h.field, cells[h.field], r.cells[i]):
			return nobody, batch.Invalid, "bad row"
		default:
			cells[h.field] = r.cells[i]
		}
	}
	if either := cells[idOrUPN]; strings.Contains(either, "@") {
		cells[aUPN] = either
	} else if either != "" {
		cells[anID] = either
	}
	id, upn := strings.ToLower(cells[anID]), cells[aUPN]
	u, outcome, kind := nobody, batch.Invalid, "bad row"
	switch {
	case id != "":
		u, outcome, kind = s.byID(id), "", ""
		switch {
		case u.Type == "nobody" && !s.guard.noResolve:
			return u, batch.NotFound, "not found"
		case s.guard.noResolve:
			return u, "", ""
		case upn != "" && asciiUpper(upn) != asciiUpper(u.UPN) && !s.guard.renamed:
			return u, batch.Invalid, "another's name"
		}
	case upn != "":
		u, outcome, kind = soleOwner(s, upn, func(u graphsim.User) string { return u.UPN }, false)
	case cells[aMail] != "":
		u, outcome, kind = soleOwner(s, cells[aMail], func(u graphsim.User) string { return u.Mail }, false)
	case cells[anEmployeeID] != "":
		u, outcome, kind = soleOwner(s, cells[anEmployeeID], func(u graphsim.User) string { return u.EmployeeID }, true)
	case cells[anOnPremUPN] != "":
		u, outcome, kind = soleOwner(s, cells[anOnPremUPN], func(u graphsim.User) string { return u.OnPremUPN }, false)
	}
	if outcome == "" && !s.agrees(r, u) {
		return u, batch.Invalid, "second column"
	}
	return u, outcome, kind
}

// sameCell reports whether two cells of a kind mean the same.
func sameCell(f field, a, b string) bool {
	return a == b || f != anEmployeeID && asciiUpper(a) == asciiUpper(b)
}

// agrees reports whether all else that a row says of who is meant is true of the
// user.
func (s *story) agrees(r sheetRow, u graphsim.User) bool {
	for i, h := range s.sheet.heads {
		cell, own := r.cells[i], propertyOf(h.field, u)
		switch {
		case h.key || !h.field.names() || cell == "":
		case cell == "n/a", own == "": // neither says anything
		case h.field == aUPN && s.guard.renamed && strings.EqualFold(s.keyID(r), u.ID):
		case !sameCell(h.field, cell, own):
			return false
		}
	}
	return true
}

// keyID is the object id by which a row names somebody, or "".
func (s *story) keyID(r sheetRow) string {
	for i, h := range s.sheet.heads {
		if h.key && (h.field == anID || h.field == idOrUPN) && r.cells[i] != "" {
			return r.cells[i]
		}
	}
	return ""
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
