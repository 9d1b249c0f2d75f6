package journal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"offboard/batch"
)

// Lock takes the run for this process, or fails within a moment with a *LockedError.
// The lock dies with its holder, and holds nobody up who works on another run of the
// same journal.
func (r *Run) Lock() (unlock func() error, err error) {
	unlock, err = r.s.locks(r.Plan().Run)
	return unlock, r.wrap("lock", err)
}

// Overtake locks the run as Lock does, also where a worker of an engine (see [ForEngine]) that holds the
// lock does not go on: it is dead or frozen, and should it go on all the same, nothing that it
// writes is taken. Of any other process the lock is never taken: the engine knows nothing of it. A
// journal in a file is of one machine, where the lock of a dead process is free: there a lock that is
// held is never taken.
func (r *Run) Overtake() (unlock func() error, err error) {
	if err := r.s.patiently(context.Background(), func() error { return r.s.putOut(r.Plan().Run) }); err != nil {
		return nil, r.wrap("lock", err)
	}
	return r.Lock()
}

// ForEngine marks the locks of a journal that is opened with the context as those of a worker of an
// engine: the engine begins work again elsewhere once the worker does not go on with it.
func ForEngine(ctx context.Context) context.Context {
	return context.WithValue(ctx, engineKey{}, true)
}

type engineKey struct{}

func forEngine(ctx context.Context) bool { return ctx.Value(engineKey{}) != nil }

// locks is lock, and waits for a server that does not answer.
func (s *Store) locks(name string) (unlock func() error, err error) {
	err = s.patiently(context.Background(), func() error {
		unlock, err = s.lock(name)
		return err
	})
	return unlock, err
}

// holder is heldBy, and waits alike.
func (s *Store) holder(name string) (by *LockedError, err error) {
	err = s.patiently(context.Background(), func() error {
		by, err = s.heldBy(name)
		return err
	})
	return by, err
}

// lookTime is how long a lock is asked for while others only look who has it. A look
// takes microseconds, and longer where its process does not get the processor.
const lookTime = 10 * time.Second

// Held tells who works on the run now, in this process or another; nil when
// nobody does. It takes the lock for a moment to find out, and changes nothing.
func (r *Run) Held() (*LockedError, error) {
	by, err := r.s.holder(r.Plan().Run)
	return by, r.wrap("look who holds", err)
}

func (f *sqliteFile) heldBy(run string) (*LockedError, error) {
	file, note := f.lockFiles(run)
	l := flock.New(file, flock.SetFlag(os.O_RDONLY)) // a look makes no file
	switch ok, err := l.TryRLock(); {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case ok:
		return nil, l.Unlock()
	}
	return lockedBy(run, note), nil
}

// LockInput keeps others from planning for the same input, tenant and steps, by
// whichever app, meanwhile, or fails with a *LockedError. A process that looks for an
// unfinished run holds it until the new run is sealed: otherwise two that look at
// the same time would find nothing, and both begin.
func (s *Store) LockInput(like batch.Plan) (unlock func() error, err error) {
	unlock, err = s.locks(inputLock(like))
	if held, ok := errors.AsType[*LockedError](err); ok {
		held.Run = "" // its name says nothing to a person
	}
	if err != nil {
		return nil, fmt.Errorf("lock input %s in %s: %w", like.Input, s.path, err)
	}
	return unlock, nil
}

// InputHeld tells who has the lock of LockInput; nil for nobody.
func (s *Store) InputHeld(like batch.Plan) (*LockedError, error) {
	by, err := s.holder(inputLock(like))
	if by != nil {
		by.Run = ""
	}
	return by, err
}

func inputLock(like batch.Plan) string {
	key := sha256.Sum256([]byte(strings.Join([]string{like.Digest, batch.LowerASCII(like.Tenant), batch.StepList(like.Steps)}, "\x00")))
	return "input-" + hex.EncodeToString(key[:8])
}

func (f *sqliteFile) lock(run string) (func() error, error) {
	l, err := f.newLock(run)
	if err != nil {
		return nil, err
	}
	_, note := f.lockFiles(run)
	for until := time.Now().Add(lookTime); ; time.Sleep(5 * time.Millisecond) {
		ok, err := l.TryLock()
		if ok && !hasName(l) { // its holder has removed it since it was opened
			ok, err = false, l.Unlock()
		}
		if err != nil {
			return nil, err
		}
		if ok {
			break
		}
		switch by, err := f.heldBy(run); {
		case err != nil:
			return nil, err
		case by != nil:
			return nil, by
		case time.Now().After(until): // others look all the time
			return nil, lockedBy(run, note)
		}
	}
	if err := leaveNote(note, f.engine); err != nil {
		return nil, errors.Join(err, l.Unlock())
	}
	// Held here, since a lock that nobody refers to is closed, and so opened,
	// by the garbage collector: not every caller keeps unlock.
	f.held.Store(l, true)
	return sync.OnceValue(func() error {
		f.held.Delete(l)
		// The note goes first: once the file is gone or unlocked it may be the next
		// holder's. Windows removes no file that is open, such as a note that another
		// reads now; the next holder takes both.
		_ = os.Remove(note)
		_ = os.Remove(l.Path())
		return l.Unlock()
	}), nil
}

// hasName reports whether a locked file is the one that others find by its name.
func hasName(l *flock.Flock) bool {
	locked, err := l.Stat()
	named, gone := os.Stat(l.Path())
	return err == nil && gone == nil && os.SameFile(locked, named)
}

// newLock makes the lock's file, and does not lock it.
func (f *sqliteFile) newLock(name string) (*flock.Flock, error) {
	file, _ := f.lockFiles(name)
	return flock.New(file, flock.SetPermissions(0o600)), os.MkdirAll(filepath.Dir(file), 0o700)
}

// lockFiles are two, since on Windows a locked file cannot be read, and on NFS
// closing any descriptor of it would drop the lock.
func (f *sqliteFile) lockFiles(run string) (lock, note string) {
	base := filepath.Join(f.path+".locks", run)
	return base + ".lock", base + ".holder"
}

func leaveNote(path string, engine bool) error {
	text, err := json.Marshal(LockedError{Host: hostName(), PID: os.Getpid(), Since: time.Now().UTC(), Engine: engine})
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

func hostName() string {
	host, _ := os.Hostname()
	return cmp.Or(host, "an unnamed host")
}

// lockedBy reads the note. It only serves the message; the lock itself is the
// operating system's.
func lockedBy(run, note string) *LockedError {
	var by LockedError
	if text, err := os.ReadFile(note); err == nil {
		_ = json.Unmarshal(text, &by) // half a note is no note
	}
	by.Run = run
	return &by
}
