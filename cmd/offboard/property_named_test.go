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
	outcome, kind := batch.Outcome(""), ""
	switch {
	case r.dropped:
		return batch.Skipped, "where"
	case r.works && s.gatedByStatus():
		outcome, kind = batch.Skipped, "where"
	case s.sheet.date == nil:
		return "", ""
	case r.day.kind == unreadable:
		return batch.Invalid, "date"
	case r.day.kind == notLeaving, s.leaves(r).After(s.sheet.date.asOf):
		outcome, kind = batch.Skipped, "date"
	}
	if outcome != "" && s.meansNobody(r) {
		outcome, kind = batch.Invalid, "bad row"
	}
	return outcome, kind
}

func (s *story) gatedByStatus() bool {
	return slices.ContainsFunc(s.sheet.heads, func(h head) bool { return h.field == hrStatus && h.gated })
}

// staying are the rows that keep a person: which say so by a date or an HR status,
// whether or not the date can be read, and may mean the person by any of their cells.
// A row with a cell too many or too few keeps everybody whom it names anywhere.
func (s *story) staying(u graphsim.User) []sheetRow {
	if s.guard.noResolve {
		u = graphsim.User{ID: u.ID} // nothing else of the user is known
	}
	var rows []sheetRow
	for _, r := range s.sheet.rows {
		gate, _ := s.gate(r)
		switch r.form {
		case plainRow:
			if gate != "" && !r.dropped && s.mayMean(r, u) {
				rows = append(rows, r)
			}
		case tooLong, tooShort:
			cells := r.cells
			if r.form == tooShort {
				cells = cells[1:]
			}
			if (s.sheet.date != nil || s.gatedByStatus()) && slices.ContainsFunc(cells, func(c string) bool { return s.strayMeans(c, u) }) {
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// mayMean reports whether a row may mean the user: by an id, a user principal name or
// what the key asks for, or when these mean nobody by what else the row says.
func (s *story) mayMean(r sheetRow, u graphsim.User) bool {
	means, somebody, beside := false, false, false
	for i, h := range s.sheet.heads {
		switch {
		case !h.field.names():
		case h.key || h.field <= aUPN:
			means = means || cellMeans(h.field, r.cells[i], u)
			somebody = somebody || r.cells[i] != "" && !saysNobody(r.cells[i])
		default:
			beside = beside || cellMeans(h.field, r.cells[i], u)
		}
	}
	return means || !somebody && beside
}

// meansNobody reports whether a row says whom it means, and nobody can read it.
func (s *story) meansNobody(r sheetRow) bool {
	said := false
	for i, h := range s.sheet.heads {
		cell := r.cells[i]
		switch {
		case !h.field.names() || cell == "" || cell == "n/a" || strings.Trim(cell, "0-") == "":
		case !saysNobody(cell):
			return false
		default:
			said = true
		}
	}
	return said
}

// saysNobody reports whether a cell is nobody's name, however it is read: of badCells,
// those whose text is no name.
func saysNobody(cell string) bool {
	local, domain, at := strings.Cut(cell, "@")
	return cell == "n/a" || cell == "ann" || cell == "12" || cell == "1.23E+10" || cell == "12345678901234567" || len(cell) == 35 && !at ||
		strings.Trim(cell, "0-") == "" || at && local == "" || strings.Contains(domain, "@") || strings.Contains(local, "?")
}

// cellMeans reports whether a cell, read without what stands around a name, may mean
// the user.
func cellMeans(f field, cell string, u graphsim.User) bool {
	bare := strings.Trim(strings.TrimSuffix(cell, " (left)"), "<>{}'=")
	own := propertyOf(f, u)
	if (f == idOrUPN || f == anID) && strings.Contains(bare, "@") {
		own = u.UPN
	}
	return own != "" && (sameCell(f, cell, own) || sameCell(f, bare, own)) || strings.EqualFold(bare, u.ID) || strings.EqualFold(bare, strings.ReplaceAll(u.ID, "-", ""))
}

// strayMeans reports whether a cell, in whatever column it stands, may mean the user.
func (s *story) strayMeans(cell string, u graphsim.User) bool {
	if cellMeans(idOrUPN, cell, u) {
		return true
	}
	return slices.ContainsFunc(s.sheet.heads, func(h head) bool { return h.key && h.field > idOrUPN && cellMeans(h.field, cell, u) })
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
