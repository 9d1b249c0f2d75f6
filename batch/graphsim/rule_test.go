package graphsim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What the rule says in words is what it gives, and nothing is made before it is needed.
func TestSeedRule(t *testing.T) {
	const n = 4000
	seeded := func() *Tenant {
		tenant := New(Config{StaticToken: bearer, NoQuota: true})
		for i := range n {
			if err := tenant.Seed("", User{UPN: fmt.Sprintf("u%d@contoso.com", i), Enabled: true, Stamp: SeedStamp}); err != nil {
				t.Fatal(err)
			}
		}
		return tenant
	}
	tenant := seeded()
	if made := slices.ContainsFunc(tenant.dir.entries, func(r entry) bool { return r.things != nil }); made || len(tenant.devices) > 0 {
		t.Error("things before they are needed")
	}
	count := make(map[string]int)
	at := func(what string, is bool) {
		if is {
			count[what]++
		}
	}
	state := tenant.State()
	for i := range tenant.dir.entries {
		r := &tenant.dir.entries[i]
		at("synced", r.Synced)
		at("disabled", !r.Enabled)
		has := r.things
		at(fmt.Sprintf("%d devices", len(has.registered)), true)
		at(fmt.Sprintf("%d groups", len(has.groups)), true)
		at(fmt.Sprintf("%d licences", len(has.licences.is)), true)
		for _, g := range tenant.groupsOf(r) {
			at("gives licences", len(g.Licences) > 0)
			at("cannot be left", g.mayEdit(&call{token: &token{}}) != nil)
			at(g.Name, true)
		}
		for _, d := range has.registered {
			at("devices", true)
			at("phones and Macs", d.System != "Windows")
			at("hybrid", d.Synced)
			at("owned hybrid", d.Synced && slices.Contains(has.owned, d))
			at("disabled devices", !d.enabled.is)
		}
	}
	share := func(what string, of int, least, most float64) {
		if got := float64(count[what]) / float64(of); got < least || got > most {
			t.Errorf("%s: %d of %d, want %.3f to %.3f", what, count[what], of, least, most)
		}
	}
	share("synced", n, 0.05, 0.075)
	share("disabled", n, 0.04, 0.06)
	for k := range 4 {
		share(fmt.Sprintf("%d devices", k), n, 0.2, 0.3)
	}
	for k := range 3 {
		share(fmt.Sprintf("%d licences", k), n, 0.3, 0.37)
	}
	for k := 1; k <= 5; k++ {
		share(fmt.Sprintf("%d groups", k), n, 0.03, 0.3)
	}
	share("0 groups", n, 0, 0)
	share("gives licences", n, 0.25, 0.5)
	share("cannot be left", n, 0.15, 0.25)
	for _, g := range rareGroups {
		share(g.Name, n, 0.02, 0.05)
	}
	share("phones and Macs", count["devices"], 0.2, 0.3)
	share("owned hybrid", n, 0, 0)
	share("hybrid", count["devices"], 0.1, 0.15)
	share("disabled devices", count["devices"], 0.05, 0.15)

	// Another tenant of the same users has the same things, and finds a device that it
	// never listed: a run is resumed in a new one.
	other := seeded()
	for key := range state {
		if id, ok := strings.CutPrefix(key, "device "); ok {
			if a := get(t, other, "/v1.0/devices/"+strings.Fields(id)[0]); a.status != 200 {
				t.Errorf("%s: %d", key, a.status)
			}
			break
		}
	}
	if diff := state.Diff(other.State()); len(diff) > 0 {
		t.Errorf("another tenant differs in %q", diff[:1])
	}
}

// What each step changed can be put back, but for stamps and passwords.
func TestUndoneState(t *testing.T) {
	tenant := stepTenant(t, Config{})
	before := tenant.State()
	leave := "/groups/" + groupOf("staff") + "/members/"
	send := func(items ...string) {
		t.Helper()
		for id, r := range replies(t, postBatch(t, tenant, batchOf(items...))) {
			if r.Status >= 300 {
				t.Errorf("%s: %d %s", id, r.Status, r.Body)
			}
		}
	}
	send(stepItem("1", "PATCH", "/users/"+anna, off), stepItem("2", "PATCH", "/users/"+anna, newWord), revokeItem("3", "/users/"+anna+"/revokeSignInSessions"),
		stepItem("4", "PATCH", "/devices/"+laptop, off), stepItem("5", "DELETE", leave+anna+"/$ref", ""), stepItem("6", "POST", "/users/"+anna+"/assignLicense", licence("", quoted(e5, ems))))
	if diff := before.Diff(tenant.State()); len(diff) != 7 {
		t.Errorf("done: %q", diff)
	}
	send(stepItem("1", "PATCH", "/users/"+anna, on), stepItem("4", "PATCH", "/devices/"+laptop, on), stepItem("5", "POST", leave+"$ref", ref(anna)),
		stepItem("6", "POST", "/users/"+anna+"/assignLicense", licence(`{"skuId":"`+ems+`","disabledPlans":[]},{"skuId":"`+e5+`","disabledPlans":["`+ems+`"]}`, "")))
	var left []string
	for _, line := range before.Diff(tenant.State()) {
		left = append(left, strings.TrimSuffix(strings.Fields(line)[2], ":"))
	}
	if want := []string{"lastPasswordChangeDateTime", "signInSessionsValidFromDateTime"}; !slices.Equal(left, want) {
		t.Errorf("left %q, want %q", left, want)
	}
}
