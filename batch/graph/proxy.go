package graph

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/trace"
)

// This file is about what may stand between this machine and Microsoft: a proxy
// that opens TLS, and a web page in place of an answer.

// ofEnvironment is the proxy that the environment names for a call. net/http goes without a
// proxy where it cannot read the address, or takes it for that of a host "http:". No error
// has any of the address, which may hold a password.
func ofEnvironment(r *http.Request) (*url.URL, error) {
	at, err := http.ProxyFromEnvironment(r)
	address := cmp.Or(os.Getenv("HTTPS_PROXY"), os.Getenv("https_proxy"))
	_, bad := url.Parse(address)
	if _, worse := url.Parse("http://" + address); worse == nil || at != nil || r.URL.Scheme != "https" || loopback(r.URL.Hostname()) {
		bad = nil
	}
	if err != nil || bad != nil || at != nil && (strings.HasSuffix(at.Host, ":") || strings.Contains(at.Path, "@")) {
		return nil, &batch.ProxyError{Status: http.StatusBadRequest, Err: errors.New("the variable HTTPS_PROXY (or https_proxy) holds no address of a proxy such as http://proxy.example:3128; a user and a password in it must be percent-encoded")}
	}
	return at, nil
}

// proxySecrets are the passwords in the addresses of the environment's proxies, with their
// users as a proxy is sent them, and users whose names are long enough to be told from words.
func proxySecrets() (all []string) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		address := os.Getenv(name)
		if !strings.Contains(address, "://") {
			address = "http://" + address
		}
		at, err := url.Parse(address)
		if err != nil || at.User == nil {
			continue
		}
		password, _ := at.User.Password()
		if all = append(all, password, at.User.Username()+":"+password); len(at.User.Username()) >= 6 {
			all = append(all, at.User.Username())
		}
	}
	return all
}

// discreet is a network on which a proxy may repeat what it was sent: no error of a call has
// the user and the password of one.
type discreet struct{ *http.Transport }

func (d discreet) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.Transport.RoundTrip(r)
	if err == nil {
		return resp, nil
	}
	if said := trace.Without(err.Error(), proxySecrets()...); said != err.Error() {
		err = reworded{said, err}
	}
	return nil, err
}

// reworded is an error in other words.
type reworded struct {
	said string
	error
}

func (r reworded) Error() string { return r.said }
func (r reworded) Unwrap() error { return r.error }

// schemeName is a way to give a password that a proxy may ask for. Of others it tells no name.
var schemeName = regexp.MustCompile(`(?i)\b(basic|digest|ntlm|negotiate|kerberos|bearer)\b`)

// admitted is told what a proxy answers when it is asked for a way to a host. Its own words
// are not told: they may be what it was sent.
func admitted(_ context.Context, proxy *url.URL, asked *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	host, status := strings.TrimSuffix(asked.Host, ":443"), strings.TrimSpace(fmt.Sprint(resp.StatusCode, " ", http.StatusText(resp.StatusCode)))
	next := fmt.Sprintf("does not let %s through (HTTP %s); have it allow that host, or name the host in NO_PROXY if it can be reached without a proxy", host, status)
	demands := strings.Join(resp.Header.Values("Proxy-Authenticate"), ", ")
	schemes := cmp.Or(strings.Join(schemeName.FindAllString(demands, -1), ", "), "a scheme of its own")
	switch s := resp.StatusCode; {
	case s == http.StatusProxyAuthRequired && demands != "" && !strings.Contains(strings.ToLower(schemes), "basic"):
		next = fmt.Sprintf("demands a password (HTTP %s) by way of %s, and offboard has Basic alone; have it let %s through without one", status, schemes, host)
	case s == http.StatusProxyAuthRequired && proxy.User != nil:
		next = fmt.Sprintf("does not accept the user and password in HTTPS_PROXY (HTTP %s); correct them there, percent-encoded", status)
	case s == http.StatusProxyAuthRequired:
		next = fmt.Sprintf("demands a password (HTTP %s); put user and password into the variable, HTTPS_PROXY=http://USER:PASSWORD@%s, percent-encoded", status, proxy.Host)
	case s >= 500:
		next = fmt.Sprintf("does not reach %s (HTTP %s)", host, status)
	}
	return &batch.ProxyError{Proxy: proxy.Host, Status: resp.StatusCode, Err: fmt.Errorf("the proxy %s %s", proxy.Host, next)}
}

