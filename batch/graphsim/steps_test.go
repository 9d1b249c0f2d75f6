package graphsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const (
	laptop  = "eeeeeeee-0000-0000-0000-000000000001"
	phone   = "eeeeeeee-0000-0000-0000-000000000002"
	hybrid  = "eeeeeeee-0000-0000-0000-000000000003"
	kiosk   = "eeeeeeee-0000-0000-0000-000000000004"
	missing = "eeeeeeee-0000-0000-0000-00000000dead"
	anna    = "aaaaaaaa-0000-0000-0000-000000000001"
	e3      = "6fd2c87f-b296-42f0-b197-1e91e994b900"
	e5      = "06ebc4ee-1bb5-47dd-8120-11324bc54e06"
	ems     = "b05e124f-c7cc-45a0-a6aa-8cf78c946968"
	strong  = "correct-Horse-7"
)

// groupOf is the id of a group of stepTenant.
func groupOf(name string) string { return IDFor("test group " + name) }

// stepTenant has somebody of each kind, and things of each kind.
func stepTenant(t testing.TB, cfg Config) *Tenant {
	t.Helper()
	tenant := newTenant(t, cfg)
	fail := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	fail(tenant.Add(
		User{UPN: "synced@contoso.com", Enabled: true, Synced: true}, User{UPN: "boss@contoso.com", Enabled: true}, User{UPN: "help@contoso.com", Enabled: true},
		User{UPN: "auth@contoso.com", Enabled: true}, User{UPN: "reader@contoso.com", Enabled: true}, User{UPN: "kept@contoso.com", Enabled: true, Restricted: true},
		User{UPN: "operator@contoso.com", Enabled: true}, User{UPN: "away@federated.com", Enabled: true}, User{UPN: "still@contoso.com", Enabled: true, Frozen: true}))
	everybody := []string{anna, "synced@contoso.com", "still@contoso.com"}
	for name, g := range map[string]Group{
		"staff": {}, "team": {Kind: Microsoft365Group}, "dynamic": {Dynamic: true}, "synced": {Synced: true}, "mail": {Kind: MailSecurityGroup},
		"list": {Kind: DistributionList}, "licences": {Licences: []string{e3}}, "unit": {Restricted: true}, "roles": {RoleAssignable: true},
	} {
		g.ID, g.Name, g.Members = groupOf(name), name, everybody
		if g.RoleAssignable {
			g.Members = []string{"operator@contoso.com"}
		}
		fail(tenant.AddGroup(g))
	}
	for who, role := range map[string]string{"boss@contoso.com": global, "help@contoso.com": "729827e3-9c14-49f7-bb1b-9608f156bbb8", "auth@contoso.com": authAdministrator, "reader@contoso.com": harmless[0]} {
		fail(tenant.Assign(role, who))
	}
	for _, d := range []Device{
		{ID: laptop, Name: "laptop", Users: []string{anna}, Owners: []string{anna}, Enabled: true},
		{ID: phone, Name: "phone", System: "iOS", Trust: "Workplace", Users: []string{anna}, Owners: []string{anna}, Enabled: true},
		{ID: hybrid, Name: "hybrid", Trust: "ServerAd", Synced: true, Users: []string{anna}, Enabled: true},
		{ID: kiosk, Name: "kiosk", Restricted: true, Users: []string{anna}, Enabled: true},
	} {
		fail(tenant.AddDevice(d))
	}
	fail(tenant.AddLicence(anna, e5, ems))
	fail(tenant.AddLicence(anna, ems))
	return tenant
}

// item is an item of a batch, as a correct client writes it.
func stepItem(id, method, url, body string) string {
	if body == "" {
		return fmt.Sprintf(`{"id":%q,"method":%q,"url":%q}`, id, method, url)
	}
	return fmt.Sprintf(`{"id":%q,"method":%q,"url":%q,"headers":{"Content-Type":"application/json"},"body":%s}`, id, method, url, body)
}

const (
	off     = `{"accountEnabled":false}`
	on      = `{"accountEnabled":true}`
	newWord = `{"passwordProfile":{"forceChangePasswordNextSignIn":true,"password":"` + strong + `"}}`
)

func password(p string) string { return `{"passwordProfile":{"password":"` + p + `"}}` }

func ref(id string) string {
	return `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/` + id + `"}`
}

func licence(add, remove string) string {
	return `{"addLicenses":[` + add + `],"removeLicenses":[` + remove + `]}`
}

