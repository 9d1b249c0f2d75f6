package main

// This file draws columns, and what the gates ask of them.

// columnNames are headers by which a column is known.
var columnNames = map[field][]string{
	anID:         {"id", "Object ID", "objectId"},
	aUPN:         {"userPrincipalName", "UPN", "User name [userPrincipalName] Required"},
	idOrUPN:      {"Member object ID or user principal name [memberObjectIdOrUpn] Required"},
	aMail:        {"mail", "E-Mail", "Work Email"},
	anEmployeeID: {"employeeId", "Employee_ID"},
	anOnPremUPN:  {"onPremisesUserPrincipalName", "AD UPN"},
	decoy:        {"Manager", "Manager mail", "Created by"},
	hrStatus:     {"Status", "Employment Status", "STATUS"},
	site:         {"Site"},
	lastDay:      {"Last day", "Termination Date", "LastWorkingDate", "terminationDate"},
}

// drawColumns draws who is named by what, and what stands beside it.
func (s *story) drawColumns() {
	sh := &s.sheet
	add := func(f field, key bool, names ...string) {
		if len(names) == 0 {
			names = columnNames[f]
		}
		sh.heads = append(sh.heads, head{name: pick(s, names...), field: f, key: key})
	}
	keys := map[string]field{"id": anID, "upn": aUPN, "mail": aMail, "employee-id": anEmployeeID, "on-premises-upn": anOnPremUPN, "auto": idOrUPN}
	layout := pick(s, 0, 1, 2, 2, 3)
	switch asColumn := s.one(6); {
	case asColumn && !s.guard.noResolve:
		sh.column = "Person"
		add(keys[sh.key], true, "Person")
	case sh.key == "auto" && (layout == 0 || s.guard.noResolve):
		add(anID, true)
	case sh.key == "auto" && layout == 1:
		add(aUPN, true)
	case sh.key == "auto" && layout == 2:
		add(anID, true)
		add(aUPN, true)
	default:
		add(keys[sh.key], true)
	}
	s.drawBeside(add)
	s.drawTwins()
	s.drawGateColumns(add)
	sh.shuffle(s)
	s.drawGates()
}

// drawBeside draws more columns that are known, and have to agree.
func (s *story) drawBeside(add func(f field, key bool, names ...string)) {
	for _, f := range []field{anID, aUPN, aMail, anEmployeeID, anOnPremUPN} {
		if s.has(idOrUPN) && s.sheet.column == "" && (f == anID || f == aUPN) {
			continue // a column of either and one of the two are a question
		}
		if s.guard.noResolve && f == aUPN {
			continue // a person could then be named in two ways that nothing can tell to be one
		}
		if s.one(4) && !s.has(f) {
			add(f, s.sheet.key == "auto" && s.sheet.column == "" && f <= aUPN)
		}
	}
	if s.spoilt["column without key"] {
		s.sheet.key, s.sheet.heads = "auto", nil
		add(pick(s, aMail, anEmployeeID), true)
		s.sheet.column = s.sheet.heads[0].name
	}
}

// drawTwins doubles a column, with equal cells.
func (s *story) drawTwins() {
	if !s.one(5) {
		return
	}
	sh := &s.sheet
	at := s.rng.IntN(len(sh.heads))
	of := sh.heads[at]
	if of.field == idOrUPN || of.name == "Person" {
		return
	}
	for _, name := range columnNames[of.field] {
		if name != of.name {
			of.name, of.twin = name, at+1
			of.key = of.key && sh.column == ""
			sh.heads = append(sh.heads, of)
			return
		}
	}
}

// shuffle puts the columns into another order.
func (sh *sheet) shuffle(s *story) {
	order := s.rng.Perm(len(sh.heads))
	heads := make([]head, len(order))
	for from, to := range order {
		heads[to] = sh.heads[from]
		if heads[to].twin > 0 {
			heads[to].twin = order[heads[to].twin-1] + 1
		}
	}
	sh.heads = heads
}

// drawGateColumns draws columns of somebody else's names, and those that gates
// look at.
func (s *story) drawGateColumns(add func(f field, key bool, names ...string)) {
	if s.one(2) {
		add(decoy, false)
	}
	switch s.rng.IntN(9) {
	case 0, 1, 2, 3:
		add(hrStatus, false)
	case 4, 5, 6:
		add(logWord, false, "accountEnabled", "RiskState", "invitationState", "Status")
	}
	if s.one(3) {
		add(site, false)
	}
	if s.one(2) {
		add(lastDay, false)
	}
}

// words are what stands in a column of words: what --where asks for, the cells
// that are the same word, and those that are not.
type words struct {
	ask, same, other []string
}

var columnWords = map[string]words{
	"hr":              {[]string{"Inactive", "INACTIVE"}, []string{"Inactive", "inactive", "INACTIVE"}, []string{"Active", "active"}},
	"accountEnabled":  {[]string{"True"}, []string{"True", "TRUE"}, []string{"False"}},
	"RiskState":       {[]string{"atRisk"}, []string{"atRisk", "atrisk"}, []string{"remediated", "none"}},
	"invitationState": {[]string{"Accepted"}, []string{"Accepted"}, []string{"PendingAcceptance"}},
	"Status":          {[]string{"Failure"}, []string{"Failure"}, []string{"Success", "Interrupted"}},
	"town": {[]string{"Düsseldorf", "Du\u0308sseldorf", "DÜSSELDORF"}, []string{"Düsseldorf", "DÜSSELDORF", "du\u0308sseldorf", "DU\u0308SSELDORF"},
		[]string{"Dusseldorf", "Rome", "", "D\u00fcss\u0435ldorf"}},
	"street": {[]string{"Hauptstraße 1", "HAUPTSTRASSE 1"}, []string{"Hauptstraße 1", "Hauptstrasse 1", "HAUPTSTRASSE 1"}, []string{"Hauptstrase 1", "Rome"}},
}

// drawGates draws what the gates ask for. Most often one of them asks for what
// the columns of HR say, so that few cases are refused for asking nothing.
func (s *story) drawGates() {
	sh := &s.sheet
	ask := func(i int) {
		h := &sh.heads[i]
		h.gated = true
		sh.where = append(sh.where, h.name+pick(s, "=", " = ")+pick(s, h.words.ask...))
	}
	for i := range sh.heads {
		h := &sh.heads[i]
		h.words = columnWords[map[field]string{hrStatus: "hr", logWord: h.name, site: pick(s, "town", "street")}[h.field]]
		switch h.field {
		case hrStatus:
			if s.one(2) {
				ask(i)
			}
		case logWord:
			if s.one(3) {
				ask(i)
			}
		case site:
			if s.one(2) {
				ask(i)
			}
		case lastDay:
			if !s.one(4) {
				sh.date = s.drawDate(h.name)
			}
		}
	}
	sh.allRows = s.one(2)
}
