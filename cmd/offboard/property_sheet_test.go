package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"offboard/batch/graphsim"
)

// sheet is the file, with the flags that say how to read it.
type sheet struct {
	key, column string // --key, --column
	heads       []head
	rows        []sheetRow
	where       []string // --where COLUMN=VALUE
	allRows     bool     // --all-rows
	date        *dateFlags
	text        string
}

// head is a column.
type head struct {
	name  string
	field field
	key   bool // its cells name the users; of other recognised ones they must agree
	twin  int  // place of a column, counted from 1, that holds the same; 0 for none
	gated bool // --where looks at it
	words words
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
	decoy    // another person's id or UPN, in a column that is not ours
	hrStatus // whether somebody works there
	logWord  // a status that is not about work: of an account, a risk, an invitation, a sign-in
	site
	lastDay
)

func (f field) names() bool { return f <= anOnPremUPN }

// sheetRow is a record, with what it means.
type sheetRow struct {
	line    int
	about   int      // the person whom it was written for, or -1
	cells   []string // in the order of the columns, without blanks around them
	bad     []bool   // cells that cannot be what their column holds
	form    rowForm
	day     day
	works   bool // by its HR status
	dropped bool // by a --where that only chooses
}

type rowForm int

const (
	plainRow rowForm = iota
	tooLong          // one cell too many
	tooShort         // without its first cell
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
	column, format, asOfText string
	zone                     *time.Location
	startOfDay               bool
	asOf                     time.Time
}

// drawSheet draws the columns and then the rows.
func (s *story) drawSheet() {
	sh := &s.sheet
	sh.key = pick(s, "auto", "auto", "auto", "id", "upn", "mail", "employee-id", "on-premises-upn")
	if s.guard.noResolve {
		sh.key = pick(s, "auto", "id")
	}
	s.drawColumns()
	for i := range s.crowd { // every one of them, before the others
		sh.rows = append(sh.rows, s.drawRow(len(s.people)-s.crowd+i))
	}
	for range 6 + s.rng.IntN(24) {
		sh.rows = append(sh.rows, s.drawRow(s.rng.IntN(len(s.people))))
	}
	sh.settleTwins()
	sh.settleDates()
	for i := range sh.rows {
		sh.rows[i].line = i + 2
		s.stampAround(sh.rows[i])
	}
	sh.text = s.sheetText()
}

func dayOf(t time.Time) day { return day{wholeDay, t} }

// settleDates makes one date readable where none is: a column of which none can be
// read ends the command, and has a test of its own.
func (sh *sheet) settleDates() {
	readable := func(r sheetRow) bool {
		return r.form == plainRow && !r.dropped && (r.day.kind == wholeDay || r.day.kind == instant)
	}
	if sh.date == nil || slices.ContainsFunc(sh.rows, readable) {
		return
	}
	for i, r := range sh.rows {
		for at, h := range sh.heads {
			if h.field == lastDay && r.form == plainRow && !r.dropped {
				day := time.Date(2001, 2, 3, 0, 0, 0, 0, time.UTC)
				sh.rows[i].day, r.cells[at] = dayOf(day), day.Format(time.DateOnly)
				if sh.date.format != "" {
					r.cells[at] = day.Format("02.01.2006")
				}
				return
			}
		}
	}
}

// settleTwins makes two columns that name the same in no row the same in all: else
// it is a question which of them is meant.
func (sh *sheet) settleTwins() {
	for i, h := range sh.heads {
		alike := func(r sheetRow) bool {
			return r.form == plainRow && r.cells[i] != "" && sameCell(h.field, r.cells[i], r.cells[h.twin-1])
		}
		if h.twin == 0 || slices.ContainsFunc(sh.rows, alike) {
			continue
		}
		for _, r := range sh.rows {
			if r.form != exampleRow && r.form != blankRow {
				r.cells[i], r.bad[i] = r.cells[h.twin-1], r.bad[h.twin-1]
			}
		}
	}
}

// stampAround sets the stamp of the person whom a row is about around the moment
// from which a date gate lets the row through.
func (s *story) stampAround(r sheetRow) {
	if s.sheet.date == nil || r.about < 0 || r.day.kind < wholeDay || !s.one(2) {
		return
	}
	at := s.leaves(r).Add(pick(s, -time.Second, 0, 0, time.Second)).UTC()
	if at.After(s.guard.since) && at.Before(s.now) {
		s.people[r.about].Stamp = at
	}
}

