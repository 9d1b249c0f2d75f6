package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/throttle"
)

const globalGraph = "https://graph.microsoft.com"

// tenant is where a job works, signed in.
type tenant struct {
	apps         []app              // the first one reads, too
	cloud        string             // as the plan keeps it
	clock        *clock             // this machine's, held against Graph's
	organization graph.Organization // empty when it could not be read
	close        func() error       // ends a simulated one
}

// app is one app registration, signed in.
type app struct {
	client   *graph.Client
	identity graph.Identity
}

// identity is the first app's.
func (t *tenant) identity() graph.Identity { return t.apps[0].identity }

// follow goes where the plan was made, unless a flag names another place, which
// sameTenant will refuse. A plan can be forged, and the access token goes where it
// leads: without the flag only Microsoft's own services will do.
func (c *Connection) follow(p batch.Plan, undone string) error {
	switch {
	case c.Simulate:
		return nil
	case p.Cloud == Simulated:
		return refused(undone, batch.Finding{Name: "--simulate", Lift: "--simulate",
			Refusal: "the plan is one of a rehearsal: its tenant is simulated, and nobody would be revoked; if a rehearsal is meant, say so with --simulate"})
	case c.GraphURL != "":
		return nil
	case !graph.Microsofts(p.Cloud):
		return refused(undone, batch.Finding{Name: "--graph-url", Lift: "--graph-url " + p.Cloud,
			Refusal: fmt.Sprintf("the plan leads to %q, which is no service of Microsoft's, and the access token would go there; if that is meant, name it with --graph-url", p.Cloud)})
	}
	c.GraphURL = p.Cloud
	return nil
}

// errand is what a command signs in for.
type errand struct {
	*Connection
	Patience
	action batch.Action
	plan   batch.Plan // that is gone on with, and fixes the tenant; zero for a new one
	key    batch.Key  // of the input, when it may mean people of any tenant
}

// signIn is a sign-in of which all is known that can be known without a call.
type signIn struct {
	*Host
	errand
	root      string
	env       graph.Environment
	authority graph.Authority
	way       graph.Choice
	more      []graph.Registration // of --app
}

// prepare reads what the flags and the environment say of a sign-in. The error has all
// that is missing.
func (h *Host) prepare(e errand) (*signIn, error) {
	s := &signIn{Host: h, errand: e}
	var unread, unnamed, wrong error
	s.more, unread = h.registrations(e.App)
	switch {
	case e.Simulate && e.GraphURL != "":
		return s, fmt.Errorf("%w: --simulate and --graph-url exclude each other", ErrUsage)
	case e.Simulate:
		return s, unread
	}
	if err := s.locate(); err != nil {
		return s, err
	}
	if e.Tenant == "" && s.env.Tenant() == "" && !graph.Loopback(s.root) {
		unnamed = s.unnamed()
	}
	if s.way, wrong = s.env.Choose(graph.Way(e.Auth), s.authority, ""); wrong == nil {
		wrong = s.way.Check(s.root, time.Now())
	}
	return s, refuseAll(h.unwritten(), unread, unnamed, wrong)
}

// locate finds the service root and the sign-in service that flags and environment name.
func (s *signIn) locate() (err error) {
	if s.root, err = graph.ParseRoot(cmp.Or(s.GraphURL, globalGraph)); err != nil {
		return fmt.Errorf("%w: --graph-url: %w", ErrUsage, err)
	}
	s.env = graph.ParseEnvironment(s.Environ())
	if s.authority, err = s.env.Authority(s.root); err == nil && s.Network != nil {
		s.authority.Client = &http.Client{Transport: s.Network}
	}
	return err
}

