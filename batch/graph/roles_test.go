package graph

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/graphsim"
)

func TestRoleHolders(t *testing.T) {
	for _, size := range []int{0, 1, 2} {
		_, client := guarded(t, graphsim.Config{PageSize: size, AppRoles: []string{}})
		roles, _ := all(t, func(next string) ([]Role, string, error) { return client.Roles(t.Context(), next) })
		names := map[string]string{}
		for _, r := range roles {
			names[r.ID] = r.Name
		}
		holders, pages := all(t, func(next string) ([]RoleHolder, string, error) { return client.RoleHolders(t.Context(), next) })
		want := []RoleHolder{
			{graphsim.IDFor(upn(4)), "user", global, true},
			{graphsim.IDFor(upn(4)), "user", readers, false},
			{graphsim.IDFor(upn(3)), "user", custom, true},
			{outer, "group", readers, false},
		}
		if !slices.Equal(holders, want) {
			t.Errorf("page size %d: got %+v, want %+v", size, holders, want)
		}
		if size == 1 && pages != 5 { // that of the service principal is empty
			t.Errorf("%d pages", pages)
		}
		for id, name := range map[string]string{global: "Global Administrator", readers: "Directory Readers", custom: "Custom role c0000000"} {
			if names[id] != name {
				t.Errorf("role %s is called %q, want %q", id, names[id], name)
			}
		}
	}
}

// Roles count unless they are known to be harmless.
func TestPrivileged(t *testing.T) {
	for role, want := range map[string]bool{
		"62e90394-69f5-4237-9190-012177145e10": true,  // Global Administrator
		"f2ef992c-3afb-46b9-b7cf-a126ee74c451": true,  // Global Reader
		"729827e3-9c14-49f7-bb1b-9608f156bbb8": true,  // Helpdesk Administrator
		"966707d0-3269-4727-9be2-8c3a10f19b9d": true,  // Password Administrator
		"88d8e3e3-8f55-4a1e-953a-9b9898b8876b": false, // Directory Readers
		"88D8E3E3-8F55-4A1E-953A-9B9898B8876B": false,
		"95e79109-95c0-4d8e-aee3-d01accf2d47b": false, // Guest Inviter
		"790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b": false, // Message Center Reader
		"ac16e43d-7b2d-40e0-ac05-243ff356ab5b": true,  // Message Center Privacy Reader
		"4a5d8f65-41da-4de4-8968-e035b65339cf": false, // Reports Reader
		"75934031-6c7e-415a-99d7-48dbd49e875e": false, // Usage Summary Reports Reader
		"27460883-1df1-4691-b032-3b79643e5e63": false, // User Experience Success Manager
		custom:                                 true,
		"":                                     true,
	} {
		if got := privileged(role); got != want {
			t.Errorf("%s: got %v", role, got)
		}
	}
}

func TestHolders(t *testing.T) {
	const user = `"principal":{"@odata.type":"#microsoft.graph.`
	for _, c := range []struct {
		name, body string
		want       string // type, or what the error says
	}{
		{"user", user + `user","id":"0000000A-0000-4000-8000-000000000000","userPrincipalName":"a@x"}`, "user"},
		{"agent with a user's account", user + `agentUser","id":"0000000a-0000-4000-8000-000000000000"}`, "user"},
		{"group", user + `group","id":"0000000a-0000-4000-8000-000000000000"}`, "group"},
		{"service principal", user + `servicePrincipal","id":"0000000a-0000-4000-8000-000000000000"}`, "none"},
		{"agent", user + `agentIdentity","id":"0000000a-0000-4000-8000-000000000000"}`, "none"},
		{"a type of the future", user + `robot","id":"0000000a-0000-4000-8000-000000000000"}`, ""},
		{"of another tenant", `"principal":null`, ""},
		{"not expanded", `"directoryScopeId":"/"`, ""},
		{"two principals", user + `user","id":"q"}`, "error: names two principals"},
	} {
		client, _ := answering(t, batch.Revoke, 200, http.Header{}, `{"value":[{"id":"1","principalId":"0000000A-0000-4000-8000-000000000000","roleDefinitionId":"R",`+c.body+`}]}`)
		got, _, err := client.RoleHolders(t.Context(), "")
		text, wrong := strings.CutPrefix(c.want, "error: ")
		switch {
		case wrong:
			if err == nil || !strings.Contains(err.Error(), text) || got != nil {
				t.Errorf("%s: got %+v and error %v", c.name, got, err)
			}
		case c.want == "none":
			if err != nil || len(got) != 0 {
				t.Errorf("%s: got %+v and error %v", c.name, got, err)
			}
		case err != nil || len(got) != 1 || got[0].Type != c.want || got[0].ID != "0000000a-0000-4000-8000-000000000000" || got[0].Role != "r" || !got[0].Privileged:
			t.Errorf("%s: got %+v and error %v", c.name, got, err)
		}
	}
}