// drawDate draws when now is, and where.
func (s *story) drawDate(column string) *dateFlags {
	zone, err := time.LoadLocation(pick(s, "UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "Asia/Kolkata"))
	if err != nil {
		panic(err) // time/tzdata is linked
	}
	d := &dateFlags{column: column, zone: zone, startOfDay: s.one(2), asOf: s.now}
	if s.one(4) {
		d.format = "%d.%m.%Y"
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

// drawRow draws one record, about somebody.
func (s *story) drawRow(about int) sheetRow {
	sh := &s.sheet
	r := sheetRow{about: about, bad: make([]bool, len(sh.heads)), cells: make([]string, len(sh.heads))}
	form := s.rng.IntN(40)
	if s.crowd > 0 && about >= len(s.people)-s.crowd {
		form = -1
	}
	switch form {
	case 0:
		r.form, r.about = blankRow, -1
		return r
	case 1:
		r.form = exampleRow
	case 2:
		r.form = tooLong
	case 3:
		r.form = tooShort
	}
	u, half := s.people[about], s.rng.IntN(4)
	for i, h := range sh.heads {
		switch {
		case r.form == exampleRow && h.field.names():
			r.cells[i], r.bad[i] = "Example: "+u.UPN, true
		case h.twin > 0:
		case h.field.names():
			r.cells[i], r.bad[i] = s.nameCell(h, u, half, form < 0)
		case h.field == decoy:
			r.cells[i] = pick(s, s.somebody().UPN, s.somebody().UPN, s.somebody().ID, "")
		case h.field == lastDay:
			r.cells[i], r.day = s.dayCell(r.form != plainRow || form < 0)
		default:
			r.wordCell(s, i, r.form != plainRow || form < 0)
		}
	}
	for i, h := range sh.heads {
		if h.twin > 0 && r.form != exampleRow {
			r.cells[i], r.bad[i] = r.cells[h.twin-1], r.bad[h.twin-1]
			switch s.rng.IntN(16) {
			case 0, 1:
				r.cells[i] = ""
			case 2:
				r.cells[i], r.bad[i] = propertyOf(h.field, s.somebody()), false // the same person after all, perhaps
			}
		}
	}
	if r.form == tooShort && (len(r.cells) < 2 || strings.Join(r.cells[1:], "") == "") {
		r.form = plainRow
	}
	return r
}

// nameCell draws a cell of a column that is known. half says which of two
// columns that name users is empty; sure is a row that names the user.
func (s *story) nameCell(h head, u graphsim.User, half int, sure bool) (cell string, bad bool) {
	twice := s.keyed(anID) && s.keyed(aUPN)
	own := propertyOf(h.field, u)
	switch {
	case sure && h.field == idOrUPN:
		return u.ID, false
	case sure && h.key:
		return own, own == ""
	case sure:
		return "", false
	case h.key && twice && (h.field == anID && half == 0 || h.field == aUPN && half == 1):
		return "", false
	case h.key && !(twice && h.field == aUPN && s.one(4)):
		return s.keyCell(h.field, u)
	}
	switch s.rng.IntN(5) {
	case 0:
		if h.key {
			return "", false
		}
		return pick(s, "", "", "n/a"), false
	case 1:
		own = propertyOf(h.field, s.somebody()) // a shifted column, or the same person after all
	}
	if h.field == anEmployeeID {
		return own, false
	}
	return s.anyCase(own), false
}

// propertyOf is what a column of the kind holds about a user; of idOrUPN the id.
func propertyOf(f field, u graphsim.User) string {
	return map[field]string{anID: u.ID, idOrUPN: u.ID, aUPN: u.UPN, aMail: u.Mail, anEmployeeID: u.EmployeeID, anOnPremUPN: u.OnPremUPN}[f]
}

// wordCell draws a word; passes is one that meets what --where asks for.
func (r *sheetRow) wordCell(s *story, i int, passes bool) {
	h := s.sheet.heads[i]
	w := h.words
	r.cells[i] = pick(s, w.same...)
	if !passes && (h.field == hrStatus && s.one(7) || h.field != hrStatus && s.one(3)) {
		r.cells[i] = pick(s, w.other...)
		r.works = r.works || h.field == hrStatus
		r.dropped = r.dropped || h.field != hrStatus && h.gated
	}
}

// has reports whether there is a column of the kind.
func (s *story) has(f field) bool {
	return slices.ContainsFunc(s.sheet.heads, func(h head) bool { return h.field == f })
}

// keyed reports whether a column of the kind names users.
func (s *story) keyed(f field) bool {
	return slices.ContainsFunc(s.sheet.heads, func(h head) bool { return h.field == f && h.key })
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
			cells = cells[1:]
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
	for _, w := range sh.where {
		add(true, "--where="+w)
	}
	add(sh.allRows, "--all-rows")
	if d := sh.date; d != nil {
		add(true, "--date-column="+d.column)
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
