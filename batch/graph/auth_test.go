package graph

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// service is a sign-in service: it takes its time, and answers as it is told.
type service struct {
	takes  time.Duration
	answer func(n int, o policy.TokenRequestOptions) (azcore.AccessToken, error)

	mu    sync.Mutex
	asked int
}

func (s *service) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	s.mu.Lock()
	s.asked++
	n := s.asked
	s.mu.Unlock()
	select {
	case <-time.After(s.takes):
		return s.answer(n, o)
	case <-ctx.Done():
		return azcore.AccessToken{}, ctx.Err()
	}
}

func (s *service) auth() *Auth {
	return NewAuth(Global, func() (azcore.TokenCredential, error) { return s, nil })
}

// tokenOf is a readable token, the nth one.
func tokenOf(tenant, app string, n int) string {
	claims := fmt.Sprintf(`{"tid":%q,"appid":%q,"uti":"%d"}`, tenant, app, n)
	return "h." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".s"
}

func hourly(n int, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: tokenOf("t", "a", n), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// A token is used until it is due. One call then renews it, and the others go on
// with the one that is still good.
func TestTokensAreKeptUntilTheyAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{takes: time.Second, answer: hourly}
		auth := s.auth()
		all := func() (slow int) {
			var wg sync.WaitGroup
			var mu sync.Mutex
			for range 50 {
				wg.Go(func() {
					start := time.Now()
					if _, err := auth.Token(t.Context()); err != nil {
						t.Error(err)
					}
					mu.Lock()
					defer mu.Unlock()
					if time.Since(start) > 0 {
						slow++
					}
				})
			}
			wg.Wait()
			return slow
		}
		for range 100 { // 54 minutes
			all()
			time.Sleep(32 * time.Second)
		}
		if s.asked != 1 {
			t.Errorf("signed in %d times within one token's life", s.asked)
		}
		time.Sleep(2 * time.Minute) // 56 minutes: due, and still good
		if slow := all(); slow != 1 || s.asked != 2 {
			t.Errorf("%d calls waited for the renewal, %d sign-ins", slow, s.asked)
		}
		if slow := all(); slow != 0 || s.asked != 2 {
			t.Errorf("after the renewal %d calls waited, %d sign-ins", slow, s.asked)
		}
	})
}

// A renewal that fails costs nothing while the token is good, and the service is
// left alone for a while.
func TestRenewalThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: func(n int, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
			if n > 1 {
				return azcore.AccessToken{}, later{errors.New("down")}
			}
			return hourly(n, o)
		}}
		auth := s.auth()
		for range 59 {
			for range 20 {
				if _, err := auth.Token(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Minute)
		}
		if s.asked < 2 || s.asked > 12 {
			t.Errorf("asked %d times", s.asked)
		}
		time.Sleep(time.Minute)
		if _, err := auth.Token(t.Context()); !errors.Is(err, batch.ErrNotSent) || !strings.Contains(err.Error(), "down") {
			t.Errorf("without a good token: %v", err)
		}
	})
}

// A service that hangs is waited for once by all, no longer than a call allows,
// and not at all after a stop.
func TestSignInHeedsItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{takes: 10 * time.Hour, answer: hourly}
		auth := s.auth()
		stop := make(chan struct{})
		auth.Stop = stop
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				if i > 0 {
					ctx = t.Context()
				}
				if _, err := auth.Token(ctx); !errors.Is(err, batch.ErrNotSent) {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took > 5*time.Second+signInTimeout {
			t.Errorf("40 calls waited %v in all", took)
		}
		time.Sleep(time.Minute)
		start = time.Now()
		time.AfterFunc(time.Second, func() { close(stop) })
		if _, err := auth.Token(t.Context()); !errors.Is(err, batch.ErrStopped) || time.Since(start) != time.Second {
			t.Errorf("stopped after %v with %v", time.Since(start), err)
		}
	})
}

