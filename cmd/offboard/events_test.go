package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/job"
)

// A wait is an event within five seconds, once, with its cause; progress goes on to tell
// of it, and its end is an event.
func TestWaitAsEvents(t *testing.T) {
	for stage, tell := range map[string]func(job.Progress, batch.Trouble){
		"planning": func(p job.Progress, w batch.Trouble) { p.Planning(batch.Count{Trouble: w}) },
		"running":  func(p job.Progress, w batch.Trouble) { p.Running(batch.Progress{Now: time.Now(), Trouble: w}) },
		"reading":  func(p job.Progress, w batch.Trouble) { p.Waits(w) },
	} {
		t.Run(stage, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var buf bytes.Buffer
				var told facts
				p := &eventful{log: inEvents(&buf, nil, &told), left: func(int) time.Duration { return 0 }}
				w := batch.Trouble{What: "the answers", Since: time.Now(), Err: &batch.CallError{Err: errors.New("dial:\nrefused")}}
				for range 60 {
					time.Sleep(time.Second)
					w.Tries++
					tell(p, w)
				}
				tell(p, batch.Trouble{})
				p.End()
				seen := map[string]int{}
				for line := range strings.Lines(buf.String()) {
					var e struct {
						Time, Since time.Time
						Event       string
						Error       string
						Tries       int
						Waits       string  `json:"waits_for"`
						After       float64 `json:"after_s"`
					}
					if err := json.Unmarshal([]byte(line), &e); err != nil {
						t.Fatal(err)
					}
					seen[e.Event]++
					switch {
					case e.Event == "waiting" && (e.Time.Sub(e.Since) > 5*time.Second || e.Error != "dial: refused" || e.Waits != "the answers" || e.Tries != 3),
						e.Event == "progress" && e.Waits != "" && e.Error != "dial: refused",
						e.Event == "going_on" && (e.After != 60 || e.Waits != "the answers"):
						t.Errorf("told %s", line)
					}
				}
				if seen["waiting"] != 1 || seen["going_on"] != 1 || seen["progress"] < 5 {
					t.Errorf("told %v:\n%s", seen, buf.String())
				}
			})
		})
	}
}
