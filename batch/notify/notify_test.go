package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text   string
		format Format
		want   Format // "" is an error
	}{
		{"https://hooks.slack.com/services/T0/B0/secret", Auto, Slack},
		{"https://hooks.slack-gov.com/services/T0/B0/secret\n", "", Slack},
		{"https://prod-23.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=secret", Auto, Teams},
		{"https://default0.12.environment.api.powerplatform.com:443/powerautomate/x?sig=secret", Auto, Teams},
		{"https://contoso.webhook.office.com/webhookb2/secret", Auto, Teams},
		{"https://siem.contoso.example/secret", Auto, JSON},
		{"https://hooks.slack.com.evil.example/secret", Auto, JSON},
		{"https://siem.contoso.example/secret", Slack, Slack},
		{"https://hooks.slack.com/secret", JSON, JSON},
		{"http://127.0.0.1:8080/secret", Auto, JSON},
		{"http://[::1]/secret", Auto, JSON},
		{"http://localhost/secret", Auto, JSON},
		{"http://siem.contoso.example/secret", Auto, ""},
		{"http://localhost.evil.example/secret", Auto, ""},
		{"ftp://siem.contoso.example/secret", Auto, ""},
		{"siem.contoso.example/secret", Auto, ""},
		{"https://siem.contoso-ä.example/secret", Auto, ""},
		{"https://siem.xn--contoso--8wa.example/secret", Auto, JSON},
		{"https:secret", Auto, ""},
		{"https:///secret", Auto, ""},
		{"https://a.example/\nhttps://secret.example/", Auto, ""},
		{"", Auto, ""},
	} {
		a, err := Parse(c.text, c.format)
		if (err == nil) != (c.want != "") || a.format != c.want {
			t.Errorf("%q as %q: %q, %v", c.text, c.format, a.format, err)
		}
		if said := fmt.Sprintf("%v %+v %#v %s %v", a, a, a, a, err); strings.Contains(said, "secret.") || strings.Contains(said, "/secret") || strings.Contains(said, "contoso") {
			t.Errorf("%q is told: %s", c.text, said)
		}
	}
}

func TestBody(t *testing.T) {
	run, two, one := "20261127-030432-5aa3", 2, 1
	n := Notice{Event: "finished", Command: "run", Run: &run, Contained: &Contained{1100, 1200}, Exit: 3, Meaning: "finished; some are not done",
		Counts: map[batch.Outcome]int{batch.Verified: 1200, batch.NotFound: 1, batch.Denied: 0}, Success: &two, Failure: &one}
	for format, want := range map[Format]string{
		Slack: `{"text":"offboard run 20261127-030432-5aa3: exit code 3, finished; some are not done\nrows: 1,200 verified, 1 not_found\ncontained: 1,100 of 1,200 users"}`,
		Teams: `{"attachments":[{"content":{"$schema":"http://adaptivecards.io/schemas/adaptive-card.json","body":[` +
			`{"text":"offboard run 20261127-030432-5aa3: exit code 3, finished; some are not done","type":"TextBlock","weight":"bolder","wrap":true},` +
			`{"text":"rows: 1,200 verified, 1 not_found","type":"TextBlock","wrap":true},` +
			`{"text":"contained: 1,100 of 1,200 users","type":"TextBlock","wrap":true}],"type":"AdaptiveCard","version":"1.4"},` +
			`"contentType":"application/vnd.microsoft.card.adaptive","contentUrl":null}],"type":"message"}`,
		JSON: `{"event":"finished","command":"run","run":"20261127-030432-5aa3","dry_run":false,"exit":3,"meaning":"finished; some are not done",` +
			`"counts":{"denied":0,"not_found":1,"verified":1200},"success":2,"neutral":null,"failure":1,"contained":{"users":1100,"of":1200},"tenants":null}`,
	} {
		if got, err := n.body(format); err != nil || string(got) != want {
			t.Errorf("%s, %v: %s", format, err, got)
		}
	}
	if got, _ := (Notice{Command: "apply", Exit: 5, Meaning: "sign-in"}).body(Slack); string(got) != `{"text":"offboard apply: exit code 5, sign-in"}` {
		t.Errorf("of a run that counted nobody: %s", got)
	}
}

