package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
// that Graph refused before its time is never handed out again. A token of another
// bearer than the first one's is an error.
type Auth struct {
	Stop <-chan struct{} // closed: a sign-in under way is given up; nil for never

	service       Service
	newCredential NewCredential // nil for a fixed token
	fixed         string
	person        bool // may be asked during a sign-in

	mu        sync.Mutex // never held during a sign-in
	cred      azcore.TokenCredential
	token     string        // "" while there is none
	due       time.Time     // when the token is to be renewed
	until     time.Time     // when it is good no more
	renewing  chan struct{} // closed when the sign-in under way is over; nil while there is none
	failed    error         // of the last sign-in
	over      error         // no sign-in will do any more
	last      error         // why the token that is still good is the last one
	notBefore time.Time     // the earliest time of the next sign-in
	claims    string        // what Graph asked for when it refused a token; the next sign-in passes it on
	answered  string        // what the sign-in of this token passed on
	refused   string        // the token that Graph refused last
	refusals  int           // how many tokens Graph has refused
	first     *Identity     // of the first token
	strikes   int           // how many calls in a row Graph refused as a whole for their token
}

// NewAuth makes an Auth for a service. No call is made before the first token is
// asked for. It makes a new credential after Graph refused a token, since the cache of
// the old one would hand out the refused token.
func NewAuth(s Service, newCredential NewCredential) *Auth {
	return &Auth{service: s, newCredential: newCredential}
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
	if a.newCredential == nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.fixed, cmp.Or(a.over, wellFormed(a.fixed))
	}
	for {
		a.mu.Lock()
		now := time.Now()
		good := a.token != "" && now.Before(a.until)
		if !good {
			a.over = cmp.Or(a.over, a.last)
		}
		switch {
		case a.over != nil:
			defer a.mu.Unlock()
			return "", a.over
		case good && (now.Before(a.due) || now.Before(a.notBefore) || a.renewing != nil):
			defer a.mu.Unlock()
			return a.token, nil
		case a.renewing == nil && a.failed != nil && now.Before(a.notBefore):
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
	refusals := a.refusals
	token, cred, err := a.signIn(ctx)
	// Graph may have refused the old token during the sign-in. Then the new one may be the
	// refused one, out of the credential's cache, and it does not answer the claims that
	// came with the refusal. So it is thrown away.
	for err == nil && a.refusals != refusals {
		refusals = a.refusals
		token, cred, err = a.signIn(ctx)
	}
	now := time.Now()
	if err == nil && a.over == nil {
		a.cred = cred
		if err = a.take(now, token); err == nil {
			return a.token, nil
		}
	}
	gaveUp := ctx.Err() != nil || errors.Is(err, batch.ErrStopped)
	final := a.person && errors.Is(err, batch.ErrSignIn) // nobody is asked again after that
	switch {
	case a.over != nil:
		return "", a.over
	case errors.Is(err, errBecame):
		a.token, a.over = "", err
	case a.token != "" && now.Before(a.until):
		if a.notBefore = now.Add(renewEvery); final {
			a.notBefore, a.last = a.until, err
		}
		return a.token, nil
	case final:
		a.over = err
	case !gaveUp: // of a caller that gave up nothing is noted, so that the next one tries for itself
		a.failed, a.notBefore = err, now.Add(retryPause(err))
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

// take keeps a token, if its bearer is that of the first one.
func (a *Auth) take(now time.Time, t azcore.AccessToken) error {
	token := strings.TrimSpace(t.Token)
	if err := wellFormed(token); err != nil {
		return err
	}
	if why := a.service.stranger(claimsOf(token)); why != "" {
		return fmt.Errorf("%w: the token that the sign-in gave %s", batch.ErrSignIn, why)
	}
	if token == a.refused && a.strikes >= fixedStrikes {
		return fmt.Errorf("%w: Graph refuses the token, and the sign-in gives the same one again; it may have expired or been revoked: get a new one, or sign in anew", batch.ErrSignIn)
	}
	id := identify(token)
	if a.first == nil {
		a.first = &id
	} else if !a.first.Equal(id) {
		return became(*a.first, id)
	}
	life := t.ExpiresOn.Sub(now)
	if life <= 0 { // this machine's clock may be wrong, so Graph is to decide
		life = time.Minute
	}
	a.notBefore = time.Time{}
	if token == a.token { // the credential gave the same token: it renews only when its own margin is reached
		a.notBefore = now.Add(min(renewEvery, life/10))
	}
	a.token, a.failed, a.claims, a.answered = token, nil, "", a.claims
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
	cred, claims, hadToken := a.cred, a.claims, a.first != nil
	a.mu.Unlock()
	defer a.mu.Lock()
	if cred == nil {
		var err error
		if cred, err = a.newCredential(); err != nil {
			return azcore.AccessToken{}, nil, fmt.Errorf("%w: %w", batch.ErrSignIn, err)
		}
	}
	var met trouble
	from, within := ctx, signInTimeout
	if a.person { // who may take longer than a call: only what ends everything ends their sign-in
		from, within = context.WithoutCancel(ctx), personTimeout+2*signInTimeout
	}
	cctx, cancel := context.WithCancelCause(context.WithValue(from, troubleKey{}, &met))
	timeout := time.AfterFunc(within, func() {
		cancel(fmt.Errorf("the sign-in service gave no answer within %v", within))
	})
	defer timeout.Stop()
	defer context.AfterFunc(ctx, func() {
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			cancel(context.Cause(ctx))
		}
	})()
	var watch sync.WaitGroup
	watch.Go(func() {
		select {
		case <-a.Stop:
			cancel(batch.ErrStopped)
		case <-cctx.Done():
		}
	})
	token, err := cred.GetToken(cctx, policy.TokenRequestOptions{Scopes: []string{a.service.audience() + "/.default"}, Claims: claims})
	cause := context.Cause(cctx)
	cancel(nil)
	watch.Wait()
	switch {
	case err == nil:
		return token, cred, nil
	case cause != nil:
		return token, cred, signInTrouble(cause)
	}
	return token, cred, judgeSignIn(err, &met, hadToken)
}

// dropToken is called when Graph refused a token, for a whole call or for one user of
// it, and why. The next caller of Token signs in anew, with the claims that Graph asked for. It
// does nothing if the token was dropped already. A fixed token stays, since there is no
// other one and Graph may take it for the next user; see noteAnswer.
func (a *Auth) dropToken(token, claims, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if token != a.token {
		return
	}
	if claims != "" && claims == a.answered {
		a.over = fmt.Errorf("%w: Graph refuses the token of a new sign-in, too, and asks for the same proof again (%s): a policy of the tenant wants what this way to sign in does not give; have an administrator look at the sign-in log, or sign in another way (--auth)", batch.ErrSignIn, why)
	}
	a.token, a.refused, a.claims, a.cred, a.notBefore = "", token, claims, nil, time.Time{}
	a.refusals++
}

// fixedStrikes is how many calls in a row, refused as a whole, take a token out of use that
// is fixed, or that a file, a command or a cache gives again. One such refusal may be a backend's mistake; there is no other token to try.
const fixedStrikes = 2

// noteAnswer counts the calls in a row whose token Graph refused. The refusal is nil for
// a call that Graph accepted, with which the count begins anew.
func (a *Auth) noteAnswer(refusal *batch.CallError) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.strikes++; refusal == nil {
		a.strikes = 0
	}
	if a.newCredential == nil && a.strikes >= fixedStrikes {
		a.over = fmt.Errorf("%w: Graph refuses the token in %s: %w; it may have expired, and cannot be renewed: get a new one", batch.ErrSignIn, envAccessToken, refusal)
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
