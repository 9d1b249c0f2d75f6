package job

import (
	"context"
	"testing"
	"time"

	"offboard/batch/graphsim"
)

// --watch looks again until the stamps show, and no longer than it was told.
func TestVerifyWatches(t *testing.T) {
	for watch, want := range map[time.Duration]int{0: 30, 30 * time.Second: 30, 5 * time.Minute: 0} {
		t.Run(watch.String(), func(t *testing.T) {
			t.Parallel()
			cfg := graphsim.Config{NoLog: true, NoQuota: true, Lag: time.Minute}
			inVirtualTime(t, cfg, 30, func(w *whole) { w.job.VerifyTimeout = time.Second }, func(w *whole, _ error) {
				ctx := context.Background()
				checks, err := runProofs(ctx, w.job.run, false)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				v := &VerifyOptions{Watch: Length{Age{watch}}}
				failing, err := v.watch(ctx, w.job, checks, time.Time{})
				if err != nil || len(checks) != 30 || len(failing) != want {
					t.Errorf("%d of %d do not hold, want %d; error %v", len(failing), len(checks), want, err)
				}
				if took := time.Since(start); took > watch+time.Second || want == 0 && took > time.Minute+watchEvery {
					t.Errorf("took %v", took)
				}
			})
		})
	}
}
