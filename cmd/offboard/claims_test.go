package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offboard/batch/graphsim"
)

// Whoever a row means by one of its columns, and not by another, is not revoked,
// whichever column is the key.
func TestRowsThatNameTwoPeople(t *testing.T) {
	id := func(n int) string { return graphsim.IDFor(fmt.Sprintf("user%d@contoso.example", n)) }
	slipped := "DisplayName,ObjectId,SignInName,UserPrincipalName\n"
	for n := 20; n < 24; n++ {
		slipped += fmt.Sprintf("User %d,%s,user%d@contoso.example,user%d@contoso.example\n", n, id(n+1), n, n)
	}
	numbers := "Employee ID,userPrincipalName,Name\n0000123,user23@contoso.example,x\n0000045,user46@contoso.example,y\n"
	for _, c := range []struct {
		name, file string
		args       []string
		want       string // in the report
		writes     int
	}{
		{"an employee id of somebody else", numbers, []string{"--key", "employee-id"}, "the employee id 0000045 is that of user45@contoso.example, and the file says user46@contoso.example", 1},
		{"the same, by --column", numbers, []string{"--key", "employee-id", "--column", "Employee ID"}, "and the file says user46@contoso.example", 1},
		{"the same, by the name", numbers, []string{"--key", "upn"}, "is that of a user whose employee id is 0000046, and the file says 0000045", 1},
		{"ids that slipped by a row", slipped, nil, "the object id belongs to user21@contoso.example, and the file says user20@contoso.example", 0},
		{"the same, by --column", slipped, []string{"--column", "ObjectId"}, "is that of user21@contoso.example, and the file says user20@contoso.example", 0},
		{"the same, by --key id", slipped, []string{"--key", "id"}, "and the file says user23@contoso.example", 0},
		{"the same, by the name", slipped, []string{"--key", "upn"}, "is that of object id " + id(20), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, 50)
			for n := range 50 {
				number := fmt.Sprintf("00000%02d", n)
				if n == 23 {
					number = "0000123"
				}
				if err := s.tenant.Add(graphsim.User{UPN: fmt.Sprintf("user%d@contoso.example", n), EmployeeID: number}); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(s.dir, "in.csv"), []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out := s.offboard(nil, 0, append([]string{"run", "in.csv", "--yes", "--graph-url", s.url, "--report-dir", "out", "--max-percent", "0"}, c.args...)...)
			report, err := os.ReadFile(filepath.Join(s.dir, "out", "report.csv"))
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if writes := s.tenant.Stats().Writes; code != 3 || writes != c.writes || !strings.Contains(string(report), c.want) {
				t.Errorf("exit code %d, %d writes, want 3, %d and %q\n%s", code, writes, c.writes, c.want, report)
			}
		})
	}
}
