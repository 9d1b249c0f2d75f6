package graphsim

import (
	"fmt"
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
// units, of which every request costs one and a list two.
const (
	Writes Resource = "write"
	Units  Resource = "ru"
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
// tenant. All are counted by sliding window, the strictest model.
func DefaultQuotas() []Quota {
	return []Quota{
		{AppTenant, Writes, 3_000, 150 * time.Second, SlidingWindow},
		{AllApps, Writes, 18_000, 300 * time.Second, SlidingWindow},
		{AppWide, Writes, 35_000, 300 * time.Second, SlidingWindow},
		{AppTenant, Units, 8_000, 10 * time.Second, SlidingWindow},
	}
}

func (q Quota) validate() error {
	switch q.Scope {
	case AppTenant, AllApps, AppWide:
	default:
		return fmt.Errorf("quota: scope %q is unknown", q.Scope)
	}
	switch q.Model {
	case "", SlidingWindow, FixedWindow, TokenBucket, DebtBucket:
	default:
		return fmt.Errorf("quota: model %q is unknown", q.Model)
	}
	if q.Resource != Writes && q.Resource != Units {
		return fmt.Errorf("quota: resource %q is unknown", q.Resource)
	}
	if q.Limit < 1 || q.Window <= 0 {
		return fmt.Errorf("quota: limit %d in %v admits nothing", q.Limit, q.Window)
	}
	return nil
}

// information is the value of Graph's x-ms-throttle-information header.
func (q Quota) information() string {
	if q.Resource == Writes {
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

// Consume lets somebody else use n writes of a scope: for AllApps another app
// in the tenant, for the other scopes another process that runs as the app of
// [Config.ClientID].
func (t *Tenant) Consume(scope Scope, n int) {
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
