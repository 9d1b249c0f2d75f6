package main

import (
	"cmp"
	"flag"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
	"offboard/batch/throttle"
)

var paceBench = flag.Bool("pace", false, "run TestPaceBench, which prints a table and takes minutes")

const (
	paceWidth = 160              // calls under way at the most, of all apps together: 3,000 users at once, and some more
	paceMood  = 2 * time.Second  // Retry-After of a service that refuses some users
	pacePhase = 60 * time.Second // how far into a fixed window every run begins
)

// paceCase is a line of the table.
type paceCase struct {
	users   int
	apps    int    // that work side by side, each with a quota of its own
	limits  string // in words
	quota   graphsim.Quota
	model   graphsim.Model
	latency paceLatency

	used  int           // writes of the same app by somebody else, before the run
	dated time.Duration // how long before
	moody int           // users in a hundred who are refused once, for a while of paceMood
	width int           // calls under way at the most; 0 for paceWidth

	low      int           // the limit from one time to another, where it moves
	from, to time.Duration // since the beginning of the run

	others float64       // writes a second of another app
	before time.Duration // how long that app has been at it when the run begins
	raised bool          // the app may write as much as the tenant

	meets []time.Duration // when, or at the next refusal after that, a limit is first met

	ratio, share float64 // what is allowed: time over optimum, refused writes over writes
	trips        int     // round trips allowed besides
}

func (c paceCase) String() string {
	return fmt.Sprintf("%d users, %s, %s, %s", c.users, c.limits, c.model, c.latency.name)
}

// paceRow is what a case came to.
type paceRow struct {
	optimum, actual, slowest time.Duration
	own                      time.Duration // optimum of the service itself
	refused, met             int
	stats                    graphsim.Stats
}

// TestPaceBench holds the time of whole runs against the least time possible:
//
//	go test ./cmd/offboard -run TestPaceBench -pace -v
//
// The real batch.Runner and throttle.Controller send to a graphsim.Tenant, which counts as
// strictly as Graph may, in virtual time: hours take seconds. Left out are the
// SDK, signing in, the journal's disk and verification; none of them decides when a call leaves.
// Up to 160 calls are under way, so that 3,000 users can go at once.
//
// # The columns
//
//	users      to revoke
//	limits     what the service enforces; "documented" is what the controller is told, always
//	model      how it counts: sliding log, fixed window (begun 60 s before the run), token bucket
//	latency    of a call; "2 s tail" is log-normal, one call in a hundred takes more than 6.4 s
//	optimum    seconds, see below
//	actual     seconds from the beginning of Run until it returns
//	slowest    seconds of the slowest call, which no pace can help: nobody chooses which call is the last
//	ratio      (actual - slowest) / optimum; it must not be above "most"
//	refused    writes that the service refused
//	under way  of them, in calls that were under way when the limit was first met, that is, when
//	           the first refusal came back: nobody could have known. Under the documented
//	           quota refused must be 0; elsewhere all but those under way must be at most 1 %
//	           of the writes, 2 % beside another app, whose part is searched for, and five calls
//	calls      to Graph, of at most 20 users each
//
// Without an optimum (everybody may go at once) actual must not be above slowest. More than 100 users leave in
// six steps, since nobody knows what others have used: five mean round trips are allowed for that, in every row.
//
// # The optimum
//
// It is computed: a model of the service itself (see ideal), written apart from the one in
// graphsim, is asked every 50 ms how many users it would let in, and so many are
// in. Calls take no time. That is the time for somebody who knows the limit, the model
// and its state, and what others will do. No schedule is faster: in every model a user let
// in earlier leaves as much room or more at every later time.
//
// For the documented quota the optimum is that of the sliding log, whatever the service does:
// it is the least time of a schedule that none of the three models refuses, and refusals there
// must be none. For a hidden limit it is the service's own, a full bucket and the phase of a fixed
// window included. For a limit that moves it is the slower of the two, since before the drop and after
// it the documented quota holds. For a tenant shared with another app it is the slower of the service's own and
// of a sliding log of the documented quota that nobody shares: in a fixed window that begins
// anew somebody who knows when could take all of it before the other app has any.
//
// No run may be faster than the service's own optimum; the model of it would be wrong.
//
// # The limits
//
// "hidden" is a limit per app and tenant lower than the documented one from the beginning on. "drops" has the
// documented limit, half of it for a while, and again all of it. In "other app" the run's app may write
// as much as its tenant (18,000 in 300 s), and is told so; another app makes 30 writes a second, half
// of that, either for a window before the run begins or from its beginning on. Resource units are not counted
// there: their 8,000 in 10 s would bind before the tenant's writes do. "3 apps" are three registrations
// in one tenant, each under the documented quota and all under the tenant's, which is 60 users
// a second; the optimum is that of a sliding log of three quotas. When the other app begins with
// the run, the limit is first met twice: when the tenant's window is full, and one window later,
// when half of what leaves it is the other app's.
//
// "used" is the documented limit, of which somebody else has used a part before the run: in a sliding log
// all of it 75 s before, in a fixed window 40 s before. A "debt" bucket is one that counts refused writes too, to a
// tenth below empty; the sliding log here counts all of them. What refused writes cost is in the optimum: the
// ideal loses as much at the same moments. Up to 30 % of the writes may be refused.
//
// "8 % refused" is a service that refuses 8 % of the users once, with a Retry-After of 2 s, and takes the others of
// the same calls. The optimum is that wait after the round trips that the width demands.
func TestPaceBench(t *testing.T) {
	if !*paceBench {
		t.Skip("a benchmark; run it with -pace")
	}
	cases := paceCases()
	rows := make([]*paceRow, len(cases))
	t.Run("cases", func(t *testing.T) { // ends when all of its parallel tests have
		for i, c := range cases {
			t.Run(c.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { rows[i] = c.run(t) })
				c.check(t, rows[i])
			})
		}
	})
	w := t.Output()
	fmt.Fprintf(w, "%7s  %-24s %-8s %-8s %9s %9s %8s %6s %5s %8s %10s %6s\n",
		"users", "limits", "model", "latency", "optimum", "actual", "slowest", "ratio", "most", "refused", "under way", "calls")
	for i, r := range rows {
		if r == nil {
			continue // failed before its end, and said so
		}
		c, ratio := cases[i], "-"
		if r.optimum > 0 {
			ratio = fmt.Sprintf("%.3f", float64(r.actual-r.slowest)/float64(r.optimum))
		}
		fmt.Fprintf(w, "%7s  %-24s %-8s %-8s %9.1f %9.1f %8.2f %6s %5.2f %8d %10d %6d\n", batch.Thousands(c.users), c.limits, c.model, c.latency.name,
			r.optimum.Seconds(), r.actual.Seconds(), r.slowest.Seconds(), ratio, c.ratio, r.refused, r.met, r.stats.Calls)
	}
}

