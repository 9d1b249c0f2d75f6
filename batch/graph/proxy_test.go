package graph

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
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

// A proxy may say what it was sent. Whatever it says, in any spelling, and wherever in its
// answer, no error has the user or the password.
func TestProxysWordsAreNotTold(t *testing.T) {
	const credentials = "us%40er:Pr0xSEC%2Fx"
	for _, echo := range []string{"us@er:Pr0xSEC/x", credentials, "Pr0xSEC%2fx", "dXNAZXI6UHIweFNFQy94", "us%40er:Pr0xSEC/x&quot;"} {
		for what, answer := range map[string]string{
			"a reason":                 "HTTP/1.1 407 bad credentials for " + echo + "\r\n\r\n",
			"a refusal":                "HTTP/1.1 403 " + echo + "\r\nContent-Length: 0\r\n\r\n",
			"a scheme":                 "HTTP/1.1 407 no\r\nProxy-Authenticate: NTLM " + echo + "\r\n\r\n",
			"a strange scheme":         "HTTP/1.1 407 no\r\nProxy-Authenticate: " + echo + "\r\n\r\n",
			"no HTTP":                  echo + "\r\n\r\n",
			"a status that is none":    "HTTP/1.1 " + echo + "\r\n\r\n",
			"a header that is none":    "HTTP/1.1 200 OK\r\n" + echo + " x\r\n\r\n",
			"an answer before it asks": "HTTP/1.1 500 " + echo + "\r\n\r\n<title>" + echo + "</title>",
		} {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = c.Read(make([]byte, 4096))
					_, _ = io.WriteString(c, answer)
					c.Close()
				}
			}()
			t.Setenv("HTTPS_PROXY", "http://"+credentials+"@"+l.Addr().String())
			at, err := url.Parse("http://" + credentials + "@" + l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			rt := Transport(1, nil)
			rt.(discreet).Proxy = http.ProxyURL(at) // net/http reads the environment once
			req, err := http.NewRequest("GET", "https://graph.example/", nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = rt.RoundTrip(req)
			l.Close()
			if err == nil || strings.Contains(err.Error(), echo) || strings.Contains(err.Error(), "SEC") {
				t.Errorf("%s that repeats %s: %v", what, echo, err)
			}
		}
		resp := &http.Response{Header: http.Header{"Content-Type": {"text/html"}}}
		if title, _ := webPage(resp, []byte("<title>no "+echo+"</title>")); !strings.HasPrefix(title, "no ") || strings.Contains(title, "SEC") || strings.Contains(title, "dXNAZX") {
			t.Errorf("the title of a page that repeats %s is %q", echo, title)
		}
	}
}

// What the process knows of its proxies are their passwords, as they are sent, and no short name.
func TestSecretsOfProxies(t *testing.T) {
	for address, want := range map[string]string{
		"http://administrator:hu%40sh@h:1": "hu@sh administrator:hu@sh administrator",
		"ada:hush@h:1":                     "hush ada:hush",
		"http://h:1":                       "",
		"http://us:hush%zz@h:1":            "",
	} {
		t.Setenv("HTTPS_PROXY", address)
		if got := strings.Join(proxySecrets(), " "); got != want {
			t.Errorf("the secrets of %s are %q, want %q", address, got, want)
		}
	}
}
