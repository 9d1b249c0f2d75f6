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

// Client is a batch.Sender and a batch.Directory over the Graph SDK. Of a run it keeps
// nothing but whether Graph ever answered. It may be used from several goroutines.
type Client struct {
	auth         *Auth
	v1URL        string            // the service root with /v1.0
	host         string            // of the service root
	bottom       http.RoundTripper // what Config.Transport is: the one that has the connections
	http         *http.Client
	v1           abstractions.RequestAdapter
	batches      abstractions.RequestAdapter // of the version that has the action, and shows what the action moves
	send         itemTemplate
	lookup       itemTemplate
	everAnswered atomic.Bool // Graph has given a good answer: what goes wrong from now on may pass
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
		// With a list of middlewares kiota leaves out its own: these and no others run, and
		// nothing below batch retries, redirects or compresses.
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
	c := &Client{auth: cfg.Auth, v1URL: cfg.Root + "/v1.0", host: root.Host, bottom: cfg.Transport, http: hc}
	if c.v1, err = adapter(c.v1URL, cfg.Auth, hc); err != nil {
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
// that they name; see batch.Reply. The caller must compare the Value of a hit with the
// one sought: Graph documents that it may ignore a query option in silence. A client
// that invalidates reads both stamps of a user in beta and gives the later one.
func (c *Client) Lookup(ctx context.Context, users []batch.User) ([]batch.Reply, error) {
	return c.do(ctx, c.lookup, users)
}

// do makes one call: one SDK BatchRequest, one item a user, ids "1" to "20".
func (c *Client) do(ctx context.Context, t itemTemplate, users []batch.User) ([]batch.Reply, error) {
	items, expect := make([]core.BatchItem, len(users)), make([]expected, len(users))
	for i, u := range users {
		var err error
		if items[i], err = t.item(i+1, u); err != nil {
			return nil, unsendable(err)
		}
		expect[i] = t.expects(u)
	}
	req := core.NewBatchRequest(c.batches)
	req.SetRequests(items)
	var out result
	_, err := req.Send(withHandler(ctx, func(resp *http.Response) {
		out = c.readBatch(resp, expect)
	}), c.batches)
	switch {
	case err != nil:
		return nil, c.unanswered(err)
	case out.err != nil:
		return nil, out.err
	}
	return out.replies, nil
}
