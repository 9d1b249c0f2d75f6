package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// This file is where the rooms of the house meet, and the only one.

const globalGraph = "https://graph.microsoft.com"

// target is the tenant that a command works on, signed in.
type target struct {
	client   *graph.Client
	identity graph.Identity
	cloud    string // as the plan keeps it
	close    func() error
}

// connect signs in to the tenant that the flags name. seed fills a simulated one.
func (c *command) connect(ctx context.Context, conn connection, action batch.Action, seed seeder) (*target, error) {
	if conn.Simulate {
		return c.connectSimulated(ctx, conn, action, seed)
	}
	root, err := graph.ParseRoot(or(conn.GraphURL, globalGraph))
	if err != nil {
		return nil, fmt.Errorf("%w: --graph-url: %w", errUsage, err)
	}
	auth := graph.NewAuth(root, graph.Environment)
	if token := c.getenv("OFFBOARD_ACCESS_TOKEN"); token != "" {
		auth = graph.FixedToken(token)
	}
	return c.connected(ctx, conn, graph.Config{Root: root, Action: action, Auth: auth}, root, func() error { return nil })
}

// connected makes the client and finds out who it is.
func (c *command) connected(ctx context.Context, conn connection, cfg graph.Config, cloud string, end func() error) (*target, error) {
	cfg.Transport = logged{graph.Transport(2 * conn.Concurrency), c.log}
	client, err := graph.New(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, signInTimeout)
	defer cancel()
	id, err := cfg.Auth.Identity(ctx)
	if err != nil {
		return nil, err
	}
	return &target{client: client, identity: id, cloud: cloud, close: end}, nil
}

// logged tells of every call to Graph, with --verbose. It tells no header but
// the request's id, since the others hold the token.
type logged struct {
	next http.RoundTripper
	log  *slog.Logger
}

func (l logged) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := l.next.RoundTrip(r)
	took := time.Since(start)
	if err != nil {
		l.log.Debug("call", "path", r.URL.Path, "took", took, "error", err)
		return resp, err
	}
	l.log.Debug("call", "path", r.URL.Path, "took", took, "status", resp.StatusCode, "request_id", resp.Header.Get("request-id"))
	return resp, nil
}

// signInTimeout bounds the first sign-in, when somebody is waiting for it.
const signInTimeout = time.Minute

// openJournal opens the journal that --state names, or the user's own.
func (c *command) openJournal(ctx context.Context) (*journal.Store, error) {
	path := c.cli.State
	if path == "" {
		var err error
		if path, err = journal.DefaultPath(c.getenv, runtime.GOOS); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the journal's directory: %w", err)
	}
	return journal.Open(ctx, path)
}

// quotas are Graph's, as the flags would have them.
func (c connection) quotas() ([]throttle.Quota, error) {
	quotas := throttle.Documented()
	if c.QuotaFile != "" {
		f, err := os.Open(c.QuotaFile)
		if err != nil {
			return nil, fmt.Errorf("%w: --quota-file: %w", errUsage, err)
		}
		defer f.Close()
		if quotas, err = throttle.ParseQuotas(f); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", errUsage, c.QuotaFile, err)
		}
	}
	if c.QuotaShare <= 0 || c.QuotaShare > 1 {
		return nil, fmt.Errorf("%w: --quota-share %v is no share; give a number above 0, up to 1", errUsage, c.QuotaShare)
	}
	return throttle.Share(quotas, c.QuotaShare), nil
}

// writeGate paces the revocations of so many users. What this app sent to the
// tenant before, within the longest window, still counts.
func (j *job) writeGate(ctx context.Context, users int) (*throttle.Controller, error) {
	quotas := throttle.For(j.quotas, throttle.Write)
	gate := throttle.New(throttle.Config{Quotas: quotas, Rate: j.Rate, MaxWidth: j.Concurrency, Users: users})
	var longest time.Duration
	for _, q := range quotas {
		longest = max(longest, q.Window)
	}
	plan := j.run.Plan()
	sent, err := j.store.Sent(ctx, plan.Tenant, plan.App, time.Now().Add(-longest))
	if err != nil {
		return nil, err
	}
	for _, s := range sent {
		gate.Preload(s.At, s.Users)
	}
	return gate, nil
}

// readGate paces lookups and read-backs, which have a quota of their own.
func readGate(quotas []throttle.Quota, width int) *throttle.Controller {
	return throttle.New(throttle.Config{Quotas: throttle.For(quotas, throttle.ReadUnit), MaxWidth: width})
}
