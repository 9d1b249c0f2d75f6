package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// sheet is the file, with the flags that say how to read it.
type sheet struct {
	key, column string // --key, --column
	heads       []head
	rows        []sheetRow
	status      bool // --where Status=Inactive
	site        bool // --where Site=Berlin
	date        *dateFlags
	text        string
}

type head struct {
	name  string
	field field
}

// field is what the cells of a column are.
type field int

const (
	anID field = iota
	aUPN
	idOrUPN
	aMail
	anEmployeeID
	anOnPremUPN
	kept   // another person's id or UPN, in a column that is recognised and names nobody
	decoy  // another person's id or UPN, in a column that is not ours
	status // fields from here on are looked at by gates, if at all
	site
	lastDay
)

func (f field) names() bool { return f <= anOnPremUPN }

// sheetRow is a record, with what it means.
type sheetRow struct {
	line  int
	about int      // the person whom it was written for, or -1
	cells []string // in the order of the columns, without blanks around them
	bad   []bool   // cells that cannot be what their column holds
	form  rowForm
	day   day
}

type rowForm int

const (
	plainRow rowForm = iota
	tooLong          // one cell too many
	tooShort         // one cell too few
	blankRow
	exampleRow
)

// day is what a cell of dates says.
type day struct {
	kind dayKind
	at   time.Time // a day in UTC, or an instant
}

type dayKind int

const (
	notLeaving dayKind = iota
	unreadable
	wholeDay
	instant
)

type dateFlags struct {
	format, asOfText string
	zone             *time.Location
	startOfDay       bool
	asOf             time.Time
}

// drawSheet draws the columns and then the rows.
func (s *story) drawSheet() {
	sh := &s.sheet
	sh.key = pick(s, "auto", "auto", "auto", "id", "upn", "mail", "employee-id", "on-premises-upn")
	if s.guard.noResolve {
		sh.key = pick(s, "auto", "id")
	}
	s.drawColumns()
	s.rng.Shuffle(len(sh.heads), func(i, j int) { sh.heads[i], sh.heads[j] = sh.heads[j], sh.heads[i] })
	for line := range 3 + s.rng.IntN(26) {
		r := s.drawRow()
		r.line = line + 2
		sh.rows = append(sh.rows, r)
	}
	sh.text = s.sheetText()
}

// drawColumns draws who is named by what, and what stands beside it.
func (s *story) drawColumns() {
	sh := &s.sheet
	add := func(f field, names ...string) { sh.heads = append(sh.heads, head{pick(s, names...), f}) }
	asColumn := s.one(6)
	keys := map[string]field{"id": anID, "upn": aUPN, "mail": aMail, "employee-id": anEmployeeID, "on-premises-upn": anOnPremUPN, "auto": idOrUPN}
	layout := s.rng.IntN(4)
	switch {
	case asColumn && !s.guard.noResolve:
		sh.column = "Person"
		add(keys[sh.key], "Person")
		add(kept, "userPrincipalName")
	case sh.key == "auto" && (layout == 0 || s.guard.noResolve):
		add(anID, "id", "Object ID", "objectId")
	case sh.key == "auto" && layout == 1:
		add(aUPN, "userPrincipalName", "UPN", "User name [userPrincipalName] Required")
	case sh.key == "auto" && layout == 2:
		add(anID, "id", "objectId")
		add(aUPN, "userPrincipalName", "User Principal Name")
	case sh.key == "auto":
		add(idOrUPN, "Member object ID or user principal name [memberObjectIdOrUpn] Required")
	case sh.key == "id":
		add(anID, "id", "Object ID")
	case sh.key == "upn":
		add(aUPN, "userPrincipalName", "UPN")
	case sh.key == "mail":
		add(aMail, "mail", "E-Mail", "Work Email")
	case sh.key == "employee-id":
		add(anEmployeeID, "employeeId", "Employee_ID")
	default:
		add(anOnPremUPN, "onPremisesUserPrincipalName", "AD UPN")
	}
	if sh.column == "" && sh.key != "auto" && sh.key != "upn" && s.one(2) {
		add(kept, "userPrincipalName")
	}
	s.drawGateColumns(add)
}

// drawGateColumns draws columns of somebody else's names, and those that gates
// look at.
func (s *story) drawGateColumns(add func(f field, names ...string)) {
	sh := &s.sheet
	if s.one(2) {
		add(decoy, "Manager", "Manager mail", "Created by")
	}
	if s.one(2) {
		add(status, "Status")
		sh.status = !s.one(3)
	}
	if s.one(3) {
		add(site, "Site")
		sh.site = s.one(2)
	}
	if s.one(2) {
		add(lastDay, "Last day")
		if !s.one(3) {
			sh.date = s.drawDate()
		}
	}
}

// drawDate draws when now is, and where.
func (s *story) drawDate() *dateFlags {
	zone, err := time.LoadLocation(pick(s, "UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Asia/Kolkata"))
	if err != nil {
		panic(err) // time/tzdata is linked
	}
	d := &dateFlags{zone: zone, startOfDay: s.one(2), asOf: s.now}
	if s.one(4) {
		d.format = "DD.MM.YYYY"
	}
	switch s.rng.IntN(3) {
	case 0:
		d.asOf = s.now.Add(time.Duration(s.rng.IntN(2000)-1000) * time.Hour).In(time.FixedZone("", 3600*(s.rng.IntN(20)-10)))
		d.asOfText = d.asOf.Format(time.RFC3339)
	case 1:
		y, m, dd := s.now.In(zone).Date()
		d.asOf = time.Date(y, m, dd, 0, 0, 0, 0, zone)
		d.asOfText = d.asOf.Format(time.DateOnly)
	}
	return d
}

