package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"offboard/batch"
)

// Authority is where to sign in.
type Authority struct {
	URL    string       // https
	Own    bool         // trusted without asking Microsoft whether it is one of theirs
	Client *http.Client // nil for the usual one
}

// authorityOf gives the authority for a service: host, the value of AZURE_AUTHORITY_HOST, or
// that of its cloud when host is "". One of another cloud is refused, and one on this
// machine is trusted as it is.
func authorityOf(host string, s Service) (Authority, error) {
	is := s.Cloud
	if is.Name == "" {
		is = Global.Cloud
	}
	host = cmp.Or(host, is.authority())
	u, err := url.Parse(host)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return Authority{}, fmt.Errorf("%w: AZURE_AUTHORITY_HOST is no https URL such as %s", batch.ErrSignIn, is.authority())
	}
	to := signingIn(u.Host)
	if len(to) > 0 && s.Cloud.Name != "" && !slices.Contains(is.signIn, u.Host) {
		return Authority{}, fmt.Errorf("%w: AZURE_AUTHORITY_HOST is %s, which signs in to another cloud (%s) than this run is at, %s (%s); unset it, or name its cloud: %s",
			batch.ErrSignIn, host, to[0].Words, s.Root, is.Words, named(to))
	}
	return Authority{URL: strings.TrimRight(host, "/"), Own: loopback(u.Hostname())}, nil
}

// ErrNoTenant: no tenant has the name.
var ErrNoTenant = errors.New("no such tenant")

var (
	domainName    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$`)
	guidSomewhere = regexp.MustCompile(`[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}`)
)

// Tenant gives the id of a tenant named by its id or by one of its domains. A
// domain is looked up in the authority's public OpenID metadata; no token is
// sent. The error is ErrNoTenant, or a *batch.CallError when the authority is in
// trouble.
func (a Authority) Tenant(ctx context.Context, name string) (string, error) {
	if batch.IsGUID(name) {
		return strings.ToLower(name), nil
	}
	if !domainName.MatchString(name) {
		return "", fmt.Errorf("%w: %q is neither a tenant's id, which is a GUID, nor a domain", ErrNoTenant, name)
	}
	hc := a.Client
	if hc == nil {
		hc = http.DefaultClient
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL+"/"+name+"/v2.0/.well-known/openid-configuration", nil)
	if err != nil {
		return "", fmt.Errorf("ask for tenant %s: %w", name, err)
	}
	resp, err := hc.Do(req)
	if err != nil {
		err = byProxy(req.URL.Host, err)
		if bad := barred(req.URL.Host, err); bad != nil {
			return "", fmt.Errorf("%w: %w", batch.ErrSignIn, fromTheFirst(bad))
		}
		return "", signInTrouble(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	title, page := webPage(resp, body)
	var found struct {
		Issuer string `json:"issuer"`
	}
	switch {
	case err != nil:
		return "", signInTrouble(err)
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		e := &batch.CallError{Err: fmt.Errorf("%w: HTTP %d from %s", batch.ErrNoToken, resp.StatusCode, req.URL.Host)}
		e.RetryAfter = metaOf(resp).retryAfter
		return "", e
	case resp.StatusCode < 300 && page:
		return "", fmt.Errorf("%w: %w", batch.ErrSignIn, pageBetween(req.URL.Host, title))
	case resp.StatusCode > 299:
		return "", fmt.Errorf("%w: no tenant of %s has the domain %s (HTTP %d)", ErrNoTenant, req.URL.Host, name, resp.StatusCode)
	case json.Unmarshal(body, &found) != nil, guidSomewhere.FindString(found.Issuer) == "":
		return "", fmt.Errorf("%w: %s does not say which tenant has the domain %s; name the tenant by its id", ErrNoTenant, req.URL.Host, name)
	}
	return strings.ToLower(guidSomewhere.FindString(found.Issuer)), nil
}
