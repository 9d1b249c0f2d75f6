package main

import (
	"fmt"
	"time"

	"offboard/batch"
)

// tellAfter is how long a wait lasts before people are told of it. Progress comes
// every second at the least, so that it is told within five.
const tellAfter = 3 * time.Second

// tellTrouble tells of a wait in lines of their own: when it begins to last, when its
// cause changes, and when it is over.
func (p *progress) tellTrouble(now time.Time, t batch.Trouble) {
	if p.told.Any() && (!t.Any() || t.Since.After(p.told.Since)) {
		p.write(fmt.Sprintf("%s: going on after %s", p.told.What, batch.Span(now.Sub(p.told.Since))), true)
		p.told = batch.Trouble{}
	}
	if !t.Any() || now.Sub(t.Since) < tellAfter {
		return
	}
	if !p.told.Any() || said(t) != said(p.told) && now.Sub(p.toldAt) >= printEvery {
		p.told, p.toldAt = t, now
		p.write(waitingFor(now, t), true)
	}
}

// Waits tells what a read waits for, which has no other progress.
func (p *progress) Waits(t batch.Trouble) {
	now := time.Now()
	p.tellTrouble(now, t)
	if p.latest = nil; p.told.Any() {
		p.showWhenDue(now, func() string { return waitingFor(now, t) })
	}
}

// waiting is the trouble as the end of a progress line, or why users wait to go
// again.
func (p *progress) waiting(now time.Time, t batch.Trouble) string {
	switch {
	case p.told.Any():
		return ", waiting" + since(now, t)
	case t.Said != "":
		return ", the last that failed: " + batch.Bare(t.Said)
	}
	return ""
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