// Every token of a process shows the first one's tenant, app and user.
func TestIdentityIsHeld(t *testing.T) {
	for _, c := range []struct {
		name  string
		later string
		ends  bool
	}{
		{"the same", tokenOf("t", "a", 2), false},
		{"another tenant", tokenOf("u", "a", 2), true},
		{"another app", tokenOf("t", "b", 2), true},
		{"nobody known", "opaque", true},
		{"a user", "h." + base64.RawURLEncoding.EncodeToString([]byte(`{"tid":"t","appid":"a","oid":"o","scp":"x"}`)) + ".s", true},
	} {
		s := &service{answer: func(n int, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
			if n == 1 {
				return hourly(n, o)
			}
			return azcore.AccessToken{Token: c.later, ExpiresOn: time.Now().Add(time.Hour)}, nil
		}}
		auth := s.auth()
		first, err := auth.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		auth.dropToken(first, "", "")
		for range 2 {
			token, err := auth.Token(t.Context())
			if c.ends != errors.Is(err, batch.ErrSignIn) || c.ends == (token != "") || c.ends && !strings.Contains(err.Error(), "tenant t") {
				t.Errorf("%s: got token %q, error %v", c.name, token, err)
			}
		}
	}
}

// A claims challenge is answered by one sign-in, and not by every later one.
func TestChallengeIsAnsweredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var claims []string
		s := &service{answer: func(n int, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
			claims = append(claims, o.Claims)
			return hourly(n, o)
		}}
		auth := s.auth()
		first, _ := auth.Token(t.Context())
		for range 20 { // the calls that carried it are all refused
			auth.dropToken(first, `{"x":1}`, "")
			if _, err := auth.Token(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Hour)
		if _, err := auth.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, asks := range []string{`{"x":1}`, `{"x":2}`} { // long after, and for something else
			token, _ := auth.Token(t.Context())
			auth.dropToken(token, asks, "")
			if _, err := auth.Token(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if got := strings.Join(claims, "|"); got != `|{"x":1}||{"x":1}|{"x":2}` {
			t.Errorf("claims of the sign-ins: %q", got)
		}
		token, _ := auth.Token(t.Context())
		auth.dropToken(token, `{"x":2}`, "")
		for range 2 {
			time.Sleep(time.Hour)
			if _, err := auth.Token(t.Context()); !errors.Is(err, batch.ErrSignIn) || !strings.Contains(err.Error(), "asks for the same proof again") || s.asked != 5 {
				t.Errorf("asked for the same at once: %v, after %d sign-ins", err, s.asked)
			}
		}
	})
}

// A sign-in that gives a refused token again, as a file may, ends after two refusals in a row;
// one alone may be a backend's mistake.
func TestSameTokenAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{answer: func(_ int, o policy.TokenRequestOptions) (azcore.AccessToken, error) { return hourly(1, o) }}
		auth := s.auth()
		for i, again := range []bool{true, true, true, false} {
			token, err := auth.Token(t.Context())
			if err != nil {
				t.Fatalf("call %d: %v", i, err)
			}
			auth.dropToken(token, "", "")
			if auth.noteAnswer(&batch.CallError{Status: 401}); i < 2 {
				auth.noteAnswer(nil)
			}
			if _, err = auth.Token(t.Context()); (err == nil) != again || err != nil && (!errors.Is(err, batch.ErrSignIn) || !strings.Contains(err.Error(), "gives the same one again")) {
				t.Errorf("call %d: %v", i, err)
			}
		}
	})
}

// A refusal that comes while the token is renewed holds: the token is not handed out
// again, whatever the credential's cache says, and its claims are answered.
func TestRefusalDuringARenewal(t *testing.T) {
	for name, cached := range map[string]bool{"the cache has the refused token": true, "the renewal brings another": false} {
		synctest.Test(t, func(t *testing.T) {
			var claims []string
			fresh := 0 // credentials made
			s := &service{takes: time.Second}
			s.answer = func(n int, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
				if claims = append(claims, o.Claims); n == 2 && cached {
					n = 1
				}
				return hourly(n, o)
			}
			auth := NewAuth(Global, func() (azcore.TokenCredential, error) { fresh++; return s, nil })
			first, _ := auth.Token(t.Context())
			time.Sleep(56 * time.Minute) // due, and still good
			renewed := make(chan string)
			go func() {
				token, err := auth.Token(t.Context())
				if err != nil {
					t.Error(err)
				}
				renewed <- token
			}()
			time.Sleep(500 * time.Millisecond)
			if token, _ := auth.Token(t.Context()); token != first {
				t.Errorf("%s: the token in hand is not used while it is renewed", name)
			}
			auth.dropToken(first, `{"x":1}`, "")
			if token := <-renewed; token != tokenOf("t", "a", 3) {
				t.Errorf("%s: the renewal gave %q", name, token)
			}
			if token, _ := auth.Token(t.Context()); token != tokenOf("t", "a", 3) {
				t.Errorf("%s: after it came %q", name, token)
			}
			if got := strings.Join(claims, "|"); got != `||{"x":1}` || fresh != 2 {
				t.Errorf("%s: claims of the sign-ins %q, by %d credentials", name, got, fresh)
			}
		})
	}
}

