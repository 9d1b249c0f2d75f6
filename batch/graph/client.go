package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"offboard/batch"
)

// Client is a batch.Sender and a batch.Directory over the Graph SDK. It holds
// no state of a run but whether Graph was ever heard, and may be used from
// several goroutines.
type Client struct {
	auth    *Auth
	root    string // of v1.0
	host    string // of root
	http    *http.Client
	v1      abstractions.RequestAdapter
	batches abstractions.RequestAdapter // of the version that has the action, and shows what the action moves
	send    step
	lookup  step
	heard   atomic.Bool // Graph has answered well: what goes wrong from now on may pass
}

var (
	_ batch.Sender    = (*Client)(nil)
	_ batch.Directory = (*Client)(nil)
)

// Config says where and as whom.
type Config struct {
	Root      string // service root without version, as ParseRoot gives it
	Action    batch.Action
	Auth      *Auth
	Transport http.RoundTripper // see Transport
}

// registry makes the SDK's registry of error types, which it would otherwise
// make in whichever call comes first, with nothing to keep two calls apart
// (getInstance in msgraph-sdk-go-core v1.4.0, found by the race detector).
var registry = sync.OnceFunc(func() { core.GetErrorFactoryFromRegistry(core.BatchRequestErrorRegistryKey) })

// New makes a client. It makes no call.
func New(cfg Config) (*Client, error) {
	registry()
	hc := &http.Client{
		Transport: khttp.NewCustomTransportWithParentTransport(
			challenges{leaving{cfg.Transport}, cfg.Auth},
			core.NewGraphTelemetryHandler(&core.GraphClientOptions{}), // adds a client-request-id to every call
		),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	root, err := url.Parse(cfg.Root)
	if err != nil {
		return nil, fmt.Errorf("parse Graph URL: %w", err)
	}
	c := &Client{auth: cfg.Auth, root: cfg.Root + "/v1.0", host: root.Host, http: hc}
	if c.v1, err = adapter(c.root, cfg.Auth, hc); err != nil {
		return nil, err
	}
	ctx := context.Background() // the SDK asks for one, and builds without it
	if cfg.Action == batch.Invalidate {
		if c.batches, err = adapter(cfg.Root+"/beta", cfg.Auth, hc); err != nil {
			return nil, err
		}
		c.send = invalidate()
		c.lookup, err = lookup(ctx, c.batches, true)
		return c, err
	}
	c.batches = c.v1
	if c.send, err = revoke(ctx, c.v1); err != nil {
		return nil, err
	}
	c.lookup, err = lookup(ctx, c.v1, false)
	return c, err
}

// quiet is how long a connection may bring nothing before it is asked whether it
// is alive, and then how long it has to answer.
const quiet = 15 * time.Second

// Transport is the SDK's own transport, with the proxy of the environment, room
// for as many idle connections as calls may be under way, and a look at
// connections that have gone quiet: after a laptop's sleep or a change of
// network, HTTP/2 would otherwise go on to send calls into the old one, each to
// wait for its timeout.
func Transport(calls int) http.RoundTripper {
	rt := khttp.GetDefaultTransport()
	if t, ok := rt.(*http.Transport); ok {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = calls, calls // 2 per host by default: most calls would pay for a connection
		t.HTTP2 = &http.HTTP2Config{SendPingTimeout: quiet, PingTimeout: quiet}
	}
	return rt
}

// adapter gives the SDK's adapter JSON and nothing else, named here rather than
// registered for the whole process.
func adapter(root string, auth *Auth, hc *http.Client) (abstractions.RequestAdapter, error) {
	parse := serialization.NewParseNodeFactoryRegistry()
	jsonParse := kjson.NewJsonParseNodeFactory()
	parse.ContentTypeAssociatedFactories["application/json"] = jsonParse
	a, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		auth, core.GraphClientOptions{}, parse, kjson.NewJsonSerializationWriterFactory(), hc)
	if err != nil {
		return nil, fmt.Errorf("make Graph adapter: %w", err)
	}
	a.SetBaseUrl(root)
	return a, nil
}

// ParseRoot takes a service root as people write it, with or without a version,
// and returns it without. Plain http is for loopback addresses only: a token
// must not travel in the clear.
func ParseRoot(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil {
		return "", fmt.Errorf("parse Graph URL: %w", err)
	}
	host := u.Hostname()
	switch {
	case u.Scheme != "https" && u.Scheme != "http", host == "":
		return "", fmt.Errorf("the Graph URL %q is no https URL; give one such as https://graph.microsoft.com/v1.0", s)
	case u.Scheme == "http" && !loopback(host):
		return "", fmt.Errorf("the Graph URL %q uses http, which would send the access token in the clear; use https (http is for loopback addresses only)", s)
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return "", fmt.Errorf("the Graph URL %q must hold no user, query or fragment", s)
	}
	root := strings.TrimRight(u.Scheme+"://"+u.Host+u.Path, "/")
	root = strings.TrimSuffix(strings.TrimSuffix(root, "/v1.0"), "/beta")
	return root, nil
}

