package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/job"
)

// tellAfter is how long a wait lasts before people are told of it. Progress comes
// every second at the least, so that it is told within five.
const tellAfter = 3 * time.Second

// tellTrouble tells of a wait in lines of their own: when it begins to last, when its
// cause changes, and when it is over.
func (p *progress) tellTrouble(now time.Time, t batch.Trouble) {
	if p.told.Any() && (!t.Any() || t.Since.After(p.told.Since)) {
		p.write(fmt.Sprintf("%s: going on after %s", p.told.What, batch.Span(now.Sub(p.told.Since))))
		p.told = batch.Trouble{}
	}
	if !t.Any() || now.Sub(t.Since) < tellAfter {
		return
	}
	if !p.told.Any() || said(t) != said(p.told) && now.Sub(p.toldAt) >= printEvery {
		p.told, p.toldAt = t, now
		p.write(waitingFor(now, t) + until(now, t))
	}
}

// Waits tells what a read waits for, which has no other progress.
func (p *progress) Waits(t batch.Trouble) {
	now := time.Now()
	p.tellTrouble(now, t)
	if !p.told.Any() {
		p.latest = nil
		return
	}
	p.showWhenDue(now, func() view {
		v := view{share: -1, state: waitingFor(now, t)}
		if p.screen != nil { // the line above it says since when
			v.state, v.wait = "waiting for "+t.What, inShort(now, t)
		}
		return v
	})
}

// held says in a view what holds the run up, or else how fast it goes.
func (p *progress) held(v *view, now time.Time, pace batch.Pace, t batch.Trouble) {
	v.pace = reason(pace)
	select {
	case <-p.stop:
		v.left, v.wait = "", "stopping: no new calls; those under way are awaited (stop again to end at once)"
		v.said = v.wait
		return
	default:
	}
	if t.Said != "" {
		v.said = "the last that failed: " + batch.Bare(t.Said)
	}
	switch {
	case p.told.Any():
		v.said = "waiting" + since(now, t)
		v.wait, v.left = inShort(now, t), ""
	case pace.Until.After(now):
		v.wait = fmt.Sprintf("Graph asked to wait: %s, until %s", batch.Span(pace.Until.Sub(now)), batch.TimeOf(now, pace.Until))
	case pace.Room.After(now):
		v.wait = "waiting for the quota, " + batch.Span(pace.Room.Sub(now))
	case t.Said != "":
		v.wait = "the last that failed: " + batch.Bare(t.Said)
	}
}

// waitingFor says what is waited for, since when, how often it was tried, and why.
func waitingFor(now time.Time, t batch.Trouble) string {
	return "waiting for " + t.What + since(now, t)
}

// since says since when something is waited for, how often it was tried, and why.
func since(now time.Time, t batch.Trouble) string {
	return fmt.Sprintf(" since %s (%s), %s: %s", batch.TimeOf(now, t.Since), batch.Span(now.Sub(t.Since)), tried(t), said(t))
}

func tried(t batch.Trouble) string {
	if t.Tries == 0 {
		return "first try"
	}
	return "tried " + batch.Plural(t.Tries, "time")
}

// said is what the last error says, with the host that it is about.
func said(t batch.Trouble) string {
	if t.Err == nil {
		return t.Cause()
	}
	return batch.Bare(t.Err.Error())
}

// inShort says what is waited for in a few words, with what comes next.
func inShort(now time.Time, t batch.Trouble) string {
	who := "Graph"
	if t.What == job.SignIn {
		who = t.What
	}
	if p, ok := errors.AsType[*batch.ProxyError](t.Err); ok {
		who = "the proxy " + p.Proxy
	}
	what := who + " does not answer"
	switch e, ok := errors.AsType[*batch.CallError](t.Err); {
	case t.Tries == 0:
		what = "waiting for " + t.What
	case !ok || e.Status != 0:
		what = who + " answers with errors"
	}
	s := fmt.Sprintf("%s: %s, since %s", what, t.Cause(), minuteOf(now, t.Since))
	if d := t.Next.Sub(now); !t.Next.IsZero() && d > 0 {
		s += ", next try in " + batch.Span(d.Round(time.Second))
	}
	return s + until(now, t)
}

// until says when the run gives up.
func until(now time.Time, t batch.Trouble) string {
	if t.Until.IsZero() {
		return ""
	}
	return ", gives up at " + minuteOf(now, t.Until)
}

// minuteOf writes a time without its seconds.
func minuteOf(now, t time.Time) string {
	s := batch.TimeOf(now, t)
	return s[:strings.LastIndexByte(s, ':')]
}