// Blanks around a token are no part of it; one within it ends at once, untold.
func TestMalformedToken(t *testing.T) {
	for _, c := range []struct{ given, want string }{
		{" T\r\n", "T"}, {"T", "T"}, {"TO\nKEN", ""}, {"TO KEN", ""}, {"TOKEN\u00e9", ""}, {"  ", ""},
	} {
		token, err := FixedToken(c.given).Token(t.Context())
		if c.want != "" && (err != nil || token != c.want) {
			t.Errorf("%q: got %q, error %v", c.given, token, err)
		}
		if c.want == "" && (!errors.Is(err, batch.ErrSignIn) || strings.Contains(err.Error(), "KEN")) {
			t.Errorf("%q: got error %v", c.given, err)
		}
	}
}

// A user is known by whatever name the token has.
func TestNameOfTheCaller(t *testing.T) {
	for claims, want := range map[string]string{
		`"upn":"a@x","unique_name":"b@x"`: "a@x",
		`"unique_name":"b@x"`:             "b@x",
		`"preferred_username":"c@x"`:      "c@x",
		`"azp":"app"`:                     "",
	} {
		id := identify("h." + base64.RawURLEncoding.EncodeToString([]byte(`{"oid":"O","scp":"x",`+claims+`}`)) + ".s")
		if id.UPN != want || id.User != "o" {
			t.Errorf("%s: got %+v", claims, id)
		}
	}
}

// What the authority says decides whether to wait, and is told without the rest.
func TestAuthorityInTrouble(t *testing.T) {
	tenant := graphsim.New(graphsim.Config{ClientSecret: "right"})
	for _, c := range []struct {
		name   string
		status int
		header string
		body   string
		err    error
		want   error
		says   string
	}{
		{"right", 0, "", "", nil, nil, ""},
		{"wrong secret", 401, "", `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Trace ID: 1\r\nmore"}`, nil, batch.ErrSignIn, "AADSTS7000215: the client secret is wrong; give the value of one of the app's secrets (not its id) in AZURE_CLIENT_SECRET (HTTP 401 from login.example)"},
		{"an unknown code", 400, "", `{"error":"invalid_request","error_description":"AADSTS4711: So it is. Trace ID: 1\r\nmore"}`, nil, batch.ErrSignIn, "AADSTS4711: So it is; https://login.microsoftonline.com/error?code=4711 explains it (HTTP 400"},
		{"no code", 400, "", `{"error":"invalid_client","error_description":"so\nmore"}`, nil, batch.ErrSignIn, "invalid_client: so (HTTP 400"},
		{"a loop", 400, "", `{"error":"invalid_grant","error_description":"AADSTS50196: The server terminated an operation"}`, nil, batch.ErrNotSent, "AADSTS50196: too many sign-ins in a short time"},
		{"the directory is away", 400, "", `{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred."}`, nil, batch.ErrNotSent, "AADSTS90033"},
		{"throttled", 429, "17", `{}`, nil, batch.ErrNotSent, "HTTP 429"},
		{"down", 503, "", `<html><title>Bad</title>`, nil, batch.ErrNotSent, `a web page, title "Bad"`},
		{"unreachable", 0, "", "", errors.New("no route"), batch.ErrNotSent, "no route"},
		{"half an answer", 200, "", `{"access_token":"more"`, nil, batch.ErrNotSent, "json decode error"},
		{"a page", 200, "", `<html><title>Log in</title>`, nil, batch.ErrSignIn, `a web page, title "Log in"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			hc := &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
				if !strings.HasSuffix(r.URL.Path, "/token") || c.status == 0 && c.err == nil {
					return tenant.RoundTrip(r)
				}
				calls++
				if c.err != nil {
					return nil, c.err
				}
				return &http.Response{StatusCode: c.status, Header: http.Header{"Retry-After": {c.header}}, Body: readerOf(c.body), Request: r}, nil
			})}
			auth := NewAuth(Global, secretOf("https://login.example/", tenant.TenantID(), tenant.ClientID(), "right", hc))
			_, err := auth.Token(t.Context())
			if c.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "more") || calls != 1 {
				t.Errorf("after %d calls: %v", calls, err)
			}
			if e, ok := errors.AsType[*batch.CallError](err); c.header != "" && (!ok || e.RetryAfter != 17*time.Second) {
				t.Errorf("got %+v", e)
			}
		})
	}
}
