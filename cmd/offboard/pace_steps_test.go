package main

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/graphsim"
	"offboard/batch/throttle"
)

// stepsCase is a line of the table of runs with several steps. Each user has 2 devices, 5
// groups and a direct licence.
type stepsCase struct {
	users   int
	words   string // of the steps
	steps   []batch.Step
	model   graphsim.Model
	latency time.Duration
}

func (c stepsCase) String() string {
	return fmt.Sprintf("%d users, %s, %s, %s", c.users, c.words, c.model, c.latency)
}

// stepsRow is what a case came to.
type stepsRow struct {
	writes          int
	optimum, actual time.Duration
	stats           graphsim.Stats
}

// TestPaceOfSteps holds the time of whole runs with several steps against the least time
// possible:
//
//	go test ./cmd/offboard -run TestPaceOfSteps -pace -v
//
// It is as TestPaceBench is, but with the client of the command, and with proof: a user's
// next write leaves after the one before was answered, removals wait until the account is
// shown to be disabled, and the run ends when the last write is proven. The tenant enforces
// all documented quotas: writes, resource units, which reads use as well, and writes to the
// devices of a user.
//
// The optimum is that of the writes alone, of which each user has 4 (emergency) or 11
// (leaver), in a sliding log of the documented quota, as if no write had to wait for another
// one. Actual, less one call, may be 3 % above it, and nothing may be refused.
func TestPaceOfSteps(t *testing.T) {
	if !*paceBench {
		t.Skip("a benchmark; run it with -pace")
	}
	var cases []stepsCase
	for _, users := range []int{1_000, 10_000} {
		for _, latency := range []time.Duration{50 * time.Millisecond, 500 * time.Millisecond} {
			models := []graphsim.Model{graphsim.SlidingWindow, graphsim.FixedWindow, graphsim.TokenBucket}
			if users > 1_000 {
				models = models[:1] // each takes a minute, and the sliding log is the strictest
			}
			for _, model := range models {
				cases = append(cases, stepsCase{users, "emergency", batch.Emergency, model, latency}, stepsCase{users, "leaver", batch.Leaver, model, latency})
			}
		}
	}
	rows := make([]*stepsRow, len(cases))
	t.Run("cases", func(t *testing.T) { // ends when all of its parallel tests have
		for i, c := range cases {
			t.Run(c.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { rows[i] = c.run(t) })
			})
		}
	})
	w := t.Output()
	fmt.Fprintf(w, "%7s  %-10s %-8s %-8s %8s %9s %9s %6s %8s %7s %7s\n", "users", "steps", "model", "latency", "writes", "optimum", "actual", "ratio", "refused", "reads", "calls")
	for i, r := range rows {
		if r == nil {
			continue // failed before its end, and said so
		}
		c := cases[i]
		fmt.Fprintf(w, "%7s  %-10s %-8s %-8s %8d %9.1f %9.1f %6.3f %8d %7d %7d\n", batch.Thousands(c.users), c.words, c.model, c.latency, r.writes,
			r.optimum.Seconds(), r.actual.Seconds(), float64(r.actual-c.latency)/float64(r.optimum), r.stats.Throttled, r.stats.Reads, r.stats.Calls)
	}
}

// populate makes a tenant of users with things, and the writes of a plan in the order of
// sending.
func (c stepsCase) populate(t *testing.T, tenant *graphsim.Tenant) (plan []batch.Pending) {
	const sku = "05e9a617-0261-4cee-bb44-138d3ef5d965"
	groups := make([]graphsim.Group, 50)
	targets := make([]map[batch.Step][]batch.Target, c.users)
	users := make([]batch.User, c.users)
	ok := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for g := range groups {
		groups[g].ID = graphsim.IDFor(fmt.Sprint("group ", g))
	}
	for i := range users {
		u := batch.User{Seq: i + 1, UPN: fmt.Sprintf("user%d@contoso.example", i+1), Type: batch.Member, Enabled: true}
		u.ID = graphsim.IDFor(u.UPN)
		ok(tenant.Add(graphsim.User{UPN: u.UPN, ID: u.ID, Enabled: true}))
		of := map[batch.Step][]batch.Target{
			batch.Password: {{Step: batch.Password}},
			batch.Licences: {{Step: batch.Licences, Before: `[{"skuId":"` + sku + `"}]`}},
		}
		for _, s := range []batch.Step{batch.Disable, batch.Revoke} {
			of[s] = []batch.Target{{Step: s}}
		}
		for k := range 2 {
			d := graphsim.Device{ID: graphsim.IDFor(fmt.Sprintf("device %d of %s", k, u.UPN)), Enabled: true, Users: []string{u.ID}}
			ok(tenant.AddDevice(d))
			of[batch.Devices] = append(of[batch.Devices], batch.Target{Step: batch.Devices, ID: d.ID, Kind: "Windows", Before: batch.StateEnabled})
		}
		for k := range 5 {
			g := &groups[(i+7*k)%len(groups)]
			g.Members = append(g.Members, u.ID)
			of[batch.Groups] = append(of[batch.Groups], batch.Target{Step: batch.Groups, ID: g.ID, Before: batch.StateThere})
		}
		ok(tenant.AddLicence(u.ID, sku))
		users[i], targets[i] = u, of
	}
	for _, g := range groups {
		ok(tenant.AddGroup(g))
	}
	urgentFirst := slices.Clone(c.steps)
	slices.SortStableFunc(urgentFirst, func(a, b batch.Step) int {
		switch {
		case a.Urgent() == b.Urgent():
			return 0
		case a.Urgent():
			return -1
		}
		return 1
	})
	for _, s := range urgentFirst {
		for place := range targets[0][s] {
			for i, u := range users {
				plan = append(plan, batch.Pending{Item: batch.Item{User: u, Step: s, Target: targets[i][s][place]}})
			}
		}
	}
	return plan
}

