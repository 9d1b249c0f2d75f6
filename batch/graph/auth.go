package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"

	"offboard/batch"
)

// Auth hands out access tokens. azidentity keeps and renews them; a token that
// Graph refused before its time is never handed out again.
type Auth struct {
	scope string
	sign  SignIn // nil for a fixed token
	fixed string

	mu      sync.Mutex
	cred    azcore.TokenCredential
	refused string // the token that Graph refused last
	claims  string // what its refusal asked for, if anything
}

// NewAuth signs in by credentials that sign makes. They are made anew after a
// refusal, since their cache would hand out the refused token.
func NewAuth(root string, sign SignIn) *Auth {
	return &Auth{scope: root + "/.default", sign: sign}
}

// FixedToken uses a token from elsewhere, which cannot be renewed.
func FixedToken(token string) *Auth { return &Auth{fixed: token} }

// AuthenticateRequest implements the SDK's AuthenticationProvider.
func (a *Auth) AuthenticateRequest(ctx context.Context, request *abstractions.RequestInformation, _ map[string]any) error {
	token, err := a.Token(ctx)
	if err != nil {
		return err
	}
	request.Headers.Add("Authorization", "Bearer "+token)
	return nil
}

// Token gives a token that is good for some minutes. An error is ErrSignIn, or
// ErrNotSent when the sign-in service could not be reached.
func (a *Auth) Token(ctx context.Context) (string, error) {
	if a.sign == nil {
		return a.fixed, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cred == nil {
		cred, err := a.sign()
		if err != nil {
			return "", fmt.Errorf("%w: %w", batch.ErrSignIn, err)
		}
		a.cred = cred
	}
	t, err := a.cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{a.scope}, Claims: a.claims})
	if err != nil {
		if ctx.Err() != nil || unreachable(err) {
			return "", &batch.CallError{Err: fmt.Errorf("%w: sign in: %w", batch.ErrNotSent, err)}
		}
		return "", fmt.Errorf("%w: %w", batch.ErrSignIn, err)
	}
	return t.Token, nil
}

// unreachable tells a sign-in service in trouble from one that says no.
func unreachable(err error) bool {
	failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
	if !ok {
		return false
	}
	r := failed.RawResponse
	return r == nil || r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests
}

// refuse makes the next token a new one, unless that happened already.
func (a *Auth) refuse(token, claims string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if token == a.refused {
		return
	}
	a.refused, a.claims, a.cred = token, claims, nil
}

// challenges watches for 401: it marks the token, and takes the challenge off
// the response, which the SDK would otherwise answer with a call of its own.
type challenges struct {
	next http.RoundTripper
	auth *Auth
}

func (c challenges) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		c.auth.refuse(bearer(req), challenge(resp.Header.Get("WWW-Authenticate")))
		resp.Header.Del("WWW-Authenticate")
	}
	return resp, err
}

// bearer is the token that a request carried.
func bearer(req *http.Request) string {
	return strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
}

var claimsParameter = regexp.MustCompile(`(?i)\bclaims="([^"]*)"`)

// challenge gives the claims that a WWW-Authenticate header asks for, decoded.
func challenge(header string) string {
	m := claimsParameter.FindStringSubmatch(header)
	if m == nil {
		return ""
	}
	b, err := base64.StdEncoding.DecodeString(m[1])
	if err != nil {
		return ""
	}
	return string(b)
}

// Identity is what an access token says of its bearer. Nothing is verified:
// Graph does that, and these facts only name a run.
type Identity struct {
	Tenant string // tid
	App    string // appid
	User   string // oid of the user who signed in, in lower case; "" for an app of its own
	UPN    string // of that user; may be empty
}

// Identity signs in and reads the token. A token that cannot be read gives an
// empty identity: tokens are opaque to clients by contract.
func (a *Auth) Identity(ctx context.Context) (Identity, error) {
	token, err := a.Token(ctx)
	if err != nil {
		return Identity{}, err
	}
	parts := strings.Split(token, ".")
	if len(parts) < 2 {
		return Identity{}, nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return Identity{}, nil
	}
	var c struct {
		TID   string `json:"tid"`
		AppID string `json:"appid"`
		OID   string `json:"oid"`
		UPN   string `json:"upn"`
		Scope string `json:"scp"`
		Type  string `json:"idtyp"`
	}
	if json.Unmarshal(payload, &c) != nil {
		return Identity{}, nil
	}
	id := Identity{Tenant: c.TID, App: c.AppID}
	// An app's own token has an oid too, that of its service principal; only a
	// user's has scopes (Microsoft identity platform, access token claims).
	if c.Scope != "" && c.Type != "app" {
		id.User, id.UPN = strings.ToLower(c.OID), c.UPN
	}
	return id, nil
}
