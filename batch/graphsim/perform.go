package graphsim

import "time"

// result is what became of one item.
type result struct {
	status   int
	bad      *failure          // the body of a refusal
	body     any               // the body of a success, for JSON
	header   map[string]string // beyond the usual ones
	executed bool
	user     int32 // index of the entry that is meant, or nobody
	fault    *activeFault
	seq      int
	at       time.Time
}

const nobody = -1

func refuse(bad *failure, header map[string]string) result {
	return result{status: bad.status, bad: bad, header: header, user: nobody}
}

func done(body any) result { return result{status: 200, body: body, executed: true, user: nobody} }

// runCall executes the items of a call, in the order of the batch, at one moment: each
// by runStruck when a fault struck the whole call, else by runItem, which draws a fault
// of the item's own. Both obey the item, unless the fault says otherwise, and what is
// asked of one user goes on to obeyOnUser.
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
		if c.fault != nil {
			*r = t.runStruck(c, it)
		} else {
			*r = t.runItem(c, it)
		}
		t.seq++
		r.seq, r.at, r.user = t.seq, c.date, t.meant(c, it)
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
		price.writes = 1
	}
	if by, wait := t.meters.take(time.Now(), c.token.app, price); wait > 0 {
		return refuse(throttled(c.rng, c.token.app, t.cfg.TenantID), map[string]string{
			retryAfterName(c.rng):       retryAfter(c.rng, wait),
			"x-ms-throttle-scope":       by.scopeHeader(c.token.app, t.cfg.TenantID),
			"x-ms-throttle-information": by.information(),
		})
	}
	bad := it.op.bad
	if bad == nil {
		bad = c.token.grants.check(it.op.action)
	}
	if bad == nil && t.abroad(c) {
		bad = elsewhere(it)
	}
	if bad != nil {
		return refuse(bad, nil)
	}
	switch it.op.action {
	case actRead, actRevoke, actInvalidate:
		return t.obeyOnUser(c, it, t.meant(c, it))
	}
	body, bad := t.list(c, &it.op)
	if bad != nil {
		return refuse(bad, nil)
	}
	return done(body)
}

// obeyOnUser treats an item that names one user.
func (t *Tenant) obeyOnUser(c *call, it *item, user int32) result {
	if user == nobody {
		return refuse(notFound(it.op.key), nil)
	}
	rec := &t.dir.entries[user]
	switch {
	case it.op.action == actRead:
		return done(t.userBody(c, &it.op, user))
	case rec.Denied:
		return refuse(errDenied, nil)
	case !t.cfg.FrozenStamps && !rec.Frozen:
		// The stamp of a guest moves too, and the answer is the same, yet
		// nothing is revoked: a guest's sessions live in the home tenant.
		moves := SignInStamp
		if it.op.action == actInvalidate {
			moves = t.cfg.Invalidates
		}
		rec.unseen = append(rec.unseen, write{c.date, moves})
		rec.reveal(c.date, t.cfg.Lag)
	}
	return done(c.revoked())
}

// abroad reports whether the call's token is of another tenant.
func (t *Tenant) abroad(c *call) bool { return c.token.tenant != t.cfg.TenantID }

// elsewhere is what another tenant answers, which has none of these users. What
// else it holds is not simulated.
func elsewhere(it *item) *failure {
	switch it.op.action {
	case actRead, actRevoke, actInvalidate, actMembers:
		return notFound(it.op.key)
	}
	return errNotSimulated
}

// meant is the index of the entry that an item names by key.
func (t *Tenant) meant(c *call, it *item) int32 {
	switch it.op.action {
	case actRevoke, actInvalidate, actRead:
		if i, ok := t.dir.find(it.op.key); ok && !t.abroad(c) {
			return i
		}
	}
	return nobody
}
