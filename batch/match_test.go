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
