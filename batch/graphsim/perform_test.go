package graphsim

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRevokeItems(t *testing.T) {
	tests := map[string]struct {
		key    string
		status int
		code   string
		hit    string // whose stamp moves
	}{
		"by id":                {"aaaaaaaa-0000-0000-0000-000000000001", 200, "", "anna@contoso.com"},
		"by id in capitals":    {"AAAAAAAA-0000-0000-0000-000000000001", 200, "", "anna@contoso.com"},
		"by UPN":               {"anna@contoso.com", 200, "", "anna@contoso.com"},
		"by UPN in other case": {"ANNA%40contoso.COM", 200, "", "anna@contoso.com"},
		"guest, encoded":       {"guest_fabrikam.com%23EXT%23@contoso.com", 200, "", "guest_fabrikam.com#EXT#@contoso.com"},
		"apostrophe":           {"cy.o'brien@contoso.com", 200, "", "cy.o'brien@contoso.com"},
		"apostrophe doubled":   {"cy.o''brien@contoso.com", 404, "Request_ResourceNotFound", ""},
		"protected":            {"admin@contoso.com", 403, "Authorization_RequestDenied", ""},
		"nobody":               {"nobody@contoso.com", 404, "Request_ResourceNotFound", ""},
		"nobody's id":          {"aaaaaaaa-0000-0000-0000-00000000dead", 404, "Request_ResourceNotFound", ""},
		"mail is no key":       {"a@contoso.com", 404, "Request_ResourceNotFound", ""},
		"dollar":               {"$cash@contoso.com", 400, "Request_BadRequest", ""},
		"bad escape":           {"a%-@contoso.com", 400, "Request_BadRequest", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := newTenant(t, Config{})
			r := replies(t, postBatch(t, tenant, revokeAll(tt.key)))["0"]
			if r.Status != tt.status || r.code() != tt.code {
				t.Fatalf("got %d %s, want %d %s", r.Status, r.Body, tt.status, tt.code)
			}
			e := tenant.Log()[0]
			if e.Executed != (tt.hit != "") || e.Status != tt.status {
				t.Errorf("log says %+v", e)
			}
			for _, upn := range []string{"anna@contoso.com", "guest_fabrikam.com#EXT#@contoso.com", "guest_fabrikam.com", "cy.o'brien@contoso.com", "admin@contoso.com", "$cash@contoso.com"} {
				u := user(t, tenant, upn)
				if moved := u.Stamp.Year() > 2000; moved != (upn == tt.hit) || u.Writes == 1 != moved {
					t.Errorf("%s: stamp %v, writes %d", upn, u.Stamp, u.Writes)
				}
			}
		})
	}
}

// A raw "#" ends the URL. With an action behind it the request becomes a POST
// to a user, which is refused; in a read it names somebody else.
func TestRawHashNamesSomebodyElse(t *testing.T) {
	tenant := newTenant(t, Config{})
	r := replies(t, postBatch(t, tenant, batchOf(
		revokeItem("w", "/users/guest_fabrikam.com#EXT#@contoso.com/revokeSignInSessions"),
		readItem("r", "/users/guest_fabrikam.com#EXT#@contoso.com"))))
	if r["w"].Status != 405 {
		t.Errorf("write: %+v", r["w"])
	}
	if !strings.Contains(string(r["r"].Body), `"userPrincipalName":"guest_fabrikam.com"`) {
		t.Errorf("read: %s", r["r"].Body)
	}
}

func TestRoles(t *testing.T) {
	items := batchOf(
		revokeItem("revoke", "/users/anna@contoso.com/revokeSignInSessions"),
		revokeItem("invalidate", "/users/anna@contoso.com/invalidateAllRefreshTokens"),
		readItem("read", "/users/anna@contoso.com"),
		readItem("find", "/users?$filter=mail eq 'a@contoso.com'"),
		readItem("organization", "/organization"))
	tests := map[string]struct {
		roles []string
		want  map[string]int
	}{
		"default":   {nil, map[string]int{"revoke": 200, "invalidate": 200, "read": 200, "find": 200, "organization": 200}},
		"none":      {[]string{}, map[string]int{"revoke": 403, "invalidate": 403, "read": 403, "find": 403, "organization": 403}},
		"revoke":    {[]string{"User.RevokeSessions.All"}, map[string]int{"revoke": 200, "invalidate": 200, "read": 403, "find": 403, "organization": 403}},
		"read":      {[]string{"User.Read.All"}, map[string]int{"revoke": 403, "invalidate": 403, "read": 200, "find": 200, "organization": 200}},
		"readwrite": {[]string{"User.ReadWrite.All"}, map[string]int{"revoke": 200, "invalidate": 403, "read": 200, "find": 200, "organization": 200}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := newTenant(t, Config{Roles: tt.roles})
			for id, r := range replies(t, post(t, tenant, "/beta/$batch", items)) {
				if r.Status != tt.want[id] {
					t.Errorf("%s: %d %s, want %d", id, r.Status, r.Body, tt.want[id])
				}
				if id == "revoke" && r.Status == 403 && errorOf(r.Body).Message != errNoRevoke.message {
					t.Errorf("%s: %s", id, r.Body)
				}
			}
		})
	}
}

