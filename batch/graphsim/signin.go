package graphsim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// assertionType is the only client_assertion_type there is (RFC 7523).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// tokenResources are the resources that a token can be asked for (Microsoft Graph
// documentation, "National cloud deployments").
var tokenResources = []string{
	"https://graph.microsoft.com", "https://graph.microsoft.us",
	"https://dod-graph.microsoft.us", "https://microsoftgraph.chinacloudapi.cn",
}

// login serves Entra's side: the endpoints of a tenant, and tokens. Every host name
// is the right one, so that a client may use any authority.
func (t *Tenant) login(r *http.Request, path string, body []byte) *reply {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case rest == "v2.0/.well-known/openid-configuration" && r.Method == http.MethodGet:
		return t.openID(tenant, host)
	case rest == "oauth2/v2.0/token" && r.Method == http.MethodPost:
		return t.grantToken(tenant, body)
	}
	return &reply{status: http.StatusNotFound, header: http.Header{}}
}

// openID names the endpoints under the authority by which it was asked. They
// are https, whatever carried the question: MSAL accepts nothing else.
func (t *Tenant) openID(tenant, host string) *reply {
	if !t.isNamed(tenant) {
		return oauthError(http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '"+tenant+"' not found.")
	}
	base := "https://" + host + "/" + tenant
	return jsonReply(http.StatusOK, map[string]any{
		"token_endpoint":         base + "/oauth2/v2.0/token",
		"authorization_endpoint": base + "/oauth2/v2.0/authorize",
		"issuer":                 "https://" + host + "/" + t.cfg.TenantID + "/v2.0",
	})
}

func (t *Tenant) isNamed(tenant string) bool {
	return strings.EqualFold(tenant, t.cfg.TenantID) || strings.EqualFold(tenant, t.cfg.Domain)
}

// grantToken is the client credentials grant. Codes are those of Microsoft's
// "Microsoft Entra authentication and authorization error codes".
func (t *Tenant) grantToken(tenant string, body []byte) *reply {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return oauthError(http.StatusBadRequest, "invalid_request", 900144, "The request body is malformed.")
	}
	app := strings.ToLower(form.Get("client_id")) // as in the appid claim
	switch {
	case !t.isNamed(tenant):
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
	raw, err := t.issue(app, audience)
	if err != nil {
		return oauthError(http.StatusInternalServerError, "server_error", 90033, err.Error())
	}
	seconds := int(t.cfg.TokenLifetime / time.Second)
	answer := map[string]any{"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": raw}
	if t.cfg.TokenRefresh > 0 {
		answer["refresh_in"] = int(t.cfg.TokenRefresh / time.Second)
	}
	return jsonReply(http.StatusOK, answer)
}

// credential checks the secret or the assertion. The signature of an assertion
// cannot be checked, since the tenant knows no certificates.
func (t *Tenant) credential(form url.Values, app string) *reply {
	secret, assertion := form.Get("client_secret"), form.Get("client_assertion")
	switch {
	case assertion != "":
		if form.Get("client_assertion_type") != assertionType {
			return oauthError(http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'client_assertion_type'.")
		}
		if err := checkAssertion(assertion); err != nil {
			return oauthError(http.StatusUnauthorized, "invalid_client", 50027, "JWT token is invalid or malformed: "+err.Error())
		}
	case secret == "":
		return oauthError(http.StatusUnauthorized, "invalid_client", 7000216, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.")
	case t.cfg.ClientSecret != "" && secret != t.cfg.ClientSecret:
		return oauthError(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '"+app+"'.")
	}
	return nil
}

func checkAssertion(jwt string) error {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return fmt.Errorf("%d parts where 3 are expected", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return fmt.Errorf("decode payload: %w", err)
	}
	var claims struct {
		Exp float64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return fmt.Errorf("parse payload: %w", err)
	}
	if claims.Exp <= float64(time.Now().Unix()) {
		return fmt.Errorf("it has expired")
	}
	return nil
}

// scopeAudience takes "<graph root>/.default" beside the OpenID scopes that
// MSAL always adds.
func scopeAudience(scope string) (string, *reply) {
	for s := range strings.FieldsSeq(scope) {
		root, ok := strings.CutSuffix(s, "/.default")
		switch {
		case ok && slices.Contains(tokenResources, root):
			return root, nil
		case ok:
			return "", oauthError(http.StatusBadRequest, "invalid_resource", 500011, "The resource principal named "+root+" was not found in the tenant.")
		}
	}
	return "", oauthError(http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope "+scope+" is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).")
}

// oauthError is the error object of Entra's token endpoint.
func oauthError(status int, name string, code int, text string) *reply {
	return jsonReply(status, map[string]any{
		"error":             name,
		"error_description": fmt.Sprintf("AADSTS%d: %s", code, text),
		"error_codes":       []int{code},
		"timestamp":         time.Now().UTC().Format("2006-01-02 15:04:05Z"),
	})
}

// jsonReply is an answer outside of Graph's own path.
func jsonReply(status int, v any) *reply {
	return &reply{status: status, header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body: encode(v)}
}
