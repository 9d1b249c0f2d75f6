package graphsim

import "time"

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
	Denied      bool // a protected administrator: every revocation answers 403
	Frozen      bool // the stamps never move, although revocations answer 200
}

// UserState is a user as the directory has it now, with what happened to it.
// Its Stamp and Refresh are the true ones, also while reads still show older ones.
type UserState struct {
	User
	Writes  int // revocations executed
	Refused int // revocations that arrived and were not executed
}

// The properties that hold the two stamps of a user. Reads of v1.0 know the first
// one only (Microsoft Graph metadata).
const (
	signInStamp  = "signInSessionsValidFromDateTime"
	refreshStamp = "refreshTokensValidFromDateTime"
)

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
	unseen []write // revocations that reads do not show yet, the oldest first
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

// property is what a reply says of a user.
type property func(u *User) any

// properties are what $select may name in v1.0.
var properties = map[string]property{
	"id":                          func(u *User) any { return u.ID },
	"userPrincipalName":           func(u *User) any { return u.UPN },
	"userType":                    func(u *User) any { return u.Type },
	"accountEnabled":              func(u *User) any { return u.Enabled },
	"onPremisesSyncEnabled":       func(u *User) any { return orNull(u.Synced) }, // never synced is null, not false (user resource)
	"externalUserState":           func(u *User) any { return orNull(u.State) },
	"creationType":                func(u *User) any { return orNull(u.Created) },
	"mail":                        func(u *User) any { return orNull(u.Mail) },
	"employeeId":                  func(u *User) any { return orNull(u.EmployeeID) },
	"onPremisesUserPrincipalName": func(u *User) any { return orNull(u.OnPremUPN) },
	"displayName":                 func(u *User) any { return orNull(u.DisplayName) },
	signInStamp:                   func(u *User) any { return orNull(u.Stamp) },
}

// betaProperties are what only beta knows.
var betaProperties = map[string]property{
	refreshStamp: func(u *User) any { return orNull(u.Refresh) },
}

// unselected is what a reply holds when no $select says otherwise: the default set
// of a v1.0 user, which leaves out the stamps, userType, accountEnabled and
// employeeId (Microsoft Graph documentation, user resource).
var unselected = []string{"displayName", "mail", "userPrincipalName", "id"}

// orNull is null for the zero value.
func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// object is the user in a reply, with the properties that were selected.
func (r *entry) object(fields []string, now time.Time, lag time.Duration) object {
	r.reveal(now, lag)
	o := make(object, len(fields)+1)
	if fields == nil {
		for _, name := range []string{"givenName", "jobTitle", "mobilePhone", "officeLocation", "preferredLanguage", "surname"} {
			o[name] = nil
		}
		o["businessPhones"], fields = []string{}, unselected
	}
	for _, name := range fields {
		of, ok := properties[name]
		if !ok {
			of = betaProperties[name]
		}
		o[name] = of(&r.User)
	}
	return o
}