func quoted(ids ...string) string { return `"` + strings.Join(ids, `","`) + `"` }

// Each write is answered as Graph is said to, alone and in a batch alike, and changes what
// it says and nothing else.
func TestStepAnswers(t *testing.T) {
	all := append(DefaultRoles(), "User.ReadWrite.All", "RoleManagement.ReadWrite.Directory")
	member := func(group, user string) string { return "/groups/" + groupOf(group) + "/members/" + user + "/$ref" }
	const users, devices = "/users/", "/devices/"
	without := func(role string) []string {
		return slices.DeleteFunc(slices.Clone(DefaultRoles()), func(r string) bool { return r == role })
	}
	top := []string{PrivilegedAuthAdministrator}
	tests := map[string]struct {
		method, url, body string
		status            int
		says              string // in the message
		changed           string // in a line of what differs, the only one; "" for nothing
		cfg               Config
	}{
		"disable":                       {"PATCH", users + anna, off, 204, "", "user anna@contoso.com accountEnabled: true -> false", Config{}},
		"enable what is enabled":        {"PATCH", users + anna, on, 204, "", "", Config{}},
		"disable a synced user":         {"PATCH", users + "synced@contoso.com", off, 204, "", "user synced@contoso.com accountEnabled", Config{}},
		"disable a frozen user":         {"PATCH", users + "still@contoso.com", off, 204, "", "", Config{}},
		"disable nobody":                {"PATCH", users + missing, off, 404, "does not exist", "", Config{}},
		"disable with a word":           {"PATCH", users + anna, `{"accountEnabled":"false"}`, 400, "", "", Config{}},
		"change nothing":                {"PATCH", users + anna, `{}`, 400, "", "", Config{}},
		"another property":              {"PATCH", users + anna, `{"accountEnabled":false,"jobTitle":"x"}`, 400, "jobTitle", "", Config{}},
		"disable without the right":     {"PATCH", users + anna, off, 403, "", "", Config{Roles: without("User.EnableDisableAccount.All")}},
		"disable without reading users": {"PATCH", users + anna, off, 403, "", "", Config{Roles: []string{"User.EnableDisableAccount.All"}}},
		"disable, no role":              {"PATCH", users + anna, off, 204, "", "user anna@contoso.com accountEnabled", Config{AppRoles: []string{}}},
		"disable a reader, no role":     {"PATCH", users + "reader@contoso.com", off, 204, "", "user reader@contoso.com accountEnabled", Config{AppRoles: []string{}}},
		"disable help, no role":         {"PATCH", users + "help@contoso.com", off, 403, "", "", Config{AppRoles: []string{}}},
		"disable help":                  {"PATCH", users + "help@contoso.com", off, 204, "", "user help@contoso.com accountEnabled", Config{}},
		"disable auth":                  {"PATCH", users + "auth@contoso.com", off, 403, "", "", Config{}},
		"disable boss":                  {"PATCH", users + "boss@contoso.com", off, 403, "", "", Config{}},
		"disable boss, top role":        {"PATCH", users + "boss@contoso.com", off, 204, "", "user boss@contoso.com accountEnabled", Config{AppRoles: top}},
		"disable an operator":           {"PATCH", users + "operator@contoso.com", off, 403, "", "", Config{}},
		"disable an operator, top role": {"PATCH", users + "operator@contoso.com", off, 204, "", "user operator@contoso.com accountEnabled", Config{AppRoles: top}},
		"disable in a unit, top role":   {"PATCH", users + "kept@contoso.com", off, 403, "", "", Config{AppRoles: top}},
		"revoke in a unit":              {"POST", users + "kept@contoso.com/revokeSignInSessions", `{}`, 403, "", "", Config{}},

		"password":                {"PATCH", users + anna, newWord, 204, "", "user anna@contoso.com lastPasswordChangeDateTime: null -> ", Config{}},
		"password, no role":       {"PATCH", users + anna, newWord, 403, "", "", Config{AppRoles: []string{}}},
		"password, no right":      {"PATCH", users + anna, newWord, 403, "", "", Config{Roles: without("User-PasswordProfile.ReadWrite.All")}},
		"password of boss":        {"PATCH", users + "boss@contoso.com", newWord, 403, "", "", Config{}},
		"password synced":         {"PATCH", users + "synced@contoso.com", newWord, 400, "on-premises mastered", "", Config{}},
		"password of a guest":     {"PATCH", users + "guest_fabrikam.com%23EXT%23@contoso.com", newWord, 400, "not kept", "", Config{}},
		"password elsewhere":      {"PATCH", users + "away@federated.com", newWord, 400, "not kept", "", Config{Federated: []string{"Federated.com"}}},
		"password too short":      {"PATCH", users + anna, password("aB7-"), 400, "complexity", "", Config{}},
		"password of two classes": {"PATCH", users + anna, password("abcdefgh7"), 400, "complexity", "", Config{}},
		"password of no text":     {"PATCH", users + anna, `{"passwordProfile":{"password":7}}`, 400, "", "", Config{}},

		"device":             {"PATCH", devices + laptop, off, 204, "", "device " + laptop + " accountEnabled: true -> false", Config{}},
		"phone":              {"PATCH", devices + phone, off, 400, "only on windows devices", "", Config{}},
		"phone of a user":    {"PATCH", devices + phone, off, 204, "", "device " + phone, Config{SignedIn: anna}},
		"synced device":      {"PATCH", devices + hybrid, off, 204, "", "device " + hybrid, Config{}},
		"device in a unit":   {"PATCH", devices + kiosk, off, 403, "", "", Config{}},
		"no device":          {"PATCH", devices + missing, off, 404, "", "", Config{}},
		"device by deviceId": {"PATCH", devices + IDFor("device id "+laptop), off, 404, "", "", Config{}},
		"device's name":      {"PATCH", devices + laptop, `{"displayName":"x"}`, 400, "", "", Config{}},
		"device, no right":   {"PATCH", devices + laptop, off, 403, "", "", Config{Roles: without("Device.ReadWrite.All")}},

		"leave":                 {"DELETE", member("staff", anna), "", 204, "", "user anna@contoso.com group " + groupOf("staff") + ": member -> -", Config{}},
		"leave a team":          {"DELETE", member("team", anna), "", 204, "", "group " + groupOf("team"), Config{}},
		"leave licences":        {"DELETE", member("licences", anna), "", 204, "", "group " + groupOf("licences"), Config{}},
		"leave, not a member":   {"DELETE", member("staff", "boss@contoso.com"), "", 404, "", "", Config{}},
		"leave no group":        {"DELETE", member("none", anna), "", 404, "", "", Config{}},
		"nobody leaves":         {"DELETE", member("staff", missing), "", 404, "", "", Config{}},
		"leave dynamic":         {"DELETE", member("dynamic", anna), "", 403, "Insufficient", "", Config{}},
		"leave synced":          {"DELETE", member("synced", anna), "", 400, "on-premises mastered", "", Config{}},
		"leave mail":            {"DELETE", member("mail", anna), "", 400, "mail-enabled", "", Config{}},
		"leave list":            {"DELETE", member("list", anna), "", 400, "mail-enabled", "", Config{}},
		"leave unit":            {"DELETE", member("unit", anna), "", 403, "", "", Config{}},
		"leave roles":           {"DELETE", member("roles", "operator@contoso.com"), "", 403, "", "", Config{}},
		"leave roles, allowed":  {"DELETE", member("roles", "operator@contoso.com"), "", 204, "", "group " + groupOf("roles"), Config{Roles: all}},
		"leave, no right":       {"DELETE", member("staff", anna), "", 403, "", "", Config{Roles: without("GroupMember.ReadWrite.All")}},
		"without $ref":          {"DELETE", "/groups/" + groupOf("staff") + "/members/" + anna, "", 204, "", "GONE", Config{Roles: all}},
		"without $ref, refused": {"DELETE", "/groups/" + groupOf("staff") + "/members/" + anna, "", 403, "", "", Config{}},
		"delete":                {"DELETE", users + anna, "", 204, "", "GONE", Config{Roles: all}},
		"join":                  {"POST", "/groups/" + groupOf("roles") + "/members/$ref", ref(anna), 204, "", "group " + groupOf("roles") + ": - -> member", Config{Roles: all}},
		"join again":            {"POST", "/groups/" + groupOf("staff") + "/members/$ref", ref(anna), 400, "already exist", "", Config{}},
		"join nothing":          {"POST", "/groups/" + groupOf("staff") + "/members/$ref", `{}`, 400, "", "", Config{}},
		"nobody joins":          {"POST", "/groups/" + groupOf("staff") + "/members/$ref", ref(missing), 404, "", "", Config{}},
		"join dynamic":          {"POST", "/groups/" + groupOf("dynamic") + "/members/$ref", ref("aaaaaaaa-0000-0000-0000-00000000beef"), 403, "", "", Config{}},

		"give up a licence":     {"POST", users + anna + "/assignLicense", licence("", quoted(e5)), 200, "", "licence " + e5, Config{}},
		"inherited":             {"POST", users + anna + "/assignLicense", licence("", quoted(e3)), 400, "inherited", "", Config{}},
		"not held":              {"POST", users + "boss@contoso.com/assignLicense", licence("", quoted(e3)), 400, "corresponding", "", Config{}},
		"one of two not held":   {"POST", users + anna + "/assignLicense", licence("", quoted(e5, skus[3].id)), 400, "corresponding", "", Config{}},
		"one list":              {"POST", users + anna + "/assignLicense", `{"removeLicenses":["` + e5 + `"]}`, 400, "", "", Config{}},
		"no list":               {"POST", users + anna + "/assignLicense", `{"addLicenses":null,"removeLicenses":["` + e5 + `"]}`, 400, "", "", Config{}},
		"licence in a unit":     {"POST", users + "kept@contoso.com/assignLicense", licence("", quoted(e5)), 403, "", "", Config{}},
		"twice":                 {"POST", users + anna + "/assignLicense", licence("", quoted(e5, e5)), 400, "", "", Config{}},
		"licence":               {"POST", users + anna + "/assignLicense", licence(`{"skuId":"`+e3+`","disabledPlans":[]}`, ""), 200, "", "licence " + e3 + ": - -> ", Config{}},
		"licence, no location":  {"POST", users + "boss@contoso.com/assignLicense", licence(`{"skuId":"`+e3+`"}`, ""), 400, "usage location", "", Config{}},
		"licence of no company": {"POST", users + anna + "/assignLicense", licence(`{"skuId":"`+missing+`"}`, ""), 400, "valid company", "", Config{}},
		"licence, no seat":      {"POST", users + anna + "/assignLicense", licence(`{"skuId":"`+skus[3].id+`"}`, ""), 400, "available", "", Config{}},
		"licence, no right":     {"POST", users + anna + "/assignLicense", licence("", quoted(e5)), 403, "", "", Config{Roles: without("LicenseAssignment.ReadWrite.All")}},
	}
	for name, tt := range tests {
		for _, batched := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%t", name, batched), func(t *testing.T) {
				tenant := stepTenant(t, tt.cfg)
				tenant.SetSeats(skus[3].id, 0)
				before := tenant.State()
				var status int
				var body []byte
				if batched {
					r := replies(t, postBatch(t, tenant, batchOf(stepItem("1", tt.method, tt.url, tt.body))))["1"]
					status, body = r.Status, r.Body
				} else {
					a, err := do(t, tenant, request(t, tt.method, "https://graph.microsoft.com/v1.0"+tt.url, tt.body))
					if err != nil {
						t.Fatal(err)
					}
					status, body = a.status, a.body
				}
				if status != tt.status || !strings.Contains(errorOf(body).Message, tt.says) {
					t.Errorf("%d %s, want %d with %q", status, body, tt.status, tt.says)
				}
				diff := before.Diff(tenant.State())
				switch {
				case tt.changed == "GONE":
					if _, there := tenant.User(anna); there {
						t.Error("the user is still there")
					}
				case tt.changed == "" && len(diff) > 0, tt.changed != "" && (len(diff) != 1 || !strings.Contains(diff[0], tt.changed)):
					t.Errorf("changed %q, want %q", diff, tt.changed)
				}
				if e := tenant.Log()[0]; e.Executed != (tt.status < 300) || e.Method != tt.method {
					t.Errorf("log says %+v", e)
				}
			})
		}
	}
}

