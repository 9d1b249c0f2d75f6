package notify

import (
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"strings"
	"unicode"
)

// Address is where notices go. It is a secret: anybody who has it can post there. No
// method and no error gives any part of it.
type Address struct {
	at     *url.URL
	format Format
}

// String hides the address.
func (a Address) String() string { return "(a secret)" }

// GoString hides the address.
func (a Address) GoString() string { return a.String() }

// Parse reads an address: https, or http on a loopback host. Format "" or "auto" goes by
// the host.
func Parse(text string, format Format) (Address, error) {
	at, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil || at.Hostname() == "" || at.Opaque != "":
		return Address{}, errors.New("it is no address such as https://HOST/PATH, on one line and nothing else") // err would quote it
	case strings.ContainsFunc(at.Hostname(), func(r rune) bool { return r > unicode.MaxASCII }):
		return Address{}, errors.New("its host is not spelled in ASCII; give the name that begins with xn--") // errors would have that one
	case at.Scheme == "http" && !loopback(at.Hostname()):
		return Address{}, errors.New("it is http, where others could read it; give one with https, or on this machine")
	case at.Scheme != "https" && at.Scheme != "http":
		return Address{}, errors.New("it does not begin with https://")
	}
	if format == "" || format == Auto {
		format = formatOf(strings.ToLower(at.Hostname()))
	}
	return Address{at, format}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// without is what an error of a call says, with the host taken out of it, its names in
// a certificate and its numbers.
func (a Address) without(err error) string {
	if lookup, ok := errors.AsType[*net.DNSError](err); ok {
		return "the address' host: " + lookup.Err
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate is for another host"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the certificate is of an issuer that is not trusted here; --ca-file FILE.pem adds its root"
	}
	for op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil; op, ok = errors.AsType[*net.OpError](err) {
		err = op.Err
	}
	text := err.Error()
	for _, part := range []string{a.at.String(), a.at.Host, a.at.Hostname()} {
		text = strings.ReplaceAll(text, part, "the address' host")
	}
	return text
}
