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
		case ok && slices.Contains(graphRoots, root):
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
