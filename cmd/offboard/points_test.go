package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"offboard/batch"
)

// Points that the tenant sees: it lives in the test's own process, and kills the
// other one.
const (
	beforeRead = "before read" // a call that only reads has arrived
	beforeCall = "before call" // a call that writes has arrived, and nothing of it is executed
	inCall     = "in call"     // executed, and not answered
	halfAnswer = "half answer" // half of the answer is sent
	afterCall  = "after call"  // all of it is sent
)

// callPoints are those of a call that writes, which is of one step.
var callPoints = []string{beforeCall, inCall, halfAnswer, afterCall}

// inTargets is the point in which a plan lists what steps write to.
const inTargets = "in targets"

// journalPoints happen in offboard's own process, which kills itself there. Each
// has the event that it waits for: "change T", a transaction is about to change
// a row of table T; "commit", one is about to be committed, and "commit T", it
// has changed T; "committed" and "committed T", the next one is about to change
// something. A run's states are told apart.
var journalPoints = map[string]string{
	"in opening":    "commit log", // the switch of a new file to the write-ahead log
	"before schema": "commit schema",
	"after schema":  "committed schema",
	"in plan":       "change rows",
	inTargets:       "change targets",
	"before plan":   "change state planned",
	"after plan":    "committed state planned",
	"before intent": "change calls",
	"after intent":  "committed calls",
	"before record": "change marks",
	"after record":  "committed marks",
	"before commit": "commit",
	"after commit":  "committed",
	"before report": "commit waits", // the last thing before it
	"after report":  "change state finished",
}

// points lists all the named ones. Those outside of the journal need the help of
// the operating system; see kernelPoints.
func points() []string {
	names := append([]string{beforeRead}, callPoints...)
	names = slices.AppendSeq(names, maps.Keys(journalPoints))
	names = slices.AppendSeq(names, maps.Keys(kernelPoints))
	slices.Sort(names)
	return names
}

// pointsOf lists those of a run with one step, or with several.
func pointsOf(steps bool) []string {
	return slices.DeleteFunc(points(), func(name string) bool { return name == inTargets && !steps })
}

// pointEnv tells a child where to kill itself: POINT@N.
const pointEnv = "OFFBOARD_TEST_KILL"

// arm makes this process kill itself when the point that the environment names
// is reached for the n-th time. Points of the tenant's are not for this process.
func arm() {
	name, times, _ := strings.Cut(os.Getenv(pointEnv), "@")
	n, _ := strconv.Atoi(times) // 0 never comes
	if watch := kernelPoints[name]; watch != nil {
		if err := watch(); err != nil {
			panic(err)
		}
	}
	b := &bomb{event: journalPoints[name], n: n}
	if b.event == "" {
		return
	}
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, dsn string) error {
		at, err := url.Parse(dsn)
		if err != nil {
			return err
		}
		tx := &transaction{bomb: b, path: at.Path, changed: map[string]bool{}}
		h := conn.(sqlite.HookRegisterer)
		h.RegisterPreUpdateHook(tx.change)
		h.RegisterCommitHook(tx.commit)
		h.RegisterRollbackHook(func() { clear(tx.changed) })
		return nil
	})
}

// bomb kills this process at the n-th event of its kind.
type bomb struct {
	mu    sync.Mutex
	event string
	n     int
}

// due counts an event, and reports whether this is the one.
func (b *bomb) due(event string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if event != b.event {
		return false
	}
	b.n--
	return b.n == 0
}

// die does not return.
func die() {
	p, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		panic(err)
	}
	select {}
}

// transaction is what one connection has under way, as SQLite tells of it.
type transaction struct {
	*bomb
	path    string
	fresh   bool            // the file was empty, and has no schema yet
	late    bool            // the next change is one too many
	changed map[string]bool // tables, and states as "state planned"
}

