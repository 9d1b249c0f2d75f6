//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
	"golang.org/x/sync/errgroup"

	"offboard/batch/graph"
)

// sdkLoop revokes with the SDK alone, through an adapter made as batch/graph
// makes its own.
type sdkLoop struct{ adapter abstractions.RequestAdapter }

func newSDKLoop(url string) (*sdkLoop, error) {
	parse := serialization.NewParseNodeFactoryRegistry()
	parse.ContentTypeAssociatedFactories["application/json"] = kjson.NewJsonParseNodeFactory()
	options := core.GraphClientOptions{}
	hc := &http.Client{Transport: khttp.NewCustomTransportWithParentTransport(graph.Transport(64, nil), core.NewGraphTelemetryHandler(&options))}
	a, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		graph.FixedToken("simulated"), options, parse, kjson.NewJsonSerializationWriterFactory(), hc)
	if err != nil {
		return nil, err
	}
	a.SetBaseUrl(url)
	return &sdkLoop{a}, nil
}

// step makes the request of one user. The body is what Graph demands of every
// write in a batch.
func (l *sdkLoop) step(ctx context.Context, i int, add func(abstractions.RequestInformation) (core.BatchItem, error)) error {
	path := map[string]string{"baseurl": l.adapter.GetBaseUrl(), "user%2Did": speedUPN(i)}
	info, err := users.NewItemRevokeSignInSessionsRequestBuilderInternal(path, l.adapter).ToPostRequestInformation(ctx, nil)
	if err != nil {
		return err
	}
	item, err := add(*info)
	if err != nil {
		return err
	}
	item.SetHeaders(core.RequestHeader{"Content-Type": "application/json"})
	item.SetBody(core.RequestBody{})
	return nil
}

// good counts the users whose own status is a 2xx.
func good(answer core.BatchResponse) int {
	n := 0
	for _, r := range answer.GetResponses() {
		if s := r.GetStatus(); s != nil && *s >= 200 && *s < 300 {
			n++
		}
	}
	return n
}

// bare sends n users, 20 a call, so many calls at once.
func (l *sdkLoop) bare(ctx context.Context, n, calls int) (int, error) {
	var next, revoked atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range calls {
		g.Go(func() error {
			for {
				end := int(next.Add(20))
				if end > n {
					return nil
				}
				req := core.NewBatchRequest(l.adapter)
				for i := end - 20; i < end; i++ {
					if err := l.step(ctx, i, req.AddBatchRequestStep); err != nil {
						return err
					}
				}
				answer, err := req.Send(ctx, l.adapter)
				if err != nil {
					return err
				}
				revoked.Add(int64(good(answer)))
			}
		})
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	return l.all(int(revoked.Load()), n)
}

// plain sends n users as the SDK's documentation shows it.
func (l *sdkLoop) plain(ctx context.Context, n int) (int, error) {
	const send = 4 * 19 // the most that a collection takes
	revoked := 0
	for i := 0; i < n; i += send {
		req := core.NewBatchRequestCollection(l.adapter)
		for j := i; j < min(n, i+send); j++ {
			if err := l.step(ctx, j, req.AddBatchRequestStep); err != nil {
				return 0, err
			}
		}
		answer, err := req.Send(ctx, l.adapter)
		if err != nil {
			return 0, err
		}
		revoked += good(answer)
	}
	return l.all(revoked, n)
}

// all wants everybody revoked.
func (l *sdkLoop) all(revoked, n int) (int, error) {
	if revoked != n {
		return 0, fmt.Errorf("%d of %d users are revoked", revoked, n)
	}
	return n, nil
}
