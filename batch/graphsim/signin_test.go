package graphsim

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const scope = "https://graph.microsoft.com/.default openid offline_access profile"

type signIn struct {
	Token     string `json:"access_token"`
	Type      string `json:"token_type"`
	ExpiresIn int    `json:"expires_in"`
	Error     string `json:"error"`
	Text      string `json:"error_description"`
}

func login(t *testing.T, tenant *Tenant, path string, form url.Values) (int, signIn) {
	t.Helper()
	r := request(t, "POST", "https://login.microsoftonline.com"+path, form.Encode())
	r.Header.Del("Authorization")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a, err := do(t, tenant, r)
	if err != nil {
		t.Fatal(err)
	}
	var got signIn
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	return a.status, got
}

func secretForm() url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {"app-1"}, "client_secret": {"s3cret"}, "scope": {scope}}
}

func jwt(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestLogin(t *testing.T) {
	const path = "/" + DefaultTenantID + "/oauth2/v2.0/token"
	fresh := jwt(fmt.Sprintf(`{"exp":%d}`, time.Now().Add(time.Hour).Unix()))
	assertion := func(v url.Values, jwt string) {
		v.Del("client_secret")
		v.Set("client_assertion", jwt)
		v.Set("client_assertion_type", assertionType)
	}
	tests := map[string]struct {
		path   string
		change func(url.Values)
		status int
		text   string
	}{
		"secret":             {path, func(url.Values) {}, 200, ""},
		"by domain":          {"/" + DefaultDomain + "/oauth2/v2.0/token", func(url.Values) {}, 200, ""},
		"app in other case":  {path, func(v url.Values) { v.Set("client_id", "APP-1") }, 200, ""},
		"another cloud":      {path, func(v url.Values) { v.Set("scope", "https://graph.microsoft.us/.default") }, 200, ""},
		"assertion":          {path, func(v url.Values) { assertion(v, fresh) }, 200, ""},
		"wrong tenant":       {"/fabrikam.com/oauth2/v2.0/token", func(url.Values) {}, 400, "AADSTS90002"},
		"common":             {"/common/oauth2/v2.0/token", func(url.Values) {}, 400, "AADSTS90002"},
		"wrong app":          {path, func(v url.Values) { v.Set("client_id", "app-2") }, 400, "AADSTS700016"},
		"no app":             {path, func(v url.Values) { v.Del("client_id") }, 400, "AADSTS900144"},
		"wrong secret":       {path, func(v url.Values) { v.Set("client_secret", "S3cret") }, 401, "AADSTS7000215"},
		"no secret":          {path, func(v url.Values) { v.Del("client_secret") }, 401, "AADSTS7000216"},
		"wrong grant":        {path, func(v url.Values) { v.Set("grant_type", "password") }, 400, "AADSTS70003"},
		"no scope":           {path, func(v url.Values) { v.Del("scope") }, 400, "AADSTS1002012"},
		"delegated scope":    {path, func(v url.Values) { v.Set("scope", "User.Read") }, 400, "AADSTS1002012"},
		"unknown resource":   {path, func(v url.Values) { v.Set("scope", "https://graph.example.com/.default") }, 400, "AADSTS500011"},
		"assertion, no type": {path, func(v url.Values) { assertion(v, fresh); v.Del("client_assertion_type") }, 400, "AADSTS900144"},
		"assertion, no JWT":  {path, func(v url.Values) { assertion(v, "abc") }, 401, "AADSTS50027"},
		"assertion, junk":    {path, func(v url.Values) { assertion(v, "a.%.c") }, 401, "AADSTS50027"},
		"assertion, expired": {path, func(v url.Values) { assertion(v, jwt(`{"exp":1}`)) }, 401, "AADSTS50027"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := newTenant(t, Config{ClientID: "app-1", ClientSecret: "s3cret"})
			form := secretForm()
			tt.change(form)
			status, got := login(t, tenant, tt.path, form)
			if status != tt.status || !strings.HasPrefix(got.Text, tt.text) || (got.Error == "") != (tt.status == 200) {
				t.Fatalf("got %d %+v, want %d %s", status, got, tt.status, tt.text)
			}
			if tenant.Stats().Calls != 0 {
				t.Error("signing in counts as a call to Graph")
			}
			if tt.status != 200 {
				return
			}
			if got.Type != "Bearer" || got.ExpiresIn != 3600 {
				t.Errorf("got %+v", got)
			}
			if s := withToken(t, tenant, got.Token); s != 200 {
				t.Errorf("the token is answered with %d", s)
			}
		})
	}
}