// run carries out the case, within a bubble of virtual time.
func (c stepsCase) run(t *testing.T) *stepsRow {
	cfg := graphsim.Config{NoLog: true, StaticToken: paceToken, Latency: c.latency}
	for _, q := range graphsim.DefaultQuotas() {
		q.Model = c.model
		cfg.Quotas = append(cfg.Quotas, q)
	}
	tenant := graphsim.New(cfg)
	plan := c.populate(t, tenant)
	client, err := graph.New(graph.Config{Root: "https://graph.microsoft.com", Steps: c.steps, Auth: graph.FixedToken(paceToken), Transport: tenant})
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(pacePhase)
	quotas := throttle.Sized(throttle.Documented(), c.users)
	gate := throttle.New(throttle.Config{Quotas: throttle.For(quotas, throttle.Write), MaxWidth: paceWidth, Users: len(plan)})
	reads := throttle.New(throttle.Config{Quotas: throttle.For(quotas, throttle.ReadUnit), MaxWidth: paceWidth})
	reads.KeepFree(gate)
	var kept provenJournal
	start := time.Now()
	r := batch.Runner{
		Steps: c.steps, Verify: true, Prover: client, Reads: reads, Journal: &kept, Found: start,
		Apps: []batch.App{{Name: "app", Sender: client, Gate: gate}},
		Pending: func(yield func(batch.Pending, error) bool) {
			for _, p := range plan {
				if !yield(p, nil) {
					return
				}
			}
		},
		Concurrency: paceWidth, Retry: batch.DefaultRetry, CallTimeout: batch.LongestCall, VerifyTimeout: 2 * time.Minute,
	}
	if err := r.Run(t.Context()); err != nil {
		t.Error(err)
	}
	documented := paceCase{apps: 1, model: graphsim.SlidingWindow, quota: graphsim.DefaultQuotas()[0]}
	row := &stepsRow{writes: len(plan), actual: time.Since(start), optimum: documented.ideal().last(len(plan)), stats: tenant.Stats()}
	if most := row.optimum*103/100 + c.latency; row.actual > most {
		t.Errorf("%s: took %.1f s, which is more than %.1f s", c, row.actual.Seconds(), most.Seconds())
	}
	if row.actual < row.optimum-paceStep && c.model == graphsim.SlidingWindow {
		t.Errorf("%s: took %.1f s, less than the least possible time of %.1f s", c, row.actual.Seconds(), row.optimum.Seconds())
	}
	if s := row.stats; s.Throttled > 0 || s.RefusedWrites > 0 || s.RefusedReads > 0 || s.Invalid > 0 || s.Writes != len(plan) || kept.verified != len(plan) || kept.others > 0 {
		t.Errorf("%s: %d of %d writes were verified, and %d ended otherwise; the tenant says %+v", c, kept.verified, len(plan), kept.others, s)
	}
	return row
}

// provenJournal counts what was proven and what ended otherwise, and keeps nothing.
type provenJournal struct{ verified, others int }

// Write implements batch.Journal.
func (j *provenJournal) Write(_ context.Context, e batch.Entry) error {
	for _, r := range e.Records {
		switch r.Outcome {
		case batch.Unverified: // its proof is to come
		case batch.Verified:
			j.verified++
		default:
			j.others++
		}
	}
	return nil
}
