package graph

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// This file is about what may stand between this machine and Microsoft: a proxy
// that opens TLS, and a web page in place of an answer.

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
		why = "which is not trusted here; the usual reason is a proxy that opens TLS: if it is your organisation's, give the root certificate of its issuer with --ca-file FILE.pem"
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
		title = strings.Join(strings.Fields(html.UnescapeString(string(m[1]))), " ")
	}
	if r := []rune(title); len(r) > 80 {
		title = string(r[:80])
	}
	return title, true
}
