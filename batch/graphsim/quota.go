package graphsim

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// Scope says whose requests a quota counts together. The values are the words
// of Graph's x-ms-throttle-scope header.
type Scope string

// The scopes of the identity and access service (Microsoft Graph
// documentation, "Microsoft Graph service-specific throttling limits").
const (
	AppTenant Scope = "Tenant_Application" // one app in this tenant
	AllApps   Scope = "Tenant"             // every app in this tenant
	AppWide   Scope = "Application"        // one app in all tenants
)

// Resource says what a quota counts.
type Resource string

// Writes count one for each request that is no GET. Units count resource
// units, of which every request costs one and a list two. DeviceWrites count a write at a
// device, for each user of a device apart.
const (
	Writes       Resource = "write"
	Units        Resource = "ru"
	DeviceWrites Resource = "device write"
)

// Model is a way of counting. Microsoft does not say which one Graph uses for
// each limit, so a client must be right under all of them.
type Model string

// SlidingWindow admits at most Limit in any Window; refused requests count.
// FixedWindow admits at most Limit between two multiples of Window since the
// Unix epoch; refused requests count, to no further effect. TokenBucket holds
// Limit tokens and gains Limit per Window; a refused request takes none, since
// the bucket would then never fill for a client that keeps asking. DebtBucket
// counts refused requests too, until a tenth of Limit is missing below empty.
const (
	SlidingWindow Model = "sliding"
	FixedWindow   Model = "fixed"
	TokenBucket   Model = "bucket"
	DebtBucket    Model = "debt"
)

// Quota is one limit.
type Quota struct {
	Scope    Scope
	Resource Resource
	Limit    int
	Window   time.Duration
	Model    Model // empty means SlidingWindow
}

// DefaultQuotas are the published limits for a tenant of more than 500 users:
// 3,000 writes in 150 s for an app in a tenant, 18,000 in 300 s for a tenant,
// 35,000 in 300 s for an app, and 8,000 resource units in 10 s for an app in a
// tenant, and 25 writes in 10 s at the devices of one user. All are counted by sliding window, the strictest model.
func DefaultQuotas() []Quota {
	return []Quota{
		{AppTenant, Writes, 3_000, 150 * time.Second, SlidingWindow},
		{AllApps, Writes, 18_000, 300 * time.Second, SlidingWindow},
		{AppWide, Writes, 35_000, 300 * time.Second, SlidingWindow},
		{AppTenant, Units, 8_000, 10 * time.Second, SlidingWindow},
		{AppTenant, DeviceWrites, 25, 10 * time.Second, SlidingWindow},
	}
}

func (q Quota) validate() error {
	switch {
	case !slices.Contains([]Scope{AppTenant, AllApps, AppWide}, q.Scope):
		return fmt.Errorf("quota: scope %q is unknown", q.Scope)
	case !slices.Contains([]Model{"", SlidingWindow, FixedWindow, TokenBucket, DebtBucket}, q.Model):
		return fmt.Errorf("quota: model %q is unknown", q.Model)
	case !slices.Contains([]Resource{Writes, Units, DeviceWrites}, q.Resource):
		return fmt.Errorf("quota: resource %q is unknown", q.Resource)
	case q.Limit < 1 || q.Window <= 0:
		return fmt.Errorf("quota: limit %d in %v admits nothing", q.Limit, q.Window)
	}
	return nil
}

// information is the value of Graph's x-ms-throttle-information header.
func (q Quota) information() string {
	if q.Resource != Units {
		return "WriteLimitExceeded"
	}
	return "ResourceUnitLimitExceeded"
}

// scopeHeader is the value of Graph's x-ms-throttle-scope header,
// <Scope>/<Limit>/<AppId>/<TenantId>.
func (q Quota) scopeHeader(app, tenant string) string {
	limit := "/Write/"
	if q.Resource == Units {
		limit = "/ReadWrite/"
	}
	return string(q.Scope) + limit + app + "/" + tenant
}

