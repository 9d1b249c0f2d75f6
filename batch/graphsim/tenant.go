package graphsim

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// What [Config] stands for when a field is empty.
const (
	DefaultTenantID = "8f4c2f6e-0000-4000-8000-000000000001"
	DefaultClientID = "8f4c2f6e-0000-4000-8000-000000000002"
	DefaultDomain   = "contoso.onmicrosoft.com"
)

// Config describes a tenant. The zero value is one that throttles by the published
// quotas, counted in the strictest way, lets any client sign in with any secret, and
// grants it [DefaultRoles]. It has no latency, no lag and no faults.
type Config struct {
	TenantID     string // GUID; empty means DefaultTenantID
	Domain       string // the tenant's other name at the token endpoint; empty means DefaultDomain
	ClientID     string // the app; empty lets any app sign in, and means DefaultClientID for StaticToken
	ClientSecret string // empty accepts any secret

	StaticToken   string        // a token that is valid without signing in, with all of Roles
	AppRoles      []string      // directory roles that the app holds, by template id; nil means [UserAdministrator], empty means none
	Roles         []string      // granted application permissions; nil means [DefaultRoles], empty means none
	SignedIn      string        // object id of a user: tokens are this user's then (oid), whatever the grant, and Roles their scopes (scp)
	TokenLifetime time.Duration // 0 means one hour
	TokenRefresh  time.Duration // when a client is told to renew a token (refresh_in); 0 means that it is not told

	PageSize int // the most that a page holds, of all lists but users found by eq; 0 means what the client asks for, or 100

	Quotas  []Quota // nil means [DefaultQuotas]
	NoQuota bool    // nothing is throttled
	Others  float64 // writes a second that other apps make in this tenant
	Apps    *Apps   // counts what an app does in several tenants; nil means that it works in this one alone

	Latency time.Duration // of every call to Graph, half of it before the call takes effect
	Jitter  time.Duration // up to this much more, evenly spread

	ClockSkew    time.Duration // how far the server's clock is ahead of this machine's
	Lag          time.Duration // how long after a write reads still show the older stamp
	SyncEvery    time.Duration // how long after a write of accountEnabled at a synced user or device the sync undoes it; 0 means 30 minutes
	NoLicences   bool          // the tenant has bought nothing
	Federated    []string      // domains whose passwords are kept elsewhere
	FrozenStamps bool          // no write changes anything, although the answers are those of a success

	// Invalidates are the stamps that invalidateAllRefreshTokens moves. 0 means
	// RefreshStamp, which is all that its page says. An older table of Microsoft's, of
	// the names in Azure AD PowerShell and in Graph, maps that property to the other
	// one, so a client must be right with either, and with both.
	Invalidates Stamps

	Faults []Fault
	Seed   uint64 // of all that is drawn; the same calls in the same order get the same replies

	NoLog bool      // keep only counters, not events
	LogTo io.Writer // one JSON line per write, written before its answer leaves
}

// Validate reports what [New] would not accept.
func (cfg Config) Validate() error {
	if _, ok := parseGUID(cfg.TenantID); !ok && cfg.TenantID != "" {
		return fmt.Errorf("tenant id %q is no GUID", cfg.TenantID)
	}
	if _, ok := parseGUID(cfg.SignedIn); !ok && cfg.SignedIn != "" {
		return fmt.Errorf("signed-in user %q is no GUID", cfg.SignedIn)
	}
	if cfg.PageSize < 0 {
		return fmt.Errorf("page size %d is negative", cfg.PageSize)
	}
	for _, q := range cfg.Quotas {
		if err := q.validate(); err != nil {
			return err
		}
	}
	for _, f := range cfg.Faults {
		if err := f.validate(); err != nil {
			return err
		}
	}
	return nil
}

// Tenant is a Microsoft Entra tenant in memory. It serves Microsoft Graph and
// the token endpoint, as an [net/http.Handler] on a socket and as an
// [net/http.RoundTripper] without one. It is safe for concurrent use and owns
// no goroutine.
type Tenant struct {
	cfg       Config
	anyClient bool // any app may sign in

	mu         sync.Mutex // guards what follows; never held while waiting
	dir        directory
	strangers  int              // users who are not in dir
	groups     map[string]Group // by id in lower case
	devices    map[string]*device
	taken      map[string]int // seats of a licence, by SKU
	seeds      int            // users whose things the rule of SeedRule gives
	roles      []role
	assigned   []roleAssignment
	meters     meters
	faults     []*activeFault
	tokens     map[string]*token
	nextCaller Caller // of the tokens to come
	seq        int
	stats      Stats
	log        []Event
	logErr     error
}

// New makes a tenant without users. It panics when Validate refuses the
// configuration: ask Validate first when it comes from outside.
func New(cfg Config) *Tenant {
	if err := cfg.Validate(); err != nil {
		panic("graphsim: " + err.Error()) // a programmer's error, as the comment says
	}
	anyClient := cfg.ClientID == ""
	cfg.TenantID = cmp.Or(cfg.TenantID, DefaultTenantID)
	cfg.ClientID = strings.ToLower(cmp.Or(cfg.ClientID, DefaultClientID))
	cfg.Domain = cmp.Or(cfg.Domain, DefaultDomain)
	cfg.TokenLifetime = cmp.Or(cfg.TokenLifetime, time.Hour)
	cfg.SyncEvery = cmp.Or(cfg.SyncEvery, 30*time.Minute)
	cfg.Invalidates = cmp.Or(cfg.Invalidates, RefreshStamp)
	if cfg.Roles == nil {
		cfg.Roles = DefaultRoles()
	}
	if cfg.AppRoles == nil {
		cfg.AppRoles = []string{UserAdministrator}
	}
	if cfg.Quotas == nil {
		cfg.Quotas = DefaultQuotas()
	}
	t := &Tenant{
		cfg: cfg, anyClient: anyClient,
		dir:     directory{byID: make(map[string]int32), byUPN: make(map[string]int32), holding: make(map[propertyValue][]int32)},
		groups:  make(map[string]Group),
		devices: make(map[string]*device), taken: make(map[string]int),
		roles:  builtInRoles(),
		tokens: make(map[string]*token),
		faults: activate(cfg.Faults),
	}
	if !cfg.NoQuota {
		t.meters.others, t.meters.apps = cfg.Others, cfg.Apps
		for _, q := range cfg.Quotas {
			t.meters.set(q)
		}
	}
	if cfg.StaticToken != "" {
		t.tokens[cfg.StaticToken] = &token{app: cfg.ClientID, tenant: cfg.TenantID, user: cfg.SignedIn, roles: cfg.Roles}
	}
	return t
}

// TenantID is the id that the tenant goes by.
func (t *Tenant) TenantID() string { return t.cfg.TenantID }

// ClientID is the app of [Config.ClientID], or the one that StaticToken has.
func (t *Tenant) ClientID() string { return t.cfg.ClientID }

// now is the server's clock, which need not agree with this machine's.
func (t *Tenant) now() time.Time { return time.Now().Add(t.cfg.ClockSkew) }