func paceCases() []paceCase {
	models := []graphsim.Model{graphsim.SlidingWindow, graphsim.FixedWindow, graphsim.TokenBucket}
	app := graphsim.Quota{Scope: graphsim.AppTenant, Resource: graphsim.Writes, Limit: 3_000, Window: 150 * time.Second}
	tenant := graphsim.Quota{Scope: graphsim.AllApps, Resource: graphsim.Writes, Limit: 18_000, Window: 300 * time.Second}
	var cases []paceCase
	add := func(c paceCase) {
		c.apps = max(1, c.apps)
		if c.meets == nil {
			c.meets = []time.Duration{0}
		}
		for _, c.model = range models {
			cases = append(cases, c)
		}
	}
	for _, users := range []int{100, 3_000, 10_000, 100_000} {
		for _, l := range paceLatencies {
			add(paceCase{users: users, limits: "documented", quota: app, latency: l, ratio: 1.02})
		}
	}
	for _, users := range []int{30_000, 100_000} {
		for _, l := range paceLatencies {
			add(paceCase{users: users, apps: 3, limits: "documented, 3 apps", quota: app, latency: l, ratio: 1.02})
		}
	}
	half := paceLatencies[1]
	for _, hidden := range []int{50, 10} {
		q := app
		q.Limit = app.Limit * hidden / 100
		for _, users := range []int{10_000, 100_000} {
			add(paceCase{users: users, limits: fmt.Sprintf("hidden, %d %%", hidden), quota: q, latency: half, ratio: 1.10, share: 0.01})
		}
	}
	drops := paceCase{users: 30_000, limits: "drops to 50 %, 400-900 s", quota: app, latency: half, ratio: 1.10, share: 0.01,
		low: app.Limit / 2, from: 400 * time.Second, to: 900 * time.Second}
	add(drops)
	drops.users, drops.limits, drops.from, drops.to = 100_000, "drops to 50 %, 1-2.5 ks", 1_000*time.Second, 2_500*time.Second
	add(drops)
	for _, users := range []int{30_000, 100_000} {
		c := paceCase{users: users, limits: "other app, from before", quota: tenant, latency: half, ratio: 1.10, share: 0.02,
			raised: true, others: 30, before: tenant.Window}
		add(c)
		c.limits, c.before, c.meets = "other app, begins too", 0, []time.Duration{0, tenant.Window}
		add(c)
	}
	used := paceCase{ratio: 1.15, share: 0.30, trips: 8, quota: app}
	for _, used.users = range []int{500, 1_500, 3_000} {
		for _, left := range []int{10, 20, 40, 60} {
			used.limits, used.used = fmt.Sprintf("used, %d %% left", left), app.Limit*(100-left)/100
			for _, used.latency = range paceLatencies[:2] {
				for _, m := range []struct {
					model graphsim.Model
					dated time.Duration
				}{{graphsim.SlidingWindow, 75 * time.Second}, {graphsim.FixedWindow, 40 * time.Second}, {graphsim.TokenBucket, 0}, {graphsim.DebtBucket, 0}} {
					c := used
					c.apps, c.meets, c.model, c.dated = 1, []time.Duration{0}, m.model, m.dated
					cases = append(cases, c)
				}
			}
		}
	}
	for _, width := range []int{8, 150} {
		cases = append(cases, paceCase{users: 1_000, apps: 1, limits: fmt.Sprintf("8 %% refused, %d calls", width), quota: app,
			model: graphsim.SlidingWindow, latency: paceLatencies[0], moody: 8, width: width, ratio: 1.10, share: 1, meets: []time.Duration{0}})
	}
	return cases
}