// The log names the user, the step and the target.
func TestStepLog(t *testing.T) {
	tenant := stepTenant(t, Config{Roles: append(DefaultRoles(), "User.ReadWrite.All")})
	leave := "/groups/" + groupOf("staff") + "/members/"
	sent := []struct{ method, url, body, action, target string }{
		{"PATCH", "/users/" + anna, off, "disable", ""},
		{"PATCH", "/users/" + anna, on, "enable", ""},
		{"PATCH", "/users/" + anna, newWord, "password", ""},
		{"PATCH", "/devices/" + laptop, off, "disableDevice", laptop},
		{"PATCH", "/devices/" + strings.ToUpper(laptop), on, "enableDevice", laptop},
		{"DELETE", leave + anna + "/$ref", "", "leaveGroup", groupOf("staff")},
		{"POST", leave + "$ref", ref(anna), "joinGroup", groupOf("staff")},
		{"POST", "/users/" + anna + "/assignLicense", licence(`{"skuId":"`+e3+`"}`, quoted(ems)), "assignLicense", "+" + e3 + " -" + ems},
		{"DELETE", leave + strings.ToUpper(anna), "", "deleteUser", ""},
	}
	var items []string
	for i, s := range sent {
		items = append(items, stepItem(fmt.Sprint(i), s.method, s.url, s.body))
	}
	postBatch(t, tenant, batchOf(items...))
	for i, e := range tenant.Log() {
		s := sent[i]
		if got := [...]string{e.User, e.Method, e.Path, e.Action, e.Target}; got != [...]string{anna, s.method, s.url, s.action, s.target} || !e.Executed {
			t.Errorf("%+v, want %+v", e, s)
		}
	}
}

