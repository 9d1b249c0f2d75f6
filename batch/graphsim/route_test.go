package graphsim

import (
	"strings"
	"testing"
)

func TestRoute(t *testing.T) {
	const id = "aaaaaaaa-0000-0000-0000-000000000001"
	tests := []struct {
		version, method, target string
		action, key             string
		status                  int // 0 when the router has nothing against it
		text                    string
	}{
		{"v1.0", "POST", "/users/" + id + "/revokeSignInSessions", actRevoke, id, 0, ""},
		{"v1.0", "POST", "users/" + id + "/revokeSignInSessions", actRevoke, id, 0, ""},
		{"v1.0", "POST", "/users/" + id + "/microsoft.graph.revokeSignInSessions", actRevoke, id, 0, ""},
		{"beta", "POST", "/users/" + id + "/invalidateAllRefreshTokens", actInvalidate, id, 0, ""},
		{"v1.0", "POST", "/users/" + id + "/invalidateAllRefreshTokens", "", "", 405, "HTTP method is not allowed"},
		{"v1.0", "GET", "/users/" + id + "/revokeSignInSessions", "", "", 405, "HTTP method is not allowed"},
		{"v1.0", "PUT", "/users/" + id, "", "", 405, "HTTP method is not allowed"},
		{"v1.0", "POST", "/users/" + id + "/revokesigninsessions", "", "", 400, "segment 'revokesigninsessions'"},
		{"v1.0", "POST", "/users/" + id + "/revokeSignInSessions/", "", "", 400, "segment ''"},
		{"v1.0", "POST", "/v1.0/users/" + id + "/revokeSignInSessions", "", "", 400, "segment 'v1.0'"},
		{"v1.0", "POST", "/Users/" + id + "/revokeSignInSessions", "", "", 400, "segment 'Users'"},
		{"v1.0", "GET", "/me", "", "", 400, "delegated"},

		{"v1.0", "GET", "/users/a%40b.c", actRead, "a@b.c", 0, ""},
		{"v1.0", "GET", "/users/a@b.c", actRead, "a@b.c", 0, ""},
		{"v1.0", "GET", "/users/a%23EXT%23@b.c", actRead, "a#EXT#@b.c", 0, ""},
		{"v1.0", "GET", "/users/a#EXT#@b.c/revokeSignInSessions", actRead, "a", 0, ""}, // the rest is a fragment
		{"v1.0", "POST", "/users/a#EXT#@b.c/revokeSignInSessions", "", "", 405, ""},    // so it is a POST to a user
		{"v1.0", "GET", "/users/a+b@c.d", actRead, "a+b@c.d", 0, ""},                   // a plus is a plus in a path
		{"v1.0", "GET", "/users/a%2Bb@c.d", actRead, "a+b@c.d", 0, ""},
		{"v1.0", "GET", "/users/o'brien@b.c", actRead, "o'brien@b.c", 0, ""},
		{"v1.0", "GET", "/users/o''brien@b.c", actRead, "o''brien@b.c", 0, ""}, // not undoubled here
		{"v1.0", "GET", "/users/o%27brien@b.c", actRead, "o'brien@b.c", 0, ""},
		{"v1.0", "GET", "/users/a%252Fb@c.d", actRead, "a%2Fb@c.d", 0, ""}, // decoded once
		{"v1.0", "GET", "/users/a%2fb@c.d", "", "", 400, "segment"},
		{"v1.0", "GET", "/users/a%2Fb@c.d", "", "", 400, "segment"},
		{"v1.0", "GET", "/users/a%-b@c.d", "", "", 400, "Bad request"},
		{"v1.0", "GET", "/users/a%4", "", "", 400, "Bad request"},
		{"v1.0", "GET", "/users/a%FFb@c.d", "", "", 400, "Bad request"}, // no UTF-8
		{"v1.0", "GET", "/users/a%00b@c.d", "", "", 400, "Bad request"},
		{"v1.0", "GET", "/users/a b@c.d", "", "", 400, "Bad request"},
		{"v1.0", "GET", "/users/ü@c.d", "", "", 400, "Bad request"}, // not encoded
		{"v1.0", "GET", "/users/%C3%BC@c.d", actRead, "ü@c.d", 0, ""},
		{"v1.0", "GET", "/users//revokeSignInSessions", "", "", 400, "Bad request"},
		{"v1.0", "GET", "/users/..", "", "", 400, "Bad request"},
		{"v1.0", "GET", "/users/$cash@b.c", "", "", 400, "refers to a collection"},
		{"v1.0", "GET", "/users/%24cash@b.c", "", "", 400, "refers to a collection"},

		{"v1.0", "GET", "/users('$cash@b.c')", actRead, "$cash@b.c", 0, ""},
		{"v1.0", "POST", "/users('o''brien@b.c')/revokeSignInSessions", actRevoke, "o'brien@b.c", 0, ""},
		{"v1.0", "POST", "/users('o%27%27brien%40b.c')/revokeSignInSessions", actRevoke, "o'brien@b.c", 0, ""},
		{"v1.0", "POST", "/users('o'brien@b.c')/revokeSignInSessions", "", "", 400, "string literal"},
		{"v1.0", "POST", "/users(" + id + ")/revokeSignInSessions", "", "", 400, "segment"},
		{"v1.0", "POST", "/users('')/revokeSignInSessions", "", "", 400, "segment"},

		{"v1.0", "GET", "/users/x@y.z?$select=id,mail", actRead, "x@y.z", 0, ""},
		{"v1.0", "GET", "/users/x@y.z?%24select=id%2Cmail", actRead, "x@y.z", 0, ""},
		{"v1.0", "GET", "/users/x@y.z?$select=id,shoeSize", "", "", 400, "property named 'shoeSize'"},
		{"v1.0", "GET", "/users/x@y.z?$select=ID", "", "", 400, "property named 'ID'"},
		{"v1.0", "GET", "/users/x@y.z?$select=id&$select=mail", "", "", 400, "query"},
		{"v1.0", "GET", "/users/x@y.z?$selec=id", "", "", 400, "query"},
		{"v1.0", "GET", "/users/x@y.z?$select=%zz", "", "", 400, "Bad request"},
		{"v1.0", "GET", "/users/x@y.z?select=shoeSize", actRead, "x@y.z", 0, ""}, // a custom option
		{"v1.0", "POST", "/users/x@y.z/revokeSignInSessions?$select=id", "", "", 400, "query"},

		{"v1.0", "GET", "/users?$filter=mail eq 'a@b.c'", actFind, "a@b.c", 0, ""},
		{"v1.0", "GET", "/users?$filter=mail%20eq%20%27o%27%27b@c.d%27", actFind, "o'b@c.d", 0, ""},
		{"v1.0", "GET", "/users?$filter=mail+eq+'a@b.c'", actFind, "a@b.c", 0, ""},
		{"v1.0", "GET", "/users?$filter=mail eq 'a+b@b.c'", actFind, "a b@b.c", 0, ""}, // a raw plus is a space
		{"v1.0", "GET", "/users?$filter=startswith(userPrincipalName,'o''b')&$select=id&$top=999", actNamed, "o'b", 0, ""},
		{"v1.0", "GET", "/users?$filter=startsWith(userPrincipalName, 'bg-')&$skiptoken=graphsim-5", actNamed, "bg-", 0, ""},
		{"v1.0", "GET", "/users?$filter=startswith(userPrincipalName,'')", "", "", 400, "filter"},
		{"v1.0", "GET", "/users?$filter=startswith(userPrincipalName,'o'b')", "", "", 400, "filter"},
		{"v1.0", "GET", "/users?$filter=startswith(userPrincipalName,'bg'", "", "", 400, "filter"},
		{"v1.0", "GET", "/users?$filter=startswith(city,'bg')", "", "", 400, "filter"},
		{"v1.0", "GET", "/users?$filter=endswith(userPrincipalName,'bg')", "", "", 400, "filter"},
		{"v1.0", "GET", "/users?$filter=mail eq 'o'b'", "", "", 400, "filter"},
		{"v1.0", "GET", "/users?$filter=mail eq a@b.c", "", "", 400, "filter"},
		{"v1.0", "GET", "/users?$filter=mail ne 'a@b.c'", "", "", 400, "filter"},
		{"v1.0", "GET", "/users?$filter=city eq 'a'", "", "", 400, "filter"},
		{"v1.0", "GET", "/users?$filter=mail eq ''", "", "", 400, "filter"},
		{"v1.0", "GET", "/users?$top=0&$filter=mail eq 'x'", "", "", 400, "query"},
		{"v1.0", "GET", "/users?$count=true&$filter=mail eq 'x'", "", "", 400, "$count"},
		{"v1.0", "GET", "/users", "", "", 501, "simulate"},
		{"v1.0", "GET", "/users/$count", "", "", 400, "$count"},
		{"v1.0", "GET", "/users?$filter=mail eq 'x'&$skiptoken=graphsim-5", "", "", 501, "simulate"},
		{"v1.0", "GET", "/users/x@y.z?$expand=manager", "", "", 501, "simulate"},

		{"v1.0", "GET", "/groups/" + id + "/transitiveMembers/microsoft.graph.user?$count=true", "", "", 400, "ConsistencyLevel"},
		{"v1.0", "GET", "/groups/" + id + "/transitiveMembers", "", "", 501, "simulate"},
		{"v1.0", "GET", "/groups/" + id, "", "", 501, "simulate"},
		{"v1.0", "POST", "/groups/" + id + "/transitiveMembers/microsoft.graph.user", "", "", 405, ""},
		{"v1.0", "GET", "/roleManagement/directory/roleAssignments?$expand=principal", actAssignments, "roleManagement/directory/roleAssignments", 0, ""},
		{"v1.0", "GET", "/roleManagement/directory/roleAssignments?$expand=principal,roleDefinition", "", "", 400, "query"},
		{"v1.0", "GET", "/roleManagement/directory/roleAssignments?$expand=roleDefinition&$filter=principalId%20eq%20'x'", actAssignments, "roleManagement/directory/roleAssignments", 0, ""},
		{"v1.0", "GET", "/roleManagement/directory/roleAssignments?$filter=userPrincipalName%20eq%20'x'", "", "", 400, "filter"},
		{"v1.0", "GET", "/users?$filter=principalId%20eq%20'x'", "", "", 400, "filter"},
		{"v1.0", "GET", "/roleManagement/directory/roleAssignments?$expand=directoryScope", "", "", 501, "simulate"},
		{"v1.0", "GET", "/roleManagement/directory/roleAssignments?$top=999", "", "", 400, "query"},
		{"v1.0", "GET", "/roleManagement/directory/roleAssignments?$skiptoken=x", "", "", 400, "query"},
		{"v1.0", "GET", "/roleManagement/directory/roleDefinitions?$select=id,displayName,isBuiltIn,templateId", actRoles, "roleManagement/directory/roleDefinitions", 0, ""},
		{"v1.0", "GET", "/roleManagement/directory/roleDefinitions?$select=mail", "", "", 400, "unifiedRoleDefinition"},
		{"v1.0", "GET", "/roleManagement/directory/roleSchedules", "", "", 400, "segment"},
		{"v1.0", "GET", "/roleManagement/entitlementManagement/roleAssignments", "", "", 501, "simulate"},
		{"v1.0", "DELETE", "/roleManagement/directory/roleAssignments", "", "", 405, ""},
	}
	for _, tt := range tests {
		t.Run(tt.version+" "+tt.method+" "+tt.target, func(t *testing.T) {
			op := route(tt.version, tt.method, tt.target, false)
			if tt.status == 0 {
				if op.bad != nil {
					t.Fatalf("refused: %v", *op.bad)
				}
				if op.action != tt.action || op.key != tt.key {
					t.Errorf("got %s %q, want %s %q", op.action, op.key, tt.action, tt.key)
				}
				return
			}
			if op.bad == nil {
				t.Fatalf("taken for %s %q, want status %d", op.action, op.key, tt.status)
			}
			if op.bad.status != tt.status || !strings.Contains(op.bad.message, tt.text) {
				t.Errorf("got %d %q, want %d with %q", op.bad.status, op.bad.message, tt.status, tt.text)
			}
		})
	}
}

func TestGUID(t *testing.T) {
	for s, want := range map[string]bool{
		"AAAAAAAA-0000-0000-0000-00000000000f":   true,
		"{aaaaaaaa-0000-0000-0000-00000000000f}": false,
		"aaaaaaaa00000000000000000000000f":       false,
		"gaaaaaaa-0000-0000-0000-00000000000f":   false,
		"aaaaaaaa-0000-0000-0000+00000000000f":   false,
	} {
		g, ok := parseGUID(s)
		if ok != want {
			t.Errorf("parseGUID(%q) = %v, want %v", s, ok, want)
		}
		if ok && g != strings.ToLower(s) {
			t.Errorf("%q prints as %q", s, g)
		}
	}
	if IDFor("Anna@Contoso.com") != IDFor("anna@contoso.com") || IDFor("a") == IDFor("b") {
		t.Error("IDFor must depend on the UPN, and not on its case")
	}
	if id := IDFor("anna@contoso.com"); id[14] != '5' || !strings.ContainsRune("89ab", rune(id[19])) {
		t.Errorf("IDFor gives %q, which is no version 5 UUID", id)
	}
}
