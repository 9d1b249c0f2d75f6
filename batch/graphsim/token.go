package graphsim

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultRoles are the least permissions for every step, for reading back (which those
// for writing users do not grant, says Graph's permissions reference), and for reading who
// is in a group or holds a role. None of them may delete users or change role-assignable
// groups.
func DefaultRoles() []string {
	return []string{"User.RevokeSessions.All", "User.Read.All", "GroupMember.Read.All", "RoleManagement.Read.Directory",
		"User.EnableDisableAccount.All", "User-PasswordProfile.ReadWrite.All", "Device.Read.All", "Device.ReadWrite.All",
		"GroupMember.ReadWrite.All", "LicenseAssignment.ReadWrite.All", "Domain.Read.All"}
}

// Caller is whom an access token is of, as it says itself.
type Caller struct {
	Tenant string // tid
	App    string // appid
	User   string // oid of the user who signed in; "" for an app of its own
}

// SignInAs gives every token from now on to another caller, as when somebody switches
// accounts beside a program that runs; empty fields stay as they are. A token of another
// tenant is accepted, and shows that tenant, which has none of the users of this one.
// Earlier tokens are dead, so that the next call needs a new one.
func (t *Tenant) SignInAs(caller Caller) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nextCaller = caller
	for _, tok := range t.tokens {
		tok.dead = true
	}
}

// Grant gives tokens these permissions from now on, and no others.
func (t *Tenant) Grant(roles ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cfg.Roles = roles
}

// token is what the tenant knows of an access token that it issued.
type token struct {
	app     string
	tenant  string
	user    string    // who signed in, or ""
	roles   []string  // or scopes
	expires time.Time // zero for never
	dead    bool      // refused for good by Expired401
}

// may reports whether the token has one of the permissions.
func (tok *token) may(any []string) bool {
	return slices.ContainsFunc(any, func(r string) bool { return slices.Contains(tok.roles, r) })
}

// authenticate finds the token of a call. The caller holds the lock.
func (t *Tenant) authenticate(h http.Header) (*token, *failure) {
	scheme, raw, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || raw == "" {
		return nil, errEmptyToken
	}
	tok, ok := t.tokens[raw]
	if !ok || tok.dead || !tok.expires.IsZero() && !time.Now().Before(tok.expires) {
		return nil, errDeadToken
	}
	return tok, nil
}

// issue makes a token that looks like Entra's: an unsigned JWT with the claims
// that a client may read. Each has a number of its own, so that a token that
// was refused for good never comes back.
func (t *Tenant) issue(app, audience string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.Tokens++
	now := t.now()
	app, tenant, user := cmp.Or(t.nextCaller.App, app), cmp.Or(t.nextCaller.Tenant, t.cfg.TenantID), cmp.Or(t.nextCaller.User, t.cfg.SignedIn)
	fields := map[string]any{
		"aud": audience, "iss": "https://sts.windows.net/" + tenant + "/",
		"tid": tenant, "appid": app, "app_displayname": "Offboarding", "ver": "1.0",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(t.cfg.TokenLifetime).Unix(),
		"uti": strconv.Itoa(t.stats.Tokens),
	}
	if user != "" {
		fields["idtyp"], fields["oid"], fields["scp"], fields["wids"] = "user", user, strings.Join(t.cfg.Roles, " "), t.rolesOf(user)
	} else { // an app's oid is that of its service principal
		fields["idtyp"], fields["oid"], fields["roles"] = "app", IDFor("service principal "+app), t.cfg.Roles
	}
	claims, err := json.Marshal(fields)
	if err != nil {
		return "", err
	}
	enc := base64.RawURLEncoding
	raw := enc.EncodeToString([]byte(`{"typ":"JWT","alg":"none"}`)) + "." + enc.EncodeToString(claims) +
		"." + enc.EncodeToString([]byte("graphsim"))
	t.tokens[raw] = &token{
		app: app, tenant: tenant, user: user, roles: t.cfg.Roles, expires: time.Now().Add(t.cfg.TokenLifetime),
	}
	return raw, nil
}
