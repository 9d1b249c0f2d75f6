package main

import (
	"fmt"
	"strings"
	"time"

	"offboard/batch/graphsim"
)

// keyCell draws a cell that names the user, somebody else or nobody; bad is one
// whose shape cannot name anybody.
func (s *story) keyCell(f field, u graphsim.User) (cell string, bad bool) {
	own := map[field]string{anID: u.ID, aUPN: u.UPN, aMail: u.Mail, anEmployeeID: u.EmployeeID, anOnPremUPN: u.OnPremUPN, idOrUPN: pick(s, u.ID, u.UPN)}[f]
	if s.one(20) {
		own = map[field]string{anID: s.guid(), anEmployeeID: "X99"}[f]
		if own == "" {
			own = "nobody@contoso.example"
		}
	}
	if own == "" {
		return "", true
	}
	switch n := s.rng.IntN(25); {
	case n == 0:
		return pick(s, badCells(f, u)...), true
	case n < 6 && f == anEmployeeID: // another number, perhaps somebody's
		return pick(s, strings.TrimLeft(own, "0")+"0", strings.ToUpper(own), strings.ToLower(own)), false
	case n < 4: // letters that only look alike, or are the same for some directories
		return strings.ToUpper(own), false
	case n < 6 && f != anID && f != anEmployeeID:
		local, domain, _ := strings.Cut(own, "@")
		if domain != "" {
			return strings.ReplaceAll(local, "k", "\u212a") + "@" + domain, strings.Contains(local, "k") && !strings.Contains(local, "#EXT#") // refused for what it looks like, but for the home of a guest
		}
	case n == 6 && (f == aUPN || f == idOrUPN) && u.Mail != "":
		return u.Mail, false // no UPN of this user's, perhaps another's
	case f == anEmployeeID:
		return own, false
	}
	return s.anyCase(own), false
}

// badCells are what no user is named by.
func badCells(f field, u graphsim.User) []string {
	switch f {
	case anID:
		return []string{strings.ReplaceAll(u.ID, "-", ""), u.UPN, u.ID[1:], "00000000-0000-0000-0000-000000000000", "12"}
	case anEmployeeID:
		return []string{"1.23E+10", "'=1", "12345678901234567", "=1"}
	}
	all := []string{"ann", "a?b@contoso.example", u.UPN + " (left)", u.UPN + "@x", "@contoso.example", "'=" + u.UPN}
	if f != idOrUPN {
		all = append(all, u.ID, "{"+u.ID+"}")
	}
	return all
}

