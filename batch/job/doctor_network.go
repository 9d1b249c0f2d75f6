package job

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/graph"
)

// What the doctor looks at between this machine and Microsoft, before any token is sent.

// proxy tells through what calls go.
func (d *doctor) proxy(context.Context) Diagnosis {
	var through []string
	for _, link := range []string{d.at.Root, d.authority.URL} {
		proxy, err := graph.Proxy(link)
		if err != nil {
			return ill(err.Error(), "set it to one, or unset it; NO_PROXY names hosts that need none")
		}
		if at, err := url.Parse(link); err == nil && proxy != "" {
			through = append(through, at.Hostname()+" through "+proxy)
		}
	}
	if len(through) == 0 {
		return well("none: calls go straight to Microsoft")
	}
	return well("calls go to %s (HTTPS_PROXY)", strings.Join(slices.Compact(through), ", and to "))
}

// usualIssuers issue the certificates of Microsoft's own hosts.
var usualIssuers = []string{"Microsoft", "DigiCert"}

// graph calls Microsoft Graph without a token, which it refuses in JSON.
func (d *doctor) graph(ctx context.Context) Diagnosis {
	return d.knock(ctx, d.at.Root, "/v1.0/organization", "Microsoft Graph")
}

// login calls the sign-in service.
func (d *doctor) login(ctx context.Context) Diagnosis {
	return d.knock(ctx, d.authority.URL, "/organizations/v2.0/.well-known/openid-configuration", "the sign-in service")
}

func (d *doctor) knock(ctx context.Context, root, path, what string) Diagnosis {
	at, err := brief(ctx, patience, func(ctx context.Context) (graph.Contact, error) { return graph.Knock(ctx, d.wire, root+path) })
	if d.clock.Graph.IsZero() {
		d.clock = at.Clock
	}
	if err != nil {
		return d.away(root, err)
	}
	host := strings.TrimPrefix(strings.TrimPrefix(root, "https://"), "http://")
	if root == d.at.Root && d.at.Cloud.Name != "" {
		what += " of " + d.at.Cloud.Words
	}
	switch {
	case at.Issuer == "":
		return well("%s answers at %s, without TLS, which a loopback address does not need", what, host)
	case graph.Microsofts(root) && !slices.ContainsFunc(usualIssuers, func(name string) bool { return strings.Contains(at.Issuer, name) }):
		return noted("%s answers at %s by %s; its certificate was issued by %q, which is not Microsoft's usual one: a proxy of your organisation opens TLS on the way, and can read the token", what, host, at.TLS, at.Issuer)
	}
	return well("%s answers at %s by %s; its certificate was issued by %q", what, host, at.TLS, at.Issuer)
}

// away says why a host cannot be used, and what mends that.
func (d *doctor) away(root string, err error) Diagnosis {
	at, _ := url.Parse(root)
	host, port := at.Hostname(), cmp.Or(at.Port(), "443")
	flag := cmp.Or(map[bool]string{true: "AZURE_AUTHORITY_HOST"}[root == d.authority.URL], "--graph-url")
	u, _ := errors.AsType[*graph.Unreached](err)
	invalid, dated := errors.AsType[x509.CertificateInvalidError](err)
	p, barred := errors.AsType[*batch.ProxyError](err)
	switch {
	case barred && p.Status != 0:
		seen, next, _ := strings.Cut(p.Error(), "; ")
		return ill(seen, next)
	case errors.Is(err, graph.ErrNoName):
		return ill(fmt.Sprintf("there is no host %s: %v", host, u), fmt.Sprintf("see that the name is right (%s) and that this machine asks a name server that knows it; where only a proxy gets out, name it in HTTPS_PROXY", flag), d.Pasted("nslookup", host))
	case errors.Is(err, graph.ErrProxy):
		return ill(fmt.Sprintf("the proxy does not let calls to %s through: %v", host, u), "start the proxy, or name the right one in HTTPS_PROXY, with its user and password if it wants them; or go around it with NO_PROXY="+host)
	case errors.Is(err, graph.ErrUntrusted) && dated && invalid.Reason == x509.Expired:
		return ill(u.Error(), "set this machine's clock, if it is wrong", setClock())
	case errors.Is(err, graph.ErrUntrusted):
		return ill(u.Error(), "look at the certificates that are shown; if they are your organisation's, give the root with --ca-file FILE.pem, and else ask who answers in the place of "+host, d.Pasted(append(throughProxy(root), "-connect", host+":"+port, "-servername", host)...))
	case errors.Is(err, graph.ErrPage):
		return ill(fmt.Sprintf("%s answers with what is not Microsoft's: %v; a proxy or a sign-in page stands between", host, u), "open "+root+" in a browser on this machine and sign in to the network, or have the proxy let "+host+" through")
	}
	return ill(fmt.Sprintf("%s cannot be reached: %v", host, err), fmt.Sprintf("let this machine connect to %s, port %s, through the firewall, or name a proxy in HTTPS_PROXY", host, port), d.Pasted("curl", "-v", root))
}

// throughProxy has openssl show certificates by the way that calls to a link go.
func throughProxy(link string) []string {
	words := []string{"openssl", "s_client", "-showcerts"}
	proxy, err := graph.Proxy(link)
	at, wrong := url.Parse(proxy)
	if err != nil || wrong != nil || at.Scheme != "http" { // openssl takes no other one
		return words
	}
	return append(words, "-proxy", net.JoinHostPort(at.Hostname(), cmp.Or(at.Port(), "80")))
}

// time holds this machine's clock against the first host that told the time.
func (d *doctor) time(context.Context) Diagnosis {
	skew := d.clock.Skew()
	switch {
	case d.clock.Graph.IsZero():
		return Diagnosis{State: Unknown, Seen: "no host has told the time"}
	case d.clock.Off():
		way := "ahead of"
		if skew < 0 {
			way, skew = "behind", -skew
		}
		return ill(fmt.Sprintf("this machine's clock is %s %s Microsoft's: tokens and certificates are refused, and proofs are misread", batch.Span(skew), way), "set the clock", setClock())
	}
	return well("this machine's clock and Microsoft's agree")
}

// setClock sets the clock by the network.
func setClock() string {
	switch runtime.GOOS {
	case "windows":
		return "w32tm /resync"
	case "darwin":
		return "sudo sntp -sS time.apple.com"
	}
	return "sudo timedatectl set-ntp true"
}
