package job

import (
	"context"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// lookUp counts the tenant, if asked to, and looks everybody up as a plan does.
func (w *whole) lookUp(t *testing.T, n int, count bool) {
	t.Helper()
	j := w.job
	if err := j.wide(); err != nil {
		t.Fatal(err)
	}
	if count {
		l := findings{guards: batch.Guards{Limits: batch.Limits{MaxPercent: 100}}}
		if err := j.countUsers(context.Background(), &l); err != nil || l.users != n {
			t.Fatalf("the tenant has %d users, error %v; want %d", l.users, err, n)
		}
	}
	look := j.planner()
	look.Rows = func(yield func(batch.Row, error) bool) {
		for l, err := range j.run.Lines(context.Background()) {
			if !yield(batch.Row{Seq: l.User.Seq, Line: l.Row.Line, Input: l.Row.Input, UPN: l.Row.Input}, err) {
				return
			}
		}
	}
	look.Add = func(context.Context, []batch.Planned) error { return nil }
	if found, err := look.Plan(context.Background()); err != nil || found.Users != n {
		t.Fatalf("%d users found, error %v; want %d", found.Users, err, n)
	}
}

// endToEnd looks n users up, revokes and reads back, at 50 ms a call. Without quotas the tenant has none.
func endToEnd(t *testing.T, n int, count bool, quotas []graphsim.Quota) (took time.Duration, s graphsim.Stats) {
	var start time.Time
	cfg := graphsim.Config{NoLog: true, NoQuota: quotas == nil, Quotas: quotas, Latency: 50 * time.Millisecond}
	inVirtualTime(t, cfg, n, func(w *whole) {
		start = time.Now()
		w.lookUp(t, n, count)
	}, func(w *whole, err error) {
		took, s = time.Since(start), w.tenant.Stats()
		if err != nil || s.RefusedWrites > 0 || s.Writes != n {
			t.Errorf("error %v, %+v", err, s)
		}
	})
	return took, s
}

var endsToEnd = []struct {
	name        string
	count       bool
	quotas      []graphsim.Quota
	optimum     time.Duration // of a sender that knew
	least, most time.Duration
}{
	{"counted, no quota", true, nil, 200 * time.Millisecond, 0, 2 * time.Second},
	{"nobody counted", false, nil, 150 * time.Millisecond, 10 * time.Second, 12 * time.Second},
	{"counted, Graph's quotas", true, graphsim.DefaultQuotas(), 10 * time.Second, 0, 13 * time.Second}, // 9,000 units, of 8,000 in 10 s
}

// 3,000 users are looked up, revoked and read back at the pace of a tenant of their number. Where
// nobody counted, the smallest tenant's is kept to.
func TestLookupsAtTheTenantsSize(t *testing.T) {
	for _, tt := range endsToEnd {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			took, s := endToEnd(t, 3_000, tt.count, tt.quotas)
			t.Logf("%v, %+v", took, s)
			if took < tt.least || took > tt.most {
				t.Errorf("took %v, want %v to %v", took, tt.least, tt.most)
			}
		})
	}
}