// dayCell draws a date around what counts as now, or what is none; passes is one
// that is surely over.
func (s *story) dayCell(passes bool) (string, day) {
	d := s.sheet.date
	if d == nil { // nobody gates by it
		on := s.now.AddDate(0, 0, pick(s, -400, -30, -3)).Truncate(24 * time.Hour)
		if !passes && s.one(4) {
			on = s.now.AddDate(0, 0, 30).Truncate(24 * time.Hour)
			if s.one(2) {
				return pick(s, "", "0000-00-00"), day{}
			}
		}
		return on.Format(time.DateOnly), day{wholeDay, on}
	}
	y, m, dd := d.asOf.In(d.zone).Date()
	on := time.Date(y, m, dd+pick(s, -400, -30, -2, -2, -2, -1, -1, -1, -1, -1, 0, 1), 0, 0, 0, 0, time.UTC)
	at := d.asOf.Add(pick(s, -time.Hour, -time.Hour, -time.Second, -time.Second, 0, 0, time.Second, 20*24*time.Hour)).Truncate(time.Second)
	if passes {
		on = time.Date(y, m, dd-400, 0, 0, 0, 0, time.UTC)
	}
	iso, dotted := on.Format(time.DateOnly), on.Format("02.01.2006")
	n := s.rng.IntN(30)
	if passes {
		n = 29
	}
	switch {
	case n == 0:
		return pick(s, "", "0000-00-00", "-", "n/a", "NULL"), day{}
	case n == 1 && d.format == "":
		return pick(s, "9999-12-31", "1900-01-01", "1970-01-01", "0001-01-01"), day{}
	case n == 2:
		return pick(s, "3/12/2000", "soon", "2000-13-13", "2000-02-30", "1965-05-05", "1.2.00", "05.05.1965"), day{kind: unreadable}
	case n == 3 && d.format != "": // which is read beside it
		return iso, day{wholeDay, on}
	case n == 3:
		return dotted, day{kind: unreadable}
	case d.format != "":
		return dotted, day{wholeDay, on}
	case n < 10:
		at := at.In(time.FixedZone("", 1800*(s.rng.IntN(40)-20)))
		if year, month, d := at.Date(); at.Equal(time.Date(year, month, d, 0, 0, 0, 0, at.Location())) { // midnight is the day
			return at.Format(time.RFC3339), dayOf(time.Date(year, month, d, 0, 0, 0, 0, time.UTC))
		}
		if year, month, dd := at.In(d.zone).Date(); at.Equal(time.Date(year, month, dd, 0, 0, 0, 0, d.zone)) { // and so is that of the zone
			return at.Format(time.RFC3339), dayOf(time.Date(year, month, dd, 0, 0, 0, 0, time.UTC))
		}
		return at.Format(time.RFC3339), day{instant, at}
	case n < 13: // without an offset the day alone counts
		return iso + pick(s, "T10:00:00", " 23:59"), day{wholeDay, on}
	}
	return iso, day{wholeDay, on}
}

// drawList draws a --protect file that can be followed.
func (s *story) drawList(no int) protectList {
	l := protectList{name: fmt.Sprintf("protect%d.txt", no)}
	text := []string{"# break glass", ""}
	add := func(entry string) { text = append(text, entry) }
	for range 1 + s.rng.IntN(2) {
		u := s.inFile()
		local, domain, _ := strings.Cut(u.UPN, "@")
		switch s.rng.IntN(3) {
		case 0:
			l.ids = append(l.ids, u.ID)
			add(s.anyCase(u.ID))
		case 1:
			l.upns = append(l.upns, u.UPN)
			add(" " + s.anyCase(u.UPN))
		case 2:
			letters, end := []rune(local), local[len(local)-1:]
			p := s.anyCase(pick(s, local+"@*", string(letters[:3])+"*"+end+"@"+domain, "*"+string(letters[2:])+"@"+domain, "*@corp.*"))
			l.pattern = append(l.pattern, p)
			add(p)
		}
	}
	if s.one(4) && (s.guard.allowEmpty || s.spoilt["empty pattern"]) {
		s.slip(&l, add)
	}
	l.text = strings.Join(text, pick(s, "\n", "\r\n"))
	return l
}

// slip adds a pattern that begins with letters and means nobody.
func (s *story) slip(l *protectList, add func(string)) {
	p := "brakeglas-*@contoso.example"
	if u := s.inFile(); s.one(2) {
		local, _, _ := strings.Cut(u.UPN, "@")
		p = s.anyCase(local) + "*@contosso.example"
	}
	l.pattern, l.empty = append(l.pattern, p), true
	add(p)
}

// broken makes a list one that cannot be followed.
func (s *story) broken(l protectList) protectList {
	switch {
	case s.one(12):
		l.missing = true
	case s.one(6):
		l = protectList{name: l.name, text: "# nobody yet\n", broken: "an empty list"}
	default:
		l.broken = pick(s, "nobody@contoso.example", s.guid(), "userPrincipalName", "00000000-0000-0000-0000-000000000000", "jÜrgen@contoso.example")
		if u := s.inFile(); asciiUpper(u.UPN) != strings.ToUpper(u.UPN) {
			l.broken = strings.ToUpper(u.UPN) // the directory finds a user, whose name is another
		}
		l.text += "\n" + l.broken
	}
	return l
}
