package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/throttle"
)

// This file finds out who signs in and to which tenant, and holds both against
// what was said.

// errand is what a command signs in for.
type errand struct {
	connection
	patience
	action batch.Action
	plan   batch.Plan // that is gone on with, and fixes the tenant; zero for a new one
	key    batch.Key  // of the input, when it may mean people of any tenant
}

// follow goes where the plan was made, unless a flag names another place, which
// sameTenant will refuse. A plan can be forged, and the access token goes where it
// leads: without the flag only Microsoft's own services will do.
func (c *connection) follow(p batch.Plan, undone string) error {
	c.Simulate = c.Simulate || p.Cloud == simulatedCloud
	switch {
	case c.Simulate, c.GraphURL != "":
		return nil
	case !graph.Microsofts(p.Cloud):
		return fmt.Errorf("%w; %s: the plan leads to %q, which is no service of Microsoft's, and the access token would go there; if that is meant, say so: --graph-url %s",
			errRefused, undone, p.Cloud, quoted(p.Cloud, runtime.GOOS))
	}
	c.GraphURL = p.Cloud
	return nil
}

// unnamed refuses to take whichever tenant the sign-in leads to, when nobody is
// there to see which one it is, or when the input could mean people of another.
func (c *command) unnamed(e errand) error {
	why := ""
	switch {
	case e.plan.Tenant != "":
		return nil
	case e.key.Searched():
		why = fmt.Sprintf("--key %s finds people in any tenant", e.key)
	case !c.asks:
		why = "there is no terminal at which a person sees the tenant"
	default:
		return nil
	}
	return refused(c.unwritten(), []batch.Finding{{Name: "--tenant", Lift: liftTenant, Refusal: why + "; name the tenant with --tenant or AZURE_TENANT_ID, by its id or one of its domains"}})
}

// signIn signs in and waits for a service in trouble as a run does. What ends the
// waiting is a sign-in that failed: there is nothing to resume.
func (c *command) signIn(ctx context.Context, p patience, what string, call func(context.Context) error) error {
	show := c.progress(0, nil)
	defer show.end()
	r := batch.Reader{
		Gate: throttle.New(throttle.Config{MaxWidth: 1}), Retry: batch.DefaultRetry, Timeout: batch.LongestCall,
		Outage: p.Outage, Until: c.deadline(p), Stop: c.stop, Told: show.waits,
	}
	err := r.Read(ctx, what, "", 1, call)
	if inner := errors.Unwrap(err); inner != nil {
		err = inner // nothing was read
	}
	if errors.Is(err, batch.ErrOutage) {
		return fmt.Errorf("%w: %w", batch.ErrSignIn, err)
	}
	return err
}

// wanted gives the id of the tenant that was named, and where; "" when none was.
// Two names must mean one tenant.
func (c *command) wanted(ctx context.Context, e errand, env graph.Environment, a graph.Authority) (id, by string, err error) {
	for _, n := range []struct{ by, name string }{{"--tenant", e.Tenant}, {"AZURE_TENANT_ID", env.Tenant()}} {
		if n.name == "" {
			continue
		}
		var found string
		var none error
		err := c.signIn(ctx, e.patience, "the tenant of "+n.name, func(ctx context.Context) (err error) {
			if found, err = a.Tenant(ctx, n.name); errors.Is(err, graph.ErrNoTenant) {
				none, err = err, nil
			}
			return err
		})
		switch {
		case err != nil:
			return "", "", err
		case none != nil:
			return "", "", fmt.Errorf("%w: %s: %w", errUsage, n.by, none)
		case id != "" && id != found:
			return "", "", fmt.Errorf("%w: --tenant is %s, and AZURE_TENANT_ID is %s", batch.ErrSignIn, id, found)
		case id == "":
			id, by = found, n.by
		}
	}
	return id, by, nil
}

// nameTimeout is how long the tenant's name is worth waiting for.
const nameTimeout = 4 * time.Second

// organization reads what the tenant is called, where the app may. Only what ends
// everything is an error, such as a name that is that of another tenant.
func (c *command) organization(ctx context.Context, a app) (graph.Organization, error) {
	select {
	case <-c.stop:
		return graph.Organization{}, batch.ErrStopped
	default:
	}
	o, err := briefly(ctx, a.client.Organization)
	if httpStatus(err) == 401 { // the next token may be somebody else's, which must not go unseen
		o, err = briefly(ctx, a.client.Organization)
	}
	if httpStatus(err) == 403 && a.identity.Tenant != "" {
		o, err = briefly(ctx, func(ctx context.Context) (graph.Organization, error) {
			return a.client.Information(ctx, a.identity.Tenant)
		})
	}
	switch is := a.identity.Tenant; {
	case err == nil && is != "" && !strings.EqualFold(is, o.ID):
		return graph.Organization{}, fmt.Errorf("%w: the access token is of tenant %s, and what answers says that it is tenant %s, %s; %s; see where the calls go (--graph-url, a proxy), and sign in anew",
			batch.ErrSignIn, is, o.ID, cmp.Or(o.String(), "without a name"), c.unwritten())
	case err == nil:
		return o, nil
	case errors.Is(err, batch.ErrNotGraph), errors.Is(err, batch.ErrSignIn), errors.Is(err, batch.ErrStopped):
		return o, err
	case ctx.Err() != nil:
		return o, context.Cause(ctx)
	}
	c.log.Debug("the tenant's name could not be read", "error", err)
	return graph.Organization{}, nil
}

