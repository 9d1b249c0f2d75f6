package graph

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"offboard/batch"
)

// Identity is what an access token says of its bearer. Nothing is verified:
// Graph does that, and these facts only name a run.
type Identity struct {
	Tenant string // tid
	App    string // appid
	User   string // oid of the user who signed in, in lower case; "" for an app of its own
	UPN    string // of that user; may be empty
	Object string // oid, in lower case: of the user, or of the service principal of an app of its own
	Name   string // app_displayname, which tokens for Graph have
	Roles  string // wids: ids of directory roles held in the whole tenant, those of groups included, with blanks between; may be empty
	Can    string // the permissions that the token names, with blanks between; "" when it names none
}

// String names the bearer in words, without the tenant.
func (i Identity) String() string {
	app := "app " + cmp.Or(i.App, "unknown")
	if i.User == "" {
		return app
	}
	return "user " + cmp.Or(i.UPN, i.User) + " by " + app
}

// Equal reports whether two tokens are of one bearer. A name may change.
func (i Identity) Equal(j Identity) bool {
	return strings.EqualFold(i.Tenant, j.Tenant) && strings.EqualFold(i.App, j.App) && i.User == j.User
}

// identify reads a token. One that cannot be read gives an empty identity:
// tokens are opaque to clients by contract.
func identify(token string) Identity {
	var c struct {
		TID       string `json:"tid"`
		AppID     string `json:"appid"`
		AZP       string `json:"azp"` // of a version 2 token
		OID       string `json:"oid"`
		UPN       string `json:"upn"`
		Unique    string `json:"unique_name"`
		Preferred string `json:"preferred_username"`
		Name      string `json:"app_displayname"`
		Wids      []any  `json:"wids"`
		Scope     string `json:"scp"`
		Roles     []any  `json:"roles"`
		Type      string `json:"idtyp"`
	}
	if json.Unmarshal(payload(token), &c) != nil {
		return Identity{}
	}
	id := Identity{Tenant: c.TID, App: cmp.Or(c.AppID, c.AZP), Name: c.Name, Object: strings.ToLower(c.OID), Roles: words(c.Wids), Can: strings.TrimSpace(c.Scope + " " + words(c.Roles))}
	// An app's own token has an oid too, that of its service principal; only a
	// user's has scopes (Microsoft identity platform, access token claims).
	if c.Scope != "" && c.Type != "app" {
		id.User, id.UPN = id.Object, cmp.Or(c.UPN, c.Unique, c.Preferred)
	}
	return id
}

// words are the texts of a list, with blanks between.
func words(list []any) string { return strings.Trim(fmt.Sprint(list), "[]") }

// errBecame: a later token is of another bearer than the first.
var errBecame = errors.New("the sign-in has become somebody else's")

// became tells of a token whose bearer is not the first one's.
func became(first, now Identity) error {
	return fmt.Errorf("%w: %w: it was %s of tenant %s, and is now %s of tenant %s; nothing was sent with the new token; sign in as before, then go on",
		batch.ErrSignIn, errBecame, first, cmp.Or(first.Tenant, "unknown"), now, cmp.Or(now.Tenant, "unknown"))
}
