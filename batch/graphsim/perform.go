package graphsim

import "time"

// perform treats one item as Graph does when nothing goes wrong: quotas first,
// since refused requests count as well, then what the router refuses, then
// permissions, then the directory.
func (t *Tenant) perform(c *call, it *item) result {
	price := cost{units: it.op.resourceUnits()}
	if it.write() {
		price.writes = 1
	}
	user := t.meant(c, it)
	r := t.decide(c, it, user, price)
	r.user = user
	return r
}

func (t *Tenant) decide(c *call, it *item, user int32, price cost) result {
	if by, wait := t.meters.take(time.Now(), c.bearer.app, price); wait > 0 {
		return refuse(throttled(c.rng, c.bearer.app, t.cfg.TenantID),
			pair{retryAfterName(c.rng), retryAfter(c.rng, wait)},
			pair{"x-ms-throttle-scope", by.scopeHeader(c.bearer.app, t.cfg.TenantID)},
			pair{"x-ms-throttle-information", by.information()})
	}
	if it.op.bad != nil {
		return refuse(it.op.bad)
	}
	if bad := c.bearer.grants.check(it.op.action); bad != nil {
		return refuse(bad)
	}
	if t.abroad(c) {
		return t.elsewhere(it)
	}
	switch it.op.action {
	case actFind, actCount, actOrganization:
		return result{status: 200, body: t.collection(c, &it.op), executed: true}
	case actNamed, actMembers, actAssignments, actRoles:
		body, bad := t.list(c, &it.op)
		if bad != nil {
			return refuse(bad)
		}
		return result{status: 200, body: body, executed: true}
	}
	if user == nobody {
		return refuse(notFound(it.op.key))
	}
	rec := &t.dir.records[user]
	if it.op.action == actRead {
		return result{status: 200, body: t.entity(c, &it.op, rec), executed: true}
	}
	if rec.is(isDenied) {
		return refuse(errDenied)
	}
	if !t.cfg.FrozenStamps && !rec.is(isFrozen) {
		// The stamp of a guest moves too, and the answer is the same, yet
		// nothing is revoked: a guest's sessions live in the home tenant.
		moves := SignInStamp
		if it.op.action == actInvalidate {
			moves = t.cfg.Invalidates
		}
		rec.revoke(c.date, t.cfg.Lag, moves)
	}
	return result{status: 200, body: revoked(c.version), executed: true}
}

// check is about the app's permissions; Graph's words for a missing one are
// those of Azure-Sentinel#783.
func (g grants) check(action string) *failure {
	switch {
	case action == actRevoke && !g.revoke, action == actInvalidate && !g.invalidate:
		return errNoRevoke
	case (action == actRead || action == actFind || action == actNamed || action == actCount) && !g.read:
		return errDenied
	case action == actOrganization && !g.organization,
		action == actMembers && !g.members,
		(action == actAssignments || action == actRoles) && !g.roles:
		return errDenied
	}
	return nil
}

// abroad reports whether the call's token is of another tenant.
func (t *Tenant) abroad(c *call) bool { return c.bearer.tenant != t.cfg.TenantID }

// elsewhere is what another tenant answers, which has none of these users. What
// else it holds is not simulated.
func (t *Tenant) elsewhere(it *item) result {
	switch it.op.action {
	case actRead, actRevoke, actInvalidate, actMembers:
		return refuse(notFound(it.op.key))
	}
	return refuse(errNotSimulated)
}

// meant is the record that an item names by key.
func (t *Tenant) meant(c *call, it *item) int32 {
	if t.abroad(c) {
		return nobody
	}
	switch it.op.action {
	case actRevoke, actInvalidate, actRead:
		if i, ok := t.dir.find(it.op.key); ok {
			return i
		}
	}
	return nobody
}
