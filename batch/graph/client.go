package graph

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"offboard/batch"
)

// Client is a batch.Sender, Directory, Prover and Lister over the Graph SDK. Of a run it keeps
// nothing but whether Graph ever answered. It may be used from several goroutines.
type Client struct {
	auth         *Auth
	v1URL        string            // the service root with /v1.0
	host         string            // of the service root
	bottom       http.RoundTripper // what Config.Transport is: the one that has the connections
	http         *http.Client
	v1, beta     abstractions.RequestAdapter
	steps        []batch.Step // those that may be sent
	fields       string       // that a lookup reads
	both         bool         // a lookup reads both stamps, in beta
	everAnswered atomic.Bool  // Graph has given a good answer: what goes wrong from now on may pass
}

var (
	_ batch.Sender    = (*Client)(nil)
	_ batch.Directory = (*Client)(nil)
	_ batch.Prover    = (*Client)(nil)
	_ batch.Lister    = (*Client)(nil)
)

// Config says where and as whom.
type Config struct {
	Root      string       // service root without version, as ParseRoot gives it
	Steps     []batch.Step // that the run takes: no other is sent, and a lookup reads what they are planned by
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
	c := &Client{auth: cfg.Auth, v1URL: cfg.Root + "/v1.0", host: root.Host, bottom: cfg.Transport, http: hc, steps: cfg.Steps}
	if c.v1, err = adapter(c.v1URL, cfg.Auth, hc); err != nil {
		return nil, err
	}
	if c.beta, err = adapter(cfg.Root+"/beta", cfg.Auth, hc); err != nil {
		return nil, err
	}
	c.both = slices.Contains(cfg.Steps, batch.Invalidate)
	c.fields = lookupFields(cfg.Steps, c.both)
	return c, nil
}

// lookupFields are the properties of a user that steps are planned by.
func lookupFields(steps []batch.Step, both bool) string {
	fields := []string{selected}
	if both {
		fields = append(fields, refreshStamp)
	}
	for _, s := range steps {
		for _, f := range stepCalls[s].fields {
			if !slices.Contains(fields, f) {
				fields = append(fields, f)
			}
		}
	}
	return strings.Join(fields, ",")
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

// Send writes one step of the run. All items of a call have the same one.
func (c *Client) Send(ctx context.Context, items []batch.Item) ([]batch.Reply, error) {
	requests, err := c.requests(items, func(call stepCall, it batch.Item) (request, error) {
		switch {
		case it.Step != items[0].Step:
			return request{}, fmt.Errorf("one call is of one step, and not of %s and %s", items[0].Step, it.Step)
		case !slices.Contains(c.steps, it.Step) || call.write == nil:
			return request{}, fmt.Errorf("user %d: the step %q is none of the run's", it.User.Seq, it.Step)
		}
		return call.write(c, it)
	})
	if err != nil {
		return nil, err
	}
	return c.do(ctx, len(items) > 0 && stepCalls[items[0].Step].beta, requests)
}

// Lookup reads the users by their keys, and those who have none by the property
// that they name; see batch.Reply. The caller must compare the Value of a hit with the
// one sought: Graph documents that it may ignore a query option in silence. A client
// that invalidates reads both stamps of a user in beta and gives the later one.
func (c *Client) Lookup(ctx context.Context, users []batch.User) ([]batch.Reply, error) {
	requests := make([]request, len(users))
	for i, u := range users {
		var err error
		if requests[i], err = c.lookup(u); err != nil {
			return nil, unsendable(err)
		}
	}
	return c.do(ctx, c.both, requests)
}

// Show reads back what the step of each item changes. Items that are read in beta make a
// call of their own. A list of memberships that goes on is read to its end.
func (c *Client) Show(ctx context.Context, items []batch.Item) ([]batch.Reply, error) {
	requests, err := c.requests(items, func(call stepCall, it batch.Item) (request, error) {
		if call.show == nil {
			return request{}, fmt.Errorf("user %d: nothing shows the step %q", it.User.Seq, it.Step)
		}
		return call.show(c, it)
	})
	if err != nil {
		return nil, err
	}
	replies := make([]batch.Reply, len(items))
	for _, beta := range []bool{false, true} {
		var of []int
		var some []request
		for i := range items {
			if stepCalls[items[i].Step].beta == beta {
				of, some = append(of, i), append(some, requests[i])
			}
		}
		if len(some) == 0 {
			continue
		}
		read, err := c.do(ctx, beta, some)
		if err != nil {
			return nil, err
		}
		for n, i := range of {
			replies[i] = c.follow(ctx, items[i], read[n])
		}
	}
	return replies, nil
}

// List reads one page of what a user has; see batch.Lister.
func (c *Client) List(ctx context.Context, items []batch.Item) ([]batch.Reply, error) {
	requests, err := c.requests(items, func(call stepCall, it batch.Item) (request, error) {
		if call.list == nil {
			return request{}, fmt.Errorf("user %d: nothing is listed for the step %q", it.User.Seq, it.Step)
		}
		return call.list(c, it)
	})
	if err != nil {
		return nil, err
	}
	return c.do(ctx, false, requests)
}

// requests makes a request of each item. An error means that none of them must be sent.
func (c *Client) requests(items []batch.Item, ask func(stepCall, batch.Item) (request, error)) ([]request, error) {
	all := make([]request, len(items))
	for i, it := range items {
		var err error
		if all[i], err = ask(stepCalls[it.Step], it); err != nil {
			return nil, unsendable(err)
		}
	}
	return all, nil
}

// do makes one call: one SDK BatchRequest, with ids "1" to "20". No password of the call
// is in what it returns.
func (c *Client) do(ctx context.Context, beta bool, requests []request) ([]batch.Reply, error) {
	items := make([]core.BatchItem, len(requests))
	for i, q := range requests {
		items[i] = q.item(i + 1)
		if err := mayLeave(items[i]); err != nil {
			return nil, unsendable(err)
		}
	}
	a := c.v1
	if beta {
		a = c.beta
	}
	req := core.NewBatchRequest(a)
	req.SetRequests(items)
	var out result
	_, err := req.Send(withHandler(ctx, func(resp *http.Response) {
		out = c.readBatch(resp, requests)
	}), a)
	if err != nil {
		out = result{err: c.unanswered(err)}
	}
	hide(requests, out.replies, out.err)
	return out.replies, out.err
}
