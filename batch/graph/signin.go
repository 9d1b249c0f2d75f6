package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"offboard/batch"
)

// NewCredential makes a credential, which asks for tokens later. It may read files and
// makes no call.
type NewCredential func() (azcore.TokenCredential, error)

// options are those of every credential: no retries of its own, and a transport
// that notes what it meets.
func (a Authority) options() policy.ClientOptions {
	hc := http.Client{}
	if a.Client != nil {
		hc = *a.Client
	}
	if hc.Transport == nil {
		hc.Transport = http.DefaultTransport
	}
	hc.Transport = noting{hc.Transport}
	return policy.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: a.URL},
		Transport: &hc,
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

// trouble is what the transport met during one sign-in. The sign-in library
// tells network errors as text alone.
type trouble struct {
	calls   int
	setup   error    // what waiting does not mend
	err     error    // of the last call; nil when it was answered
	busy    bool     // the last answer says that the service is in trouble
	said    []byte   // the last answer; nil when there was none
	from    string   // the last answer's host, method and status, in words
	secrets []string // that the calls brought
	post    bool     // the last call asked for a token, or for a device code
}

type troubleKey struct{}

// signInTrouble is a sign-in that may go well later.
func signInTrouble(cause error) error {
	return &batch.CallError{Err: fmt.Errorf("%w: %w", batch.ErrNoToken, cause)}
}

// later is an error of a credential that may be gone the next time.
type later struct{ error }

// unready is an error of what a sign-in needs of this machine: a file, a command, an
// endpoint. Once a token was had it may pass.
type unready struct{ error }

// asked is an error of a sign-in that a person had begun. They are not asked again by themselves.
type asked struct{ error }

// judgeSignIn tells a sign-in service in trouble from one that says no. Until a first
// token was had, trouble that waiting does not mend (a bad certificate, a web page, an answer
// that cannot be used) is ErrSignIn; later it may pass.
func judgeSignIn(err error, met *trouble, hadToken bool) error {
	if a, ok := errors.AsType[asked](err); ok {
		err = judgeSignIn(a.error, met, false)
		if e, passes := errors.AsType[*batch.CallError](err); passes {
			err = fmt.Errorf("%w: the person's sign-in broke off: %s; do the same again", batch.ErrSignIn, strings.TrimPrefix(e.Err.Error(), batch.ErrNoToken.Error()+": "))
		}
		return err
	}
	if met.setup != nil && !hadToken {
		return fmt.Errorf("%w: %w", batch.ErrSignIn, fromTheFirst(met.setup))
	}
	if met.err != nil {
		return signInTrouble(met.err)
	}
	if l, ok := errors.AsType[later](err); ok {
		return signInTrouble(l.error)
	}
	if u, ok := errors.AsType[unready](err); ok && hadToken {
		return signInTrouble(u.error)
	}
	failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
	if !ok || failed.RawResponse == nil && met.calls == 0 {
		return fmt.Errorf("%w: %s", batch.ErrSignIn, without(plain(err), met.secrets...))
	}
	r := failed.RawResponse
	if r == nil {
		odd := fmt.Errorf("%s, and this is no answer of a sign-in: %s; something on the way may have changed it: look at it with --debug-http FILE", met.from, without(plain(err), met.secrets...))
		if hadToken || met.busy || cutOff(met.said) {
			return signInTrouble(odd)
		}
		return fmt.Errorf("%w: %w", batch.ErrSignIn, odd)
	}
	said, passes := oauthSaid(r, met.said)
	cause := fmt.Errorf("%s (HTTP %d from %s)", without(said, met.secrets...), r.StatusCode, r.Request.URL.Host)
	if passes || r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests {
		e := &batch.CallError{Err: fmt.Errorf("%w: %w", batch.ErrNoToken, cause)}
		e.RetryAfter = metaOf(r).retryAfter
		return e
	}
	return fmt.Errorf("%w: %w", batch.ErrSignIn, cause)
}

// cutOff reports whether the rest of a JSON text is missing.
func cutOff(body []byte) bool {
	var v any
	bad, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(body, &v))
	return ok && len(body) > 0 && bad.Offset == int64(len(body)) && strings.Contains(bad.Error(), "unexpected end")
}

