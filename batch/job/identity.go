package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
)

// This file finds out to which tenant a sign-in leads, and holds that against what
// was said.

// unnamed refuses to take whichever tenant the sign-in leads to, when nobody is
// there to see which one it is, or when the input could mean people of another.
func (j *job) unnamed() error {
	why := ""
	switch {
	case j.plan.Tenant != "":
		return nil
	case j.key.Searched():
		why = fmt.Sprintf("--key %s finds people in any tenant", j.key)
	case !j.MayAsk():
		why = "there is no terminal at which a person sees the tenant"
	default:
		return nil
	}
	return refused(j.unwritten(), batch.Finding{Name: "--tenant", Lift: LiftTenant, Refusal: why + "; name the tenant with --tenant or AZURE_TENANT_ID, by its id or one of its domains"})
}

// wanted gives the id of the tenant that was named, and where; "" when none was.
// Two names must mean one tenant.
func (j *job) wanted(ctx context.Context) (id, by string, err error) {
	for _, n := range []struct{ by, name string }{{"--tenant", j.Tenant}, {"AZURE_TENANT_ID", j.env.Tenant()}} {
		if n.name == "" {
			continue
		}
		found, none, err := j.tenantOf(ctx, n.by, n.name)
		switch {
		case err != nil:
			return "", "", err
		case none != nil:
			return "", "", fmt.Errorf("%w: %s: %w", ErrUsage, n.by, none)
		case id != "" && id != found:
			return "", "", fmt.Errorf("%w: --tenant is %s, and AZURE_TENANT_ID is %s", batch.ErrSignIn, id, found)
		case id == "":
			id, by = found, n.by
		}
	}
	return id, by, nil
}

// tenantOf gives the id of a tenant that was named; none says that there is no such tenant.
// A Graph that is served on this machine need not have a sign-in service within
// reach: then nobody waits for that one until the outage is over.
func (j *job) tenantOf(ctx context.Context, by, name string) (id string, none, err error) {
	ask := func(ctx context.Context) (err error) {
		if id, err = j.authority.Tenant(ctx, name); errors.Is(err, graph.ErrNoTenant) {
			none, err = err, nil
		}
		return err
	}
	if !graph.Loopback(j.at.Root) {
		err = j.patiently(ctx, "the tenant of "+name, ask)
		return id, none, err
	}
	_, err = brief(ctx, nameTimeout, func(ctx context.Context) (struct{}, error) { return struct{}{}, ask(ctx) })
	switch {
	case ctx.Err() != nil:
		return "", nil, context.Cause(ctx)
	case err != nil:
		return "", nil, fmt.Errorf("%w: %s: %s is a domain, and %s, which knows whose it is, did not tell; --graph-url is on this machine, so that is not waited for; name the tenant by its id, which is a GUID: %w",
			batch.ErrSignIn, by, name, j.authority.URL, err)
	}
	return id, none, nil
}

// confirm asks the service which tenant this is, where the token does not say and the
// plan or somebody has named one. It waits for the answer as for the sign-in; only a
// missing permission leaves the tenant unknown. A plan that was made of a tenant that
// nothing confirmed goes on as one.
func (j *job) confirm(ctx context.Context, t *tenant, want string) error {
	named := cmp.Or(j.plan.Tenant, want)
	if t.identity().Tenant != "" || named == "" {
		return nil
	}
	if t.organization.ID == "" {
		err := j.patiently(ctx, "which tenant this is", func(ctx context.Context) (err error) {
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
			return fmt.Errorf("%w: the access token does not say which tenant this is, and that it is %s could not be confirmed; %s: %w", batch.ErrSignIn, named, j.unwritten(), err)
		}
	}
	if !j.follows || j.plan.Tenant != "" {
		t.apps[0].identity.Tenant = t.organization.ID
	}
	return nil
}

// hold compares who signed in with the tenant that was named. A token that says
// nothing of its tenant is held against what the service says.
func (j *job) hold(t *tenant, want, by string) error {
	is := cmp.Or(strings.ToLower(t.identity().Tenant), t.organization.ID)
	switch {
	case want == "":
		return nil
	case is == "":
		return j.unconfirmed(fmt.Sprintf("the access token does not say which tenant this is, and the app may not read it (Organization.Read.All); %s %s could not be confirmed", by, want))
	case is != want:
		name := ""
		if called := t.organization.String(); called != "" {
			name = ", " + called
		}
		return fmt.Errorf("%w: the sign-in leads to tenant %s%s, and %s names %s; %s; sign in to that one", batch.ErrSignIn, is, name, by, want, j.unwritten())
	}
	return nil
}

// unconfirmed refuses what unnamed would refuse, of a tenant that was named and that
// nothing confirms. Somebody at a terminal sees it, and again with the question,
// which --yes does not answer then.
func (j *job) unconfirmed(doubt string) error {
	if j.key.Searched() || !j.MayAsk() {
		return refused(j.unwritten(), batch.Finding{Name: "--tenant", Refusal: doubt + "; grant that to the app, or sign in with a token that says its tenant"})
	}
	j.doubt = doubt
	j.Say("note     %s", doubt)
	return nil
}

// nameTimeout is how long the tenant's name is worth waiting for.
const nameTimeout = 4 * time.Second

// organization reads what the tenant is called, where the app may. Only what ends
// everything is an error, such as a name that is that of another tenant.
func (h *Host) organization(ctx context.Context, a app) (graph.Organization, error) {
	select {
	case <-h.Stop:
		return graph.Organization{}, batch.ErrStopped
	default:
	}
	o, err := brief(ctx, nameTimeout, a.client.Organization)
	if httpStatus(err) == 401 { // the next token may be somebody else's, which must not go unseen
		o, err = brief(ctx, nameTimeout, a.client.Organization)
	}
	if httpStatus(err) == 403 && a.identity.Tenant != "" {
		o, err = brief(ctx, nameTimeout, func(ctx context.Context) (graph.Organization, error) {
			return a.client.Information(ctx, a.identity.Tenant)
		})
	}
	switch is := a.identity.Tenant; {
	case err == nil && is != "" && !strings.EqualFold(is, o.ID):
		return graph.Organization{}, fmt.Errorf("%w: the access token is of tenant %s, and what answers says that it is tenant %s, %s; %s; see where the calls go (--graph-url, a proxy), and sign in anew",
			batch.ErrSignIn, is, o.ID, cmp.Or(o.String(), "without a name"), h.unwritten())
	case err == nil:
		return o, nil
	case errors.Is(err, batch.ErrNotGraph), errors.Is(err, batch.ErrSignIn), errors.Is(err, batch.ErrStopped):
		return o, err
	case ctx.Err() != nil:
		return o, context.Cause(ctx)
	}
	h.Log.Debug("the tenant's name could not be read", "error", err)
	return graph.Organization{}, nil
}

// brief makes a read that is given up after a while. What the sign-in said, as a person may
// have declined later, is told as it is.
func brief[T any](ctx context.Context, most time.Duration, read func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("no answer within %v", most))
	defer cancel()
	v, err := read(ctx)
	if err != nil && ctx.Err() != nil && !errors.Is(err, batch.ErrSignIn) {
		err = context.Cause(ctx)
	}
	return v, err
}

// httpStatus is the status of a call that was refused, or 0.
func httpStatus(err error) int {
	if e, ok := errors.AsType[*batch.CallError](err); ok {
		return e.Status
	}
	return 0
}
