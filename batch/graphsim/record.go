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
	"externalUserState", "creationType", "signInSessionsValidFromDateTime", "mail", "employeeId", "onPremisesUserPrincipalName", "displayName",
}

// filterFields are the properties that $filter may compare.
var filterFields = []string{"mail", "employeeId", "userPrincipalName", "onPremisesUserPrincipalName"}

const (
	isGuest = 1 << iota
	isEnabled
	isSynced
	isDenied
	isGone
	hasStamp
	isFrozen
)

// record is a user in 176 bytes beside its strings; with the indexes by id and
// UPN a million of them take about 260 MB.
type record struct {
	id                                   guid
	upn, mail, employee, onPrem, display string
	external, created                    string  // externalUserState and creationType
	shown                                int64   // the stamp that reads show, Unix seconds
	pending                              []int64 // later writes that reads do not show yet, Unix nanoseconds
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

// revoke moves the stamp to now. Reads show it after the lag.
func (r *record) revoke(now time.Time, lag time.Duration) {
	r.settle(now, lag)
	r.pending = append(r.pending, now.UnixNano())
	r.settle(now, lag)
}

// settle lets reads see what was written a lag ago.
func (r *record) settle(now time.Time, lag time.Duration) {
	n := 0
	for n < len(r.pending) && r.pending[n]+int64(lag) <= now.UnixNano() {
		r.shown = time.Unix(0, r.pending[n]).Unix()
		r.set(hasStamp, true)
		n++
	}
	if r.pending = r.pending[n:]; len(r.pending) == 0 {
		r.pending = nil
	}
}

// visible is the stamp that a read shows; empty for null.
func (r *record) visible(now time.Time, lag time.Duration) string {
	r.settle(now, lag)
	if !r.is(hasStamp) {
		return ""
	}
	return time.Unix(r.shown, 0).UTC().Format(stampLayout)
}

func (r *record) state(now time.Time, lag time.Duration) UserState {
	s := UserState{
		User: User{
			ID: r.id.String(), UPN: r.upn, Type: r.field("userType"), Enabled: r.is(isEnabled),
			Synced: r.is(isSynced), Mail: r.mail, EmployeeID: r.employee, OnPremUPN: r.onPrem,
			State: r.external, Created: r.created, DisplayName: r.display, Denied: r.is(isDenied), Frozen: r.is(isFrozen),
		},
		Writes: int(r.writes), Refused: int(r.refused), LastStatus: int(r.lastStatus),
		VisibleStamp: r.visible(now, lag),
	}
	if n := len(r.pending); n > 0 {
		s.Stamp = time.Unix(r.pending[n-1]/1e9, 0).UTC()
	} else if r.is(hasStamp) {
		s.Stamp = time.Unix(r.shown, 0).UTC()
	}
	return s
}

// appendJSON adds the properties that were selected; without a selection, the
// default set of a v1.0 user, which leaves out the stamp, userType,
// accountEnabled and employeeId (Microsoft Graph documentation, user resource).
func (r *record) appendJSON(b []byte, fields []string, now time.Time, lag time.Duration) []byte {
	if fields == nil {
		b = append(b, `"businessPhones":[],"givenName":null,"jobTitle":null,"mobilePhone":null,"officeLocation":null,"preferredLanguage":null,"surname":null,`...)
		fields = []string{"displayName", "mail", "userPrincipalName", "id"}
	}
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
		case "signInSessionsValidFromDateTime":
			b = appendNullable(b, r.visible(now, lag))
		default:
			b = appendNullable(b, r.field(name))
		}
	}
	return b
}
