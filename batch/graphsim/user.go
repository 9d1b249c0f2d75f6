package graphsim

import (
	"strings"
	"time"
)

// User is a directory object as a test sets it up. Empty strings are null in
// Graph's replies.
type User struct {
	ID          string // object id, a GUID; empty means [IDFor] of the UPN
	UPN         string
	Type        string    // "Member" or "Guest"; empty means by the UPN ("#EXT#" is a guest)
	State       string    // externalUserState; empty means by the UPN ("Accepted" for "#EXT#", else null)
	Created     string    // creationType; empty means by the UPN ("Invitation" for "#EXT#", else null)
	Enabled     bool      // accountEnabled
	Synced      bool      // onPremisesSyncEnabled: true, or null when false
	Stamp       time.Time // signInSessionsValidFromDateTime; zero means null
	Refresh     time.Time // refreshTokensValidFromDateTime, which beta alone shows; zero means null
	Mail        string
	EmployeeID  string
	OnPremUPN   string
	DisplayName string
	Denied      bool // a protected administrator: every revocation and change answers 403
	Frozen      bool // no write changes anything, although the answers are those of a success
	Restricted  bool // in a restricted unit, where no tenant-wide role or permission counts
}

// UserState is a user as the directory has it now, with what happened to it.
// Its Stamp and Refresh are the true ones, also while reads still show older ones.
type UserState struct {
	User
	Writes  int // writes executed
	Refused int // writes that arrived and were not executed
}

// Stamps says which stamps a revocation moves.
type Stamps uint8

// The stamps of a user. They can be added up.
const (
	SignInStamp  Stamps = 1 << iota // signInSessionsValidFromDateTime
	RefreshStamp                    // refreshTokensValidFromDateTime
)

// entry is a user of the directory with its history. Its stamps are those that reads show; they
// have whole seconds, as in Graph's samples.
type entry struct {
	UserState
	gone   bool
	seeded bool    // has things by the rule of SeedRule
	unseen []write // revocations that reads do not show yet, the oldest first
	things *things // nil until a request needs them
}

// write is a revocation.
type write struct {
	at    time.Time
	moves Stamps
}

// on moves the stamps of a user.
func (w write) on(u *User) {
	second := w.at.UTC().Truncate(time.Second)
	if w.moves&SignInStamp != 0 {
		u.Stamp = second
	}
	if w.moves&RefreshStamp != 0 {
		u.Refresh = second
	}
}

// reveal lets reads see what was written a lag ago.
func (r *entry) reveal(now time.Time, lag time.Duration) {
	for len(r.unseen) > 0 && !r.unseen[0].at.Add(lag).After(now) {
		r.unseen[0].on(&r.User)
		r.unseen = r.unseen[1:]
	}
}

// state is the user with every write, shown or not.
func (r *entry) state() UserState {
	s := r.UserState
	for _, w := range r.unseen {
		w.on(&s.User)
	}
	return s
}

// shownUser is a user as reads show it now.
type shownUser struct {
	*User
	entry  *entry
	tenant *Tenant
	now    time.Time
}

func (u shownUser) things() *things { return u.tenant.thingsOf(u.entry) }

func (u shownUser) enabled() bool {
	if u.entry.things == nil {
		return u.Enabled
	}
	return u.entry.things.account.seen(u.now, u.tenant.cfg.Lag)
}

// onPremises is what a synced user has on premises.
func (u shownUser) onPremises(value string) string {
	if !u.Synced {
		return ""
	}
	return value
}

// userKind has what a reply may say of a user. The usual ones are the default set of a
// v1.0 user, which leaves out the stamps, userType, accountEnabled and employeeId
// (Microsoft Graph documentation, user resource). Never synced is null there, not false.
var userKind = &properties[shownUser]{"user", append([]property[shownUser]{
	{name: "id", usual: true, value: func(u shownUser) any { return u.ID }},
	{name: "userPrincipalName", usual: true, value: func(u shownUser) any { return u.UPN }},
	{name: "displayName", usual: true, value: func(u shownUser) any { return orNull(u.DisplayName) }},
	{name: "mail", usual: true, value: func(u shownUser) any { return orNull(u.Mail) }},
	{name: "businessPhones", usual: true, value: func(shownUser) any { return []string{} }},
	{name: "userType", value: func(u shownUser) any { return u.Type }},
	{name: "accountEnabled", value: func(u shownUser) any { return u.enabled() }},
	{name: "onPremisesSyncEnabled", value: func(u shownUser) any { return orNull(u.Synced) }},
	{name: "externalUserState", value: func(u shownUser) any { return orNull(u.State) }},
	{name: "creationType", value: func(u shownUser) any { return orNull(u.Created) }},
	{name: "employeeId", value: func(u shownUser) any { return orNull(u.EmployeeID) }},
	{name: "onPremisesUserPrincipalName", value: func(u shownUser) any { return orNull(u.OnPremUPN) }},
	{name: "onPremisesSamAccountName", value: func(u shownUser) any { return orNull(u.onPremises(u.UPN[:strings.IndexByte(u.UPN+"@", '@')])) }},
	{name: "onPremisesDomainName", value: func(u shownUser) any { return orNull(u.onPremises("corp.example")) }},
	{name: "signInSessionsValidFromDateTime", value: func(u shownUser) any { return orNull(u.Stamp) }},
	{name: "isManagementRestricted", value: func(u shownUser) any { return orNull(u.Restricted) }},
	{name: "lastPasswordChangeDateTime", value: func(u shownUser) any { return orNull(u.things().password.seen(u.now, u.tenant.cfg.Lag)) }},
	{name: "licenseAssignmentStates", value: func(u shownUser) any { return u.states() }},
	{name: "assignedLicenses", value: func(u shownUser) any { return u.assigned() }},
	{name: "usageLocation", value: func(u shownUser) any { return orNull(u.things().usage) }},
	{name: "refreshTokensValidFromDateTime", beta: true, value: func(u shownUser) any { return orNull(u.Refresh) }},
}, alwaysNull[shownUser]("givenName jobTitle mobilePhone officeLocation preferredLanguage surname")...)}

// sought are the properties that $filter may compare with eq.
var sought = map[string]func(*User) string{
	"userPrincipalName":           func(u *User) string { return u.UPN },
	"mail":                        func(u *User) string { return u.Mail },
	"employeeId":                  func(u *User) string { return u.EmployeeID },
	"onPremisesUserPrincipalName": func(u *User) string { return u.OnPremUPN },
}