func TestDirectCalls(t *testing.T) {
	tenant := newTenant(t, Config{})
	if a := post(t, tenant, "/v1.0/users/anna@contoso.com/revokeSignInSessions", ""); a.status != 200 || !strings.Contains(string(a.body), `"value":true`) {
		t.Errorf("revoke: %d %s", a.status, a.body)
	}
	if a := post(t, tenant, "/beta/users/anna@contoso.com/invalidateAllRefreshTokens", "{}"); a.status != 200 || !strings.Contains(string(a.body), "/beta/$metadata#Edm.Boolean") {
		t.Errorf("invalidate: %d %s", a.status, a.body)
	}
	if a := post(t, tenant, "/v1.0/users/nobody/revokeSignInSessions", ""); a.status != 404 || errorOf(a.body).Code != "Request_ResourceNotFound" {
		t.Errorf("nobody: %d %s", a.status, a.body)
	}
	if u := user(t, tenant, "anna@contoso.com"); u.Writes != 2 {
		t.Errorf("anna: %+v", u)
	}
}

func TestRead(t *testing.T) {
	tenant := newTenant(t, Config{})
	t.Run("without select", func(t *testing.T) {
		a := get(t, tenant, "/v1.0/users/anna@contoso.com")
		var got map[string]any
		if err := json.Unmarshal(a.body, &got); err != nil {
			t.Fatal(err)
		}
		if got["userPrincipalName"] != "anna@contoso.com" || got["mail"] != "a@contoso.com" || got["displayName"] != nil {
			t.Errorf("got %s", a.body)
		}
		for _, hidden := range []string{"signInSessionsValidFromDateTime", "userType", "accountEnabled", "employeeId"} {
			if _, shown := got[hidden]; shown {
				t.Errorf("%s is served without $select", hidden)
			}
		}
	})
	t.Run("selected", func(t *testing.T) {
		a := get(t, tenant, "/v1.0/users/anna@contoso.com?%24select=id,userPrincipalName,userType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime,employeeId")
		want := `{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users(id,userPrincipalName,userType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime,employeeId)/$entity",` +
			`"accountEnabled":true,"employeeId":null,"id":"aaaaaaaa-0000-0000-0000-000000000001","onPremisesSyncEnabled":null,"signInSessionsValidFromDateTime":"1999-01-02T03:04:05Z","userPrincipalName":"anna@contoso.com","userType":"Member"}`
		if string(a.body) != want {
			t.Errorf("got  %s\nwant %s", a.body, want)
		}
	})
	t.Run("synced guest without stamp", func(t *testing.T) {
		a := get(t, tenant, "/v1.0/users/bob@contoso.com?$select=userPrincipalName,onPremisesSyncEnabled,accountEnabled,signInSessionsValidFromDateTime,onPremisesUserPrincipalName")
		if !strings.HasSuffix(string(a.body), `"accountEnabled":false,"onPremisesSyncEnabled":true,"onPremisesUserPrincipalName":"bob@corp.local","signInSessionsValidFromDateTime":null,"userPrincipalName":"Bob@contoso.com"}`) {
			t.Errorf("got %s", a.body)
		}
		a = get(t, tenant, "/v1.0/users/guest_fabrikam.com%23EXT%23@contoso.com?$select=userType")
		if !strings.HasSuffix(string(a.body), `"userType":"Guest"}`) {
			t.Errorf("got %s", a.body)
		}
	})
	t.Run("organization", func(t *testing.T) {
		a := get(t, tenant, "/v1.0/organization?$select=id")
		var got struct{ Value []struct{ ID string } }
		if err := json.Unmarshal(a.body, &got); err != nil || len(got.Value) != 1 || got.Value[0].ID != tenant.TenantID() {
			t.Errorf("got %s, %v", a.body, err)
		}
	})
	t.Run("count", func(t *testing.T) {
		r := request(t, "GET", "https://graph.microsoft.com/v1.0/users/$count", "")
		r.Header.Set("ConsistencyLevel", "eventual")
		if a, err := do(t, tenant, r); err != nil || strings.TrimPrefix(string(a.body), "\ufeff") != "7" {
			t.Errorf("got %s, %v", a.body, err)
		}
		tenant.AddStrangers(2)
		item := `{"id":"1","method":"GET","url":"/users/$count","headers":{"consistencylevel":"eventual"}}`
		if got := replies(t, postBatch(t, tenant, batchOf(item))); string(got["1"].Body) != "9" {
			t.Errorf("in a batch: %+v", got)
		}
	})
}