// objects reads a list to its end.
func objects(t *testing.T, tenant *Tenant, target string) (all []map[string]any) {
	t.Helper()
	for link := "https://graph.microsoft.com" + target; link != ""; {
		a, err := do(t, tenant, request(t, "GET", link, ""))
		var p struct {
			Next  string `json:"@odata.nextLink"`
			Value []map[string]any
		}
		if err != nil || a.status != 200 || json.Unmarshal(a.body, &p) != nil {
			t.Fatalf("%s: %d %s %v", link, a.status, a.body, err)
		}
		link, all = p.Next, append(all, p.Value...)
	}
	return all
}

// text is an object as JSON, whose names are in order.
func text(o any) string { return string(encode(o)) }

// What lists and reads show.
func TestStepReads(t *testing.T) {
	noDevices := []string{"User.Read.All"}
	const who = "/v1.0/users/" + anna
	tests := map[string]struct {
		target string
		cfg    Config
		n      int
		has    string
	}{
		"devices":           {who + "/registeredDevices?$select=id,accountEnabled,operatingSystem,trustType,onPremisesSyncEnabled", Config{}, 4, `{"@odata.type":"#microsoft.graph.device","accountEnabled":true,"id":"` + hybrid + `","onPremisesSyncEnabled":true,"operatingSystem":"Windows","trustType":"ServerAd"}`},
		"by pages":          {who + "/registeredDevices?$select=id&$top=3", Config{}, 4, `{"@odata.type":"#microsoft.graph.device","id":"` + kiosk + `"}`},
		"restricted device": {who + "/registeredDevices?$select=id,isManagementRestricted", Config{PageSize: 1}, 4, `"id":"` + kiosk + `","isManagementRestricted":true}`},
		"limited devices":   {who + "/registeredDevices?$select=id,accountEnabled", Config{Roles: noDevices}, 4, `{"@odata.type":"#microsoft.graph.device","accountEnabled":null,"id":"` + laptop + `"}`},
		"owned":             {who + "/ownedDevices", Config{}, 2, `"displayName":"phone"`},
		"owned by nobody":   {"/v1.0/users/boss@contoso.com/ownedDevices", Config{}, 0, ""},
		"groups":            {who + "/memberOf?$select=id,groupTypes,mailEnabled,securityEnabled&$top=2", Config{}, 8, `{"@odata.type":"#microsoft.graph.group","groupTypes":["Unified"],"id":"` + groupOf("team") + `","mailEnabled":true,"securityEnabled":false}`},
		"dynamic":           {who + "/memberOf?$select=id,groupTypes", Config{}, 8, `"groupTypes":["DynamicMembership"],"id":"` + groupOf("dynamic")},
		"licences":          {who + "/memberOf?$select=id,assignedLicenses", Config{}, 8, `"assignedLicenses":[{"disabledPlans":[],"skuId":"` + e3 + `"}],"id":"` + groupOf("licences")},
		"mail":              {who + "/memberOf?$select=id,mailEnabled,securityEnabled", Config{}, 8, groupOf("list") + `","mailEnabled":true,"securityEnabled":false`},
		"a role":            {"/v1.0/users/boss@contoso.com/memberOf?$select=id,displayName", Config{}, 1, `{"@odata.type":"#microsoft.graph.directoryRole","displayName":"Global Administrator"`},
		"a role, limited":   {"/v1.0/users/boss@contoso.com/memberOf?$select=id,displayName", Config{Roles: []string{"GroupMember.Read.All"}}, 1, `{"@odata.type":"#microsoft.graph.directoryRole","displayName":null`},
		"a unit":            {"/v1.0/users/kept@contoso.com/memberOf?$select=id", Config{}, 1, `{"@odata.type":"#microsoft.graph.administrativeUnit","id":"` + unit},
		"SKUs":              {"/v1.0/subscribedSkus", Config{Roles: []string{"LicenseAssignment.Read.All"}}, 4, `"skuPartNumber":"SPE_E5"`},
		"no SKUs":           {"/v1.0/subscribedSkus", Config{Roles: []string{"Organization.Read.All"}, NoLicences: true}, 0, ""},
		"domains":           {"/v1.0/domains?$select=id,authenticationType", Config{Federated: []string{"federated.com"}}, 3, `{"authenticationType":"Federated","id":"federated.com"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			all := objects(t, stepTenant(t, tt.cfg), tt.target)
			if got := text(all); len(all) != tt.n || !strings.Contains(got, tt.has) {
				t.Errorf("%d objects %s, want %d with %s", len(all), got, tt.n, tt.has)
			}
		})
	}
	tenant := stepTenant(t, Config{})
	for target, want := range map[string]string{
		who + "?$select=isManagementRestricted,lastPasswordChangeDateTime,usageLocation": `"isManagementRestricted":null,"lastPasswordChangeDateTime":null,"usageLocation":"DE"}`,
		"/v1.0/users/kept@contoso.com?$select=isManagementRestricted":                    `"isManagementRestricted":true}`,
		who + "?$select=assignedLicenses":                                                `"assignedLicenses":[{"disabledPlans":["` + ems + `"],"skuId":"` + e5 + `"},{"disabledPlans":[],"skuId":"` + ems + `"},{"disabledPlans":[],"skuId":"` + e3 + `"}]`,
		who + "?$select=licenseAssignmentStates":                                         `{"assignedByGroup":"` + groupOf("licences") + `","disabledPlans":[],"error":"None"`,
		"/v1.0/devices/" + laptop + "?$select=id,accountEnabled":                         `"accountEnabled":true,"id":"` + laptop + `"}`,
		"/v1.0/devices/" + missing:                                                       `Request_ResourceNotFound`,
		who + "?$select=passwordProfile":                                                 `Could not find a property`,
		who + "/memberOf?$filter=id eq 'x'":                                              `NotImplemented`,
	} {
		if a := get(t, tenant, target); !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %s, want %s", target, a.body, want)
		}
	}
}

// shows reads one property of an object.
func shows(t *testing.T, tenant *Tenant, target, property string) string {
	t.Helper()
	var o map[string]any
	if a := get(t, tenant, target+"?$select="+property); json.Unmarshal(a.body, &o) != nil {
		t.Fatalf("%s: %s", target, a.body)
	}
	return fmt.Sprint(o[property])
}

// The next sync enables what was disabled in the cloud, and only what is synced.
func TestSyncUndoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := stepTenant(t, Config{SyncEvery: 10 * time.Minute})
		const synced, cloud = "/users/synced@contoso.com", "/users/" + anna
		targets := []string{synced, cloud, "/devices/" + hybrid, "/devices/" + laptop}
		for i, target := range targets {
			if r := replies(t, postBatch(t, tenant, batchOf(stepItem(fmt.Sprint(i), "PATCH", target, off))))[fmt.Sprint(i)]; r.Status != 204 {
				t.Fatalf("%s: %+v", target, r)
			}
		}
		look := func() (states []string) {
			for _, target := range targets {
				states = append(states, shows(t, tenant, "/v1.0"+target, "accountEnabled"))
			}
			return states
		}
		time.Sleep(10*time.Minute - 1)
		if got := look(); !slices.Equal(got, []string{"false", "false", "false", "false"}) {
			t.Errorf("before the sync: %v", got)
		}
		time.Sleep(1 * time.Nanosecond)
		if got := look(); !slices.Equal(got, []string{"true", "false", "true", "false"}) {
			t.Errorf("after the sync: %v", got)
		}
		if u := user(t, tenant, "synced@contoso.com"); !u.Enabled {
			t.Errorf("%+v", u)
		}
	})
}

// Reads show a write a lag later, and the state at once.
func TestStepLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := stepTenant(t, Config{Lag: time.Minute})
		time.Sleep(time.Hour)
		before := tenant.State()
		look := func() string {
			return shows(t, tenant, "/v1.0/users/"+anna, "accountEnabled") + shows(t, tenant, "/v1.0/users/"+anna, "lastPasswordChangeDateTime") +
				shows(t, tenant, "/v1.0/users/"+anna, "assignedLicenses") + shows(t, tenant, "/v1.0/devices/"+laptop, "accountEnabled") +
				text(objects(t, tenant, "/v1.0/users/"+anna+"/memberOf?$select=id"))
		}
		old := look()
		postBatch(t, tenant, batchOf(stepItem("1", "PATCH", "/users/"+anna, off), stepItem("2", "PATCH", "/users/"+anna, newWord),
			stepItem("3", "PATCH", "/devices/"+laptop, off), stepItem("4", "DELETE", "/groups/"+groupOf("staff")+"/members/"+anna+"/$ref", ""),
			stepItem("5", "POST", "/users/"+anna+"/assignLicense", licence("", quoted(e5)))))
		if diff := before.Diff(tenant.State()); len(diff) != 5 {
			t.Errorf("changed %q", diff)
		}
		time.Sleep(time.Minute - 1)
		if got := look(); got != old {
			t.Errorf("within the lag %s, want %s", got, old)
		}
		time.Sleep(1 * time.Nanosecond)
		if got := look(); got == old || !strings.HasPrefix(got, "false2000-01-01T01:00:00Z") || strings.Contains(got, groupOf("staff")) || strings.Contains(got, e5) {
			t.Errorf("after the lag %s", got)
		}
	})
}

// 25 writes in 10 s are admitted at the devices of one user; another user's count apart.
func TestDeviceQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := stepTenant(t, Config{})
		const theirs = "eeeeeeee-0000-0000-0000-000000000009"
		if err := tenant.AddDevice(Device{ID: theirs, Users: []string{"boss@contoso.com"}, Enabled: true}); err != nil {
			t.Fatal(err)
		}
		write := func(id string) int {
			return replies(t, postBatch(t, tenant, batchOf(stepItem("1", "PATCH", "/devices/"+id, off))))["1"].Status
		}
		for i := range 25 {
			if status := write([]string{laptop, hybrid}[i%2]); status != 204 {
				t.Fatalf("write %d: %d", i, status)
			}
		}
		if a, b := write(laptop), write(theirs); a != 429 || b != 204 {
			t.Errorf("the 26th %d, another user's %d", a, b)
		}
		time.Sleep(10 * time.Second)
		if status := write(laptop); status != 204 {
			t.Errorf("ten seconds later: %d", status)
		}
		if status := replies(t, postBatch(t, tenant, batchOf(stepItem("1", "PATCH", "/users/"+anna, off))))["1"].Status; status != 204 {
			t.Errorf("a user: %d", status)
		}
	})
}

// A fault strikes the writes at the things of its user.
func TestStepFaults(t *testing.T) {
	for _, tt := range []struct {
		item     string
		executed bool
		kind     FaultKind
	}{
		{stepItem("1", "PATCH", "/devices/"+laptop, off), true, Item504},
		{stepItem("1", "POST", "/groups/"+groupOf("staff")+"/members/$ref", ref(anna)), false, Conflict409},
		{stepItem("1", "DELETE", "/groups/"+groupOf("staff")+"/members/"+anna+"/$ref", ""), true, Item504},
		{stepItem("1", "POST", "/users/"+anna+"/assignLicense", licence("", quoted(e5))), true, Item504},
		{stepItem("1", "PATCH", "/users/"+anna, newWord), false, Item500},
	} {
		tenant := stepTenant(t, Config{Faults: []Fault{{Kind: tt.kind, Match: "anna@contoso.com"}}})
		before := tenant.State()
		postBatch(t, tenant, batchOf(tt.item))
		if e := tenant.Log()[0]; e.Fault != tt.kind || e.Executed != tt.executed || e.User != anna || len(before.Diff(tenant.State())) > 0 != tt.executed {
			t.Errorf("%s: %+v, changed %q", tt.item, e, before.Diff(tenant.State()))
		}
	}
}
