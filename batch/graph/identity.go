package graph

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"offboard/batch"
)

// Identity is what an access token says of its bearer. Nothing is verified:
// Graph does that, and these facts only name a run.
type Identity struct {
	Tenant string // tid
	App    string // appid
	User   string // oid of the user who signed in, in lower case; "" for an app of its own
	UPN    string // of that user; may be empty
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
		Scope     string `json:"scp"`
		Roles     []any  `json:"roles"`
		Type      string `json:"idtyp"`
	}
	if json.Unmarshal(payload(token), &c) != nil {
		return Identity{}
	}
	id := Identity{Tenant: c.TID, App: cmp.Or(c.AppID, c.AZP), Can: strings.TrimSpace(c.Scope + " " + strings.Trim(fmt.Sprint(c.Roles), "[]"))}
	// An app's own token has an oid too, that of its service principal; only a
	// user's has scopes (Microsoft identity platform, access token claims).
	if c.Scope != "" && c.Type != "app" {
		id.User, id.UPN = strings.ToLower(c.OID), cmp.Or(c.UPN, c.Unique, c.Preferred)
	}
	return id
}

// payload is the claims of a token in JSON; nil of one that cannot be read.
func payload(token string) []byte {
	parts := strings.Split(token, ".")
	if len(parts) < 2 {
		return nil
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return nil
	}
	return b
}

// claims are what a token says of its use. What it does not say, or what cannot be
// read, is zero.
type claims struct {
	Audience any     `json:"aud"` // a text or a list
	Expires  float64 `json:"exp"` // seconds since 1970
}

func claimsOf(token string) claims {
	var c claims
	if json.Unmarshal(payload(token), &c) != nil {
		return claims{}
	}
	return c
}

// expiry is zero when the token does not say it.
func (c claims) expiry() time.Time {
	if c.Expires == 0 {
		return time.Time{}
	}
	return time.Unix(int64(c.Expires), 0)
}

// graphApp is the id of Microsoft Graph itself, an audience in every cloud.
const graphApp = "00000003-0000-0000-c000-000000000000"

// forGraph reports whether the token is for Microsoft Graph in any cloud, or does not
// say in one word for whom it is.
func (c claims) forGraph() bool {
	audience, said := c.Audience.(string)
	audience = strings.TrimRight(strings.ToLower(audience), "/")
	return !said || audience == graphApp || Microsofts(audience)
}

// wellFormed refuses a token that no header can carry, without telling it.
func wellFormed(token string) error {
	if token == "" {
		return fmt.Errorf("%w: the access token is empty", batch.ErrSignIn)
	}
	for i, r := range token {
		if r <= ' ' || r > '~' {
			return fmt.Errorf("%w: the access token has a character at position %d that no token has (a blank, a line end, or one beyond ASCII); take the token alone, on one line", batch.ErrSignIn, i+1)
		}
	}
	return nil
}

// errBecame: a later token is of another bearer than the first.
var errBecame = errors.New("the sign-in has become somebody else's")

// became tells of a token whose bearer is not the first one's.
func became(first, now Identity) error {
	return fmt.Errorf("%w: %w: it was %s of tenant %s, and is now %s of tenant %s; nothing was sent with the new token; sign in as before, then go on",
		batch.ErrSignIn, errBecame, first, cmp.Or(first.Tenant, "unknown"), now, cmp.Or(now.Tenant, "unknown"))
}
