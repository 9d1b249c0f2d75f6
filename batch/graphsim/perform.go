package graphsim

import (
	"net/http"
	"time"
)

// result is what became of one item.
type result struct {
	status   int
	bad      *failure          // the body of a refusal
	body     any               // the body of a success, for JSON
	header   map[string]string // beyond the usual ones
	executed bool
	about
	fault *activeFault
	seq   int
	at    time.Time
}

// about says what a request is about.
type about struct {
	user   int32  // index of the entry, or nobody
	target string // what of the user's it is about, beside the user
	action string // as an [Event] names it
}

const nobody = -1

func refuse(bad *failure, header map[string]string) result {
	return result{status: bad.status, bad: bad, header: header}
}

func done(body any) result {
	r := result{status: http.StatusOK, body: body, executed: true}
	if body == nil {
		r.status = http.StatusNoContent
	}
	return r
}

// runCall executes the items of a call, in the order of the batch, at one moment: each
// by runItem, which obeys the item unless the fault of the call, or one of its own, says
// otherwise.
func (t *Tenant) runCall(c *call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.date = t.now()
	if c.fault = t.drawCall(c); c.fault.kind() == Expired401 {
		c.token.dead = true
	}
	c.results = make([]result, len(c.items))
	for i, it := range c.items {
		r := &c.results[i]
		about := t.meant(c, it) // before a user is deleted
		*r = t.runItem(c, it)
		t.seq++
		r.seq, r.at, r.about = t.seq, c.date, about
		t.tally(it, r)
	}
	c.mixUp()
}

// obey treats one item as Graph does when nothing goes wrong: quotas first,
// since refused requests count as well, then what the router refuses, then
// permissions, then the directory.
func (t *Tenant) obey(c *call, it *item) result {
	price := cost{units: it.op.units()}
	if it.write() {
		if price.writes = 1; it.op.endpoint != nil && it.op.of == deviceKind {
			price.deviceOf = t.ownerOf(&it.op)
		}
	}
	if by, wait := t.meters.take(time.Now(), c.token.app, price); wait > 0 {
		return refuse(c.varied(errThrottled), map[string]string{
			retryAfterName(c.rng):       retryAfter(c.rng, wait),
			"x-ms-throttle-scope":       by.scopeHeader(c.token.app, t.cfg.TenantID),
			"x-ms-throttle-information": by.information(),
		})
	}
	body, bad := t.carryOut(c, &it.op)
	if bad != nil {
		return refuse(bad, nil)
	}
	return done(body)
}

// carryOut hands an operation to its endpoint, when nothing speaks against it.
func (t *Tenant) carryOut(c *call, op *operation) (any, *failure) {
	switch {
	case op.bad != nil:
		return nil, op.bad
	case !c.token.may(op.roles) && op.denied != nil:
		return nil, op.denied
	case !c.token.may(op.roles):
		return nil, errDenied
	case t.abroad(c) && len(op.keys) == 0:
		return nil, errNotSimulated // what another tenant holds
	case t.abroad(c):
		return nil, notFound(op.key) // it has none of these users
	}
	var user *entry
	if op.namesUser() {
		i, ok := t.dir.find(op.key)
		if !ok {
			return nil, notFound(op.key)
		}
		user = &t.dir.entries[i]
	}
	return op.serve(t, c, op, user)
}

// abroad reports whether the call's token is of another tenant.
func (t *Tenant) abroad(c *call) bool { return c.token.tenant != t.cfg.TenantID }

// meant says what an item is about.
func (t *Tenant) meant(c *call, it *item) about {
	switch op := &it.op; {
	case op.bad != nil, t.abroad(c):
		return about{user: nobody, action: op.action}
	case op.about != nil:
		return op.about(t, c, op)
	default:
		return aboutUser(t, c, op)
	}
}

// aboutUser is about the user whom the path names by the last key.
func aboutUser(t *Tenant, _ *call, op *operation) about {
	a := about{user: nobody, action: op.action}
	if i, ok := t.dir.find(op.key); ok && op.namesUser() {
		a.user = i
	}
	return a
}

// revoke carries out both revocations. The stamp of a guest moves too, and the answer is
// the same, yet nothing is revoked: a guest's sessions live in the home tenant. The value
// of the answer is always true and means nothing (Microsoft Graph known issues).
func (t *Tenant) revoke(c *call, op *operation, user *entry) (any, *failure) {
	if user.Denied || user.Restricted {
		return nil, errDenied
	}
	if !t.frozen(user) {
		moves := SignInStamp
		if op.action == actInvalidate {
			moves = t.cfg.Invalidates
		}
		user.unseen = append(user.unseen, write{c.date, moves})
		user.reveal(c.date, t.cfg.Lag)
	}
	return c.revoked(), nil
}

func (c *call) revoked() any {
	return object{"@odata.context": c.context("Edm.Boolean", nil), "value": true}
}
