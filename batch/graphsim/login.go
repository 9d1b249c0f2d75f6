package graphsim

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// assertionType is the only client_assertion_type there is (RFC 7523).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// graphRoots are the resources that a token can be asked for (Microsoft Graph
// documentation, "National cloud deployments").
var graphRoots = []string{
	"https://graph.microsoft.com", "https://graph.microsoft.us",
	"https://dod-graph.microsoft.us", "https://microsoftgraph.chinacloudapi.cn",
}

// login serves Entra's side: discovery and the token endpoint. Every host name
// is the right one, so that a client may use any authority.
func (t *Tenant) login(r *http.Request, path string, body []byte) *reply {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case path == "/common/discovery/instance" && r.Method == http.MethodGet:
		return t.instance(r, host)
	case rest == "v2.0/.well-known/openid-configuration" && r.Method == http.MethodGet:
		return t.openID(tenant, host)
	case rest == "oauth2/v2.0/token" && r.Method == http.MethodPost:
		return t.token(tenant, body)
	}
	return &reply{status: http.StatusNotFound, header: http.Header{}}
}

// instance answers MSAL's question whether an authority is genuine. The answer
// is yes.
func (t *Tenant) instance(r *http.Request, host string) *reply {
	tenant := t.cfg.TenantID
	if u, err := url.Parse(r.URL.Query().Get("authorization_endpoint")); err == nil && u.Host != "" {
		host = u.Host
		tenant, _, _ = strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	}
	return jsonReply(http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": "https://" + host + "/" + tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []any{map[string]any{
			"preferred_network": host, "preferred_cache": host, "aliases": []string{host},
		}},
	})
}

// openID names the endpoints under the authority by which it was asked. They
// are https, whatever carried the question: MSAL accepts nothing else.
func (t *Tenant) openID(tenant, host string) *reply {
	if !t.named(tenant) {
		return oauthError(http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '"+tenant+"' not found.")
	}
	base := "https://" + host + "/" + tenant
	return jsonReply(http.StatusOK, map[string]any{
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"issuer":                                "https://" + host + "/" + t.cfg.TenantID + "/v2.0",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
		"response_types_supported":              []string{"code"},
	})
}

func (t *Tenant) named(tenant string) bool {
	return strings.EqualFold(tenant, t.cfg.TenantID) || strings.EqualFold(tenant, t.cfg.Domain)
}

// token is the client credentials grant. Codes are those of Microsoft's
// "Microsoft Entra authentication and authorization error codes".
func (t *Tenant) token(tenant string, body []byte) *reply {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return oauthError(http.StatusBadRequest, "invalid_request", 900144, "The request body is malformed.")
	}
	app := strings.ToLower(form.Get("client_id")) // as in the appid claim
	switch {
	case !t.named(tenant):
		return oauthError(http.StatusBadRequest, "invalid_request", 90002, "Tenant '"+tenant+"' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.")
	case form.Get("grant_type") != "client_credentials":
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '"+form.Get("grant_type")+"'.")
	case app == "":
		return oauthError(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'client_id'.")
	case !t.anyClient && app != t.cfg.ClientID:
		return oauthError(http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '"+app+"' was not found in the directory '"+t.cfg.Domain+"'.")
	}
	if refused := t.credential(form, app); refused != nil {
		return refused
	}
	audience, refused := scopeAudience(form.Get("scope"))
	if refused != nil {
		return refused
	}
	bearer, err := t.issue(app, audience)
	if err != nil {
		return oauthError(http.StatusInternalServerError, "server_error", 90033, err.Error())
	}
	seconds := int(t.cfg.TokenLifetime / time.Second)
	return jsonReply(http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": bearer,
	})
}
