package throttle

import (
	"strconv"
	"time"

	"offboard/batch"
)

// chunk is how many users a full call carries. No limit is shared or learned down to
// less than one.
const chunk = batch.ChunkSize

// Scope is what a quota is counted for.
type Scope int

// The scopes, as x-ms-throttle-scope names them.
const (
	AppTenant Scope = iota // one app in one tenant: "Tenant_Application"
	Tenant                 // one tenant, all of its apps: "Tenant"
	App                    // one app, all tenants: "Application"
)

// header gives the scope's name in x-ms-throttle-scope.
func (s Scope) header() string {
	switch s {
	case Tenant:
		return "Tenant"
	case App:
		return "Application"
	default:
		return "Tenant_Application"
	}
}

// Resource is what a quota counts. One user costs one of each.
type Resource int

// The resources.
const (
	Write    Resource = iota // POST, PATCH, PUT, DELETE; in a batch every item is one
	ReadUnit                 // resource units: 1 for a GET by id
	Call                     // any request; in a batch every item is one, to be safe
)

// String gives the plural, for sentences.
func (r Resource) String() string {
	switch r {
	case ReadUnit:
		return "resource units"
	case Call:
		return "requests"
	default:
		return "writes"
	}
}

// Quota is a limit as it is stated: at most Limit in any Window.
type Quota struct {
	Name     string // as in a quota file: "app+tenant-writes"
	Scope    Scope
	Resource Resource
	Limit    int           // users, at one resource each
	Window   time.Duration // over which Limit is counted
	Origin   string        // where it is stated, for sentences: "documented quota", "quota file"
}

// words gives the quota as a phrase: "documented quota: 3,000 writes per 150 s".
func (q Quota) words() string {
	return q.Origin + ": " + q.amount(q.Limit)
}

// amount gives n as a phrase in the quota's terms: "1,480 writes per 150 s".
func (q Quota) amount(n int) string {
	return batch.Thousands(n) + " " + q.Resource.String() + " per " + seconds(q.Window)
}

// Documented gives the limits that Microsoft publishes ("Microsoft Graph
// service-specific throttling limits", identity and access, text of February
// 2026; the last one from the section on global limits):
//
//	app+tenant-writes   3,000 writes per 150 s    one app in one tenant
//	tenant-writes      18,000 writes per 300 s    one tenant, all apps
//	app-writes         35,000 writes per 300 s    one app, all tenants
//	app+tenant-units    3,500 units per 10 s      see Units
//	app-units         150,000 units per 20 s      one app, all tenants
//	app-calls         130,000 requests per 10 s   one app, all tenants
//
// A POST on a user that the cost table does not list, such as
// revokeSignInSessions, costs one write and one unit.
func Documented() []Quota {
	const by = "documented quota"
	return []Quota{
		{"app+tenant-writes", AppTenant, Write, 3_000, 150 * time.Second, by},
		{"tenant-writes", Tenant, Write, 18_000, 300 * time.Second, by},
		{"app-writes", App, Write, 35_000, 300 * time.Second, by},
		Units(0),
		{"app-units", App, ReadUnit, 150_000, 20 * time.Second, by},
		{"app-calls", App, Call, 130_000, 10 * time.Second, by},
	}
}

// Units gives the documented resource units of one app in a tenant with so many
// users: 3,500 per 10 s below 50, 5,000 up to 500, 8,000 above. When the size is
// not known (zero or less) it is taken as the smallest: that is never refused,
// still 350 users a second, and leaves units for the writes, which cost one
// each from the same account. See [Controller.KeepFree] for the others.
func Units(users int) Quota {
	limit := 3_500
	switch {
	case users > 500:
		limit = 8_000
	case users >= 50:
		limit = 5_000
	}
	return Quota{"app+tenant-units", AppTenant, ReadUnit, limit, 10 * time.Second, "documented quota"}
}

// Sized gives the quotas with the documented resource units of a tenant with so many
// users. What a quota file states of them stays.
func Sized(quotas []Quota, users int) []Quota {
	out := append([]Quota(nil), quotas...)
	for i, q := range out {
		if units := Units(users); q.Name == units.Name && q.Origin == units.Origin {
			out[i] = units
		}
	}
	return out
}

// For gives the quotas that bind a controller of the resource: its own, and
// those on all requests.
func For(quotas []Quota, r Resource) []Quota {
	var bind []Quota
	for _, q := range quotas {
		if q.Resource == r || q.Resource == Call {
			bind = append(bind, q)
		}
	}
	return bind
}

// Share gives the quotas with only a share of each limit, rounded down, so that
// other apps have room. No limit falls below one chunk, unless it was lower
// before. A share outside of (0, 1) takes nothing away.
func Share(quotas []Quota, share float64) []Quota {
	out := append([]Quota(nil), quotas...)
	if !(share > 0 && share < 1) {
		return out
	}
	for i, q := range out {
		const eps = 1e-9 // 18,000 x 0.7 is 12,600, whatever binary fractions say
		part := max(int(float64(q.Limit)*share+eps), chunk)
		out[i].Limit = min(part, q.Limit)
		out[i].Origin = strconv.FormatFloat(share*100, 'g', 3, 64) + " % of the " + q.Origin
	}
	return out
}

// seconds writes a time as people read it here: "150 s", "2.1 s".
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
}