// connect signs in to the tenant that the flags name. Seed fills a simulated one.
func (s *signIn) connect(ctx context.Context, seed seeder) (*tenant, error) {
	if s.Simulate {
		return s.simulate(ctx, seed)
	}
	want, by, err := s.wanted(ctx)
	if err != nil {
		return nil, err
	}
	way := s.way
	if way.Way == graph.ByCLI { // which asks for the tenant's token
		if way, err = s.env.Choose(graph.Way(s.Auth), s.authority, cmp.Or(want, s.plan.Tenant)); err != nil {
			return nil, err
		}
	}
	auths := []*graph.Auth{way.Auth(s.root)}
	for _, r := range s.more {
		auths = append(auths, graph.NewAuth(s.root, r.At(s.authority)))
	}
	t, err := s.clients(ctx, s.root, s.root, auths, func() error { return nil })
	if err != nil {
		return nil, err
	}
	if want == "" && t.identity().Tenant != "" { // a tenant that is served on this machine and says which one it is
		if err := s.unnamed(); err != nil {
			return nil, err
		}
	}
	if err := s.confirm(ctx, t, want); err != nil {
		return nil, err
	}
	s.Say("sign-in  by %s: %s, tenant %s", way.Words, t.identity(), cmp.Or(t.organization.String(), t.identity().Tenant, "unknown"))
	return t, s.hold(t, want, by)
}

// registrations reads the files of --app.
func (h *Host) registrations(files []string) ([]graph.Registration, error) {
	var regs []graph.Registration
	for _, name := range files {
		file, err := h.read(name)
		if err != nil {
			return nil, fmt.Errorf("--app: %w", err)
		}
		r, err := graph.ParseRegistration(file.open())
		if err != nil {
			return nil, fmt.Errorf("%w: --app %s: %w", ErrUsage, name, err)
		}
		regs = append(regs, r)
	}
	return regs, nil
}

// clients makes a client of every sign-in and finds out who it is. Apps of
// one pool must be different, and of one tenant.
func (s *signIn) clients(ctx context.Context, root, cloud string, auths []*graph.Auth, end func() error) (*tenant, error) {
	t := &tenant{cloud: cloud, clock: &clock{}, close: end}
	network := s.Network
	if network == nil {
		network = graph.Transport(2 * s.Concurrency)
	}
	transport := timed{logged{network, s.Log}, t.clock}
	for _, auth := range auths {
		auth.Stop = s.Stop
		client, err := graph.New(graph.Config{Root: root, Action: s.action, Auth: auth, Transport: transport})
		if err != nil {
			return nil, err
		}
		var id graph.Identity
		err = s.patiently(ctx, "the sign-in", func(ctx context.Context) (err error) {
			id, err = auth.Identity(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, a := range t.apps {
			switch {
			case a.identity.Tenant != id.Tenant:
				return nil, fmt.Errorf("%w: --app: app %s is of tenant %s, and the first app of %s; a pool works in one tenant", ErrUsage, id.App, id.Tenant, a.identity.Tenant)
			case a.identity.App == id.App:
				return nil, fmt.Errorf("%w: --app: app %s is given twice, and has one quota", ErrUsage, id.App)
			}
		}
		t.apps = append(t.apps, app{client, id})
	}
	var err error
	t.organization, err = s.organization(ctx, t.apps[0])
	return t, err
}

// patiently makes a call of the sign-in, and waits for a service in trouble as a run does. What ends the
// waiting is a sign-in that failed: there is nothing to resume.
func (s *signIn) patiently(ctx context.Context, what string, call func(context.Context) error) error {
	show := s.Progress("", 0, nil)
	defer show.End()
	r := batch.Asker{
		Gate: throttle.New(throttle.Config{MaxWidth: 1}), Retry: batch.DefaultRetry, Timeout: batch.LongestCall,
		Outage: s.Outage, Until: s.deadline(s.Patience), Stop: s.Stop, Told: show.Waits,
	}
	err := r.Ask(ctx, what, "", 1, call)
	if inner := errors.Unwrap(err); inner != nil {
		err = inner // nothing was read
	}
	if errors.Is(err, batch.ErrOutage) {
		return fmt.Errorf("%w: %w", batch.ErrSignIn, err)
	}
	return err
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

// CloseIdleConnections has the transport below leave its connections: graph asks for it.
func (l logged) CloseIdleConnections() { (&http.Client{Transport: l.next}).CloseIdleConnections() }
