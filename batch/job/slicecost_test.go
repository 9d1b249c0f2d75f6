package job

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"offboard/batch/graphsim"
	"offboard/batch/throttle"
)

var sliceUsers = flag.Int("slices", 0, "measure slices with so many users")

// TestSlicesCost compares a run in slices of 500 with one that goes in one piece. By hand, with -slices
// 100000: it takes minutes.
func TestSlicesCost(t *testing.T) {
	if *sliceUsers == 0 {
		t.Skip("give -slices 100000")
	}
	measure := func(do func(*office)) time.Duration {
		o := officeOf(t, *sliceUsers, graphsim.Config{NoQuota: true, StaticToken: anybody})
		o.quotas = filepath.Join(o.dir, "quotas")
		text := ""
		for _, q := range throttle.Documented() {
			text += q.Name + " off\n"
		}
		if err := os.WriteFile(o.quotas, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		do(o)
		return time.Since(start)
	}
	plan := measure(func(o *office) { o.planned("revoke") })
	whole := measure(func(o *office) { o.finishes(o.run("revoke")) })
	n := 0
	sliced := measure(func(o *office) {
		w := o.worker()
		w.opt.Most = 500
		run := o.planned("revoke")
		for {
			began := time.Now()
			s, err := w.slice(run)
			if err != nil {
				t.Fatal(err)
			}
			if n++; n%20 == 1 || s.Finished {
				t.Logf("slice %d: %v, %d left", n, time.Since(began), s.Left)
			}
			if s.Finished {
				return
			}
		}
	})
	each := (sliced - whole) / time.Duration(n)
	t.Logf("planned in %v; in one piece %v; in %d slices %v: %v each", plan, whole, n, sliced, each)
	if each > 150*time.Millisecond {
		t.Errorf("a slice costs %v", each)
	}
}
