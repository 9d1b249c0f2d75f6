package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// oneStop is how long signals count as one: timeout(1) and some shells signal the
// process and then its whole group, which is nobody's second thought.
const oneStop = time.Second

// signals are those that stop a run. A hangup is one of them, unless nohup(1) has
// the process ignore it.
func signals() <-chan os.Signal {
	stops := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		stops = append(stops, syscall.SIGHUP)
	}
	c := make(chan os.Signal, 1)
	signal.Notify(c, stops...)
	// A reader of our output may be stopped by the same signal. Writing to it is
	// then an error, and does not kill us while answers are awaited.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return c
}

// heed calls stop at the first signal, and atOnce at one that comes later than
// oneStop after it.
func heed(signals <-chan os.Signal, stop, atOnce func()) {
	<-signals
	stop()
	for first := time.Now(); ; {
		if <-signals; time.Since(first) > oneStop {
			atOnce()
			return
		}
	}
}
