package graph

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"offboard/batch"
)

func readerOf(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

// A certificate of an issuer that nobody here trusts ends the first call, with
// the issuer and what to do; nothing was sent.
func TestUntrustedCertificate(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	client, err := New(Config{Root: srv.URL, Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: Transport(1, nil)})
	if err != nil {
		t.Fatal(err)
	}
	for what, call := range map[string]func() error{
		"batch": func() error {
			_, err := client.Send(t.Context(), batch.Items(batch.Revoke, batch.User{ID: "a"}))
			return err
		},
		"read": func() error { _, err := client.CountUsers(t.Context()); return err },
	} {
		err := call()
		if !errors.Is(err, batch.ErrNotGraph) || !errors.Is(err, batch.ErrNotSent) {
			t.Errorf("%s: got %v", what, err)
		}
		for _, want := range []string{"Acme Co", "--ca-file"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v does not say %s", what, err, want)
			}
		}
	}
	client.everAnswered.Store(true)
	if _, err := client.CountUsers(t.Context()); errors.Is(err, batch.ErrNotGraph) || !errors.Is(err, batch.ErrNotSent) {
		t.Errorf("after Graph was heard: %v", err)
	}
}

// A web page with a 2xx ends a run before Graph was ever heard, and is trouble
// that passes afterwards. One with another status always is.
func TestWebPage(t *testing.T) {
	const page = "\n<!doctype html><html><head><title>\n Sign in to\n Guest WiFi </title></head></html>"
	for _, c := range []struct {
		status int
		heard  bool
		ends   bool
	}{{200, false, true}, {203, false, true}, {200, true, false}, {503, false, false}, {502, true, false}} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
			io.WriteString(w, page)
		}))
		client, err := New(Config{Root: srv.URL, Steps: []batch.Step{batch.Revoke}, Auth: FixedToken("T"), Transport: Transport(1, nil)})
		if err != nil {
			t.Fatal(err)
		}
		client.everAnswered.Store(c.heard)
		_, err = client.Lookup(t.Context(), []batch.User{{ID: "a"}})
		srv.Close()
		if errors.Is(err, batch.ErrNotGraph) != c.ends || err == nil || !strings.Contains(err.Error(), `"Sign in to Guest WiFi"`) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}
