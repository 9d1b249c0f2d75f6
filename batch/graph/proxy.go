package graph

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
)

// This file is about what may stand between this machine and Microsoft: a proxy
// that opens TLS, and a web page in place of an answer.

// untrusted explains a certificate that was not accepted; nil for other errors.
func untrusted(host string, err error) error {
	bad, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(bad.UnverifiedCertificates) == 0 {
		return nil
	}
	issuer := bad.UnverifiedCertificates[0].Issuer.String()
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		return fmt.Errorf("the certificate of %s was issued by %q, which this machine does not trust: something opens TLS on the way, or a root certificate is missing; if it is your organisation's, trust its root on this machine, or set SSL_CERT_FILE to a PEM file that holds it: %w", host, issuer, bad.Err)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return fmt.Errorf("the certificate of %s, issued by %q, has expired or is not valid yet; see that this machine's clock is right: %w", host, issuer, bad.Err)
	}
	return fmt.Errorf("the certificate of %s, issued by %q, is not accepted: %w", host, issuer, bad.Err)
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
