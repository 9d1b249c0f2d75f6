package graphsim

import (
	"testing"
)

func TestSeed(t *testing.T) {
	const id = "aaaaaaaa-0000-0000-0000-000000000001"
	tests := map[string]struct {
		by   string
		user User
		upn  string // whom it makes; "" for nobody
		want User   // what is known then, beside id, type and UPN
	}{
		"by UPN":                     {"", User{UPN: "anna@contoso.com"}, "anna@contoso.com", User{}},
		"by id":                      {"", User{ID: id}, id + "@" + DefaultDomain, User{}},
		"nobody":                     {"", User{UPN: "Nobody7@contoso.com"}, "", User{}},
		"admin":                      {"", User{UPN: "Admin7@contoso.com"}, "Admin7@contoso.com", User{Denied: true}},
		"guest":                      {"", User{UPN: "x_y.com#EXT#@contoso.com"}, "x_y.com#EXT#@contoso.com", User{State: "Accepted"}},
		"by mail":                    {"mail", User{Mail: "a@contoso.com"}, "a@contoso.com", User{Mail: "a@contoso.com"}},
		"by mail, of a UPN":          {"mail", User{Mail: "admin@contoso.com", UPN: "a@contoso.com"}, "a@contoso.com", User{Mail: "admin@contoso.com"}},
		"nobody by mail":             {"mail", User{Mail: "nobody@contoso.com"}, "", User{}},
		"by employee id":             {"employee-id", User{EmployeeID: "7", Mail: "a@contoso.com"}, "employee37@" + DefaultDomain, User{EmployeeID: "7", Mail: "a@contoso.com"}},
		"nobody by employee id":      {"employee-id", User{EmployeeID: "nobody7"}, "", User{}},
		"by on-premises UPN":         {"on-premises-upn", User{OnPremUPN: "admin1@corp.local"}, "admin1@" + DefaultDomain, User{OnPremUPN: "admin1@corp.local", Synced: true, Denied: true}},
		"on-premises UPN but no key": {"", User{UPN: "a@contoso.com", OnPremUPN: "a@corp.local"}, "a@contoso.com", User{OnPremUPN: "a@corp.local"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := New(Config{})
			for range 2 { // the second row makes nobody
				if err := tenant.Seed(tt.by, tt.user); err != nil {
					t.Fatal(err)
				}
			}
			if tt.upn == "" {
				if n := len(tenant.dir.entries); n != 0 || tenant.strangers != 0 {
					t.Errorf("%d users, %d strangers", n, tenant.strangers)
				}
				return
			}
			u, ok := tenant.User(tt.upn)
			if !ok || len(tenant.dir.entries) != 1 || tenant.strangers != strangers || len(tenant.assigned) == 1 != tt.want.Denied {
				t.Fatalf("%v: %+v; %d strangers, roles %v", ok, tenant.dir.entries, tenant.strangers, tenant.assigned)
			}
			got := User{State: u.State, Synced: u.Synced, Mail: u.Mail, EmployeeID: u.EmployeeID, OnPremUPN: u.OnPremUPN, Denied: u.Denied}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// The first row that has a value says who it is; a UPN, an id or a value stands once.
func TestSeedOnce(t *testing.T) {
	tenant := New(Config{})
	for _, u := range []User{{EmployeeID: "7", UPN: "a@contoso.com"}, {EmployeeID: "7", UPN: "b@contoso.com"}, {EmployeeID: "8", UPN: "A@contoso.com"}} {
		if err := tenant.Seed("employee-id", u); err != nil {
			t.Fatal(err)
		}
	}
	if u, ok := tenant.User("a@contoso.com"); !ok || u.EmployeeID != "7" || len(tenant.dir.entries) != 1 {
		t.Errorf("%+v", tenant.dir.entries)
	}
}

func TestSeedGuards(t *testing.T) {
	tenant := New(Config{})
	for _, err := range []error{tenant.SeedPattern("bg-*@contoso.com"), tenant.SeedGroup(groupA), tenant.SeedGroup("Sales")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := tenant.User("bg-1@contoso.com"); !ok || len(tenant.groups) != 1 || len(tenant.transitive(groupA)) != 1 {
		t.Errorf("%+v, %+v", tenant.dir.entries, tenant.groups)
	}
}