func TestFind(t *testing.T) {
	tests := map[string]struct {
		filter string
		hits   []string
	}{
		"mail":            {"mail eq 'A@contoso.com'", []string{"anna@contoso.com"}},
		"apostrophe":      {"mail eq 'o''brien@contoso.com'", []string{"cy.o'brien@contoso.com"}},
		"UPN":             {"userPrincipalName eq 'bob@contoso.com'", []string{"Bob@contoso.com"}},
		"on-premises UPN": {"onPremisesUserPrincipalName eq 'bob@corp.local'", []string{"Bob@contoso.com"}},
		"two":             {"employeeId eq '7'", []string{"Bob@contoso.com", "cy.o'brien@contoso.com"}},
		"none":            {"employeeId eq '8'", nil},
		"deleted":         {"mail eq 'gone@contoso.com'", nil},
		"added later":     {"mail eq 'late@contoso.com'", []string{"late@contoso.com"}},
		"before a change": {"mail eq 'was@contoso.com'", nil},
		"after a change":  {"mail eq 'is@contoso.com'", []string{"moved@contoso.com"}},
	}
	tenant := newTenant(t, Config{})
	if err := tenant.Add(User{UPN: "gone@contoso.com", Mail: "gone@contoso.com"}); err != nil {
		t.Fatal(err)
	}
	tenant.Remove("gone@contoso.com")
	for _, u := range []User{
		{UPN: "late@contoso.com", Mail: "late@contoso.com"}, {UPN: "moved@contoso.com", Mail: "is@contoso.com"},
		{UPN: "moved@contoso.com", Mail: "was@contoso.com"}, {UPN: "moved@contoso.com", Mail: "Is@contoso.com"},
	} {
		if err := tenant.Add(u); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := find(t, tenant, tt.filter); strings.Join(got, " ") != strings.Join(tt.hits, " ") {
				t.Errorf("got %v, want %v", got, tt.hits)
			}
		})
	}
	a := get(t, tenant, "/v1.0/users?$select=id&$top=1&$filter=employeeId%20eq%20'7'")
	if !strings.Contains(string(a.body), `"@odata.nextLink"`) {
		t.Errorf("a page that is not the last has no link: %s", a.body)
	}
}

func find(t *testing.T, tenant *Tenant, filter string) []string {
	t.Helper()
	r := replies(t, postBatch(t, tenant, batchOf(readItem("1", "/users?$select=userPrincipalName&$filter="+filter))))["1"]
	var got struct {
		Value []struct{ UserPrincipalName string }
	}
	if err := json.Unmarshal(r.Body, &got); err != nil || r.Status != 200 {
		t.Fatalf("%d %s: %v", r.Status, r.Body, err)
	}
	var upns []string
	for _, u := range got.Value {
		upns = append(upns, u.UserPrincipalName)
	}
	return upns
}