// drawRow draws one record, about somebody or nobody.
func (s *story) drawRow() sheetRow {
	sh := &s.sheet
	r := sheetRow{about: -1, bad: make([]bool, len(sh.heads)), cells: make([]string, len(sh.heads))}
	switch s.rng.IntN(40) {
	case 0:
		r.form = blankRow
		return r
	case 1:
		r.form = exampleRow
	case 2:
		r.form = tooLong
	case 3:
		r.form = tooShort
	}
	r.about = s.rng.IntN(len(s.people))
	u, half, twice := s.people[r.about], s.rng.IntN(4), s.names(anID) && s.names(aUPN) // half: which of two columns is empty
	for i, h := range sh.heads {
		switch {
		case r.form == exampleRow && h.field.names():
			r.cells[i], r.bad[i] = "Example: "+u.UPN, true
		case r.form == exampleRow && h.field == kept:
		case twice && (h.field == anID && half == 0 || h.field == aUPN && half == 1):
		case twice && h.field == aUPN && s.one(4):
			r.cells[i] = s.somebody().UPN // a shifted column, or the same person after all
		case h.field.names():
			r.cells[i], r.bad[i] = s.keyCell(h.field, u)
		case h.field == kept && !s.one(4):
			r.cells[i] = pick(s, u.UPN, u.UPN, strings.ToUpper(u.UPN[:1])+u.UPN[1:], "", "n/a")
		case h.field == kept, h.field == decoy:
			r.cells[i] = pick(s, s.somebody().UPN, s.somebody().UPN, s.somebody().ID, "")
		case h.field == status:
			r.cells[i] = pick(s, "Inactive", "INACTIVE", "inactive", "Inactive", "Inactive", "inactive", "Active", "", "\u0406nactive")
		case h.field == site:
			r.cells[i] = pick(s, "Berlin", "berlin", "Berlin", "Rome")
		case h.field == lastDay:
			r.cells[i], r.day = s.dayCell()
		}
	}
	if r.form == tooShort && (len(r.cells) < 2 || strings.Join(r.cells[:len(r.cells)-1], "") == "") {
		r.form = plainRow
	}
	return r
}

// names reports whether there is a column of the kind.
func (s *story) names(f field) bool {
	for _, h := range s.sheet.heads {
		if h.field == f {
			return true
		}
	}
	return false
}

// sheetText writes the file.
func (s *story) sheetText() string {
	var b strings.Builder
	b.WriteString(pick(s, "", "\ufeff"))
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = pick(s, ',', ';', '\t', '|'), s.one(3)
	if len(s.sheet.heads) == 1 {
		w.Comma = ',' // without one in the header, nothing else is a delimiter
	}
	var names []string
	for _, h := range s.sheet.heads {
		names = append(names, h.name)
	}
	records := [][]string{names}
	for _, r := range s.sheet.rows {
		var cells []string
		for _, c := range r.cells {
			if c != "" && s.one(6) {
				c = pick(s, " ", "\u00a0") + c + " "
			}
			cells = append(cells, c)
		}
		switch r.form {
		case tooLong:
			cells = append(cells, "x")
		case tooShort:
			cells = cells[:len(cells)-1]
		}
		records = append(records, cells)
	}
	if err := w.WriteAll(records); err != nil {
		panic(err) // a strings.Builder takes everything
	}
	return b.String()
}

// flags are those that say how to read the file.
func (sh *sheet) flags() []string {
	all := []string{"--key=" + sh.key}
	add := func(given bool, flag string) {
		if given {
			all = append(all, flag)
		}
	}
	add(sh.column != "", "--column="+sh.column)
	add(sh.status, "--where=Status=Inactive")
	add(sh.site, "--where=site = Berlin")
	if d := sh.date; d != nil {
		add(true, "--date-column=Last day")
		add(true, "--time-zone="+d.zone.String())
		add(d.format != "", "--date-format="+d.format)
		add(d.asOfText != "", "--as-of="+d.asOfText)
		add(d.startOfDay, "--start-of-day")
	}
	return all
}

// write puts the file and the lists where the flags say.
func (s *story) write(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, "in.csv"), []byte(s.sheet.text), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "late.txt"), []byte(strings.Join(s.twist.late, "\n")), 0o600); err != nil {
		return err
	}
	for _, l := range s.guard.lists {
		if l.missing {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, l.name), []byte(l.text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// describe shows a case to people.
func (s *story) describe() string {
	var b strings.Builder
	for _, u := range s.people {
		fmt.Fprintf(&b, "%+v\n", u)
	}
	fmt.Fprintf(&b, "groups %v\nroles %v\nsigned in %q\nfile:\n%s", s.groups, s.holds, s.cfg.SignedIn, s.sheet.text)
	for _, l := range s.guard.lists {
		fmt.Fprintf(&b, "%s:\n%s\n", l.name, l.text)
	}
	return b.String()
}