// extra is the time of round trips that are allowed besides.
func (c paceCase) extra() time.Duration {
	mean := c.latency.fixed
	if c.latency.drawn > 0 {
		mean = time.Duration(math.Exp(0.5*0.5*0.5) * float64(c.latency.drawn)) // of a log-normal time
	}
	if c.users > 100 {
		return time.Duration(c.trips+5) * mean
	}
	return 0
}

// check holds the row against what is allowed.
func (c paceCase) check(t *testing.T, r *paceRow) {
	const grain = time.Millisecond // the controller rounds waits up
	if r.actual < r.own-paceStep {
		t.Errorf("%s: took %.1f s, and the service cannot have let everybody in before %.1f s", c, r.actual.Seconds(), r.own.Seconds())
	}
	most := time.Duration(c.ratio*float64(r.optimum)) + r.slowest + c.extra()
	if c.used > 0 {
		most += time.Second // to which Retry-After is rounded
	}
	if r.actual > most+grain {
		t.Errorf("%s: took %.1f s, %.1f s more than %.2f x %.1f s, the slowest call of %.2f s and %.1f s of round trips",
			c, r.actual.Seconds(), (r.actual - most).Seconds(), c.ratio, r.optimum.Seconds(), r.slowest.Seconds(), c.extra().Seconds())
	}
	if c.used > 0 {
		if share := float64(r.refused) / float64(r.stats.Writes+r.refused); share > c.share {
			t.Errorf("%s: %.2f of the writes were refused, want at most %.2f", c, share, c.share)
		}
		return
	}
	const searched = 5 * 20 // to find out whether a limit that is met at first is one, or used up
	if most := int(c.share*float64(r.stats.Writes)) + searched; r.refused-r.met > most {
		t.Errorf("%s: %d refused writes beside the %d that were under way when the limit was met, want at most %d",
			c, r.refused-r.met, r.met, most)
	} else if c.share == 0 && r.refused > 0 {
		t.Errorf("%s: %d refused writes, want none", c, r.refused)
	}
}

// ideal is the service of the case, as its own optimum is computed from.
func (c paceCase) ideal() *ideal {
	return &ideal{model: c.model, window: c.quota.Window, phase: pacePhase, others: c.others, before: c.before, at: -c.before,
		limit: func(t time.Duration) int {
			if c.low > 0 && t >= c.from && t < c.to {
				return c.low
			}
			return c.quota.Limit * c.apps
		}}
}

// optimum gives the service's own, and the one that the run is held against.
func (c paceCase) optimum(refused []paceEntry) (own, optimum time.Duration) {
	if c.moody > 0 {
		trips := (c.users + 20*c.width - 1) / (20 * c.width)
		return 0, paceMood + time.Duration(trips)*c.latency.fixed
	}
	if c.used > 0 {
		own = c.usedIdeal().last(c.users)
		return own, c.usedIdeal(refused...).last(c.users)
	}
	own = c.ideal().last(c.users)
	safe := c.ideal()
	safe.model, safe.others, safe.before = graphsim.SlidingWindow, 0, 0
	switch log := safe.last(c.users); {
	case c.share == 0:
		return own, log
	case c.low > 0, c.others > 0:
		return own, max(own, log)
	}
	return own, own
}

// usedIdeal is the service of which a part is used, and what it counted of refused writes.
func (c paceCase) usedIdeal(refused ...paceEntry) *ideal {
	s := c.ideal()
	s.before, s.at, s.phase = c.dated, -c.dated, pacePhase+c.dated
	s.spent = []paceEntry{{-c.dated, c.used}}
	debt := float64(c.quota.Limit) / 10
	for _, e := range refused {
		switch c.model {
		case graphsim.SlidingWindow:
			s.spent = append(s.spent, e)
		case graphsim.DebtBucket:
			if n := min(e.n, int(debt)); n > 0 {
				debt -= float64(n)
				s.spent = append(s.spent, paceEntry{e.at, n})
			}
		}
	}
	return s
}

