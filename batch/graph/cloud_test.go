package graph

import (
	"errors"
	"net/http"
	"testing"

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
