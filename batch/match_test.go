package batch

import (
	"strings"
	"testing"
)

func TestMatchProperty(t *testing.T) {
	hit := func(id, value string) User { return User{ID: id, UPN: "u@x.example", Value: value} }
	for _, c := range []struct {
		name  string
		by    Key
		value string
		hits  []User
		want  string // the id, or the outcome with a part of the reason
	}{
		{"one hit", ByMail, "ada@x.example", []User{hit(ada, "ada@x.example")}, ada},
		{"mail in another case", ByMail, "Ada@X.example", []User{hit(ada, "ada@x.example")}, ada},
		{"an id in capitals", ByMail, "a@x.example", []User{hit(strings.ToUpper(ada), "a@x.example")}, ada},
		{"nobody", ByMail, "ada@x.example", nil, "not_found no user has the mail ada@x.example"},
		{"two", ByMail, "team@x.example", []User{hit(ada, "team@x.example"), hit(bob, "team@x.example")}, "ambiguous the mail team@x.example is that of u@x.example (" + ada},
		{"a hit with another mail", ByMail, "ada@x.example", []User{hit(ada, "bob@x.example")}, "invalid the directory answered with another user"},
		{"letters that only look alike", ByMail, "kelvin@x.example", []User{hit(ada, "\u212aelvin@x.example")}, "invalid the directory answered"},
		{"a hit without the property", ByMail, "ada@x.example", []User{hit(ada, "")}, "invalid the directory answered with another user, u@x.example, whose mail is not set"},
		{"a hit without an id", ByMail, "ada@x.example", []User{hit("", "ada@x.example")}, "failed lookup: the answer names no user"},
		{"employee id", ByEmployeeID, "007", []User{hit(ada, "007")}, ada},
		{"a leading zero less", ByEmployeeID, "007", []User{hit(ada, "07")}, "invalid the directory answered"},
		{"another case of an employee id", ByEmployeeID, "e7", []User{hit(ada, "E7")}, "invalid the directory answered"},
		{"on premises", ByOnPremisesUPN, "ada@corp.local", []User{hit(ada, "Ada@Corp.local")}, ada},
	} {
		u, o, reason := match(Row{By: c.by, Value: c.value}, Reply{Status: 200, Hits: c.hits}, false)
		got := u.ID
		if o != "" {
			got = string(o) + " " + reason
		}
		if got != c.want && (o == "" || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestMatchClaims holds the user found against what the row's other columns say,
// whichever column is the key.
func TestMatchClaims(t *testing.T) {
	found := User{ID: ada, UPN: "ada@x.example", Mail: "a.lovelace@x.example", EmployeeID: "0000045", OnPremisesUPN: "ada@corp.local"}
	byID, byUPN := Row{ID: ada}, Row{UPN: "Ada@x.example"}
	byNumber := Row{By: ByEmployeeID, Value: "0000045"}
	for _, c := range []struct {
		name    string
		row     Row
		claim   Claim
		renamed bool
		want    string // a part of the reason; "" for a user
	}{
		{"an employee id of somebody else", byNumber, Claim{ByUPN, "bob@x.example", "upn"}, false, "the employee id 0000045 is that of ada@x.example, and the file says bob@x.example"},
		{"and renaming excuses nothing there", byNumber, Claim{ByUPN, "bob@x.example", "upn"}, true, "and the file says bob@x.example"},
		{"another case", byNumber, Claim{ByUPN, "ADA@X.example", "upn"}, false, ""},
		{"letters that only look alike", byNumber, Claim{ByUPN, "ad\u0430@x.example", "upn"}, false, "the file says"},
		{"the user's id", byNumber, Claim{ByID, ada, "id"}, false, ""},
		{"another id", byUPN, Claim{ByID, bob, "id"}, true, "the user principal name Ada@x.example is that of object id " + ada + ", and the file says " + bob},
		{"another name by id", byID, Claim{ByUPN, "bob@x.example", "upn"}, false, "a shifted column, or a renamed user (--allow-renamed)"},
		{"another name by id, allowed", byID, Claim{ByUPN, "bob@x.example", "upn"}, true, ""},
		{"mail", byUPN, Claim{ByMail, "A.Lovelace@X.example", "Email"}, false, ""},
		{"another mail", byUPN, Claim{ByMail, "ada@x.example", "Email"}, false, `whose mail is a.lovelace@x.example, and the file says ada@x.example; correct the one that is wrong, or leave the column out with --ignore-column "Email"`},
		{"employee id", byID, Claim{ByEmployeeID, "0000045", "No"}, false, ""},
		{"employee id without its zeros", byID, Claim{ByEmployeeID, "45", "No"}, false, "the file says 45"},
		{"on premises", byID, Claim{ByOnPremisesUPN, "ADA@corp.local", "AD"}, false, ""},
		{"another one on premises", byID, Claim{ByOnPremisesUPN, "bob@corp.local", "AD"}, false, "the file says bob@corp.local"},
	} {
		c.row.Claims = []Claim{{ByMail, found.Mail, "first"}, c.claim}
		u, hit := found, found
		hit.Value = found.EmployeeID
		reply := Reply{Status: 200, User: &u}
		if c.row.By.Searched() {
			reply = Reply{Status: 200, Hits: []User{hit}}
		}
		got, o, reason := match(c.row, reply, c.renamed)
		if c.want == "" && (o != "" || got.ID != ada) || c.want != "" && (o != Invalid || !strings.Contains(reason, c.want)) {
			t.Errorf("%s: %s %q, want %q", c.name, o, reason, c.want)
		}
	}
	bare := Row{UPN: "ada@x.example", Claims: []Claim{{ByMail, "a@x.example", "mail"}, {ByEmployeeID, "7", "No"}, {ByOnPremisesUPN, "a@c", "AD"}}}
	if _, o, reason := match(bare, Reply{Status: 200, User: &User{ID: ada, UPN: "ada@x.example"}}, false); o != "" {
		t.Errorf("what the directory does not have says nothing: %s %s", o, reason)
	}
}
