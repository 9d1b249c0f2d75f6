package batch

import (
	"cmp"
	"strings"
	"time"
)

// User is one directory object, as far as it is known. Before resolution only
// Seq and what to look it up by are set: ID or UPN, or By and Value.
type User struct {
	Seq        int       `json:"seq"`          // place in the plan, from 1: the Seq of the row that named it
	ID         string    `json:"id,omitempty"` // object id in lower case; "" only in a run without resolution
	UPN        string    `json:"upn,omitempty"`
	Type       string    `json:"type,omitempty"`       // Member, Guest, InternalGuest or ExternalMember; "" when it was not read
	Enabled    bool      `json:"enabled,omitempty"`    // accountEnabled; false when it was not told
	Disabled   bool      `json:"disabled,omitempty"`   // accountEnabled is false, as it was told
	Synced     bool      `json:"synced,omitempty"`     // onPremisesSyncEnabled
	Privileged bool      `json:"privileged,omitempty"` // holds a directory role that makes an administrator; false when it was not read
	Stamp      time.Time `json:"stamp,omitzero"`       // signInSessionsValidFromDateTime, or what StampOf says, when the user was read: in a plan before the run; zero when unset or not read

	// SAM is onPremisesSamAccountName and Domain onPremisesDomainName, by which a synced user
	// is found in the directory on premises. They are read where the steps may leave
	// something to do there: see [FollowedUp].
	SAM    string `json:"sam,omitempty"`
	Domain string `json:"domain,omitempty"`

	// Restricted is isManagementRestricted: only roles of an administrative unit reach the
	// user. A plan file keeps it, for those who approve; the journal does not.
	Restricted bool `json:"restricted,omitempty"`

	By    Key    `json:"by,omitempty"`    // "" means by ID or UPN
	Value string `json:"value,omitempty"` // of the property that By names: before resolution what to look up, after it what the directory has

	// AsOf is the server's Date of the answer that brought the user, which the stamp
	// is held against; zero when it had none. Neither journal nor plan file keeps it.
	AsOf time.Time `json:"-"`

	// What a lookup reads for steps; the plan keeps of it what its targets say.
	PasswordSet time.Time `json:"-"` // lastPasswordChangeDateTime; zero when it was not told
	Licences    string    `json:"-"` // by direct assignment, as a JSON list of [Licence]; "" when they were not told

	// StampOf names the property that the stamp is of, when a lookup read two and gave
	// the later one; both when they are equal, "" when it read only
	// signInSessionsValidFromDateTime. Neither journal nor plan file keeps it.
	StampOf string `json:"-"`

	// What a lookup reads for the claims of a row; "" when the user has none. Neither
	// journal nor plan file keeps it.
	Mail, EmployeeID, OnPremisesUPN string `json:"-"`
}

// Address is what names the user in a request: the object id, or else the UPN.
func (u User) Address() string {
	if u.ID != "" {
		return u.ID
	}
	return u.UPN
}

// Name is what people are told of the user.
func (u User) Name() string { return cmp.Or(u.UPN, u.ID) }

// Key is the Address in lower case, by which users of runs are compared.
func (u User) Key() string { return LowerASCII(u.Address()) }

// ByProperty reports whether the user is still to be looked up by a property
// that need not be its alone. Such a user is never sent; once its ID is known
// it is an ordinary one.
func (u User) ByProperty() bool {
	return u.ID == "" && u.By.Searched()
}

// property is what the user has of what a key means, as far as it was read.
func (u User) property(k Key) string {
	switch k {
	case ByID:
		return u.ID
	case ByUPN:
		return u.UPN
	case ByMail:
		return u.Mail
	case ByEmployeeID:
		return u.EmployeeID
	}
	return u.OnPremisesUPN
}

// names are all the names by which a row could mean the user.
func (u User) names() []Claim {
	var all []Claim
	for _, k := range []Key{ByID, ByUPN, ByMail, ByEmployeeID, ByOnPremisesUPN} {
		if v := u.property(k); v != "" {
			all = append(all, Claim{Key: k, Value: v})
		}
	}
	return all
}

// is reports whether an answer to a question about u is about u. The object id
// decides, and the name where the id is not known.
func (u User) is(seen User) bool {
	if u.ID != "" {
		return LowerASCII(u.ID) == LowerASCII(seen.ID)
	}
	return u.UPN != "" && sameUPN(u.UPN, seen.UPN)
}

// The kinds of accounts, for [User.Type]. The first two are userType as Graph
// has it; the others are users whose userType does not tell where they sign in.
const (
	Member         = "Member"
	Guest          = "Guest" // invited: signs in elsewhere
	InternalGuest  = "Internal guest"
	ExternalMember = "External member"
)

// External reports whether the user signs in at another tenant, where this one
// cannot revoke anything although Graph answers 200 (Microsoft Graph
// documentation, revokeSignInSessions; confirmed by Microsoft in
// microsoft-graph-docs#19012). An #EXT# name counts whatever the type: the
// stricter reading.
func (u User) External() bool {
	return u.Type == Guest || u.Type == ExternalMember || strings.Contains(strings.ToUpper(u.UPN), "#EXT#")
}
