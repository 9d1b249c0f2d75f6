package graphsim

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Who may change what: Microsoft Graph documentation, user resource, "Who can perform
// sensitive actions".
const (
	UserAdministrator           = "fe930be7-5e62-47db-91af-98c3a49a38b1"
	PrivilegedAuthAdministrator = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
	authAdministrator           = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
	globalAdministrator         = "62e90394-69f5-4237-9190-012177145e10"
)

// harmless roles leave a user an ordinary one.
var harmless = []string{
	"88d8e3e3-8f55-4a1e-953a-9b9898b8876b", // Directory Readers
	"95e79109-95c0-4d8e-aee3-d01accf2d47b", // Guest Inviter
	"790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b", // Message Center Reader
	"966707d0-3269-4727-9be2-8c3a10f19b9d", // Password Administrator
	"4a5d8f65-41da-4de4-8968-e035b65339cf", // Reports Reader
	"75934031-6c7e-415a-99d7-48dbd49e875e", // Usage Summary Reports Reader
}

// changedBy says which roles besides [topRoles] may change holders of a role.
var changedBy = map[string]string{
	authAdministrator:                      authAdministrator,
	"fdd7a751-b60b-444a-984c-02652fe8fa1c": UserAdministrator, // Groups Administrator
	"729827e3-9c14-49f7-bb1b-9608f156bbb8": UserAdministrator, // Helpdesk Administrator
	UserAdministrator:                      UserAdministrator,
}

var topRoles = []string{PrivilegedAuthAdministrator, globalAdministrator}

// mayChange reports whether the roles of the caller suffice for a sensitive action at
// this user. An app needs no role for an ordinary user, but for a password.
func (t *Tenant) mayChange(c *call, user *entry, password bool) bool {
	has := t.cfg.AppRoles
	if c.token.user != "" {
		has = t.rolesOf(c.token.user)
	}
	holds := func(role string) bool {
		return slices.Contains(has, role) || slices.ContainsFunc(topRoles, func(top string) bool { return slices.Contains(has, top) })
	}
	switch {
	case user.Denied, user.Restricted: // of a restricted unit, in which no tenant-wide role counts
		return false
	case password && c.token.user == "" && !holds(UserAdministrator):
		return false
	case slices.ContainsFunc(t.groupsOf(user), func(g Group) bool { return g.RoleAssignable }) && !holds(PrivilegedAuthAdministrator):
		return false
	}
	for _, role := range t.rolesOf(user.ID) {
		if !slices.Contains(harmless, role) && !holds(changedBy[role]) {
			return false
		}
	}
	return true
}

// rolesOf are the roles of a user, also those that a group gives.
func (t *Tenant) rolesOf(id string) (roles []string) {
	for _, a := range t.assigned {
		inGroup := false
		if i, ok := t.dir.byID[id]; ok {
			inGroup = t.isMember(a.principal, i)
		}
		if a.principal == id || inGroup {
			roles = append(roles, a.role)
		}
	}
	return roles
}

// updateUser changes accountEnabled and the password, each with permissions of its own.
func (t *Tenant) updateUser(c *call, op *operation, user *entry) (any, *failure) {
	enabled, sets := op.body["accountEnabled"]
	profile, resets := op.body["passwordProfile"]
	on, isBool := enabled.(bool)
	for name := range op.body {
		if name != "accountEnabled" && name != "passwordProfile" {
			return nil, &failure{400, "Request_BadRequest", "Property '" + name + "' is read-only and cannot be set."} // graphsim takes no other
		}
	}
	switch {
	case !sets && !resets, sets && !isBool:
		return nil, errBadEncoding
	case sets && !c.token.may(readWriteUsers) && !(c.token.may(switchUsers) && c.token.may(readUsers)):
		return nil, errDenied
	case resets && !c.token.may(setPasswords), !t.mayChange(c, user, resets):
		return nil, errDenied
	}
	if resets {
		if bad := t.checkPassword(profile, user); bad != nil {
			return nil, bad
		}
	}
	if t.frozen(user) {
		return nil, nil
	}
	has := t.thingsOf(user)
	if sets {
		user.settle(c.date, &t.cfg)
		has.account.set(on, c.date, t.cfg.Lag)
		user.Enabled = on
	}
	if resets {
		has.password.set(c.date.UTC().Truncate(time.Second), c.date, t.cfg.Lag)
	}
	return nil, nil
}

