package graphsim

import (
	"strconv"
	"time"
)

// stampLayout has whole seconds, as Graph's samples of
// signInSessionsValidFromDateTime do.
const stampLayout = "2006-01-02T15:04:05Z"

// userFields are the properties that $select may name.
var userFields = []string{
	"id", "userPrincipalName", "userType", "accountEnabled", "onPremisesSyncEnabled",
	"externalUserState", "creationType", signInStamp, "mail", "employeeId", "onPremisesUserPrincipalName", "displayName",
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

// write is a revocation that reads may not show yet.
type write struct {
	at    int64 // Unix nanoseconds
	moved Stamps
}

// filterFields are the properties that $filter may compare.
var filterFields = []string{"mail", "employeeId", "userPrincipalName", "onPremisesUserPrincipalName"}

const (
	isGuest = 1 << iota
	isEnabled
	isSynced
	isDenied
	isGone
	isFrozen
)

// record is a user in 184 bytes beside its strings; with the indexes by id and
// UPN a million of them take about 270 MB.
type record struct {
	id                                   guid
	upn, mail, employee, onPrem, display string
	external, created                    string  // externalUserState and creationType
	signIn, refresh                      int64   // the stamps that reads show, Unix seconds; 0 for none
	pending                              []write // in the order of time
	writes, refused                      uint32
	lastStatus                           uint16
	flags                                uint8
}

func (r *record) is(flag uint8) bool { return r.flags&flag != 0 }

func (r *record) set(flag uint8, on bool) {
	r.flags &^= flag
	if on {
		r.flags |= flag
	}
}

// field returns a string property; empty is null.
func (r *record) field(name string) string {
	switch name {
	case "id":
		return r.id.String()
	case "userPrincipalName":
		return r.upn
	case "mail":
		return r.mail
	case "employeeId":
		return r.employee
	case "onPremisesUserPrincipalName":
		return r.onPrem
	case "displayName":
		return r.display
	case "externalUserState":
		return r.external
	case "creationType":
		return r.created
	case "userType":
		if r.is(isGuest) {
			return "Guest"
		}
		return "Member"
	}
	return ""
}

// revoke moves stamps to now. Reads show it after the lag.
func (r *record) revoke(now time.Time, lag time.Duration, moves Stamps) {
	r.settle(now, lag)
	r.pending = append(r.pending, write{now.UnixNano(), moves})
	r.settle(now, lag)
}

// settle lets reads see what was written a lag ago.
func (r *record) settle(now time.Time, lag time.Duration) {
	n := 0
	for n < len(r.pending) && r.pending[n].at+int64(lag) <= now.UnixNano() {
		r.signIn, r.refresh = r.pending[n].move(r.signIn, r.refresh)
		n++
	}
	if r.pending = r.pending[n:]; len(r.pending) == 0 {
		r.pending = nil
	}
}

// move gives the stamps after the write.
func (w write) move(signIn, refresh int64) (int64, int64) {
	second := time.Unix(0, w.at).Unix()
	if w.moved&SignInStamp != 0 {
		signIn = second
	}
	if w.moved&RefreshStamp != 0 {
		refresh = second
	}
	return signIn, refresh
}

// stampText is a stamp in a reply; empty for null.
func stampText(second int64) string {
	if second == 0 {
		return ""
	}
	return time.Unix(second, 0).UTC().Format(stampLayout)
}

func (r *record) state(now time.Time, lag time.Duration) UserState {
	r.settle(now, lag)
	s := UserState{
		User: User{
			ID: r.id.String(), UPN: r.upn, Type: r.field("userType"), Enabled: r.is(isEnabled),
			Synced: r.is(isSynced), Mail: r.mail, EmployeeID: r.employee, OnPremUPN: r.onPrem,
			State: r.external, Created: r.created, DisplayName: r.display, Denied: r.is(isDenied), Frozen: r.is(isFrozen),
		},
		Writes: int(r.writes), Refused: int(r.refused), LastStatus: int(r.lastStatus),
		VisibleStamp: stampText(r.signIn),
	}
	signIn, refresh := r.signIn, r.refresh
	for _, w := range r.pending {
		signIn, refresh = w.move(signIn, refresh)
	}
	s.Stamp, s.Refresh = stampTime(signIn), stampTime(refresh)
	return s
}

func stampTime(second int64) time.Time {
	if second == 0 {
		return time.Time{}
	}
	return time.Unix(second, 0).UTC()
}

// appendJSON adds the properties that were selected; without a selection, the
// default set of a v1.0 user, which leaves out the stamp, userType,
// accountEnabled and employeeId (Microsoft Graph documentation, user resource).
func (r *record) appendJSON(b []byte, fields []string, now time.Time, lag time.Duration) []byte {
	if fields == nil {
		b = append(b, `"businessPhones":[],"givenName":null,"jobTitle":null,"mobilePhone":null,"officeLocation":null,"preferredLanguage":null,"surname":null,`...)
		fields = []string{"displayName", "mail", "userPrincipalName", "id"}
	}
	r.settle(now, lag)
	for i, name := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, name...)
		b = append(b, `":`...)
		switch name {
		case "accountEnabled":
			b = strconv.AppendBool(b, r.is(isEnabled))
		case "onPremisesSyncEnabled":
			if r.is(isSynced) {
				b = append(b, "true"...)
			} else {
				b = append(b, "null"...) // never synced is null, not false (user resource)
			}
		case signInStamp:
			b = appendNullable(b, stampText(r.signIn))
		case refreshStamp:
			b = appendNullable(b, stampText(r.refresh))
		default:
			b = appendNullable(b, r.field(name))
		}
	}
	return b
}
