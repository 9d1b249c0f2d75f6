package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"offboard/batch"
)

// selected are the properties that a lookup asks for: what the plan keeps of a user,
// and what a row's other columns are held against. The stamp comes only when
// it is asked for (Microsoft Graph documentation, user resource).
const selected = "id,userPrincipalName,userType,externalUserState,creationType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime,mail,employeeId,onPremisesUserPrincipalName"

// The stamps of a user. revokeSignInSessions resets the first one. Of
// invalidateAllRefreshTokens the documentation says that it resets the second one,
// which only beta has.
const (
	signInStamp  = "signInSessionsValidFromDateTime"
	refreshStamp = "refreshTokensValidFromDateTime"
)

// userBody is a user as an answer has one.
type userBody struct {
	ID      string          `json:"id"`
	UPN     string          `json:"userPrincipalName"`
	Type    string          `json:"userType"`
	Enabled *bool           `json:"accountEnabled"`
	Synced  bool            `json:"onPremisesSyncEnabled"`
	Stamp   time.Time       `json:"signInSessionsValidFromDateTime"`
	Refresh time.Time       `json:"refreshTokensValidFromDateTime"`
	State   json.RawMessage `json:"externalUserState"` // nil when the answer left it out
	Created json.RawMessage `json:"creationType"`

	Mail          string `json:"mail"`
	EmployeeID    string `json:"employeeId"`
	OnPremisesUPN string `json:"onPremisesUserPrincipalName"`

	// What steps are planned by.
	Restricted  bool            `json:"isManagementRestricted"`
	PasswordSet time.Time       `json:"lastPasswordChangeDateTime"`
	Licences    *[]licenceState `json:"licenseAssignmentStates"`
	SAM         string          `json:"onPremisesSamAccountName"`
	Domain      string          `json:"onPremisesDomainName"`
}

// user is what the answer says of a user; in beta with the later one of both
// stamps. The later one shows that its property moved, whichever was the later one
// before, so that one time before and one after are enough to keep. What v1.0 says
// of a property that it does not have is not believed.
func (b userBody) user(beta bool) (batch.User, error) {
	id, err := idOf(b.ID)
	if err != nil {
		return batch.User{}, err
	}
	u := batch.User{
		ID: id, UPN: b.UPN, Type: b.kind(), Synced: b.Synced, Stamp: b.Stamp,
		Enabled: stateOf(b.Enabled) == batch.StateEnabled, Disabled: stateOf(b.Enabled) == batch.StateDisabled,
		Restricted: b.Restricted, PasswordSet: b.PasswordSet,
		Mail: b.Mail, EmployeeID: b.EmployeeID, OnPremisesUPN: b.OnPremisesUPN,
	}
	if b.Synced { // of a user who was synced once both may still be told
		u.SAM, u.Domain = b.SAM, b.Domain
	}
	direct, err := b.direct()
	if err != nil {
		return batch.User{}, err
	}
	if direct != nil {
		told, _ := json.Marshal(direct) // texts and lists of them cannot fail
		u.Licences = string(told)
	}
	switch {
	case !beta:
	case b.Refresh.After(b.Stamp):
		u.Stamp, u.StampOf = b.Refresh, refreshStamp
	case b.Refresh.Equal(b.Stamp):
		u.StampOf = refreshStamp + " and " + signInStamp
	default:
		u.StampOf = signInStamp
	}
	return u, nil
}

// kind is the type of the account. A guest who was not invited signs in here,
// as a member does, and a member who was invited does not (Microsoft Entra
// documentation, properties of a B2B collaboration user). When the answer leaves
// out how a guest came to be, the guest counts as invited: the stricter reading.
func (b userBody) kind() string {
	created := text(b.Created)
	invited := text(b.State) != "" || created == "Invitation" || created == "SelfServiceSignUp" ||
		strings.Contains(strings.ToUpper(b.UPN), "#EXT#")
	switch {
	case b.Type == batch.Guest && !invited && b.State != nil && b.Created != nil:
		return batch.InternalGuest
	case b.Type != batch.Guest && invited:
		return batch.ExternalMember
	}
	return b.Type
}

// readUser reads these properties of the user at that path, in beta with both stamps.
func (c *Client) readUser(at, fields string, beta bool) request {
	return request{method: "GET", url: at + "?$select=" + fields, read: func(body json.RawMessage, r *batch.Reply) error {
		var b userBody
		if err := json.Unmarshal(body, &b); err != nil {
			return fmt.Errorf("the answer for this user cannot be read: %w", err)
		}
		u, err := b.user(beta)
		if err != nil {
			return fmt.Errorf("the answer for this user has %w", err)
		}
		r.User = &u
		return nil
	}}
}

// value is the property that the user was looked up by.
func (b userBody) value(by batch.Key) string {
	switch by {
	case batch.ByMail:
		return b.Mail
	case batch.ByEmployeeID:
		return b.EmployeeID
	}
	return b.OnPremisesUPN
}

// idOf is an object id of an answer in lower case. It goes into the paths of later
// requests, so that anything but a GUID makes the answer unreadable.
func idOf(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("no object id")
	case !batch.IsGUID(s):
		return "", fmt.Errorf("%q for an object id, which is a GUID", s)
	}
	return strings.ToLower(s), nil
}