// change is told of every row before it is changed.
func (tx *transaction) change(d sqlite.SQLitePreUpdateData) {
	if tx.late {
		die()
	}
	what := d.TableName
	if what == "states" && d.Op == sqlite3.SQLITE_INSERT {
		cells := make([]any, d.Count())
		if err := d.New(cells...); err != nil {
			panic(err)
		}
		what = fmt.Sprintf("state %s", cells[3]) // run, no, at, state
	}
	if d.Op == sqlite3.SQLITE_INSERT || what == "marks" {
		if tx.due("change " + what) {
			die()
		}
	} else {
		what = "" // a call that ends is no intent
	}
	tx.changed[what] = true
}

// commit is told before a transaction is committed.
func (tx *transaction) commit() int32 {
	if tx.late { // it changes nothing, and is the next one all the same
		die()
	}
	if file, err := os.Stat(tx.path); err == nil && file.Size() == 0 {
		tx.fresh = true
		if tx.due("commit log") {
			die()
		}
		return 0
	}
	if tx.fresh {
		tx.fresh, tx.changed["schema"] = false, true
	}
	now, then := tx.due("commit"), tx.due("committed")
	for what := range tx.changed {
		now, then = now || tx.due("commit "+what), then || tx.due("committed "+what)
	}
	if now {
		die()
	}
	tx.late = then
	clear(tx.changed)
	return 0
}

// ServeHTTP is the tenant, with its named points.
func (s *scene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller has left
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	step := stepOfCall(body)
	reads := step == ""
	s.mu.Lock()
	gate, inAnswer := s.gate, slices.Contains([]string{inCall, halfAnswer, afterCall}, s.moment.point)
	s.mu.Unlock()
	if gate != nil {
		gate(r, reads)
	}
	if reads {
		s.reach(beforeRead, step)
		s.tenant.ServeHTTP(w, r)
		return
	}
	s.reach(beforeCall, step)
	if !inAnswer {
		s.tenant.ServeHTTP(w, r) // as it comes, also where a fault breaks it off
		return
	}
	answer := httptest.NewRecorder()
	s.tenant.ServeHTTP(answer, r)
	s.reach(inCall, step)
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	half := answer.Body.Len() / 2
	for _, part := range []struct {
		bytes []byte
		then  string
	}{{answer.Body.Bytes()[:half], halfAnswer}, {answer.Body.Bytes()[half:], afterCall}} {
		if _, err := w.Write(part.bytes); err != nil {
			return // the caller has left
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		s.reach(part.then, step)
	}
}

// reach kills the child if this is its moment, and whatever the call would have
// done next does not happen.
func (s *scene) reach(point string, step batch.Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.moment.point != point || s.moment.step != "" && s.moment.step != step {
		return
	}
	if s.moment.n--; s.moment.n == 0 {
		s.hit()
		panic(http.ErrAbortHandler)
	}
}

// TestPoints kills offboard at every named point, at its first occurrence, and
// holds what is left and what becomes of it against the tenant: of runs with one step, and
// of a leaver's the points of each step.
func TestPoints(t *testing.T) {
	moments := []moment{{point: inTargets}}
	for _, step := range batch.Leaver {
		for _, point := range callPoints {
			moments = append(moments, moment{point: point, step: step})
		}
	}
	for _, name := range pointsOf(false) {
		moments = append(moments, moment{point: name})
	}
	for i, m := range moments {
		m.n = 1
		t.Run(strings.ReplaceAll(m.String(), " ", "_"), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(uint64(i), 0))
			steps, users := m.step != "" || m.point == inTargets, 60
			if steps {
				users = 20
			}
			p := newPlay(t, rng, users, steps)
			if steps {
				p.steps, p.options = batch.Leaver, []string{"--steps", "leaver"}
			}
			if !p.act(m) {
				t.Fatal("the point was not reached")
			}
			for !p.over {
				p.act(moment{})
			}
			p.judge()
		})
	}
}
