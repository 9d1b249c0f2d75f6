package graph

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	abstractions "github.com/microsoft/kiota-abstractions-go"

	"offboard/batch"
)

// Auth hands out access tokens. It keeps a token until it is due; one call
// then renews it, and the others go on with the one that is still good. A token
// that Graph refused before its time is never handed out again, and neither is
// one of another bearer than the first.
type Auth struct {
	Stop <-chan struct{} // closed: a sign-in under way is given up; nil for never

	scope string
	sign  SignIn // nil for a fixed token
	fixed string

	mu       sync.Mutex // never held during a sign-in
	cred     azcore.TokenCredential
	token    string        // "" while there is none
	due      time.Time     // when the token is to be renewed
	until    time.Time     // when it is good no more
	renewing chan struct{} // closed when the sign-in under way is over; nil while there is none
	failed   error         // of the last sign-in
	again    time.Time     // nobody signs in before
	claims   string        // what its refusal asked for, until it is answered
	refused  int           // tokens that Graph refused
	first    *Identity     // of the first token
	strikes  int           // calls in a row that were refused as a whole, of a fixed token
}

// NewAuth signs in by credentials that sign makes, for the Graph at root. They
// are made anew after a refusal, since their cache would hand out the refused token.
func NewAuth(root string, sign SignIn) *Auth {
	return &Auth{scope: audience(root) + "/.default", sign: sign}
}

// FixedToken uses a token from elsewhere, which cannot be renewed. Blanks around
// it are taken off.
func FixedToken(token string) *Auth { return &Auth{fixed: strings.TrimSpace(token)} }

// AuthenticateRequest implements the SDK's AuthenticationProvider.
func (a *Auth) AuthenticateRequest(ctx context.Context, request *abstractions.RequestInformation, _ map[string]any) error {
	token, err := a.Token(ctx)
	if err != nil {
		return err
	}
	request.Headers.Add("Authorization", "Bearer "+token)
	return nil
}

// Token gives a token that is good for some seconds at least. An error is
// ErrSignIn, or ErrNotSent when the sign-in service is in trouble, ctx ends or
// Stop is closed.
func (a *Auth) Token(ctx context.Context) (string, error) {
	if a.sign == nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.fixed, cmp.Or(a.failed, wellFormed(a.fixed))
	}
	for {
		a.mu.Lock()
		now := time.Now()
		good := a.token != "" && now.Before(a.until)
		switch {
		case good && (now.Before(a.due) || now.Before(a.again) || a.renewing != nil):
			defer a.mu.Unlock()
			return a.token, nil
		case a.renewing == nil && a.failed != nil && now.Before(a.again):
			defer a.mu.Unlock()
			return "", a.failed
		case a.renewing == nil:
			a.renewing = make(chan struct{})
			a.mu.Unlock()
			return a.renew(ctx)
		}
		over := a.renewing
		a.mu.Unlock()
		select {
		case <-over:
		case <-ctx.Done():
			return "", signInTrouble(context.Cause(ctx))
		case <-a.Stop:
			return "", signInTrouble(batch.ErrStopped)
		}
	}
}

// renew signs in, for all who wait. After a failure the token that is still good
// is used on.
func (a *Auth) renew(ctx context.Context) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer func() { close(a.renewing); a.renewing = nil }()
	refused := a.refused
	token, cred, err := a.signIn(ctx)
	for err == nil && a.refused != refused { // meanwhile: the cache may have brought the same, and the claims are not answered
		refused = a.refused
		token, cred, err = a.signIn(ctx)
	}
	now := time.Now()
	if err == nil {
		a.cred = cred
		if err = a.take(now, token); err == nil {
			return a.token, nil
		}
	}
	gaveUp := ctx.Err() != nil || errors.Is(err, batch.ErrStopped)
	switch {
	case errors.Is(err, errBecame):
		a.token, a.failed, a.again = "", err, now.Add(100*365*24*time.Hour)
	case a.token != "" && now.Before(a.until):
		a.again = now.Add(renewEvery)
		return a.token, nil
	case !gaveUp: // the next one who needs a token tries for itself
		a.failed, a.again = err, now.Add(retryPause(err))
	}
	return "", err
}

// How long the sign-in service is left alone: after a failure with a good token
// in hand, after one without, and how long it may take to answer.
const (
	renewEvery    = 30 * time.Second
	signInPause   = time.Second
	signInTimeout = 30 * time.Second
)

