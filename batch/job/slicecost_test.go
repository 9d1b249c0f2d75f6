package job

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"offboard/batch/graphsim"
	"offboard/batch/throttle"
)

var sliceUsers = flag.Int("slices", 0, "measure slices with so many users")

// TestSlicesCost holds what a slice of 500 writes takes in a long run against a short one, whose first
// half has ended. By hand, with -slices 100000: it takes minutes.
func TestSlicesCost(t *testing.T) {
	if *sliceUsers == 0 {
		t.Skip("give -slices 100000")
	}
	quickest := func(users int) time.Duration {
		o := officeOf(t, users, graphsim.Config{NoQuota: true, StaticToken: anybody})
		o.quotas = filepath.Join(o.dir, "quotas")
		text := ""
		for _, q := range throttle.Documented() {
			text += q.Name + " off\n"
		}
		if err := os.WriteFile(o.quotas, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		is, err := Submit(t.Context(), o.host(), o.submission("revoke"))
		if err == nil {
			_, err = o.planOf(is.Name)
		}
		for n := 0; err == nil && n < users/2; n += 5000 {
			_, err = GiveUp(t.Context(), o.host(), is.Name, min(5000, users/2-n), "it is half of them")
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d users: planned, and half of them ended, in %v", users, time.Since(began))
		w := o.worker()
		w.opt.Most = 500
		var took []time.Duration
		for range 9 {
			began := time.Now()
			if s, err := w.slice(is.Name); err != nil || s.Done != 500 {
				t.Fatalf("%+v, %v", s, err)
			}
			took = append(took, time.Since(began))
		}
		t.Logf("slices: %v", took)
		return slices.Min(took[1:]) // the first one signs in, and checks the journal; others of the machine make some slower
	}
	short, long := quickest(10_000), quickest(*sliceUsers)
	t.Logf("a slice takes %v in a run of 10,000 users, and %v in one of %d", short, long, *sliceUsers)
	if long-short > 150*time.Millisecond {
		t.Error("a slice costs too much")
	}
}
