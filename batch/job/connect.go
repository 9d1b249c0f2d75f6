package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/graph"
	"offboard/batch/throttle"
)

// tenant is where a job works, signed in.
type tenant struct {
	apps         []app              // the first one reads, too
	auths        []*graph.Auth      // of the apps; none of a simulated tenant's
	cloud        string             // as the plan keeps it
	clock        *clock             // this machine's, held against Graph's
	organization graph.Organization // empty when it could not be read
	until        time.Time          // when the first app's token ends that nothing renews; zero for never
}

// app is one app registration, signed in.
type app struct {
	client   *graph.Client
	identity graph.Identity
}

// identity is the first app's.
func (t *tenant) identity() graph.Identity { return t.apps[0].identity }

// follow goes on with a plan where it was made, unless a flag names another place, which
// sameTenant will refuse. A plan can be forged, and the access token goes where it
// leads: without the flag only Microsoft's own services will do.
func (j *job) follow(p batch.Plan, undone string) error {
	j.plan, j.follows = p, true
	switch {
	case j.Simulate:
		return nil
	case p.Cloud == Simulated:
		return refused(undone, batch.Finding{Name: "--simulate", Lift: "--simulate",
			Refusal: "the plan is one of a rehearsal: its tenant is simulated, and nobody would be revoked; if a rehearsal is meant, say so with --simulate"})
	case j.GraphURL != "":
		return nil
	case j.Cloud != "":
		at, err := graph.ServiceOf(j.Cloud, "")
		if err != nil || at.Root == p.Cloud {
			return err
		}
		return refused(undone, batch.Finding{Name: "--cloud", Lift: strings.Join(atCloud(p.Cloud), " "),
			Refusal: fmt.Sprintf("the plan was made at %s, and --cloud %s is %s; a tenant is in one cloud: go on in that of the plan", p.Cloud, j.Cloud, at.Root)})
	case !graph.Microsofts(p.Cloud):
		return refused(undone, batch.Finding{Name: "--graph-url", Lift: "--graph-url " + p.Cloud,
			Refusal: fmt.Sprintf("the plan leads to %q, which is no service of Microsoft's, and the access token would go there; if that is meant, name it with --graph-url", p.Cloud)})
	}
	j.GraphURL = p.Cloud
	return nil
}

// signIn is what is known of a sign-in without a call.
type signIn struct {
	key       batch.Key // of the input, when it may mean people of any tenant
	at        graph.Service
	env       graph.Environment
	authority graph.Authority
	way       graph.Choice
	more      []graph.Registration // of --app
}

// prepare reads what the flags and the environment say of a sign-in. The error has all
// that is missing.
func (j *job) prepare() error {
	var unnamed, wrong error
	var unread []error
	j.more, unread = j.registrations(j.App)
	switch {
	case j.Simulate && j.GraphURL != "":
		return fmt.Errorf("%w: --simulate and --graph-url exclude each other", ErrUsage)
	case j.Simulate:
		return refused(j.unwritten(), unread...)
	}
	if err := j.locate(); err != nil {
		return err
	}
	if j.Tenant == "" && j.env.Tenant() == "" && !graph.Loopback(j.at.Root) {
		unnamed = j.unnamed()
	}
	if j.way, wrong = j.choose(cmp.Or(j.Tenant, j.plan.Tenant)); wrong == nil {
		wrong = j.way.Check(j.at, time.Now())
	}
	for i, r := range j.more {
		if err := r.Check(); err != nil {
			unread = append(unread, fmt.Errorf("%w: --app %s: %w", batch.ErrSignIn, j.App[i], err))
		}
	}
	return refused(j.unwritten(), append(unread, unnamed, wrong)...)
}

// exposed are the files of the sign-in that hold secrets and that the user's group can read, too. ssh refuses
// such a key; a run tells it and goes on, since people who stay signed in tonight are the greater
// harm. Of a file that everybody can read no run begins.
func (j *job) exposed() []string {
	files := slices.Concat(j.App, j.way.Files)
	if j.SignIn != "" {
		files = append(files, j.SignIn)
	}
	for _, r := range j.more {
		files = append(files, r.Files()...)
	}
	return slices.DeleteFunc(files, func(name string) bool { return !durable.GroupReads(name) })
}

// openWords tell of these files.
func openWords(files []string) string {
	return "the group of this user can read " + strings.Join(files, ", ") + ", where a secret is"
}

// locate finds the service and the sign-in service that flags and environment name.
func (j *job) locate() (err error) {
	if j.at, err = graph.ServiceOf(j.Cloud, j.GraphURL); err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	if j.env, err = j.environment(); err != nil {
		return err
	}
	if err := j.Trust(j.CAFile); err != nil {
		return err
	}
	if _, err := j.Debug(j.DebugHTTP); err != nil { // of a member of a campaign; others began it
		return err
	}
	j.authority, err = j.env.Authority(j.at)
	j.authority.Client = &http.Client{Transport: j.network(signIns)}
	return err
}

// signIns is for how many calls at once the sign-in service keeps its connections.
const signIns = 4

// environment is what says how to sign in: the file of --sign-in, or else the variables.
func (j *job) environment() (graph.Environment, error) {
	if j.SignIn == "" {
		return graph.ParseEnvironment(j.Environ()), nil
	}
	text, err := durable.ReadSecret(j.SignIn)
	if err != nil {
		return nil, fmt.Errorf("%w: --sign-in: %w", ErrUsage, err)
	}
	env, err := graph.ParseSignIn(strings.NewReader(text), filepath.Dir(j.SignIn))
	if err != nil {
		return nil, fmt.Errorf("%w: --sign-in %s: %w", ErrUsage, j.SignIn, err)
	}
	return env, nil
}