// Send revokes, with the action of the client.
func (c *Client) Send(ctx context.Context, users []batch.User) ([]batch.Reply, error) {
	return c.do(ctx, c.send, users)
}

// Lookup reads the users by their keys, and those who have none by the property
// that they name; see batch.Reply. Whether such a hit is the user sought, its
// Value says: Graph documents that it may ignore a query option in silence. A client
// that invalidates reads both stamps of a user in beta and gives the later one.
func (c *Client) Lookup(ctx context.Context, users []batch.User) ([]batch.Reply, error) {
	return c.do(ctx, c.lookup, users)
}

// do makes one call: one SDK BatchRequest, one item a user, ids "1" to "20".
func (c *Client) do(ctx context.Context, s step, users []batch.User) ([]batch.Reply, error) {
	items, wants := make([]core.BatchItem, len(users)), make([]want, len(users))
	for i, u := range users {
		var err error
		if items[i], err = s.item(i+1, u); err != nil {
			return nil, unsendable(err)
		}
		wants[i] = s.wants(u)
	}
	req := core.NewBatchRequest(c.batches)
	req.SetRequests(items)
	var out result
	_, err := req.Send(withHandler(ctx, func(resp *http.Response) {
		out = c.read(resp, wants)
	}), c.batches)
	switch {
	case err != nil:
		return nil, c.unanswered(err)
	case out.err != nil:
		return nil, out.err
	}
	return out.replies, nil
}

// result is what was read of an answer: replies or an error, not both.
type result struct {
	replies []batch.Reply
	err     error
}

// maxBody is far above what 20 answers need.
const maxBody = 16 << 20

// read takes the answer to a batch apart and closes it.
func (c *Client) read(resp *http.Response, wants []want) result {
	body, meta, err := c.whole(resp)
	if err != nil {
		return result{err: err}
	}
	replies, err := decode(body, wants, meta)
	if err != nil {
		return result{err: meta.unreadable(err)}
	}
	if slices.ContainsFunc(replies, func(r batch.Reply) bool { return r.Status == http.StatusUnauthorized }) {
		c.auth.refuse(bearer(resp.Request), "")
	}
	return result{replies: replies}
}

// whole reads an answer and closes it. One that is no 2xx, or breaks off, is a
// *batch.CallError.
func (c *Client) whole(resp *http.Response) ([]byte, meta, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	meta := metaOf(resp)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		if resp.StatusCode == http.StatusServiceUnavailable {
			// "Back off and use a new connection": Microsoft Graph best practices.
			c.http.CloseIdleConnections()
		}
		refused := meta.callError(resp, body)
		if resp.StatusCode == http.StatusUnauthorized {
			c.auth.answered(refused)
		}
		return nil, meta, refused
	}
	if err != nil {
		return nil, meta, meta.unreadable(err)
	}
	if title, page := webPage(resp, body); page {
		err := pageBetween(resp.Request.URL.Host, title)
		if !c.heard.Load() {
			err = fmt.Errorf("%w: %w", batch.ErrNotGraph, err)
		}
		return nil, meta, &batch.CallError{RequestID: meta.requestID, Err: err}
	}
	c.heard.Store(true)
	c.auth.answered(nil)
	return body, meta, nil
}

// unsendable is the error of a call that would have been wrong to make.
func unsendable(err error) error {
	return &batch.CallError{Err: fmt.Errorf("%w: %w", batch.ErrUnsendable, err)}
}

// unreadable is the error of an answer that is no use.
func (m meta) unreadable(err error) error {
	return &batch.CallError{RequestID: m.requestID, Err: fmt.Errorf("%w: %w", batch.ErrUnreadable, err)}
}

// unanswered sorts the errors of a call that brought no answer.
func (c *Client) unanswered(err error) error {
	if errors.Is(err, batch.ErrSignIn) || errors.Is(err, batch.ErrNotSent) { // by Auth
		return err
	}
	if bad := untrusted(c.host, err); bad != nil { // found out before anything was written
		err = fmt.Errorf("%w: %w", batch.ErrNotSent, bad)
		if !c.heard.Load() {
			err = fmt.Errorf("%w: %w", batch.ErrNotGraph, err)
		}
	}
	if _, ok := errors.AsType[*stayed](err); ok {
		err = fmt.Errorf("%w: %w", batch.ErrNotSent, err)
	}
	return &batch.CallError{Err: err}
}

// withHandler asks the SDK to hand over the response as it is. The SDK wants a
// parsed answer back, and gets an empty one.
func withHandler(ctx context.Context, read func(*http.Response)) context.Context {
	opt := abstractions.NewRequestHandlerOption()
	opt.SetResponseHandler(func(response any, _ abstractions.ErrorMappings) (any, error) {
		read(response.(*http.Response)) // kiota-http-go passes nothing else
		return core.NewBatchResponse(), nil
	})
	return context.WithValue(ctx, abstractions.ResponseHandlerOptionKey, opt)
}
