package graph

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
)

// desk is a sign-in service for people, who answer after a while.
type desk struct {
	mu    sync.Mutex
	said  []string      // to the person
	asked []string      // the claims of each request to a person, after its path
	grant []string      // the grant of each token
	after time.Duration // the person needs that long; 0 is never
	since time.Time
	wrong string // what the service says in place of a token
	odd   string // what it says with HTTP 200; "cut" ends the connection
}

func (d *desk) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	answer := func(status int, body string) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: readerOf(body), Request: r}, nil
	}
	base := "https://login.example/contoso.example"
	switch r.URL.Path {
	case "/contoso.example/v2.0/.well-known/openid-configuration":
		return answer(200, fmt.Sprintf(`{"authorization_endpoint":"%s/oauth2/v2.0/authorize","token_endpoint":"%[1]s/oauth2/v2.0/token","issuer":"%[1]s/v2.0"}`, base))
	case "/contoso.example/oauth2/v2.0/devicecode":
		d.asked, d.since = append(d.asked, "devicecode "+r.Form.Get("claims")), time.Now()
		return answer(200, `{"user_code":"ABC-123","device_code":"hush","verification_uri":"https://microsoft.example/devicelogin","expires_in":900,"interval":5,"message":"m"}`)
	}
	switch {
	case d.wrong != "":
		return answer(400, `{"error":"invalid_grant","error_description":"`+d.wrong+`: x. Trace ID: 1"}`)
	case r.Form.Get("grant_type") == "device_code" && time.Since(d.since) > 15*time.Minute:
		return answer(400, `{"error":"expired_token","error_description":"AADSTS70020: x"}`)
	case r.Form.Get("grant_type") == "device_code" && (d.after == 0 || time.Since(d.since) < d.after):
		return answer(400, `{"error":"authorization_pending","error_description":"AADSTS70016: x"}`)
	}
	switch d.odd {
	case "":
	case "cut":
		return nil, io.EOF
	default:
		return answer(200, d.odd)
	}
	d.grant = append(d.grant, r.Form.Get("grant_type"))
	encoded := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	token := "h." + encoded(fmt.Sprintf(`{"tid":"t","appid":"c","oid":"o","scp":"x","upn":"ada@contoso.example","uti":"%d"}`, len(d.grant))) + ".s"
	id := "h." + encoded(`{"tid":"t","oid":"o","preferred_username":"ada@contoso.example","iss":"`+base+`/v2.0"}`) + ".s"
	return answer(200, fmt.Sprintf(`{"token_type":"Bearer","scope":"https://graph.microsoft.com/.default","expires_in":3600,"access_token":%q,"refresh_token":"hush","id_token":%q,"client_info":%q}`,
		token, id, encoded(`{"uid":"o","utid":"t"}`)))
}

func (d *desk) auth(t *testing.T, way Way) *Auth {
	t.Helper()
	at := Place{Authority: Authority{URL: "https://login.example", Own: true, Client: &http.Client{Transport: d}}, Tenant: "contoso.example", Tell: func(line string) { d.said = append(d.said, line) }}
	c, err := Environment{envClientID: "c"}.Choose(way, at)
	if err != nil {
		t.Fatal(err)
	}
	return c.Auth(Global)
}

// A person with a device code has longer than a call. Their sign-in is renewed without them
// for hours; a refused token asks them once more, with what Graph asks for.
func TestDeviceCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{after: 6 * time.Minute}
		auth := d.auth(t, ByDeviceCode)
		call, cancel := context.WithTimeout(t.Context(), batch.LongestCall)
		defer cancel()
		token, err := auth.Token(call)
		if err != nil || identify(token).UPN != "ada@contoso.example" {
			t.Fatalf("%q, %v", token, err)
		}
		if want := "open https://microsoft.example/devicelogin in any browser, and enter the code ABC-123"; strings.Join(d.said, "|") != want {
			t.Errorf("the person was told %q", d.said)
		}
		for range 5 * 60 {
			time.Sleep(time.Minute)
			if _, err := auth.Token(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(d.grant, " "); got != "device_code refresh_token refresh_token refresh_token refresh_token refresh_token" || len(d.asked) != 1 {
			t.Errorf("grants %q, the person was asked %q", got, d.asked)
		}
		refused, _ := auth.Token(t.Context())
		auth.dropToken(refused, `{"x":1}`, "")
		if token, err := auth.Token(t.Context()); err != nil || token == refused {
			t.Errorf("after a challenge: %v", err)
		}
		if got := strings.Join(d.asked, "|"); got != `devicecode |devicecode {"x":1}` {
			t.Errorf("the person was asked %q", got)
		}
	})
}

