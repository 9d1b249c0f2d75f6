package journal

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"offboard/batch"
)

func TestLock(t *testing.T) {
	s := openNew(t)
	one, two := create(t, s, batch.Plan{Run: "one"}), create(t, s, batch.Plan{Run: "two"})
	unlock, err := one.Lock()
	must(t, err)
	_, err = one.Lock()
	wantErr(t, err, ErrLocked)
	_, err = two.Lock() // nobody keeps its unlock
	must(t, err)
	for range 3 {
		runtime.GC()
	}
	_, err = two.Lock()
	wantErr(t, err, ErrLocked)
	must(t, unlock())
	unlock, err = one.Lock()
	must(t, err)
	must(t, unlock())
}

// TestLockDies has a child hold the lock, reads who it is, and kills it.
func TestLockDies(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	in := bufio.NewReader(out)
	line, err := in.ReadString('\n')
	must(t, err)
	if !strings.HasPrefix(line, "locked") {
		t.Fatalf("the child says %q", line)
	}

	r, err := openAt(t, path).Run(t.Context(), "r")
	must(t, err)
	_, err = r.Lock()
	wantErr(t, err, ErrLocked)
	var held *LockedError
	if !errors.As(err, &held) {
		t.Fatalf("%v is no LockedError", err)
	}
	host, err := os.Hostname()
	must(t, err)
	if held.Run != "r" || held.PID != cmd.Process.Pid || held.Host != host || time.Since(held.Since) > time.Minute {
		t.Errorf("held by %+v, not by process %d on %s", held, cmd.Process.Pid, host)
	}

	must(t, cmd.Process.Kill())
	_, err = in.WriteTo(new(strings.Builder)) // until its end
	must(t, err)
	_ = cmd.Wait()
	unlock, err := r.Lock()
	must(t, err)
	must(t, unlock())
}

// A lock leaves no file behind, and is one lock all the same: one that opened the file
// before its holder removed it has nothing.
func TestLocksLeaveNoFiles(t *testing.T) {
	s := openNew(t)
	var working sync.WaitGroup
	var holders atomic.Int32
	for range 4 {
		working.Go(func() {
			for taken := 0; taken < 500; {
				unlock, err := s.LockInput(batch.Plan{Digest: "d"})
				if errors.Is(err, ErrLocked) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				taken++
				holders.Add(-1)
				if err := unlock(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
	if OnServer(s.path) {
		return
	}
	files, err := os.ReadDir(s.path + ".locks")
	must(t, err)
	for _, f := range files {
		if f.Name() != ".open.lock" {
			t.Errorf("%s is left", f.Name())
		}
	}
}

func TestLockedErrorWords(t *testing.T) {
	e := &LockedError{Run: "r", Host: "h", PID: 7, Since: at(0)}
	diff(t, "words", e.Error(), "run r is locked by process 7 on h since 2026-03-04T05:06:00Z")
	diff(t, "words", (&LockedError{Run: "r"}).Error(), "run r is locked by another process")
}

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
