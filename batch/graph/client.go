package graph

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

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
	root    string            // of v1.0
	host    string            // of root
	bottom  http.RoundTripper // what Config.Transport is: the one that has the connections
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
	Transport http.RoundTripper // see Transport; after a 503 its CloseIdleConnections is called, if it has one
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
	c := &Client{auth: cfg.Auth, root: cfg.Root + "/v1.0", host: root.Host, bottom: cfg.Transport, http: hc}
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
