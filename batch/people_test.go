package batch

import (
	"fmt"
	"strings"
	"testing"
)

// TestPeople: the first are named with what makes them special, and what is special of
// later ones is counted and named apart.
func TestPeople(t *testing.T) {
	var c People
	for i := range 30 {
		u := User{ID: fmt.Sprint("id", i), UPN: fmt.Sprintf("u%d@x.example", i), Type: Member}
		row := Row{UPN: u.UPN}
		role := ""
		switch i {
		case 1:
			u.Privileged, role = true, "Global Administrator"
		case 2:
			u.Type = Guest
			row.By, row.Value = ByEmployeeID, "0042"
		case 3:
			row.By, row.Value = ByMail, "U3@X.example" // the name itself
		case 25, 26, 27, 28:
			u.Type = Guest
		case 29:
			u.Privileged = true
		}
		c.addPerson(row, u, role, "ID29")
	}
	if got, want := strings.Join(c.Names[:4], "; "), "u0@x.example; u1@x.example (Global Administrator); u2@x.example (guest, found by employee id 0042); u3@x.example"; got != want {
		t.Errorf("names %s\nwant  %s", got, want)
	}
	if len(c.Names) != mostNamed || c.Caller != "u29@x.example" || c.Guests.Count != 5 || strings.Join(c.Guests.Names, " ") != "u2@x.example u25@x.example u26@x.example" {
		t.Errorf("%d names, caller %q, guests %v", len(c.Names), c.Caller, c.Guests)
	}
	if c.Found.Count != 1 || c.Found.Names[0] != "u2@x.example (found by employee id 0042)" {
		t.Errorf("found %v", c.Found)
	}
	c.addEnded(Row{Input: "gone@x.example"}, User{}, Record{Outcome: NotFound, Reason: "lookup: HTTP 404"})
	c.addEnded(Row{Input: "bad"}, User{}, Record{Outcome: Invalid, Reason: strings.Repeat("ü", 50)})
	if got := c.Ended[NotFound].Names[0] + " " + c.Ended[Invalid].Names[0]; got != "gone@x.example bad ("+strings.Repeat("ü", 40)+"...)" {
		t.Errorf("ended %s", got)
	}
}
