package graph

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"offboard/batch"
)

// Whatever a service or a gateway does with the token of a call, no reply and no error repeats it.
func TestTokenIsRepeatedNowhere(t *testing.T) {
	const token = "s3cr3t-opaque-token-AbCdEf0123456789"
	header := func(name, value string) http.Header { return http.Header{name: {value}} }
	for name, c := range map[string]struct {
		status int
		header http.Header
		body   string // with T for the token
	}{
		"a refusal of the item": {200, nil, one(403, `{"error":{"code":"T","message":"Insufficient T here"}}`)},
		"a success with error":  {200, nil, one(200, `{"error":{"code":"c","message":"T"}}`)},
		"what Graph never says": {200, nil, one(200, `"T"`)},
		"headers of the item":   {200, nil, `{"responses":[{"id":"1","status":429,"headers":{"x-ms-throttle-scope":"T","x-ms-throttle-information":"T"}}]}`},
		"a refusal of the call": {401, nil, `{"error":{"code":"InvalidAuthenticationToken","message":"bad token Bearer T"}}`},
		"percent-encoded":       {400, nil, `{"error":{"code":"c","message":"` + strings.ReplaceAll(token, "-", "%2D") + `"}}`},
		"a challenge":           {401, header("Www-Authenticate", `Bearer error="T", error_description="T"`), ``},
		"a page":                {403, header("Content-Type", "text/html"), `<html><title>blocked: T</title></html>`},
		"a page for an answer":  {200, header("Content-Type", "text/html"), `<html><title>blocked: T</title></html>`},
		"a redirect":            {302, header("Location", "https://T/"), ``},
	} {
		fill := func(s string) string { return strings.ReplaceAll(s, "T", token) }
		client, err := New(Config{Root: "https://graph.example", Steps: allSteps, Auth: FixedToken(token), Transport: tripper(func(r *http.Request) (*http.Response, error) {
			h := http.Header{}
			for k, v := range c.header {
				h.Set(k, fill(v[0]))
			}
			return &http.Response{StatusCode: c.status, Header: h, Body: io.NopCloser(strings.NewReader(fill(c.body))), Request: r}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		replies, err := client.Send(t.Context(), batch.Items(batch.Disable, batch.User{Seq: 1, ID: ada}))
		texts := []string{fmt.Sprintf("%+v", replies), fmt.Sprint(err)}
		if e, ok := errors.AsType[*batch.CallError](err); ok {
			texts = append(texts, fmt.Sprintf("%+v", *e))
		}
		if err == nil && len(replies) != 1 {
			t.Errorf("%s: %d replies", name, len(replies))
		}
		for _, text := range texts {
			if strings.Contains(text, "AbCdEf") {
				t.Errorf("%s: repeated in %s", name, text)
			}
		}
	}
}

// What the sign-in service says of a secret that it was sent is told without it.
func TestClientSecretIsRepeatedNowhere(t *testing.T) {
	const secret = "plainsecretword+/with=odd&chars99"
	env := ParseEnvironment([]string{"AZURE_TENANT_ID=contoso.example", "AZURE_CLIENT_ID=11111111-0000-4000-8000-000000000002", "AZURE_CLIENT_SECRET=" + secret})
	network := tripper(func(r *http.Request) (*http.Response, error) {
		base := "https://login.example/contoso.example"
		status, text := 200, fmt.Sprintf(`{"authorization_endpoint":"%s/a","token_endpoint":"%s/oauth2/v2.0/token","issuer":"%s"}`, base, base, base)
		if r.Method == http.MethodPost {
			form, err := io.ReadAll(r.Body)
			if err != nil || !strings.Contains(string(form), url.QueryEscape(secret)) {
				t.Errorf("sent %q, error %v", form, err)
			}
			status, text = 401, fmt.Sprintf(`{"error":"invalid_request","error_description":"AADSTS99999: Odd secret '%s' body %s"}`, secret, form)
		}
		return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: readerOf(text), Request: r}, nil
	})
	choice, err := env.Choose(BySecret, Place{Authority: Authority{URL: "https://login.example", Own: true, Client: &http.Client{Transport: network}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = choice.Auth(Global).Token(t.Context())
	if said := fmt.Sprint(err); !strings.Contains(said, "AADSTS99999: Odd secret ") || strings.Contains(said, "plainsecretword") || strings.Contains(said, "chars99") {
		t.Error(said)
	}
}