// config is the tenant: the documented quotas but for the case's own.
func (c paceCase) config() graphsim.Config {
	cfg := graphsim.Config{NoLog: true, StaticToken: paceToken, Others: c.others, Latency: c.latency.fixed, Quotas: []graphsim.Quota{}}
	for _, q := range graphsim.DefaultQuotas() {
		switch {
		case q.Scope == c.quota.Scope && q.Resource == c.quota.Resource:
			q = c.quota
		case c.raised && q.Scope == graphsim.AppTenant:
			continue
		}
		q.Model = c.model
		cfg.Quotas = append(cfg.Quotas, q)
	}
	return cfg
}

// told is what the controller is told.
func (c paceCase) told() []throttle.Quota {
	quotas := throttle.For(throttle.Documented(), throttle.Write)
	for i := range quotas {
		if q := &quotas[i]; c.raised && q.Scope == throttle.AppTenant {
			q.Limit, q.Window = c.quota.Limit, c.quota.Window
		}
	}
	return quotas
}

// run carries out the case, within a bubble of virtual time.
func (c paceCase) run(t *testing.T) *paceRow {
	tenant := graphsim.New(c.config())
	pending := make([]batch.Pending, c.users)
	for i := range pending {
		upn := fmt.Sprintf("user%d@contoso.example", i+1)
		id := graphsim.IDFor(upn)
		if err := tenant.Add(graphsim.User{UPN: upn, ID: id}); err != nil {
			t.Fatal(err)
		}
		pending[i].Item = batch.Item{Step: batch.Revoke, User: batch.User{Seq: i + 1, ID: id, UPN: upn, Type: "Member"}}
	}
	time.Sleep(pacePhase)
	tenant.UseByOthers(graphsim.AllApps, 0) // the other app, if there is one, begins
	time.Sleep(c.before)
	if c.used > 0 {
		tenant.UseByOthers(graphsim.AppTenant, c.used)
		time.Sleep(c.dated)
	}

	start := time.Now()
	if c.low > 0 {
		low := c.quota
		low.Limit, low.Model = c.low, c.model
		high := c.quota
		high.Model = c.model
		for at, q := range map[time.Duration]graphsim.Quota{c.from: low, c.to: high} {
			timer := time.AfterFunc(at, func() {
				if err := tenant.SetQuota(q); err != nil {
					t.Error(err)
				}
			})
			defer timer.Stop()
		}
	}
	watch := paceWatch{start: start}
	var moody *paceMoody
	if c.moody > 0 {
		moody = &paceMoody{percent: c.moody, wait: paceMood, had: map[int]bool{}}
	}
	for _, m := range c.meets {
		watch.meets = append(watch.meets, start.Add(m))
	}
	var apps []batch.App
	calls := cmp.Or(c.width, paceWidth)
	width := (calls + c.apps - 1) / c.apps // the runner gives every app as many
	for i, gate := range throttle.NewPool(throttle.Config{Quotas: c.told(), MaxWidth: width, Users: c.users}, c.apps) {
		token := paceToken
		if i > 0 {
			token = paceSignIn(t, tenant, graphsim.IDFor(fmt.Sprintf("app%d", i)))
		}
		apps = append(apps, batch.App{
			Name: fmt.Sprintf("app%d", i), Sender: &paceSender{tenant, token, c.latency, &watch, moody}, Gate: gate,
		})
	}
	var kept paceJournal
	r := batch.Runner{
		Steps: []batch.Step{batch.Revoke}, Apps: apps, Journal: &kept,
		Pending: func(yield func(batch.Pending, error) bool) {
			for _, p := range pending {
				if !yield(p, nil) {
					return
				}
			}
		},
		Concurrency: calls, Retry: batch.DefaultRetry, CallTimeout: batch.LongestCall,
	}
	if err := r.Run(t.Context()); err != nil {
		t.Error(err)
	}
	row := &paceRow{actual: time.Since(start), slowest: watch.slowest, met: watch.met, stats: tenant.Stats()}
	row.own, row.optimum = c.optimum(watch.refused)
	row.refused = row.stats.RefusedWrites
	if moody != nil {
		row.refused = len(moody.had)
	}
	if kept.revoked != c.users || kept.others != 0 || row.stats.Writes != c.users || row.stats.Invalid != 0 {
		t.Errorf("%d revoked and %d otherwise; the tenant says %+v", kept.revoked, kept.others, row.stats)
	}
	return row
}
