package graphsim

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	groupA = "dddddddd-0000-0000-0000-00000000000a"
	groupB = "dddddddd-0000-0000-0000-00000000000b"
	robot  = "dddddddd-0000-0000-0000-00000000000c"
	global = "62e90394-69f5-4237-9190-012177145e10"
)

// listed is a page of any list.
type listed struct {
	Count int    `json:"@odata.count"`
	Next  string `json:"@odata.nextLink"`
	Value []struct {
		ID, UserPrincipalName, PrincipalID, RoleDefinitionID, DisplayName, TemplateID string
		Principal                                                                     struct {
			Type              string `json:"@odata.type"`
			ID                string
			UserPrincipalName *string
		}
	}
}

// pageOf reads one page, with the header that a cast needs.
func pageOf(t *testing.T, tenant *Tenant, link string) listed {
	t.Helper()
	r := request(t, "GET", link, "")
	r.Header.Set("ConsistencyLevel", "eventual")
	a, err := do(t, tenant, r)
	if err != nil || a.status != 200 {
		t.Fatalf("%s: %d %s %v", link, a.status, a.body, err)
	}
	var p listed
	if err := json.Unmarshal(a.body, &p); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return p
}

func membersLink(group string) string {
	return "https://graph.microsoft.com/v1.0/groups/" + group + "/transitiveMembers/microsoft.graph.user?$count=true&$select=id,userPrincipalName&$top=999"
}