// frozen reports whether writes at a user change nothing.
func (t *Tenant) frozen(user *entry) bool { return t.cfg.FrozenStamps || user.Frozen }

// settle lets a sync of the user happen that is due.
func (r *entry) settle(now time.Time, cfg *Config) {
	if r.things != nil {
		r.things.account.settle(r.Synced, now, cfg)
		r.Enabled = r.things.account.is
	}
}

// checkPassword refuses what Entra cannot set or would not take. It keeps nothing.
func (t *Tenant) checkPassword(profile any, user *entry) *failure {
	p, isObject := profile.(map[string]any)
	password, isText := p["password"].(string)
	for name, value := range p {
		if _, isBool := value.(bool); name != "password" && !(isBool && strings.HasPrefix(name, "forceChangePasswordNextSignIn")) {
			return errBadEncoding
		}
	}
	_, domain, _ := strings.Cut(user.UPN, "@")
	federated := slices.ContainsFunc(t.cfg.Federated, func(d string) bool { return strings.EqualFold(d, domain) })
	switch {
	case !isObject || !isText:
		return errBadEncoding
	case user.Synced:
		return errOnPremises
	case federated, user.State != "": // a guest's password is the home tenant's
		return errElsewhere
	case len(password) < 8, len(password) > 256, classes(password) < 3:
		return errWeak
	}
	return nil
}

// classes counts the kinds of characters of a password, of which Entra wants three
// (Microsoft Entra documentation, password policies).
func classes(password string) (n int) {
	for _, is := range []func(rune) bool{unicode.IsLower, unicode.IsUpper, unicode.IsDigit, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }} {
		if strings.ContainsFunc(password, is) {
			n++
		}
	}
	return n
}

// deleteUser is what a DELETE of a membership without its /$ref does (Microsoft Graph
// documentation, remove member).
func (t *Tenant) deleteUser(c *call, _ *operation, user *entry) (any, *failure) {
	if !t.mayChange(c, user, false) {
		return nil, errDenied
	}
	t.dir.remove(t.dir.byID[user.ID])
	return nil, nil
}

// listDomains lists the domains of the user principal names, and the tenant's own.
func (t *Tenant) listDomains(c *call, op *operation, _ *entry) (any, *failure) {
	names := []string{strings.ToLower(t.cfg.Domain)}
	for i := range t.dir.entries {
		if _, domain, ok := strings.Cut(t.dir.entries[i].UPN, "@"); ok && !t.dir.entries[i].gone && !slices.Contains(names, strings.ToLower(domain)) {
			names = append(names, strings.ToLower(domain))
		}
	}
	return t.page(c, op, "domains", len(names), func(i int) object {
		how := "Managed"
		if slices.ContainsFunc(t.cfg.Federated, func(d string) bool { return strings.EqualFold(d, names[i]) }) {
			how = "Federated"
		}
		return domainKind.object(domain{names[i], how}, op.query.fields)
	}), nil
}

type domain struct{ name, authentication string }

var domainKind = &properties[domain]{"domain", []property[domain]{
	{name: "id", usual: true, value: func(d domain) any { return d.name }},
	{name: "authenticationType", usual: true, value: func(d domain) any { return d.authentication }},
}}

// aboutAccount tells the changes of a user apart.
func aboutAccount(t *Tenant, c *call, op *operation) about {
	a := aboutUser(t, c, op)
	switch enabled, sets := op.body["accountEnabled"].(bool); {
	case sets && enabled:
		a.action = actEnable
	case sets:
		a.action = actDisable
	case op.body["passwordProfile"] != nil:
		a.action = actPassword
	}
	return a
}
