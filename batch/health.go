package batch

import (
	"errors"
	"fmt"
	"time"
)

// A lane is down after downAfter calls in a row in which no user was answered. From
// then on one call at a time tries whether Graph is back. Otherwise an outage would
// fail every user of the plan once.
const (
	downAfter = 8
	probeCap  = 30 * time.Second
)

// hear keeps what the call says of the service, of the token, and of the first
// calls as a whole.
func (l *lane) hear(now time.Time, a answer) {
	life := a.life()
	if life == alive {
		l.outage.lastGood, l.refusals.calls = now, 0
	}
	switch {
	case life != silent:
		l.outage.since, l.outage.calls, l.outage.err = time.Time{}, 0, nil
	case a.usersTrouble, errors.Is(a.err, ErrUnsendable): // no trouble of the service
	default:
		l.countFailure(now, a)
	}
	l.quiet = now
	if a.err == nil && !a.unauthorized() {
		l.token.calls = 0
	}
	if e, ok := errors.AsType[*CallError](a.err); ok && e.refusedForGood() {
		if l.refusals.last = a.err; !a.half {
			l.refusals.calls++
		}
	}
	l.probation.see(a)
}

// life is what a call says of the service.
type life int

const (
	silent life = iota // no user was answered
	heard              // Graph answered, and no user for good: told to wait, or refused as a whole
	alive              // a user was answered for good
)

// life looks at every user of the call. A call that was refused as a whole was
// answered. An answer that cannot be read is none.
func (a answer) life() life {
	if a.err != nil {
		e, ok := errors.AsType[*CallError](a.err)
		switch {
		case ok && e.Status == 429:
			return heard
		case ok && e.refusedForGood():
			return heard
		}
		return silent
	}
	l := silent
	for _, r := range a.replies {
		switch c, _ := classify(r); c {
		case accepted, final:
			return alive
		case throttled:
			l = heard
		}
	}
	return l
}

// excuse is what a call in which no user was answered brought instead.
func (a answer) excuse() error {
	if a.err != nil {
		return a.err
	}
	return errors.New("every user of a call got: " + describe(a.replies[0]))
}

// countFailure counts a call in which no user was answered.
func (l *lane) countFailure(now time.Time, a answer) {
	if l.outage.calls++; l.outage.calls == 1 {
		l.outage.since = a.sent
	}
	l.outage.err, l.outage.id = a.excuse(), a.id
	if n := l.outage.calls - downAfter; n >= 0 {
		l.outage.probeAt = now.Add(min(probeCap, time.Second<<min(n, 10)))
	}
}

// outageError is the error of a lane that got no answer for as long as the run is
// willing to wait; nil before.
func (l *lane) outageError(now time.Time, outage time.Duration) error {
	if since := now.Sub(l.outage.since); outage > 0 && l.outage.calls >= downAfter && since >= outage && l.busy() {
		return unheard(noAnswer(since, l.outage.err), l.outage.id)
	}
	return nil
}

// noAnswer ends a wait for a service. A proxy in trouble, or the sign-in service, is named in the
// place of Graph.
func noAnswer(since time.Duration, err error) error {
	of := ErrOutage
	if p, ok := errors.AsType[*ProxyError](err); ok {
		of = &outageOf{"no connection through the proxy " + p.Proxy}
	} else if errors.Is(err, ErrNoToken) {
		of = &outageOf{"no answer from the sign-in service"}
	}
	return fmt.Errorf("%w for %s: %w", of, since.Round(time.Second), err)
}

// outageOf is an ErrOutage of something other than Graph.
type outageOf struct{ words string }

func (o *outageOf) Error() string { return o.words }

func (o *outageOf) Is(target error) bool { return target == ErrOutage }

// down is how long no call may leave; zero while the lane is up. After a refused
// token, too, one call at a time shows whether Graph takes a new one.
func (l *lane) down(now time.Time) time.Duration {
	switch {
	case l.token.calls > 0 && l.under > 0:
		return time.Hour
	case l.outage.calls < downAfter:
		return 0
	case l.under > 0:
		return time.Hour // until the answer
	}
	return max(0, l.outage.probeAt.Sub(now))
}

// staleStrikes is how many calls in a row, each with a token fetched after the
// one before was refused, end the run: strikes while nothing has gone well yet.
// One is a token that has expired; more are on record as a backend's mistake, and
// with every kind of trouble at 5 % of all calls three in a row came once in 4,000
// calls.
const staleStrikes = 5

// strikesAllowed is how many calls of a kind of trouble end the run: later, but no more
// than strikes while nothing of the lane has gone well yet.
func (l *lane) strikesAllowed(later int) int {
	if l.outage.lastGood.IsZero() {
		return strikes
	}
	return later
}

// health ends the run when the calls themselves cannot go on.
func (l *loop) health(now time.Time, a answer) error {
	ln := a.lane
	switch p := &ln.probation; {
	case p.mustStop() && p.said.Status == 403 && !ln.goesOn:
		return ln.permissionError()
	case p.mustStop() && p.said.Status != 403:
		return fmt.Errorf("%w: the first %d %s calls were all refused alike: %s", ErrNotOffered, p.calls, ln.name, describe(p.said))
	case errors.Is(a.err, ErrSignIn), errors.Is(a.err, ErrNotGraph):
		return a.err
	case ln.refusals.calls >= ln.strikesAllowed(downAfter):
		return fmt.Errorf("%s call: %w", ln.name, a.err)
	}
	if a.unauthorized() && !a.sent.Before(ln.token.at) {
		ln.token.at = now
		if ln.token.calls++; ln.token.calls >= ln.strikesAllowed(staleStrikes) {
			return fmt.Errorf("%w: new tokens are refused too: %w", ErrSignIn, a.excuse())
		}
	}
	return ln.outageError(now, l.outage)
}