// briefly makes a read that is not worth a long wait.
func briefly[T any](ctx context.Context, read func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	return read(ctx)
}

// httpStatus is the status of a call that was refused, or 0.
func httpStatus(err error) int {
	if e, ok := errors.AsType[*batch.CallError](err); ok {
		return e.Status
	}
	return 0
}

// confirm asks the service which tenant this is, where the token does not say and the
// plan or somebody has named one. It waits for the answer as for the sign-in; only a
// missing permission leaves the tenant unknown. A plan that was made of a tenant that
// nothing confirmed goes on as one.
func (c *command) confirm(ctx context.Context, e errand, t *target, want string) error {
	named := cmp.Or(e.plan.Tenant, want)
	if t.identity().Tenant != "" || named == "" {
		return nil
	}
	if t.organization.ID == "" {
		err := c.signIn(ctx, e.patience, "which tenant this is", func(ctx context.Context) (err error) {
			t.organization, err = t.apps[0].client.Organization(ctx)
			return err
		})
		switch {
		case errors.Is(err, batch.ErrPermission):
			return nil
		case errors.Is(err, batch.ErrStopped), ctx.Err() != nil:
			return err
		case err == nil && t.organization.ID == "":
			err = errors.New("the answer names no tenant")
		}
		if err != nil {
			return fmt.Errorf("%w: the access token does not say which tenant this is, and that it is %s could not be confirmed; %s: %w", batch.ErrSignIn, named, c.unwritten(), err)
		}
	}
	if e.plan.Run == "" || e.plan.Tenant != "" {
		t.apps[0].identity.Tenant = t.organization.ID
	}
	return nil
}

// hold compares who signed in with the tenant that was named. A token that says
// nothing of its tenant is held against what the service says.
func (c *command) hold(e errand, t *target, want, by string) error {
	is := cmp.Or(strings.ToLower(t.identity().Tenant), t.organization.ID)
	switch {
	case want == "":
		return nil
	case is == "":
		return c.unconfirmed(e, fmt.Sprintf("the access token does not say which tenant this is, and the app may not read it (Organization.Read.All); %s %s could not be confirmed", by, want))
	case is != want:
		name := ""
		if s := t.organization.String(); s != "" {
			name = ", " + s
		}
		return fmt.Errorf("%w: the sign-in leads to tenant %s%s, and %s names %s; %s; sign in to that one", batch.ErrSignIn, is, name, by, want, c.unwritten())
	}
	return nil
}

// unconfirmed refuses what unnamed would refuse, of a tenant that was named and that
// nothing confirms. Somebody at a terminal sees it, and again with the question,
// which --yes does not answer then.
func (c *command) unconfirmed(e errand, doubt string) error {
	if e.key.Searched() || !c.asks {
		return refused(c.unwritten(), []batch.Finding{{Name: "--tenant", Refusal: doubt + "; grant that to the app, or sign in with a token that says its tenant"}})
	}
	c.doubt = doubt
	c.say("note     %s", doubt)
	return nil
}

// sameCaller lets another app or user go on with a plan only when somebody says
// so; it is kept who did.
func (j *job) sameCaller(p batch.Plan) error {
	was, is := callerOf(p), j.target.identity()
	if j.ownPlan(p) {
		return nil
	}
	j.caller = fmt.Sprintf("as %s; the plan was made by %s", is, was)
	j.say("caller   this is %s, and the plan was made by %s", is, was)
	switch {
	case j.AsCaller:
		return nil
	case !j.asks:
		return fmt.Errorf("%w; %s: this is %s, and the plan was made by %s; if that is meant, give --as-caller", errRefused, j.unwritten(), is, was)
	}
	return j.ask(false, fmt.Sprintf("Go on as %s?", is))
}

// ownPlan reports whether the one who is signed in made the plan.
func (j *job) ownPlan(p batch.Plan) bool {
	was, is := callerOf(p), j.target.identity()
	was.Tenant = is.Tenant
	return was.Equal(is)
}

// callerOf is who made a plan.
func callerOf(p batch.Plan) graph.Identity {
	return graph.Identity{Tenant: p.Tenant, App: p.App, User: p.Terms.User, UPN: p.Terms.UserName}
}

// tenantLines tell of the plan's tenant and of who signed in.
func (c *command) tenantLines(p batch.Plan, domains map[string]int) {
	name := ""
	if p.Terms.TenantName != "" {
		name = p.Terms.TenantName + ", "
	}
	c.say("tenant   %s%s at %s", name, cmp.Or(p.Tenant, "unknown"), p.Cloud)
	if name == "" {
		c.say("         its name could not be read (Organization.Read.All)%s", ofDomains(domains))
	}
	c.say("as       %s", callerOf(p))
}

// ofDomains tells of which domains users are, the most frequent first.
func ofDomains(domains map[string]int) string {
	if len(domains) == 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(domains), func(a, b string) int {
		return cmp.Or(domains[b]-domains[a], strings.Compare(a, b))
	})
	for i, d := range names {
		names[i] = fmt.Sprintf("%s (%s)", d, batch.Thousands(domains[d]))
	}
	return "; the users found are of " + someOf(names[:min(5, len(names))], len(names))
}
