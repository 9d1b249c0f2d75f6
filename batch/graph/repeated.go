package graph

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"offboard/batch"
	"offboard/batch/trace"
)

// A service, or a gateway before it, may repeat in its words what it was sent. What is said of a
// call has neither the token of the call nor, of a sign-in, its secrets.

// shortSecret is how many bytes a secret has at least that is looked for: a shorter one is in many words.
const shortSecret = 6

// without is a text without these secrets, and without what looks like one.
func without(text string, secrets ...string) string {
	var long []string
	for _, s := range secrets {
		if len(s) >= shortSecret {
			long = append(long, s)
		}
	}
	if text == "" {
		return ""
	}
	return trace.Without(text, long...)
}

// unrepeat takes the token of a call out of its replies and its error.
func unrepeat(token string, replies []batch.Reply, err error) {
	clean := func(texts ...*string) {
		for _, t := range texts {
			*t = without(*t, token)
		}
	}
	for i := range replies {
		r := &replies[i]
		clean(&r.Code, &r.Message, &r.Scope, &r.Info, &r.RequestID)
	}
	if e, ok := errors.AsType[*batch.CallError](err); ok {
		clean(&e.Code, &e.Message, &e.Scope, &e.Info, &e.RequestID)
		if e.Err != nil {
			if said := without(e.Err.Error(), token); said != e.Err.Error() {
				e.Err = reworded{said, e.Err}
			}
		}
	}
}

// secretFields are the fields of a sign-in's form that nobody may see.
var secretFields = []string{"client_secret", "client_assertion", "assertion", "password", "refresh_token", "code", "code_verifier", "device_code"}

// formSecrets are the secrets in the form that a request brings. The request that goes on has the body again.
func formSecrets(r *http.Request) (*http.Request, []string, error) {
	if r.Body == nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return r, nil, nil
	}
	body, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil {
		return nil, nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, _ := url.ParseQuery(string(body)) // of one that is odd, what could be read
	var secrets []string
	for _, name := range secretFields {
		secrets = append(secrets, form[name]...)
	}
	return r, secrets, nil
}