// Each action moves the stamp that its page names, or what the tenant is told to
// move; v1.0 reads do not know the second one.
func TestMovedStamps(t *testing.T) {
	before := time.Date(1999, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := map[string]struct {
		action string
		moves  Stamps
		want   Stamps
	}{
		"revoke":                           {actRevoke, 0, SignInStamp},
		"revoke, whatever invalidate does": {actRevoke, RefreshStamp, SignInStamp},
		"invalidate, as documented":        {actInvalidate, 0, RefreshStamp},
		"invalidate, by the older table":   {actInvalidate, SignInStamp, SignInStamp},
		"invalidate, both":                 {actInvalidate, SignInStamp | RefreshStamp, SignInStamp | RefreshStamp},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := newTenant(t, Config{Invalidates: tt.moves})
			if err := tenant.Add(User{UPN: "dora@contoso.com", Stamp: before, Refresh: before}); err != nil {
				t.Fatal(err)
			}
			post(t, tenant, "/beta/users/dora@contoso.com/"+tt.action, "{}")
			u := user(t, tenant, "dora@contoso.com")
			a := get(t, tenant, "/beta/users/dora@contoso.com?$select=signInSessionsValidFromDateTime,refreshTokensValidFromDateTime")
			var shown struct{ SignInSessionsValidFromDateTime, RefreshTokensValidFromDateTime time.Time }
			if err := json.Unmarshal(a.body, &shown); err != nil {
				t.Fatalf("%s: %v", a.body, err)
			}
			if !shown.SignInSessionsValidFromDateTime.Equal(u.Stamp) || !shown.RefreshTokensValidFromDateTime.Equal(u.Refresh) {
				t.Errorf("a read shows %+v, and the user is %+v", shown, u)
			}
			var moved Stamps
			if u.Stamp.After(before) {
				moved |= SignInStamp
			}
			if u.Refresh.After(before) {
				moved |= RefreshStamp
			}
			if moved != tt.want {
				t.Errorf("moved %b, want %b", moved, tt.want)
			}
		})
	}
	for _, target := range []string{"/v1.0/users/anna@contoso.com?$select=id,refreshTokensValidFromDateTime", "/v1.0/users?$filter=mail%20eq%20'a'&$select=refreshTokensValidFromDateTime"} {
		a := get(t, newTenant(t, Config{}), target)
		if e := errorOf(a.body); a.status != 400 || !strings.Contains(e.Message, "Could not find a property named 'refreshTokensValidFromDateTime'") {
			t.Errorf("%s: got %d %s", target, a.status, a.body)
		}
	}
}

func TestStamps(t *testing.T) {
	const target = "/v1.0/users/anna@contoso.com?$select=signInSessionsValidFromDateTime"
	tests := map[string]struct {
		cfg  Config
		want []string // before, at once, 2 s, 4 s, 6 s after; a write at 0 and at 3 s
	}{
		"no lag": {Config{}, []string{"1999-01-02T03:04:05Z", "2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z", "2000-01-01T00:00:03Z", "2000-01-01T00:00:03Z"}},
		"lag":    {Config{Lag: 2 * time.Second}, []string{"1999-01-02T03:04:05Z", "1999-01-02T03:04:05Z", "2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z", "2000-01-01T00:00:03Z"}},
		"frozen": {Config{FrozenStamps: true}, []string{"1999-01-02T03:04:05Z", "1999-01-02T03:04:05Z", "1999-01-02T03:04:05Z", "1999-01-02T03:04:05Z", "1999-01-02T03:04:05Z"}},
		"skewed": {Config{ClockSkew: -90 * time.Second}, []string{"1999-01-02T03:04:05Z", "1999-12-31T23:58:30Z", "1999-12-31T23:58:30Z", "1999-12-31T23:58:33Z", "1999-12-31T23:58:33Z"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tenant := newTenant(t, tt.cfg)
				var got []string
				read := func() {
					var u struct{ SignInSessionsValidFromDateTime string }
					a := get(t, tenant, target)
					if err := json.Unmarshal(a.body, &u); err != nil {
						t.Fatal(err)
					}
					got = append(got, u.SignInSessionsValidFromDateTime)
					date, err := time.Parse(time.RFC1123, a.header.Get("Date"))
					if want := time.Now().Add(tt.cfg.ClockSkew); err != nil || !date.Equal(want.Truncate(time.Second)) {
						t.Errorf("Date is %v, want %v", date, want)
					}
				}
				revoke := func() { replies(t, postBatch(t, tenant, revokeAll("anna@contoso.com"))) }
				read()
				revoke()
				read()
				<-time.After(2 * time.Second)
				read()
				<-time.After(time.Second)
				revoke()
				<-time.After(time.Second)
				read()
				<-time.After(2 * time.Second)
				read()
				if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
					t.Errorf("got  %v\nwant %v", got, tt.want)
				}
			})
		})
	}
}