// What a person does not do ends the sign-in with words, at the latest after 15 minutes; a
// stop ends it at once.
func TestDeviceCodeInVain(t *testing.T) {
	for _, c := range []struct {
		name  string
		wrong string
		stop  time.Duration
		took  time.Duration
		is    error
		says  string
	}{
		{"nobody", "", 0, personTimeout, batch.ErrSignIn, "no person signed in within 15m0s; do the same again"},
		{"a person who declines", "AADSTS65004", 0, 5 * time.Second, batch.ErrSignIn, "AADSTS65004: the person declined to consent to the app; sign in again"},
		{"a stop", "", time.Minute, time.Minute, batch.ErrStopped, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := &desk{wrong: c.wrong}
			auth := d.auth(t, ByDeviceCode)
			if c.stop > 0 {
				stop := make(chan struct{})
				auth.Stop = stop
				time.AfterFunc(c.stop, func() { close(stop) })
			}
			start := time.Now()
			_, err := auth.Token(t.Context())
			if took := time.Since(start); !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) || took > c.took+10*time.Second || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: %v after %v", c.name, err, took)
			}
		})
	}
}

// An answer that cannot be used, and a connection that ends, are no reason to ask a person
// again: neither while the first token is waited for, nor while one is still good.
func TestPersonIsNotAskedInALoop(t *testing.T) {
	for odd, says := range map[string]string{
		"{}":                   "login.example answered HTTP 200, and this is no answer of a sign-in: ",
		"":                     "",
		"cut":                  "the person's sign-in broke off: the connection to login.example ended before the answer did: EOF; do the same again",
		`{"access_token":"hus`: "look at it with --debug-http FILE",
	} {
		synctest.Test(t, func(t *testing.T) {
			d := &desk{after: time.Minute, odd: odd}
			auth := d.auth(t, ByDeviceCode)
			for range 5 {
				if _, err := auth.Token(t.Context()); says != "" && (!errors.Is(err, batch.ErrSignIn) || !strings.Contains(err.Error(), says) || isA[*batch.CallError](err) || strings.Contains(err.Error(), "hus\"")) {
					t.Errorf("%q: %v", odd, err)
				}
				time.Sleep(10 * time.Second)
			}
			if len(d.asked) != 1 {
				t.Errorf("%q: the person was asked %d times", odd, len(d.asked))
			}
			if odd != "" {
				return
			}
			d.wrong = "AADSTS65004" // from now on: the renewal is refused, and the person declines
			var err error
			for range 120 {
				time.Sleep(time.Minute)
				_, err = auth.Token(t.Context())
			}
			if !errors.Is(err, batch.ErrSignIn) || !strings.Contains(err.Error(), "AADSTS65004") || len(d.asked) != 2 {
				t.Errorf("after a renewal: %v, and the person was asked %d times", err, len(d.asked))
			}
		})
	}
}

// The token service of an app that gives what cannot be used ends the first sign-in with words.
func TestAnswerThatIsNone(t *testing.T) {
	d := &desk{odd: "{}"}
	at := Place{Authority: Authority{URL: "https://login.example", Own: true, Client: &http.Client{Transport: d}}, Tenant: "contoso.example"}
	c, err := Environment{envClientID: "c", envSecret: "hush"}.Choose(Auto, at)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Auth(Global).Token(t.Context())
	if !errors.Is(err, batch.ErrSignIn) || !strings.Contains(err.Error(), "login.example answered HTTP 200") {
		t.Error(err)
	}
	d.odd = "cut"
	_, err = c.Auth(Global).Token(t.Context())
	if !errors.Is(err, batch.ErrNoToken) || !strings.Contains(err.Error(), "the connection to login.example ended") {
		t.Error(err)
	}
}

// A browser is opened at the authority, and what comes back to this machine signs in. Where
// none can be opened that is said at once.
func TestBrowser(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	d := &desk{}
	start := time.Now()
	if _, err := d.auth(t, ByBrowser).Token(t.Context()); !errors.Is(err, batch.ErrSignIn) || !strings.Contains(err.Error(), "none can be opened here") || !strings.Contains(err.Error(), "--auth device-code") || time.Since(start) > 10*time.Second {
		t.Errorf("without a browser: %v after %v", err, time.Since(start))
	}
	opened := filepath.Join(dir, "opened")
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte("#!/bin/sh\nprintf %s \"$1\" > "+opened+".new; /bin/mv "+opened+".new "+opened+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	back := make(chan error, 1)
	go func() {
		for t.Context().Err() == nil {
			text, err := os.ReadFile(opened)
			if err != nil {
				time.Sleep(10 * time.Millisecond)
				continue
			}
			at, err := url.Parse(string(text))
			if err == nil && (at.Host != "login.example" || at.Path != "/contoso.example/oauth2/v2.0/authorize") {
				err = fmt.Errorf("opened %s", text)
			}
			if err == nil {
				_, err = http.PostForm(at.Query().Get("redirect_uri"), url.Values{"code": {"hush"}, "state": at.Query()["state"]})
			}
			back <- err
			return
		}
	}()
	d = &desk{}
	token, err := d.auth(t, ByBrowser).Token(t.Context())
	if err := <-back; err != nil {
		t.Fatal(err)
	}
	if err != nil || identify(token).User != "o" || strings.Join(d.grant, " ") != "authorization_code" || !strings.HasPrefix(strings.Join(d.said, "|"), "a browser opens") {
		t.Errorf("%q, %v; grants %q; told %q", token, err, d.grant, d.said)
	}
}