// plain is what an error of the sign-in library says, without its pages of help and without
// what it quotes of an answer, which may be a token.
func plain(err error) string {
	said, _, _ := strings.Cut(err.Error(), ". To troubleshoot, visit ")
	said, _, _ = strings.Cut(strings.TrimSpace(said), "\n")
	return credentialName.ReplaceAllString(said, "")
}

var credentialName = regexp.MustCompile(`^\w+Credential: (ERROR: )?`)

// oauthSaid gives what the authority said, in one sentence, and whether that may pass.
// Said is the last answer as the transport noted it, since the sign-in library may have read it up.
func oauthSaid(r *http.Response, said []byte) (words string, passes bool) {
	body, err := said, error(nil)
	if body == nil {
		body, err = io.ReadAll(r.Body) // a buffer: the call is over
	}
	var b struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err != nil || json.Unmarshal(body, &b) != nil {
		if title, page := webPage(r, body); page {
			return fmt.Sprintf("a web page, title %q", title), false
		}
		return "no reason given", false
	}
	if words, passes, known := explained(b.Description); known {
		return words, passes || b.Error == "temporarily_unavailable"
	}
	first, _, _ := strings.Cut(b.Description, "\n")
	return strings.TrimSpace(b.Error + ": " + strings.TrimSpace(first)), b.Error == "temporarily_unavailable"
}

// cliCredential asks the Azure CLI, and sorts its words.
type cliCredential struct {
	azcore.TokenCredential
	tenant string // that it is asked for, or ""
}

var errNoCLI = errors.New("the Azure CLI (az) is not installed, or not on PATH; install it, or name another way with --auth")

// noNetwork is how az, a Python program, speaks of a network that is down.
var noNetwork = regexp.MustCompile(`(?i)max retries exceeded|connection ?error|failed to (resolve|establish)|name resolution|getaddrinfo|timed? ?out|connection (refused|reset|aborted)`)

// GetToken runs az.
func (c cliCredential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	t, err := c.TokenCredential.GetToken(ctx, o)
	if err == nil {
		return t, nil
	}
	login, said := "az login", plain(err)
	if c.tenant != "" {
		login += " --tenant " + c.tenant
	}
	words, passes, known := explained(said)
	switch {
	case known && passes:
		return t, later{errors.New(words)}
	case known:
		err = fmt.Errorf("%s; the Azure CLI's login: %s", words, login)
	case noNetwork.MatchString(err.Error()):
		return t, later{fmt.Errorf("the Azure CLI (az): %s", said)}
	case strings.Contains(said, "not found on path"):
		err = errNoCLI
	case o.Claims != "":
		err = fmt.Errorf("more proof is asked for than the Azure CLI's login has; type %s --scope %s --claims-challenge %s", login, o.Scopes[0], base64.StdEncoding.EncodeToString([]byte(o.Claims)))
	case strings.Contains(said, "az login"):
		err = fmt.Errorf("nobody is logged in to the Azure CLI, or the login has ended; type %s", login)
	default:
		err = fmt.Errorf("the Azure CLI (az) gives no token: %s; type %s, or name another way with --auth", strings.TrimRight(said, "."), login)
	}
	return t, err
}

// managedCredential asks the machine that the program runs on. Its transport is
// its own, which a credential of Service Fabric demands.
type managedCredential struct{ azcore.TokenCredential }

// endpointTimeout is how long the endpoint of a managed identity is waited for: it is on this machine.
const endpointTimeout = 20 * time.Second

// GetToken asks the endpoint of the managed identity.
func (c managedCredential) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	within, cancel := context.WithTimeout(ctx, endpointTimeout)
	defer cancel()
	t, err := c.TokenCredential.GetToken(within, o)
	failed, answered := errors.AsType[*azidentity.AuthenticationFailedError](err)
	switch {
	case err == nil || answered && failed.RawResponse != nil && failed.RawResponse.StatusCode != http.StatusBadRequest:
		return t, err
	case answered && failed.RawResponse == nil:
		err = errors.New("the endpoint of the managed identity gives no answer that can be used: this machine has none, or it cannot be reached; enable one for it, or name another way with --auth")
	default:
		err = fmt.Errorf("this machine has no such managed identity; assign it to the machine, and see that %s is its client id, or unset", envClientID)
	}
	return t, unready{err}
}
