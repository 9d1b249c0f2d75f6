package job

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/graphsim"
)

// 20,000 users, in the long form 100,000, are looked up as fast as the read quota of the smallest tenants
// allows, which is taken for every tenant, and no lookup is ever refused,
// however the service counts.
//
// The optimum is that of a sliding window: its limit goes at once, and again
// whenever the window has passed. Offboard needs one call's latency more for each
// window, since it cannot know when in a call a lookup was counted: 3 % at 300 ms.
func TestResolveAtFullQuota(t *testing.T) {
	const limit, window = 3_500, 10 * time.Second // Microsoft Graph, throttling limits: tenants of less than 50 users
	for _, model := range []graphsim.Model{graphsim.SlidingWindow, graphsim.FixedWindow, graphsim.TokenBucket} {
		users := 20_000
		if *soak {
			users = 100_000
		}
		if testing.Short() && model != graphsim.SlidingWindow {
			continue // how the service counts is its own affair
		}
		optimum := time.Duration((users-1)/limit) * window
		for _, key := range []batch.Key{batch.ByID, batch.ByMail} {
			t.Run(string(key)+"/"+string(model), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					tenant := graphsim.New(graphsim.Config{
						StaticToken: "T", NoLog: true, Latency: 200 * time.Millisecond, Jitter: 200 * time.Millisecond,
						Quotas: []graphsim.Quota{{Scope: graphsim.AppTenant, Resource: graphsim.Units, Limit: limit, Window: window, Model: model}},
					})
					start := time.Now()
					count := resolve(t, tenant, key, users)
					took, s := time.Since(start), tenant.Stats()
					t.Logf("%s users in %v, optimum %v: %.3f; %d calls, %d refused reads",
						batch.Thousands(users), took.Round(time.Millisecond), optimum, float64(took)/float64(optimum), s.Calls, s.RefusedReads)
					if count.Users != users || s.Reads != users || s.RefusedReads != 0 || s.Invalid != 0 {
						t.Errorf("%d users were planned; the tenant says %+v", count.Users, s)
					}
					if most := optimum * 105 / 100; took > most {
						t.Errorf("it took %v, want at most %v", took, most)
					}
				})
			})
		}
	}
}

// resolve plans so many users, whom the rows name by the key, as "offboard run" does.
func resolve(t *testing.T, sim *graphsim.Tenant, key batch.Key, users int) batch.Count {
	t.Helper()
	people := make([]graphsim.User, users)
	for i := range people {
		upn := fmt.Sprintf("user%d@contoso.example", i+1)
		people[i] = graphsim.User{ID: graphsim.IDFor(upn), UPN: upn, Mail: upn}
	}
	if err := sim.Add(people...); err != nil {
		t.Fatal(err)
	}
	client, err := graph.New(graph.Config{Root: graph.Global.Root, Steps: []batch.Step{batch.Revoke}, Auth: graph.FixedToken("T"), Transport: sim})
	if err != nil {
		t.Fatal(err)
	}
	j, err := newJob(Connection{Concurrency: 150, QuotaShare: 1}, Execution{}, &tenant{apps: []app{{client: client}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := j.planner()
	p.Rows = rowsBy(key, people)
	p.Add = func(context.Context, []batch.Planned) error { return nil }
	count, err := p.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// rowsBy names the users by object id, or by mail.
func rowsBy(key batch.Key, people []graphsim.User) iter.Seq2[batch.Row, error] {
	return func(yield func(batch.Row, error) bool) {
		for i, u := range people {
			row := batch.Row{Seq: i + 1, Line: i + 2, Input: u.ID, ID: u.ID}
			if key == batch.ByMail {
				row = batch.Row{Seq: i + 1, Line: i + 2, Input: u.Mail, By: key, Value: u.Mail}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}