// byProxy names the proxy in an error of the connection to it.
func byProxy(host string, err error) error {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "proxyconnect" || isA[*batch.ProxyError](err) {
		return err
	}
	proxy := "of the environment"
	if at, _ := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: host}}); at != nil {
		proxy = at.Host
	}
	return &batch.ProxyError{Proxy: proxy, Err: fmt.Errorf("the proxy %s (HTTPS_PROXY) gives no connection; see that it runs there, or unset the variable: %w", proxy, err)}
}

// barred explains an error that waiting does not mend: TLS that is not begun, and a proxy
// that lets nothing through; nil for others.
func barred(host string, err error) error {
	p, through := errors.AsType[*batch.ProxyError](err)
	switch bad := untrusted(host, err); {
	case bad != nil && through && p.Status == 0:
		return untrusted("the proxy "+p.Proxy, err)
	case bad != nil:
		return bad
	case through && p.Status >= 400 && p.Status < 500:
		return p
	}
	return nil
}

// fromTheFirst is what was barred before anything was answered.
func fromTheFirst(bad error) error {
	p, ok := errors.AsType[*batch.ProxyError](bad)
	if !ok {
		return bad
	}
	first := *p
	first.First = true
	return &first
}

// untrusted explains why TLS with a host was not begun; nil for other errors.
func untrusted(host string, err error) error {
	for _, words := range []string{"tls: protocol version not supported", "tls: server selected unsupported protocol version"} {
		if strings.Contains(err.Error(), words) {
			return fmt.Errorf("%s offers no TLS of version 1.2 or later, without which nothing is sent; it is no service of Microsoft's, but an old proxy or gateway on the way: see that it offers TLS 1.2, or lets %s through: %w", host, host, err)
		}
	}
	bad, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(bad.UnverifiedCertificates) == 0 {
		return nil
	}
	shown, now := bad.UnverifiedCertificates[0], time.Now()
	var why string
	switch invalid, _ := errors.AsType[x509.CertificateInvalidError](err); {
	case isA[x509.UnknownAuthorityError](err):
		why = "is not trusted here; the usual reason is a proxy that opens TLS: if that is your organisation's, give the root certificate of its issuer with --ca-file FILE.pem"
	case isA[x509.HostnameError](err):
		why = fmt.Sprintf("is for other hosts: %s; something else answers in the place of %s: see where the name leads (DNS, a proxy, --graph-url)", cmp.Or(strings.Join(shown.DNSNames[:min(3, len(shown.DNSNames))], ", "), shown.Subject.String()), host)
	case isA[x509.CertificateInvalidError](err) && invalid.Reason == x509.Expired && now.Before(shown.NotBefore):
		why = fmt.Sprintf("is not valid before %s, and this machine's clock says %s; see that the clock is right", shown.NotBefore.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case isA[x509.CertificateInvalidError](err) && invalid.Reason == x509.Expired:
		why = fmt.Sprintf("has expired at %s, and this machine's clock says %s; see that the clock is right, and else have the certificate renewed", shown.NotAfter.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	default:
		why = "is not accepted"
	}
	return fmt.Errorf("the certificate of %s, issued by %q, %s: %w", host, shown.Issuer.String(), why, bad.Err)
}

func isA[E error](err error) bool {
	_, is := errors.AsType[E](err)
	return is
}

// pageBetween is a web page where an answer should be.
func pageBetween(host, title string) error {
	return fmt.Errorf("%s answered with a web page, title %q: a proxy or sign-in page stands between; open https://%s in a browser on this machine, or have the proxy let it through", host, title, host)
}

var titleTag = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// webPage tells an HTML page, and gives its title.
func webPage(resp *http.Response, body []byte) (title string, is bool) {
	start := bytes.TrimSpace(body[:min(len(body), 4096)])
	if !strings.Contains(strings.ToLower(resp.Header.Get("Content-Type")), "html") && !bytes.HasPrefix(start, []byte("<")) {
		return "", false
	}
	if m := titleTag.FindSubmatch(body[:min(len(body), 64<<10)]); m != nil {
		title = trace.Without(strings.Join(strings.Fields(html.UnescapeString(string(m[1]))), " "), proxySecrets()...)
		title = without(title, bearer(resp.Request))
	}
	if r := []rune(title); len(r) > 80 {
		title = string(r[:80])
	}
	return title, true
}
