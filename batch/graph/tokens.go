package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"offboard/batch"
)

// This file reads access tokens. Nothing is verified: Graph does that.

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
	Issuer   string  `json:"iss"`
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

// checkToken refuses a token that the service would refuse, as far as the token says so.
// Where is the variable that has it.
func checkToken(token, where string, s Service, now time.Time) error {
	is := claimsOf(token)
	if expiry := is.expiry(); !expiry.IsZero() && !now.Before(expiry) {
		return fmt.Errorf("the token in %s expired at %s, and it is %s by this machine's clock; get a new one",
			where, expiry.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if why := s.stranger(is); why != "" {
		return fmt.Errorf("the token in %s %s", where, why)
	}
	return nil
}

// given is a token that a file or a command gives, again whenever one is due.
type given struct {
	from Secret
	at   Service
}

// untold is how long a token is used that does not say when it ends: until Graph refuses it.
const untold = 24 * time.Hour

// GetToken reads the file, or runs the command.
func (g given) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	now := time.Now()
	token, err := g.from.read(ctx)
	if token = strings.TrimSpace(token); err == nil {
		err = checkToken(token, g.from.Variable, g.at, now)
	}
	if err != nil {
		return azcore.AccessToken{}, unready{err}
	}
	until := claimsOf(token).expiry()
	if until.IsZero() {
		until = now.Add(untold)
	}
	return azcore.AccessToken{Token: token, ExpiresOn: until}, nil
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
