package main

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/job"
)

// The screen blames the service that is in trouble.
func TestWhoDoesNotAnswer(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		what   string
		status int
		says   string
	}{
		{"answers to revoke calls", 0, "Graph does not answer: "},
		{"answers to revoke calls", 503, "Graph answers with errors: "},
		{job.SignIn, 0, "the sign-in does not answer: "},
		{job.SignIn, 503, "the sign-in answers with errors: "},
	} {
		w := batch.Trouble{What: c.what, Since: now, Tries: 1, Err: &batch.CallError{Status: c.status, Err: errors.New("refused")}}
		if got := inShort(now, w); !strings.HasPrefix(got, c.says) {
			t.Errorf("%s, %d: %s", c.what, c.status, got)
		}
	}
}

// Within five seconds of its beginning a wait is told of on every kind of output:
// what is waited for, since when, how often it was tried and why; then again as it
// goes on, and at its end.
func TestWaitIsTold(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(*bytes.Buffer) *progress
	}{
		{"terminal", func(b *bytes.Buffer) *progress {
			s := &screen{w: b, width: func() int { return 80 }}
			return &progress{w: s, screen: s}
		}},
		{"plain", func(b *bytes.Buffer) *progress { return &progress{w: b} }},
	} {
		for stage, tell := range map[string]func(*progress, batch.Trouble){
			"planning": func(p *progress, w batch.Trouble) { p.Planning(batch.Count{Trouble: w}) },
			"running":  func(p *progress, w batch.Trouble) { p.Running(batch.Progress{Now: time.Now(), Trouble: w}) },
			"reading":  func(p *progress, w batch.Trouble) { p.Waits(w) },
		} {
			t.Run(c.name+" "+stage, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var buf bytes.Buffer
					p := c.make(&buf)
					p.left = func(int) time.Duration { return 0 }
					w := batch.Trouble{What: "the answers", Since: time.Now(), Until: time.Now().Add(time.Hour), Err: &batch.CallError{Err: errors.New("dial:\nrefused")}}
					known := time.Duration(0)
					for range 60 {
						time.Sleep(time.Second)
						w.Tries++
						tell(p, w)
						if known == 0 && strings.Contains(buf.String(), "waiting for the answers since") {
							known = time.Since(w.Since)
						}
					}
					if known == 0 || known > 5*time.Second {
						t.Errorf("told after %v", known)
					}
					if !regexp.MustCompile(`waiting for the answers since \d\d:\d\d:\d\d \(3 s\), tried 3 times: dial: refused, gives up at \d\d:\d\d\b`).MatchString(strings.Join(strings.Fields(buf.String()), " ")) { // a terminal has it in two lines
						t.Errorf("told %s", buf.String())
					}
					if n := strings.Count(buf.String(), ", since ") + strings.Count(buf.String(), "tried "); n < 5 {
						t.Errorf("told %d times within a minute", n)
					}
					if n := strings.Count(buf.String(), "waiting for the answers since"); stage != "reading" && n != 1 {
						t.Errorf("announced %d times", n)
					}
					if n := strings.Count(buf.String(), "dial: refused"); c.name != "terminal" && n != strings.Count(buf.String(), "tried ") { // a terminal cuts lines
						t.Errorf("the cause stands there %d times: %s", n, buf.String())
					}
					tell(p, batch.Trouble{})
					p.End()
					if !strings.Contains(buf.String(), "the answers: going on after 1 min 0 s") {
						t.Errorf("told %s", buf.String())
					}
				})
			})
		}
	}
	synctest.Test(t, func(t *testing.T) { // users wait, and others are answered
		var buf bytes.Buffer
		p := &progress{w: &buf}
		for range 20 {
			time.Sleep(time.Second)
			p.Planning(batch.Count{Waiting: 6, Trouble: batch.Trouble{Said: "lookup: no\nobject id"}})
		}
		if !strings.Contains(buf.String(), "6 waiting to be asked again, the last that failed: lookup: no object id") {
			t.Errorf("told %s", buf.String())
		}
	})
	synctest.Test(t, func(t *testing.T) { // a hiccup is not worth a word
		var buf bytes.Buffer
		p := &progress{w: &buf}
		for range 20 {
			time.Sleep(time.Second)
			p.Waits(batch.Trouble{What: "the answers", Since: time.Now().Add(-time.Second), Tries: 1})
		}
		p.Waits(batch.Trouble{})
		p.End()
		if buf.Len() > 0 {
			t.Errorf("told %s", buf.String())
		}
	})
}
