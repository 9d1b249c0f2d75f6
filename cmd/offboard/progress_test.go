package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
)

// On a terminal the line is drawn over itself and never wraps; elsewhere there
// is a line every ten seconds, and one at the end.
func TestProgress(t *testing.T) {
	for _, c := range []struct {
		name  string
		draws bool
		stage string
		want  []string
	}{
		{"terminal", true, "", []string{
			"\r\x1b[K0 of 9,000 settled, …", "\r\x1b[K2 of 9,000 settled, …", "\n"}},
		{"several steps", false, "writes", []string{
			"1 of 9,000 writes settled, 1 verified, 10.0 writes/s, pace 20/s: because, about 7 min 30 s left\n",
			"2 of 9,000 writes settled, 2 verified, 10.0 writes/s, pace 20/s: because, about 7 min 30 s left\n"}},
		{"plain", false, "", []string{
			"1 of 9,000 settled, 1 verified, 10.0 users/s, pace 20/s: because, about 7 min 30 s left\n",
			"2 of 9,000 settled, 2 verified, 10.0 users/s, pace 20/s: because, about 7 min 30 s left\n"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var buf bytes.Buffer
				p := &progress{w: &buf, draws: c.draws, stage: c.stage, width: func() int { return 22 }, total: 9000, left: func(int) time.Duration { return 450 * time.Second }}
				step := 10 * time.Second
				if c.draws {
					step = 200 * time.Millisecond
				}
				counts := map[batch.Outcome]int{}
				tell := func(sent int) {
					p.Running(batch.Progress{Now: time.Now(), Counts: counts, Accepted: sent, Pace: batch.Pace{PerSecond: 20, Reason: "because"}})
				}
				tell(0)
				time.Sleep(step)
				if !c.draws {
					counts[batch.Verified] = 1
				}
				tell(100)
				time.Sleep(step - time.Millisecond)
				counts[batch.Verified] = 2
				tell(199)
				time.Sleep(time.Millisecond)
				p.left = func(int) time.Duration { return 450 * time.Second }
				p.Running(batch.Progress{Now: time.Now(), Counts: counts, Accepted: 200, Pace: batch.Pace{PerSecond: 20, Reason: "because"}})
				p.End()
				if got := buf.String(); got != strings.Join(c.want, "") {
					t.Errorf("got  %q\nwant %q", got, strings.Join(c.want, ""))
				}
			})
		})
	}
}
