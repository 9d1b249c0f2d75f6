package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"offboard/batch/graph"
	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// This file is where the rooms of the house meet, and the only one.

const globalGraph = "https://graph.microsoft.com"

// target is the tenant that a command works on, signed in.
type target struct {
	apps  []app  // the first one reads, too
	cloud string // as the plan keeps it
	clock *clock // this machine's, held against Graph's
	close func() error

	organization graph.Organization // empty when it could not be read
}

// app is one app registration, signed in.
type app struct {
	client   *graph.Client
	identity graph.Identity
}

// identity is the first app's.
func (t *target) identity() graph.Identity { return t.apps[0].identity }

// connect signs in to the tenant that the flags name. seed fills a simulated one.
func (c *command) connect(ctx context.Context, e errand, seed seeder) (*target, error) {
	more, err := c.registrations(e.App)
	if err != nil {
		return nil, err
	}
	if e.Simulate {
		return c.connectSimulated(ctx, e, seed, more)
	}
	d, err := c.door(e)
	if err != nil {
		return nil, err
	}
	root, env, authority, way := d.root, d.env, d.authority, d.way
	want, by, err := c.wanted(ctx, e, env, authority)
	if err != nil {
		return nil, err
	}
	if way.Way == graph.ByCLI { // which asks for the tenant's token
		if way, err = env.Choose(graph.Way(e.Auth), authority, cmp.Or(want, e.plan.Tenant)); err != nil {
			return nil, err
		}
	}
	auths := []*graph.Auth{way.Auth(root)}
	for _, r := range more {
		auths = append(auths, graph.NewAuth(root, r.At(authority)))
	}
	t, err := c.connected(ctx, e, root, root, auths, func() error { return nil })
	if err != nil {
		return nil, err
	}
	if want == "" && t.identity().Tenant != "" { // a tenant that is served on this machine and says which one it is
		if err := c.unnamed(e); err != nil {
			return nil, err
		}
	}
	if err := c.confirm(ctx, e, t, want); err != nil {
		return nil, err
	}
	c.say("sign-in  by %s: %s, tenant %s", way.Words, t.identity(), cmp.Or(t.organization.String(), t.identity().Tenant, "unknown"))
	if err := c.hold(e, t, want, by); err != nil {
		return nil, err
	}
	return t, nil
}

// door is where a command signs in, and how.
type door struct {
	root      string
	env       graph.Environment
	authority graph.Authority
	way       graph.Choice
}

// door finds out what can be known of a sign-in without a call. The error has all
// that is missing.
func (c *command) door(e errand) (d door, err error) {
	if d.root, err = graph.ParseRoot(cmp.Or(e.GraphURL, globalGraph)); err != nil {
		return d, fmt.Errorf("%w: --graph-url: %w", errUsage, err)
	}
	d.env = graph.ParseEnvironment(c.environ())
	if d.authority, err = d.env.Authority(d.root); err != nil {
		return d, err
	}
	if c.network != nil {
		d.authority.Client = &http.Client{Transport: c.network}
	}
	var unnamed error
	if e.Tenant == "" && d.env.Tenant() == "" && !graph.Loopback(d.root) {
		unnamed = c.unnamed(e)
	}
	if d.way, err = d.env.Choose(graph.Way(e.Auth), d.authority, ""); err == nil {
		err = d.way.Check(d.root, time.Now())
	}
	return d, refuseAll(unnamed, err)
}

// mayConnect is what is known to keep a command from signing in, or nil.
func (c *command) mayConnect(e errand) error {
	_, err := c.registrations(e.App)
	if e.Simulate {
		return err
	}
	_, wrong := c.door(e)
	return refuseAll(err, wrong)
}

// registrations reads the files of --app.
func (c *command) registrations(files []string) ([]graph.Registration, error) {
	var regs []graph.Registration
	for _, name := range files {
		file, err := c.read(name)
		if err != nil {
			return nil, fmt.Errorf("--app: %w", err)
		}
		r, err := graph.ParseRegistration(file.open())
		if err != nil {
			return nil, fmt.Errorf("%w: --app %s: %w", errUsage, name, err)
		}
		regs = append(regs, r)
	}
	return regs, nil
}

