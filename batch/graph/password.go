package graph

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"offboard/batch"
)

// password is a password that nobody is to know. It is made for one item of one call, and
// is nowhere once the call has been answered. Whatever prints it prints words in its place;
// only JSON, which is what leaves, holds it.
type password string

// drawPassword gives 260 random bits. Its letters, digits, "-" and "_" are written alike
// in JSON, URLs and HTML, so that hide finds it wherever a service repeats it. The end
// makes sure of a digit and a second symbol.
func drawPassword() password {
	return password(rand.Text() + "-" + strings.ToLower(rand.Text()) + "_7")
}

// hidden stands for a password, and for a text that repeats one.
const hidden = "(left out: it repeats a new password)"

func (password) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// newPassword replaces the password of a user, and has the user choose another at the
// next sign-in.
func newPassword(_ *Client, it batch.Item) (request, error) {
	at, err := userByID(it)
	p := drawPassword()
	return request{method: "PATCH", url: at, secret: p, body: core.RequestBody{"passwordProfile": map[string]any{
		"forceChangePasswordNextSignIn": true, "password": p,
	}}}, err
}

// showPassword reads when the password was changed last.
func showPassword(c *Client, it batch.Item) (request, error) {
	at, err := userByID(it)
	return c.readUser(at, "id,userPrincipalName,accountEnabled,"+passwordSet, false), err
}

// hintLength is how much of a password a text must repeat to be left out: 40 bits of it.
const hintLength = 8

// told reports whether a text repeats a password, or a good part of one.
func (p password) told(s string) bool {
	s, secret := strings.ToLower(s), strings.ToLower(string(p))
	for i := 0; i+hintLength <= len(secret); i++ {
		if strings.Contains(s, secret[i:i+hintLength]) {
			return true
		}
	}
	return false
}

// hide takes the passwords of a call out of what is said of it: a service may repeat in
// a refusal what it refuses. Errors of signing in are no CallError, and come before there
// is anything to repeat.
func hide(sent []request, replies []batch.Reply, err error) {
	said := func(s string) bool {
		for _, q := range sent {
			if q.secret != "" && q.secret.told(s) {
				return true
			}
		}
		return false
	}
	clean := func(texts ...*string) {
		for _, t := range texts {
			if said(*t) {
				*t = hidden
			}
		}
	}
	for i := range replies {
		r := &replies[i]
		clean(&r.Code, &r.Message, &r.Scope, &r.Info, &r.RequestID)
	}
	if e, ok := errors.AsType[*batch.CallError](err); ok {
		clean(&e.Code, &e.Message, &e.Scope, &e.Info, &e.RequestID)
		if e.Err != nil && said(e.Err.Error()) {
			e.Err = kept(e.Err)
		}
	}
}

// kept is an error without its words: of its causes only how far the call got is left.
func kept(err error) error {
	short := errors.New(hidden)
	for _, how := range []error{batch.ErrNotSent, batch.ErrUnsendable, batch.ErrUnreadable, batch.ErrSignIn, batch.ErrNotGraph} {
		if errors.Is(err, how) {
			short = fmt.Errorf("%w: %w", how, short)
		}
	}
	return short
}

var _ json.Marshaler = password("")

// MarshalJSON gives the password itself.
func (p password) MarshalJSON() ([]byte, error) { return json.Marshal(string(p)) }