func addGroups(t *testing.T, tenant *Tenant, groups ...Group) {
	t.Helper()
	for _, g := range groups {
		if err := tenant.AddGroup(g); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTransitiveMembers(t *testing.T) {
	for size, want := range map[int]string{
		0: "anna@contoso.com Bob@contoso.com cy.o'brien@contoso.com",
		2: "anna@contoso.com Bob@contoso.com | cy.o'brien@contoso.com",
		1: "anna@contoso.com | Bob@contoso.com | cy.o'brien@contoso.com",
	} {
		tenant := newTenant(t, Config{PageSize: size})
		addGroups(t, tenant,
			Group{ID: groupA, Members: []string{"cy.o'brien@contoso.com", "ANNA@contoso.com", "admin@contoso.com"}},
			Group{ID: groupB, Members: []string{"bob@contoso.com", "anna@contoso.com"}, Groups: []string{groupA}},
			Group{ID: groupA, Members: []string{"cy.o'brien@contoso.com", "anna@contoso.com", "admin@contoso.com"}, Groups: []string{groupB}})
		tenant.Remove("admin@contoso.com")
		var pages []string
		for link := membersLink(strings.ToUpper(groupB)); link != ""; {
			p := pageOf(t, tenant, link)
			var upns []string
			for _, u := range p.Value {
				upns = append(upns, u.UserPrincipalName)
			}
			if p.Count != 3 {
				t.Errorf("page size %d: count %d", size, p.Count)
			}
			pages = append(pages, strings.Join(upns, " "))
			link = p.Next
		}
		if got := strings.Join(pages, " | "); got != want {
			t.Errorf("page size %d: got %q, want %q", size, got, want)
		}
	}
}

func TestRemovedUserLeavesGroups(t *testing.T) {
	tenant := newTenant(t, Config{})
	addGroups(t, tenant, Group{ID: groupA, Members: []string{"admin@contoso.com"}})
	tenant.Remove("admin@contoso.com")
	if p := pageOf(t, tenant, membersLink(groupA)); p.Count != 0 || len(p.Value) != 0 {
		t.Errorf("got %+v", p)
	}
}

// A cast takes the header and $count, on every page.
func TestCastNeedsAdvancedQuery(t *testing.T) {
	tenant := newTenant(t, Config{PageSize: 1})
	addGroups(t, tenant, Group{ID: groupA, Members: []string{"anna@contoso.com", "bob@contoso.com"}})
	next := pageOf(t, tenant, membersLink(groupA)).Next
	for _, c := range []struct {
		link, level string
		status      int
	}{
		{membersLink(groupA), "", 400},
		{membersLink(groupA), "strong", 400},
		{strings.Replace(membersLink(groupA), "$count=true&", "", 1), "eventual", 400},
		{next, "", 400},
		{next, "eventual", 200},
		{membersLink(groupB), "eventual", 404},
	} {
		r := request(t, "GET", c.link, "")
		r.Header.Set("ConsistencyLevel", c.level)
		a, err := do(t, tenant, r)
		if err != nil || a.status != c.status || c.status == 400 && errorOf(a.body).Code != "Request_UnsupportedQuery" {
			t.Errorf("%s with %q: %d %s %v", c.link, c.level, a.status, a.body, err)
		}
	}
}

func TestRoleAssignments(t *testing.T) {
	const custom = "dddddddd-0000-0000-0000-00000000000d"
	tenant := newTenant(t, Config{PageSize: 2, AppRoles: []string{}})
	addGroups(t, tenant, Group{ID: groupA})
	for _, a := range [][2]string{{global, "anna@contoso.com"}, {global, "anna@contoso.com"}, {custom, groupA}, {global, robot}, {custom, "bob@contoso.com"}} {
		if err := tenant.Assign(a[0], a[1]); err != nil {
			t.Fatal(err)
		}
	}
	tenant.Remove("bob@contoso.com")
	const anna = "aaaaaaaa-0000-0000-0000-000000000001"
	want := []string{anna + " " + global + " #microsoft.graph.user", groupA + " " + custom + " #microsoft.graph.group", robot + " " + global + " #microsoft.graph.servicePrincipal"}
	var got []string
	for link := "https://graph.microsoft.com/v1.0/roleManagement/directory/roleAssignments?$expand=principal"; link != ""; {
		p := pageOf(t, tenant, link)
		for _, a := range p.Value {
			if a.Principal.ID != a.PrincipalID {
				t.Errorf("principal %q of %q", a.Principal.ID, a.PrincipalID)
			}
			got = append(got, a.PrincipalID+" "+a.RoleDefinitionID+" "+a.Principal.Type)
		}
		link = p.Next
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	names := map[string]string{}
	for link := "https://graph.microsoft.com/v1.0/roleManagement/directory/roleDefinitions"; link != ""; {
		p := pageOf(t, tenant, link)
		for _, r := range p.Value {
			names[r.ID] = r.DisplayName
			if r.TemplateID != r.ID {
				t.Errorf("%s: template %s", r.ID, r.TemplateID)
			}
		}
		link = p.Next
	}
	if names[global] != "Global Administrator" || names[custom] != "Custom role dddddddd" || len(names) != len(builtInRoles())+1 {
		t.Errorf("roles %v", names)
	}
	if a := get(t, tenant, "/v1.0/roleManagement/directory/roleAssignments"); strings.Contains(string(a.body), `"principal":`) {
		t.Errorf("a principal that was not expanded: %s", a.body)
	}
}

// The roles of one principal, with their names; the app that calls has those of its configuration.
func TestRolesOfOnePrincipal(t *testing.T) {
	tenant := newTenant(t, Config{})
	if err := tenant.Assign(global, "anna@contoso.com"); err != nil {
		t.Fatal(err)
	}
	const anna = "aaaaaaaa-0000-0000-0000-000000000001"
	for principal, want := range map[string]string{
		anna: `"displayName":"Global Administrator"`,
		IDFor("service principal " + DefaultClientID): `"displayName":"User Administrator"`,
		robot: "",
	} {
		all := objects(t, tenant, "/v1.0/roleManagement/directory/roleAssignments?$expand=roleDefinition&$filter=principalId%20eq%20'"+principal+"'")
		if got := text(all); len(all) > 1 || (len(all) == 1) != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%s holds %s, want %s", principal, got, want)
		}
	}
}

func TestGroupsAndRolesRefuse(t *testing.T) {
	tenant := newTenant(t, Config{})
	for text, err := range map[string]error{
		"no GUID":           tenant.AddGroup(Group{ID: "Sales"}),
		`no user "zoe@x"`:   tenant.AddGroup(Group{ID: groupA, Members: []string{"zoe@x"}}),
		"no group":          tenant.AddGroup(Group{ID: groupA, Groups: []string{groupB}}),
		"the id is no GUID": tenant.Assign("Global Administrator", "anna@contoso.com"),
		`no user "zoe@y"`:   tenant.Assign(global, "zoe@y"),
		"signed-in user":    Config{SignedIn: "anna@contoso.com"}.Validate(),
		"page size -1":      Config{PageSize: -1}.Validate(),
	} {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want %q", err, text)
		}
	}
}

// Links lead to where the client called, also over a socket.
func TestNextLinksLeadBack(t *testing.T) {
	tenant := newTenant(t, Config{PageSize: 1})
	server := httptest.NewServer(tenant)
	defer server.Close()
	r := request(t, "GET", server.URL+"/v1.0/roleManagement/directory/roleDefinitions", "")
	a, err := do(t, server.Client().Transport, r)
	if err != nil || !strings.Contains(string(a.body), `"@odata.nextLink":"`+server.URL+`/v1.0/roleManagement/directory/roleDefinitions?$skiptoken=`) {
		t.Errorf("got %s, %v", a.body, err)
	}
	if p := pageOf(t, tenant, "https://dod-graph.microsoft.us/beta/roleManagement/directory/roleDefinitions"); !strings.HasPrefix(p.Next, "https://dod-graph.microsoft.us/beta/roleManagement/") {
		t.Errorf("got %q", p.Next)
	}
}

// What Graph's table says of each.
func TestResourceUnits(t *testing.T) {
	for target, want := range map[string]int{
		"/users/x?$select=id":                          1,
		"/users?$filter=mail eq 'x'":                   2,
		"/users?$filter=mail eq 'x'&$select=id":        1,
		"/users?$filter=mail eq 'x'&$top=5":            1,
		"/users?$filter=mail eq 'x'&$top=20":           2,
		"/users?$filter=mail eq 'x'&$select=id&$top=5": 1,
		"/users/$count":                                1,
		"/groups/" + groupA + "/transitiveMembers/microsoft.graph.user?$count=true":            5,
		"/groups/" + groupA + "/transitiveMembers/microsoft.graph.user?$count=true&$select=id": 4,
		"/roleManagement/directory/roleAssignments":                                            1,
		"/roleManagement/directory/roleAssignments?$expand=principal":                          2,
		"/roleManagement/directory/roleDefinitions?$select=id":                                 1,
	} {
		op := route("v1.0", "GET", target, true)
		if op.bad != nil || op.units() != want {
			t.Errorf("%s: %d units (%v), want %d", target, op.units(), op.bad, want)
		}
	}
}