// connected makes a client of every sign-in and finds out who it is. Apps of
// one pool must be different, and of one tenant.
func (c *command) connected(ctx context.Context, e errand, root, cloud string, auths []*graph.Auth, end func() error) (*target, error) {
	t := &target{cloud: cloud, clock: &clock{}, close: end}
	network := c.network
	if network == nil {
		network = graph.Transport(2 * e.Concurrency)
	}
	transport := timed{logged{network, c.log}, t.clock}
	for _, auth := range auths {
		auth.Stop = c.stop
		client, err := graph.New(graph.Config{Root: root, Action: e.action, Auth: auth, Transport: transport})
		if err != nil {
			return nil, err
		}
		var id graph.Identity
		err = c.signIn(ctx, e.patience, "the sign-in", func(ctx context.Context) (err error) {
			id, err = auth.Identity(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, a := range t.apps {
			switch {
			case a.identity.Tenant != id.Tenant:
				return nil, fmt.Errorf("%w: --app: app %s is of tenant %s, and the first app of %s; a pool works in one tenant", errUsage, id.App, id.Tenant, a.identity.Tenant)
			case a.identity.App == id.App:
				return nil, fmt.Errorf("%w: --app: app %s is given twice, and has one quota", errUsage, id.App)
			}
		}
		t.apps = append(t.apps, app{client, id})
	}
	var err error
	t.organization, err = c.organization(ctx, t.apps[0])
	return t, err
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

// journalPath is the file that --journal names, or the user's own.
func (c *command) journalPath() (string, error) {
	if c.cli.Journal != "" {
		return c.cli.Journal, nil
	}
	path, err := journal.DefaultPath(c.getenv, runtime.GOOS)
	if err != nil {
		err = fmt.Errorf("%w: %w; say where the journal is with --journal PATH", errUsage, err)
	}
	return path, err
}

// findJournal refuses to look for a run where there is no journal.
func (c *command) findJournal() error {
	path, err := c.journalPath()
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w at %s", errNoJournal, path)
	}
	return nil
}

// readJournal opens that journal for a command that only reads it: it waits for no
// writer, and where there is no journal there are no runs.
func (c *command) readJournal(ctx context.Context) (*journal.Store, error) {
	path, err := c.journalPath()
	if err != nil {
		return nil, err
	}
	return journal.OpenToRead(ctx, path)
}

// openJournal opens the journal that --journal names, or the user's own.
func (c *command) openJournal(ctx context.Context) (*journal.Store, error) {
	path, err := c.journalPath()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the journal's directory: %w", err)
	}
	return journal.Open(ctx, path)
}

// quotas are Graph's, as the quota file would have them, and before any share is taken.
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
	return quotas, nil
}

// sized has lookups go as fast as Graph documents for a tenant with so many users. While they
// are made, writes have not begun yet: as much is kept free as those may take at once.
func (j *job) sized(users int) {
	j.quotas = throttle.Share(throttle.Sized(j.stated, users), j.QuotaShare)
	j.reads.Restate(throttle.For(j.quotas, throttle.ReadUnit))
	j.reads.KeepFree(throttle.New(throttle.Config{Quotas: throttle.For(j.quotas, throttle.Write), Users: users}))
}

// writeGates pace the revocations of so many users, one gate an app. What was sent to
// the tenant before, within the longest window, still counts.
func (j *job) writeGates(ctx context.Context, users int) ([]*throttle.Controller, *others, error) {
	quotas := throttle.For(j.quotas, throttle.Write)
	apps := j.target.apps
	gates := throttle.NewPool(throttle.Config{
		Quotas: quotas, Rate: j.Rate, MaxWidth: (j.Concurrency + len(apps) - 1) / len(apps), Users: users,
	}, len(apps))
	look := newOthers(j, gates)
	return gates, look, look.tell(ctx, time.Now(), nil)
}

// readGate paces lookups and read-backs, which have a quota of their own.
func readGate(quotas []throttle.Quota, width int) *throttle.Controller {
	return throttle.New(throttle.Config{Quotas: throttle.For(quotas, throttle.ReadUnit), MaxWidth: width})
}
