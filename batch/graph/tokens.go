package graph

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

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