// It is tried three times, where another try may help, and takes half a minute at the most.
func TestPost(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []int // 0 is none at all, -1 is an error
		header  string
		calls   int
		says    string // "" is success
	}{
		{"at once", []int{200}, "", 1, ""},
		{"Teams answers 202", []int{202}, "", 1, ""},
		{"the third time", []int{503, -1, 200}, "", 3, ""},
		{"never", []int{500, 502, 503, 200}, "", 3, "HTTP status 503"},
		{"no answer", []int{0, 0, 0, 200}, "", 3, "no answer in time"},
		{"told to wait for long", []int{429, 429, 429, 200}, "3600", 3, "HTTP status 429"},
		{"wrong", []int{404, 200}, "", 1, "HTTP status 404"},
		{"gone", []int{410, 200}, "", 1, "HTTP status 410"},
		{"refused", []int{-1, -1, -1, 200}, "", 3, "dial tcp: lookup the address' host: no such host"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, err := Parse("https://siem.contoso.example/secret", Auto)
				if err != nil {
					t.Fatal(err)
				}
				calls, start := 0, time.Now()
				err = a.Post(t.Context(), roundTripper(func(r *http.Request) (*http.Response, error) {
					status := c.answers[calls]
					calls++
					if body, err := io.ReadAll(r.Body); err != nil || !json.Valid(body) || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
						t.Errorf("%s %s: %s, %v", r.Method, r.Header, body, err)
					}
					switch status {
					case 0:
						<-r.Context().Done()
						return nil, r.Context().Err()
					case -1:
						return nil, errors.New("dial tcp: lookup siem.contoso.example: no such host")
					}
					return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {c.header}}, Body: io.NopCloser(strings.NewReader("/secret"))}, nil
				}), Notice{})
				if took := time.Since(start); took > longest {
					t.Errorf("it took %v", took)
				}
				if calls != c.calls || (err == nil) != (c.says == "") || err != nil && err.Error() != c.says {
					t.Errorf("%d calls, error %v", calls, err)
				}
			})
		})
	}
}

// No error of a call has a part of the address.
func TestErrorsHideTheAddress(t *testing.T) { synctest.Test(t, errorsHideTheAddress) }

func errorsHideTheAddress(t *testing.T) {
	a, err := Parse("https://siem.contoso.example/secret", Auto)
	if err != nil {
		t.Fatal(err)
	}
	at := &net.TCPAddr{IP: net.IPv4(10, 1, 1, 1), Port: 443}
	for says, err := range map[string]error{
		"the address' host: no such host": &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "xn--contoso.example", Server: "10.1.1.1:53"}},
		"connection refused":              &net.OpError{Op: "proxyconnect", Err: &net.OpError{Op: "dial", Net: "tcp", Addr: at, Err: syscall.ECONNREFUSED}},
		"the certificate is for another host": &tls.CertificateVerificationError{
			Err: x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"contoso.example"}}, Host: "siem.contoso.example"}},
	} {
		err := a.Post(t.Context(), roundTripper(func(*http.Request) (*http.Response, error) { return nil, err }), Notice{})
		if err == nil || err.Error() != says {
			t.Errorf("%v, want %s", err, says)
		}
	}
}

// A notice goes to no other host, and a redirect that would lose it is an error.
func TestRedirects(t *testing.T) {
	got := map[string]int{}
	var other string
	there := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if got[r.URL.Path]++; !strings.Contains(string(body), `"event":"finished"`) {
			got["empty"]++
		}
		switch r.URL.Path {
		case "/other":
			http.Redirect(w, r, other+"/stolen", http.StatusTemporaryRedirect)
		case "/here":
			http.Redirect(w, r, "/end", http.StatusPermanentRedirect)
		case "/lost":
			http.Redirect(w, r, "/end", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusPermanentRedirect)
		}
	}
	one, two := httptest.NewServer(http.HandlerFunc(there)), httptest.NewServer(http.HandlerFunc(there))
	defer one.Close()
	defer two.Close()
	other = two.URL
	for path, says := range map[string]string{"/other": "HTTP status 307", "/here": "", "/lost": "HTTP status 302", "/loop": "HTTP status 308"} {
		a, err := Parse(one.URL+path, Auto)
		if err != nil {
			t.Fatal(err)
		}
		err = a.Post(context.Background(), http.DefaultTransport, Notice{Event: "finished"})
		if (err == nil) != (says == "") || err != nil && !strings.HasPrefix(err.Error(), says) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if got["/stolen"] > 0 || got["/end"] != 1 || got["empty"] > 0 || got["/loop"] > 4 {
		t.Errorf("calls: %v", got)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