// withToken makes a small call and returns its outer status.
func withToken(t *testing.T, tenant *Tenant, token string) int {
	t.Helper()
	r := request(t, "GET", "https://graph.microsoft.com/v1.0/organization", "")
	r.Header.Set("Authorization", token)
	if !strings.Contains(token, " ") {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := do(t, tenant, r)
	if err != nil {
		t.Fatal(err)
	}
	if a.status == 401 && (errorOf(a.body).Code != "InvalidAuthenticationToken" || a.header.Get("WWW-Authenticate") == "") {
		t.Errorf("401 with %v %s", a.header, a.body)
	}
	return a.status
}

func TestTokenClaims(t *testing.T) {
	tenant := newTenant(t, Config{})
	_, got := login(t, tenant, "/"+DefaultTenantID+"/oauth2/v2.0/token", secretForm())
	parts := strings.Split(got.Token, ".")
	if len(parts) != 3 {
		t.Fatalf("token %q", got.Token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Tid, Appid, Aud, Idtyp, Oid, Scp string
		Exp                              int64
		Roles                            []string
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if claims.Tid != DefaultTenantID || claims.Appid != "app-1" || claims.Aud != "https://graph.microsoft.com" ||
		claims.Exp <= time.Now().Unix() || !slices.Equal(claims.Roles, DefaultRoles()) {
		t.Errorf("claims %s", payload)
	}
	if claims.Idtyp != "app" || claims.Oid == "" || claims.Scp != "" {
		t.Errorf("an app's token has an oid and no scopes: %s", payload)
	}
	if _, again := login(t, tenant, "/"+DefaultTenantID+"/oauth2/v2.0/token", secretForm()); again.Token == got.Token {
		t.Error("a token was issued twice")
	}
}

func TestTokensDie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := newTenant(t, Config{TokenLifetime: 10 * time.Minute})
		_, first := login(t, tenant, "/"+DefaultTenantID+"/oauth2/v2.0/token", secretForm())
		<-time.After(10*time.Minute - 1)
		if s := withToken(t, tenant, first.Token); s != 200 {
			t.Errorf("just before its end: %d", s)
		}
		<-time.After(1)
		if s := withToken(t, tenant, first.Token); s != 401 {
			t.Errorf("at its end: %d", s)
		}

		if err := tenant.SetFaults(Fault{Kind: Expired401, Times: 1}); err != nil {
			t.Fatal(err)
		}
		_, second := login(t, tenant, "/"+DefaultTenantID+"/oauth2/v2.0/token", secretForm())
		_, third := login(t, tenant, "/"+DefaultTenantID+"/oauth2/v2.0/token", secretForm())
		got := []int{withToken(t, tenant, second.Token), withToken(t, tenant, second.Token), withToken(t, tenant, third.Token)}
		if got[0] != 401 || got[1] != 401 || got[2] != 200 {
			t.Errorf("after Expired401: %v", got)
		}
		if s := tenant.Stats(); s.Tokens != 3 || s.Unauthorized != 2 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestUnknownTokens(t *testing.T) {
	tenant := newTenant(t, Config{})
	for _, header := range []string{"Bearer ", "Bearer other", "Basic " + bearer, bearer + " "} {
		if s := withToken(t, tenant, header); s != 401 {
			t.Errorf("%q: %d", header, s)
		}
	}
	if s := withToken(t, tenant, "bearer "+bearer); s != 200 {
		t.Errorf("the scheme regards case: %d", s)
	}
}

func TestAppsAreToldApart(t *testing.T) {
	tenant := newTenant(t, Config{Quotas: []Quota{{AppTenant, Writes, 1, time.Hour, SlidingWindow}}})
	for _, app := range []string{"one", "two"} {
		form := secretForm()
		form.Set("client_id", app)
		_, got := login(t, tenant, "/"+DefaultTenantID+"/oauth2/v2.0/token", form)
		r := request(t, "POST", "https://graph.microsoft.com/v1.0/users/anna@contoso.com/revokeSignInSessions", "")
		r.Header.Set("Authorization", "Bearer "+got.Token)
		if a, err := do(t, tenant, r); err != nil || a.status != 200 {
			t.Errorf("app %s: %d, %v", app, a.status, err)
		}
	}
	form := secretForm()
	form.Set("client_id", "ONE")
	_, got := login(t, tenant, "/"+DefaultTenantID+"/oauth2/v2.0/token", form)
	r := request(t, "POST", "https://graph.microsoft.com/v1.0/users/anna@contoso.com/revokeSignInSessions", "")
	r.Header.Set("Authorization", "Bearer "+got.Token)
	if a, err := do(t, tenant, r); err != nil || a.status != 429 {
		t.Errorf("app ONE is another than one: %d, %v", a.status, err)
	}
	if log := tenant.Log(); log[0].App != "one" || log[1].App != "two" {
		t.Errorf("log %+v", log)
	}
}

func TestDiscovery(t *testing.T) {
	tenant := newTenant(t, Config{})
	fetch := func(url string) map[string]any {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := do(t, tenant, r)
		if err != nil || a.status != 200 {
			t.Fatalf("%s: %d %v", url, a.status, err)
		}
		var got map[string]any
		if err := json.Unmarshal(a.body, &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := fetch("https://login.microsoftonline.us/" + DefaultDomain + "/v2.0/.well-known/openid-configuration")
	if got["token_endpoint"] != "https://login.microsoftonline.us/"+DefaultDomain+"/oauth2/v2.0/token" ||
		got["issuer"] != "https://login.microsoftonline.us/"+DefaultTenantID+"/v2.0" || got["authorization_endpoint"] == nil {
		t.Errorf("got %v", got)
	}
	if a := get(t, tenant, "/fabrikam.com/v2.0/.well-known/openid-configuration"); a.status != 400 {
		t.Errorf("a tenant that is none: %d", a.status)
	}
	if a := get(t, tenant, "/elsewhere"); a.status != 404 {
		t.Errorf("elsewhere: %d", a.status)
	}
}

// Whoever signs in beside a program that runs, its next token is theirs, and the
// log knows; in another tenant nobody is found, and nobody of this one is written.
func TestSignInAs(t *testing.T) {
	const path, other = "/" + DefaultTenantID + "/oauth2/v2.0/token", "8f4c2f6e-0000-4000-8000-00000000000f"
	tests := map[string]struct {
		becomes  Caller
		status   int
		executed bool
	}{
		"another tenant": {Caller{Tenant: other}, 404, false},
		"another app":    {Caller{App: other}, 200, true},
		"another user":   {Caller{User: other}, 200, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tenant := newTenant(t, Config{})
			_, first := login(t, tenant, path, secretForm())
			tenant.SignInAs(tt.becomes)
			_, second := login(t, tenant, path, secretForm())
			send := func(token string) answered {
				r := request(t, "POST", "https://graph.microsoft.com/v1.0/$batch", revokeAll("anna@contoso.com"))
				r.Header.Set("Authorization", "Bearer "+token)
				a, err := do(t, tenant, r)
				if err != nil {
					t.Fatal(err)
				}
				return a
			}
			if a := send(first.Token); a.status != 401 {
				t.Errorf("the first token answers %d", a.status)
			}
			if got := replies(t, send(second.Token))["0"].Status; got != tt.status || user(t, tenant, "anna@contoso.com").Writes == 1 != tt.executed {
				t.Errorf("the second token: %d", got)
			}
			e := tenant.Log()[0]
			want := Caller{Tenant: DefaultTenantID, App: "app-1"}
			want = Caller{cmp.Or(tt.becomes.Tenant, want.Tenant), cmp.Or(tt.becomes.App, want.App), tt.becomes.User}
			if got := (Caller{e.Tenant, e.App, e.SignedIn}); got != want {
				t.Errorf("the log has %+v, want %+v", got, want)
			}
		})
	}
}
