package intake

import (
	"fmt"
	"strings"
	"testing"

	"offboard/batch"
)

const (
	guidA = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	guidB = "3f2504e0-4f89-41d3-9a0c-0305e82c3302"
)

// TestClaims holds what a row says of its user beside the key: all recognised
// columns, whichever of them is the key. An empty cell and a word for nothing say nothing.
func TestClaims(t *testing.T) {
	for _, c := range []struct {
		opt         Options
		input, want string
	}{
		{Options{Key: batch.ByEmployeeID}, "employeeId,upn,id,mail,adUpn\n42,a@x," + strings.ToUpper(guidA) + ",m@x,a@x.local\n",
			"upn=a@x id=" + guidA + " mail=m@x on-premises-upn=a@x.local"},
		{Options{Key: batch.ByEmployeeID}, "employeeId,upn,id,mail\n42, ,,n/a\n", ""},
		{Options{Key: batch.ByMail}, "mail,Employee No,UPN\nm@x,0,-\n", ""},
		{Options{Key: batch.ByUPN}, "upn,id\na@x," + guidA + "\n", "id=" + guidA},
		{Options{Key: batch.ByUPN}, "upn,id\na@x,17\n", ""}, // a list that is numbered
		{Options{Key: batch.ByUPN}, "upn,objectId\na@x,17\n", `bad column "objectId": ` + whyNotID},
		{Options{Key: batch.ByMail}, "mail,username\nm@x,jdoe\n", ""}, // a name of another program
		{Options{Key: batch.ByMail}, "mail,upn\nm@x,jdoe\n", `bad column "upn": ` + "not a user principal name: there is no @"},
		{Options{Key: batch.ByMail}, "mail,memberObjectIdOrUpn\nm@x," + guidA + "\n", "id=" + guidA},
		{Options{Column: "who"}, "who,upn,mail\n" + guidA + ",a@x,m@x\n", "upn=a@x mail=m@x"},
		{Options{Column: "who", Ignore: []string{"MAIL"}}, "who,upn,mail\n" + guidA + ",a@x,m@x\n", "upn=a@x"},
		{Options{}, "upn,mail,Manager mail,Personal e-mail\na@x,m@x,boss@x,a@home\n", "mail=m@x"},
		{Options{}, "upn,id,Employee ID\na@x," + guidA + ",42\n", "employee-id=42"},
		{Options{Ignore: []string{"employee id"}}, "upn,id,Employee ID\na@x," + guidA + ",42\n", ""},
	} {
		good, bad := read(t, c.input, c.opt)
		got := ""
		switch {
		case len(good) == 1:
			for _, cl := range good[0].Claims {
				got += fmt.Sprintf(" %s=%s", cl.Key, cl.Value)
			}
		case len(bad) == 1 && bad[0].Row.Claims == nil:
			got = " bad " + bad[0].Reason
		}
		if got = strings.TrimPrefix(got, " "); got != c.want {
			t.Errorf("%+v, %q: %s, want %s", c.opt, c.input, got, c.want)
		}
	}
	if _, err := open(text("upn,mail\n"), Options{Ignore: []string{"e-mail"}}); err == nil || !strings.Contains(err.Error(), `no column "e-mail": name one of those seen with --ignore-column NAME`) {
		t.Error(err)
	}
}

// TestTwinColumns holds what becomes of rows with two columns of one kind: they are
// one where the cells are alike or one is empty, and else the row names nobody.
func TestTwinColumns(t *testing.T) {
	for _, c := range []struct {
		key         batch.Key
		input, want string
	}{
		{"", "upn,user name\na@x,A@X\n", "a@x"},
		{"", "upn,user name\n,a@x\n", "a@x"},
		{"", "upn,user name\na@x,\n", "a@x"},
		{"", "upn,user name\na@x,b@x\n", "bad"},
		{"", "upn,user name\n\u00e5@x,a\u030a@x\n", "bad"}, // one name only to who reads it
		{"", "id,objectId\n" + guidA + "," + strings.ToUpper(guidA) + "\n", guidA},
		{"", "id,objectId\n" + guidA + "," + guidB + "\n", "bad"},
		{"", "memberObjectIdOrUpn,upn\na@x,a@x\n", "a@x"},
		{"", "memberObjectIdOrUpn,upn\na@x,b@x\n", "bad"},
		{batch.ByMail, "mail,work email\nm@x,M@x\n", "m@x"},
		{batch.ByMail, "mail,work email\nm@x,n@x\n", "bad"},
		{batch.ByEmployeeID, "employeeId,empNo\nE42,E42\n", "E42"},
		{batch.ByEmployeeID, "employeeId,empNo\nE42,e42\n", "bad"},
	} {
		good, bad := read(t, c.input, Options{Key: c.key})
		got := ""
		switch {
		case len(good) == 1:
			got = good[0].ID + good[0].UPN + good[0].Value
		case len(bad) == 1 && strings.Contains(bad[0].Reason, "two columns name two users"):
			got = "bad"
		}
		if got != c.want {
			t.Errorf("%q: %s, want %s", c.input, got, c.want)
		}
	}
}
