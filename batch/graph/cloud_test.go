package graph

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"offboard/batch"
	"offboard/batch/graphsim"
)

func TestMicrosofts(t *testing.T) {
	for root, want := range map[string]bool{
		"https://graph.microsoft.com":              true,
		"https://dod-graph.microsoft.us":           true,
		"https://microsoftgraph.chinacloudapi.cn":  true,
		"http://graph.microsoft.com":               false,
		"https://graph.microsoft.com:8443":         false,
		"https://graph.microsoft.com/elsewhere":    false,
		"https://graph.microsoft.com.evil.example": false,
		"https://ada@graph.microsoft.com":          false,
		"https://evil.example":                     false,
		"http://127.0.0.1:80":                      false,
		"":                                         false,
	} {
		if Microsofts(root) != want {
			t.Errorf("%s: want %v", root, want)
		}
	}
}

// A cloud and a Graph URL lead to one service, or are refused. The sign-in service is that of
// the cloud, unless the environment names another one of it.
func TestServiceOf(t *testing.T) {
	const gov, here = "https://graph.microsoft.us", "http://127.0.0.1:8080"
	for _, c := range []struct{ cloud, url, host, root, audience, authority, says string }{
		{"", "", "", Global.Root, Global.Root, "https://login.microsoftonline.com", ""},
		{"usgov", "", "", gov, gov, "https://login.microsoftonline.us", ""},
		{"dod", "", "", "https://dod-graph.microsoft.us", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us", ""},
		{"china", "", "", "https://microsoftgraph.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn", ""},
		{"", gov + "/v1.0", "", gov, gov, "https://login.microsoftonline.us", ""},
		{"usgov", gov + "/beta", "", gov, gov, "https://login.microsoftonline.us", ""},
		{"usgov", here, "", here, gov, "https://login.microsoftonline.us", ""},
		{"", here, "", here, Global.Root, "https://login.microsoftonline.com", ""},
		{"", "https://gateway.example", "", "https://gateway.example", "https://gateway.example", "https://login.microsoftonline.com", ""},
		{"", "https://gateway.example", "https://login.microsoftonline.us", "https://gateway.example", "https://gateway.example", "https://login.microsoftonline.us", ""},
		{"china", "", "https://login.partner.microsoftonline.cn/", "https://microsoftgraph.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", "https://login.partner.microsoftonline.cn", ""},
		{"china", "", "https://127.0.0.1:8443", "https://microsoftgraph.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn", "https://127.0.0.1:8443", ""},
		{"mars", "", "", "", "", "", "the clouds are global, usgov, dod, china"},
		{"usgov", "https://dod-graph.microsoft.us", "", "", "", "", "--cloud usgov is https://graph.microsoft.us, and --graph-url leads to https://dod-graph.microsoft.us"},
		{"usgov", "https://gateway.example", "", "", "", "", "leave one of them out"},
		{"", "", "https://login.chinacloudapi.cn", "", "", "", "AZURE_AUTHORITY_HOST is https://login.chinacloudapi.cn, which signs in to another cloud (China, operated by 21Vianet) than this run is at, https://graph.microsoft.com (Microsoft's global cloud); unset it, or name its cloud: --cloud china"},
		{"global", "", "https://login.microsoftonline.us", "", "", "", "name its cloud: --cloud usgov or --cloud dod"},
		{"usgov", "", "https://login.microsoftonline.com", "", "", "", "--cloud global"},
		{"usgov", "", "https://sts.windows.net", "", "", "", "another cloud"},
		{"", here, "https://login.chinacloudapi.cn", "", "", "", "--cloud china"},
	} {
		s, err := ServiceOf(c.cloud, c.url)
		var a Authority
		if err == nil {
			a, err = Environment{envAuthority: c.host}.Authority(s)
		}
		switch {
		case c.says != "":
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%+v: error %v", c, err)
			}
		case err != nil || s.Root != c.root || s.audience() != c.audience || a.URL != c.authority:
			t.Errorf("%+v: got %+v, audience %s, authority %s, error %v", c, s, s.audience(), a.URL, err)
		}
	}
}

// A token of another cloud that a credential gives is never handed out.
func TestTokenOfAnotherCloud(t *testing.T) {
	for aud, want := range map[string]string{
		"https://graph.microsoft.us":   "the token that the sign-in gave is for https://graph.microsoft.us (US Government L4, GCC High)",
		"https://management.azure.com": "not for Microsoft Graph",
		Global.Root:                    "",
	} {
		s := &service{answer: func(int, policy.TokenRequestOptions) (azcore.AccessToken, error) {
			jwt := "h." + base64.RawURLEncoding.EncodeToString([]byte(`{"aud":"`+aud+`"}`)) + ".s"
			return azcore.AccessToken{Token: jwt, ExpiresOn: time.Now().Add(time.Hour)}, nil
		}}
		token, err := s.auth().Token(t.Context())
		if want == "" && (err != nil || token == "") || want != "" && (token != "" || !errors.Is(err, batch.ErrSignIn) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: token %q, error %v", aud, token, err)
		}
	}
}

// A domain leads to its tenant's id without any token.
func TestTenantOfADomain(t *testing.T) {
	tenant := graphsim.New(graphsim.Config{Domain: "contoso.example"})
	down := false
	a := Authority{URL: "https://login.example", Client: &http.Client{Transport: tripper(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") != "" {
			t.Error("a token was sent")
		}
		if down {
			return &http.Response{StatusCode: 503, Body: readerOf(""), Request: r}, nil
		}
		return tenant.RoundTrip(r)
	})}}
	for name, want := range map[string]string{
		"contoso.example": tenant.TenantID(), "8F4C2F6E-0000-4000-8000-00000000000f": "8f4c2f6e-0000-4000-8000-00000000000f",
		"contosso.example": "", "contoso": "", "../x.example": "",
	} {
		id, err := a.Tenant(t.Context(), name)
		if id != want || want == "" && !errors.Is(err, ErrNoTenant) {
			t.Errorf("%s: got %q, error %v", name, id, err)
		}
	}
	down = true
	if _, err := a.Tenant(t.Context(), "contoso.example"); !errors.Is(err, batch.ErrNotSent) {
		t.Errorf("an authority that is down: %v", err)
	}
}
