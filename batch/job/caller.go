package job

import (
	"fmt"

	"offboard/batch"
	"offboard/batch/graph"
)

// sameCaller lets another app or user go on with a plan only when somebody says
// so; it is kept who did.
func (j *job) sameCaller(p batch.Plan) error {
	was, is := CallerOf(p), j.tenant.identity()
	if j.ownPlan(p) {
		return nil
	}
	j.caller = fmt.Sprintf("as %s; the plan was made by %s", is, was)
	j.Say("caller   this is %s, and the plan was made by %s", is, was)
	switch {
	case j.AsCaller:
		return nil
	case !j.MayAsk():
		return fmt.Errorf("%w; %s: this is %s, and the plan was made by %s; if that is meant, give --as-caller", ErrRefused, j.unwritten(), is, was)
	}
	return j.Confirm(false, fmt.Sprintf("Go on as %s?", is))
}

// ownPlan reports whether the one who is signed in made the plan.
func (j *job) ownPlan(p batch.Plan) bool {
	was, is := CallerOf(p), j.tenant.identity()
	was.Tenant = is.Tenant
	return was.Equal(is)
}

// CallerOf is who made a plan.
func CallerOf(p batch.Plan) graph.Identity {
	return graph.Identity{Tenant: p.Tenant, App: p.App, User: p.Terms.User, UPN: p.Terms.UserName}
}