// connect signs in to the tenant that the flags name. Seed fills a simulated one.
func (j *job) connect(ctx context.Context, seed seeder) (*tenant, error) {
	if j.Simulate {
		return j.simulate(ctx, seed)
	}
	want, by, err := j.wanted(ctx)
	if err != nil {
		return nil, err
	}
	auths, err := j.auths(want)
	if err != nil {
		return nil, err
	}
	t, err := j.clients(ctx, j.at.Root, j.at.Root, auths)
	if err != nil {
		return nil, err
	}
	t.until = j.way.Until()
	if want == "" && t.identity().Tenant != "" { // a tenant that is served on this machine and says which one it is
		if err := j.unnamed(); err != nil {
			return nil, err
		}
	}
	if err := j.confirm(ctx, t, want); err != nil {
		return nil, err
	}
	where := ""
	if c := j.at.Cloud.Name; c != "" && c != "global" {
		where = " at " + j.at.String()
	}
	if open := j.exposed(); len(open) > 0 {
		j.Warn("note     %s; take that right away: %s", openWords(open), j.Pasted(append([]string{"chmod", "g="}, open...)...))
	}
	j.Say("sign-in  by %s: %s, tenant %s%s", j.way.Words, t.identity(), cmp.Or(t.organization.String(), t.identity().Tenant, "unknown"), where)
	return t, j.hold(t, want, by)
}

// auths are the sign-ins to a tenant: that of the way that was chosen, and those of --app.
func (j *job) auths(tenant string) (all []*graph.Auth, err error) {
	if j.way.Way == graph.ByCLI { // which asks for the tenant's token
		if j.way, err = j.choose(cmp.Or(tenant, j.plan.Tenant)); err != nil {
			return nil, err
		}
	}
	all = append(all, j.way.Auth(j.at))
	for _, r := range j.more {
		all = append(all, graph.NewAuth(j.at, r.At(j.authority)))
	}
	return all, nil
}

// choose finds the way to sign in to a tenant, which may be "".
func (j *job) choose(tenant string) (graph.Choice, error) {
	at := graph.Place{Authority: j.authority, Tenant: tenant}
	if j.MayAsk() {
		at.Tell = func(line string) { j.Warn("sign-in  %s", line) }
	}
	return j.env.Choose(graph.Way(j.Auth), at)
}

// registrations reads the files of --app. Each error is that of one of them.
func (j *job) registrations(files []string) (regs []graph.Registration, wrong []error) {
	for _, name := range files {
		var r graph.Registration
		text, err := durable.ReadSecret(name)
		if err == nil {
			r, err = graph.ParseRegistration(strings.NewReader(text), filepath.Dir(name))
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%w: --app %s: %w", ErrUsage, name, err))
		}
		regs = append(regs, r)
	}
	return regs, wrong
}

// clients makes a client of every sign-in and finds out who it is. Apps of
// one pool must be different, and of one tenant.
func (j *job) clients(ctx context.Context, root, cloud string, auths []*graph.Auth) (*tenant, error) {
	t := &tenant{cloud: cloud, clock: &clock{}}
	network := j.network(2 * j.Concurrency)
	for _, auth := range auths {
		if err := j.signOn(ctx, t, root, auth, network, j.patiently); err != nil {
			return nil, err
		}
	}
	var err error
	t.organization, err = j.organization(ctx, t.apps[0])
	return t, err
}

// signOn signs in one more app. Ask makes the call, and knows how long to wait.
func (j *job) signOn(ctx context.Context, t *tenant, root string, auth *graph.Auth, network http.RoundTripper, ask func(context.Context, string, func(context.Context) error) error) error {
	auth.Stop = j.Stop
	client, err := graph.New(graph.Config{Root: root, Steps: j.plan.Steps, Auth: auth, Transport: watched{network, j.Log, t.clock}})
	if err != nil {
		return err
	}
	var id graph.Identity
	err = ask(ctx, SignIn, func(ctx context.Context) (err error) {
		id, err = auth.Identity(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for _, a := range t.apps {
		switch {
		case a.identity.Tenant != id.Tenant:
			return fmt.Errorf("%w: --app: app %s is of tenant %s, and the first app of %s; a pool works in one tenant", ErrUsage, id.App, id.Tenant, a.identity.Tenant)
		case a.identity.App == id.App:
			return fmt.Errorf("%w: --app: app %s is given twice, and has one quota", ErrUsage, id.App)
		}
	}
	t.apps, t.auths = append(t.apps, app{client, id}), append(t.auths, auth)
	return nil
}

// heed has the sign-ins end their waits when stop is closed.
func (t *tenant) heed(stop <-chan struct{}) {
	for _, a := range t.auths {
		a.Stop = stop
	}
}

// SignInRemedy is what mends a sign-in that was refused, by the code of the sign-in service; "" where that is not known.
func SignInRemedy(err error) string {
	_, remedy, _ := graph.Refused(err)
	return remedy
}

// SignIn is what a [batch.Trouble] of the sign-in waits for: a service other than Graph.
const SignIn = "the sign-in"

// patiently makes a call of the sign-in, and waits for a service in trouble as a run does. What ends the
// waiting is a sign-in that failed: there is nothing to resume.
func (j *job) patiently(ctx context.Context, what string, call func(context.Context) error) error {
	err := j.ask(ctx, throttle.New(throttle.Config{MaxWidth: 1}), what, "", 1, call)
	if inner := errors.Unwrap(err); inner != nil {
		err = inner // nothing was read
	}
	if errors.Is(err, batch.ErrOutage) {
		return fmt.Errorf("%w: %w", batch.ErrSignIn, err)
	}
	return err
}
