package main

import (
	"time"

	"offboard/batch/graphsim"
)

// ideal is one limit of a service, asked by somebody who knows it. Times count
// from the beginning of the run.
type ideal struct {
	model  graphsim.Model
	limit  func(time.Duration) int
	window time.Duration
	phase  time.Duration // how far into a fixed window the run begins
	others float64       // writes a second of another app, counted whether they are admitted or not
	before time.Duration // how long that app has been at it
	spent  []paceEntry   // what others used before, and refused writes that were counted, oldest first

	fed   int         // writes of the other app so far
	log   []paceEntry // of a sliding log, oldest first
	used  int         // in the log, or in the fixed window
	since int64       // number of the fixed window
	taken float64     // from the bucket
	at    time.Duration
}

type paceEntry struct {
	at time.Duration
	n  int
}

// paceStep is how often the ideal is asked.
const paceStep = 50 * time.Millisecond

// last is when the last of so many users is let in.
func (s *ideal) last(users int) time.Duration {
	for t := -s.before; ; t += paceStep {
		for s.others > 0 && s.arrival() <= t {
			at := s.arrival()
			s.room(at)
			s.take(at, 1)
			s.fed++
		}
		for len(s.spent) > 0 && s.spent[0].at <= t {
			s.room(s.spent[0].at)
			s.take(s.spent[0].at, s.spent[0].n)
			s.spent = s.spent[1:]
		}
		if t < 0 {
			continue
		}
		if n := min(users, s.room(t)); n > 0 {
			s.take(t, n)
			users -= n
		}
		if users == 0 {
			return t
		}
	}
}

// arrival is when the other app's next write comes.
func (s *ideal) arrival() time.Duration {
	return time.Duration(float64(s.fed+1)/s.others*float64(time.Second)) - s.before
}

// room is how many would be let in now.
func (s *ideal) room(t time.Duration) int {
	limit := s.limit(t)
	switch s.model {
	case graphsim.FixedWindow:
		if w := int64((t + s.phase + 100*s.window) / s.window); w != s.since { // the sum is never below zero
			s.since, s.used = w, 0
		}
		return limit - s.used
	case graphsim.TokenBucket, graphsim.DebtBucket: // what is missing in it stays missing when its size changes
		gain := (t - s.at).Seconds() * float64(limit) / s.window.Seconds()
		s.at, s.taken = t, max(0, s.taken-gain)
		return int(float64(limit) - s.taken + 1e-6)
	}
	for len(s.log) > 0 && s.log[0].at+s.window <= t {
		s.used -= s.log[0].n
		s.log = s.log[1:]
	}
	return limit - s.used
}

// take lets n in.
func (s *ideal) take(t time.Duration, n int) {
	s.used += n
	s.taken += float64(n)
	if s.model == graphsim.SlidingWindow {
		s.log = append(s.log, paceEntry{t, n})
	}
}