// retryPause is how long to wait after a failed sign-in: as the service says.
func retryPause(err error) time.Duration {
	if e, ok := errors.AsType[*batch.CallError](err); ok {
		return min(max(signInPause, e.RetryAfter), 5*time.Minute)
	}
	return signInPause
}

// take keeps a token, if it is of the first one's bearer.
func (a *Auth) take(now time.Time, t azcore.AccessToken) error {
	token := strings.TrimSpace(t.Token)
	if err := wellFormed(token); err != nil {
		return err
	}
	id := identify(token)
	if a.first == nil {
		a.first = &id
	} else if !a.first.Equal(id) {
		return became(*a.first, id)
	}
	life := t.ExpiresOn.Sub(now)
	if life <= 0 { // by this machine's clock, which may be off; Graph decides
		life = time.Minute
	}
	a.again = time.Time{}
	if token == a.token { // not renewed yet: the service has a margin of its own
		a.again = now.Add(min(renewEvery, life/10))
	}
	a.token, a.failed, a.claims = token, nil, ""
	a.until = now.Add(life - min(30*time.Second, life/10))
	a.due = now.Add(life - min(5*time.Minute, life/5))
	if r := t.RefreshOn; !r.IsZero() && r.Before(a.due) {
		a.due = r
	}
	return nil
}

// signIn asks for a token, and lets go of the lock meanwhile. It ends when ctx does,
// when Stop is closed, or after signInTimeout.
func (a *Auth) signIn(ctx context.Context) (azcore.AccessToken, azcore.TokenCredential, error) {
	cred, claims, before := a.cred, a.claims, a.first != nil
	a.mu.Unlock()
	defer a.mu.Lock()
	if cred == nil {
		var err error
		if cred, err = a.sign(); err != nil {
			return azcore.AccessToken{}, nil, fmt.Errorf("%w: %w", batch.ErrSignIn, err)
		}
	}
	var met trouble
	cctx, cancel := context.WithCancelCause(context.WithValue(ctx, troubleKey{}, &met))
	timeout := time.AfterFunc(signInTimeout, func() {
		cancel(fmt.Errorf("the sign-in service gave no answer within %v", signInTimeout))
	})
	defer timeout.Stop()
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-a.Stop:
			cancel(batch.ErrStopped)
		case <-cctx.Done():
		}
	})
	token, err := cred.GetToken(cctx, policy.TokenRequestOptions{Scopes: []string{a.scope}, Claims: claims})
	cause := context.Cause(cctx)
	cancel(nil)
	watch.Wait()
	switch {
	case err == nil:
		return token, cred, nil
	case cause != nil:
		return token, cred, signInTrouble(cause)
	}
	return token, cred, judgeSignIn(err, &met, before)
}

// refuse makes the next token a new one, unless that happened already. A fixed token
// stays: it may be refused for one user of a call alone.
func (a *Auth) refuse(token, claims string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if token != a.token {
		return
	}
	a.token, a.claims, a.cred, a.again = "", claims, nil, time.Time{}
	a.refused++
}

// fixedStrikes is how many calls in a row, refused as a whole, take a fixed token out
// of use. One such refusal may be a backend's mistake; there is no other token to try.
const fixedStrikes = 2

// answered tells of a call that Graph took, or refused as a whole for its token: nil
// for the first.
func (a *Auth) answered(why *batch.CallError) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.strikes++; why == nil {
		a.strikes = 0
	}
	if a.sign == nil && a.strikes >= fixedStrikes {
		a.failed = fmt.Errorf("%w: Graph refuses the token in %s: %w; it may have expired, and cannot be renewed: get a new one", batch.ErrSignIn, accessToken, why)
	}
}

// Identity signs in and reads the token.
func (a *Auth) Identity(ctx context.Context) (Identity, error) {
	token, err := a.Token(ctx)
	if err != nil {
		return Identity{}, err
	}
	return identify(token), nil
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
		said := resp.Header.Get("WWW-Authenticate")
		c.auth.refuse(bearer(req), challenge(said))
		resp.Header.Set(challengeHeader, said)
		resp.Header.Del("WWW-Authenticate")
	}
	return resp, err
}

// challengeHeader is where a challenge stands that was taken off.
const challengeHeader = "X-Offboard-Challenge"

var errorParameters = regexp.MustCompile(`(?i)\berror(_?description)?="([^"]*)"`)

// refusedToken says why a token was refused, for an answer whose body does not.
func refusedToken(challenge string) (code, message string) {
	for _, m := range errorParameters.FindAllStringSubmatch(challenge, -1) {
		if m[1] == "" {
			code = m[2]
		} else {
			message = m[2]
		}
	}
	return code, message
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
