package journal

import (
	"os"
	"sync"
	"testing"
	"time"

	"offboard/batch"
)

// A run is told as held while somebody has its lock, and looking at it neither
// takes the lock from anybody nor makes a file.
func TestHeld(t *testing.T) {
	s := openNew(t)
	r := create(t, s, batch.Plan{Run: "r"})
	nobody := func(when string) {
		t.Helper()
		if held, err := r.Held(); held != nil || err != nil {
			t.Errorf("%s: held by %+v, %v", when, held, err)
		}
	}
	nobody("never locked")
	if _, err := os.Stat(s.path + ".locks/r.lock"); !os.IsNotExist(err) {
		t.Errorf("a look made a file: %v", err)
	}
	unlock, err := r.Lock()
	must(t, err)
	held, err := r.Held()
	must(t, err)
	if held == nil || held.Run != "r" || held.PID != os.Getpid() || time.Since(held.Since) > time.Minute {
		t.Errorf("locked, and held by %+v", held)
	}
	must(t, unlock())
	nobody("unlocked")

	var looking sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		looking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := r.Held(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 200 {
		unlock, err := r.Lock()
		must(t, err)
		must(t, unlock())
	}
	close(stop)
	looking.Wait()
}