// SetQuota changes a limit in mid-run: it replaces the quota of the same scope
// and resource, or adds one. What was counted stays counted, unless the model
// changes.
func (t *Tenant) SetQuota(q Quota) error {
	if err := q.validate(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.meters.set(q)
	return nil
}

// UseByOthers lets others use n writes of a scope: for AllApps another app
// in the tenant, for the other scopes another process that runs as the app of
// [Config.ClientID].
func (t *Tenant) UseByOthers(scope Scope, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.meters.feed(now)
	for _, m := range t.meters.list {
		if m.quota.Scope == scope && m.quota.Resource == Writes {
			m.counter(t.cfg.ClientID).count(m.quota, now, n, true)
		}
	}
}

// meter is a quota with what it has counted, for each app where the scope
// tells apps apart.
type meter struct {
	quota    Quota
	counters map[string]counter
}

func (m *meter) counter(app string) counter {
	if m.quota.Scope == AllApps && m.quota.Resource != DeviceWrites {
		app = ""
	}
	c, ok := m.counters[app]
	if !ok {
		c = newCounter(m.quota.Model)
		m.counters[app] = c
	}
	return c
}

// Apps counts what apps do in several tenants: those that have the same Apps in [Config] share
// the quotas of the scope [AppWide]. The zero Apps is ready.
type Apps struct {
	mu      sync.Mutex
	shared  meters
	busiest map[string]int // by app
}

// Busiest is the most writes that the app was seen to make within any one window, refused
// ones included.
func (a *Apps) Busiest(app string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.busiest[strings.ToLower(app)]
}

// note keeps the busiest window of an app, where a sliding window counts it.
func (a *Apps) note(app string) {
	for _, m := range a.shared.list {
		if log, ok := m.counter(app).(*slidingLog); ok && m.quota.Resource == Writes {
			if a.busiest == nil {
				a.busiest = map[string]int{}
			}
			a.busiest[app] = max(a.busiest[app], log.used)
		}
	}
}

// meters are all quotas of a tenant, and the other apps that use them up.
type meters struct {
	apps   *Apps // with those over all tenants, which are in list, too; nil where no other tenant shares them
	list   []*meter
	others float64   // writes a second by other apps in the tenant
	since  time.Time // when the others began
	fed    float64   // how many writes of the others have been counted
}

func (ms *meters) set(q Quota) {
	if q.Model == "" {
		q.Model = SlidingWindow
	}
	for _, m := range ms.list {
		if m.quota.Scope != q.Scope || m.quota.Resource != q.Resource {
			continue
		}
		if m.quota.Model != q.Model {
			m.counters = make(map[string]counter)
		}
		m.quota = q
		return
	}
	m := &meter{quota: q, counters: make(map[string]counter)}
	if ms.apps != nil && q.Scope == AppWide {
		m = ms.apps.meter(m)
	}
	ms.list = append(ms.list, m)
}

// meter is the one that tenants share in place of their own.
func (a *Apps) meter(own *meter) *meter {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range a.shared.list {
		if m.quota.Resource == own.quota.Resource {
			return m
		}
	}
	a.shared.list = append(a.shared.list, own)
	return own
}

// cost is what one request counts.
type cost struct {
	writes, units int
	deviceOf      string // of a write at a device, its user or else itself
}

func (c cost) amount(r Resource) int {
	switch {
	case r == Writes:
		return c.writes
	case r == Units:
		return c.units
	case c.deviceOf != "":
		return c.writes
	}
	return 0
}

// by says whose requests are counted together.
func (c cost) by(r Resource, app string) string {
	if r == DeviceWrites {
		return c.deviceOf
	}
	return app
}

// take counts one request. It is admitted only if every quota admits it; if
// not, take returns the quota that keeps it out longest, and for how long.
func (ms *meters) take(now time.Time, app string, c cost) (by Quota, wait time.Duration) {
	if ms.apps != nil {
		ms.apps.mu.Lock()
		defer ms.apps.mu.Unlock()
		defer ms.apps.note(app)
	}
	ms.feed(now)
	admitted := true
	for _, m := range ms.list {
		if n := c.amount(m.quota.Resource); n > 0 && m.counter(c.by(m.quota.Resource, app)).wait(m.quota, now, n) > 0 {
			admitted = false
		}
	}
	for _, m := range ms.list {
		if n := c.amount(m.quota.Resource); n > 0 {
			m.counter(c.by(m.quota.Resource, app)).count(m.quota, now, n, admitted)
		}
	}
	if admitted {
		return Quota{}, 0
	}
	// Asked again after counting, since a refused request counts as well and
	// moves the moment at which it can be accepted.
	for _, m := range ms.list {
		if n := c.amount(m.quota.Resource); n > 0 {
			if w := m.counter(c.by(m.quota.Resource, app)).wait(m.quota, now, n); w > wait {
				by, wait = m.quota, w
			}
		}
	}
	return by, wait
}

// feed counts the writes that the other apps made since it was last called:
// the k-th at since + k/others. Nothing runs between calls.
func (ms *meters) feed(now time.Time) {
	if ms.others <= 0 {
		return
	}
	if ms.since.IsZero() {
		ms.since = now
	}
	due := math.Floor(now.Sub(ms.since).Seconds() * ms.others)
	for _, m := range ms.list {
		if m.quota.Scope != AllApps || m.quota.Resource != Writes {
			continue
		}
		// What lies more than a window back has no effect on any model.
		first := max(ms.fed, due-math.Ceil(m.quota.Window.Seconds()*ms.others))
		for k := first; k < due; k++ {
			at := ms.since.Add(time.Duration((k + 1) / ms.others * float64(time.Second)))
			m.counter("").count(m.quota, at, 1, true)
		}
	}
	ms.fed = due
}
