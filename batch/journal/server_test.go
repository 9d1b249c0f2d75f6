package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/journal/pgtest"
)

// suites are the tests that a journal on a server passes as well as one in a file: what
// both do, by the same code.
var suites = map[string]func(*testing.T){
	"Campaigns": TestCampaigns, "Crash": TestCrash, "Filter": TestFilter, "NamesOnPremises": TestNamesOnPremises, "From": TestFrom,
	"LeftCountsUsers": TestLeftCountsUsers, "Lock": TestLock, "LockDies": TestLockDies, "Locks": TestLocksLeaveNoFiles, "Held": TestHeld,
	"Mentions": TestMentions, "HistoryIsAsLines": TestHistoryIsAsLines, "Model": TestModel, "OpenTogether": TestOpenTogether,
	"Cancelled": TestCancelled, "PendingOrder": TestPendingOrder, "TwoHands": TestTwoHands, "OpenCallBehindDuplicate": TestOpenCallBehindDuplicate,
	"UnprovenOfThisSession": TestUnprovenOfThisSession, "Duplicates": TestDuplicates, "SeveralFiles": TestSeveralFiles, "HolderToCome": TestHolderToCome,
	"AddRefuses": TestAddRefuses, "SealRefuses": TestSealRefuses, "TargetsRefused": TestTargetsRefused, "SealCountsWrites": TestSealCountsWrites,
	"TargetsAreSealed": TestTargetsAreSealed, "Prune": TestPrune, "PruneWhatWasListed": TestPruneWhatWasListed,
	"PruneCutShort": TestPruneCutShort, "PruneUnderReader": TestPruneUnderReader, "NumberOfPrunedRun": TestNumberOfPrunedRun, "PruneKilled": TestPruneKilled,
	"RefusedAcceptsNothing": TestRefusedAcceptsNothing, "OutcomesAreWords": TestOutcomesAreWords, "PlanSurvives": TestPlanSurvives,
	"FindRun": TestFindRun, "Unfinished": TestUnfinished, "States": TestStates, "Runs": TestRuns, "Discard": TestDiscard, "AddReport": TestAddReport,
	"PlanningIsFinal": TestPlanningIsFinal, "AlreadyIsNotFinal": TestAlreadyIsNotFinal,
	"SentCalls": TestSentCalls, "CallsLeftBehind": TestCallsLeftBehind, "Strangers": TestStrangers, "DropTrials": TestDropTrials, "Timing": TestTiming,
	"TimingOfSeveralSteps": TestTimingOfSeveralSteps, "NotSentForAProof": TestNotSentForAProof, "Shared": TestShared, "UsersByKeys": TestUsersByKeys,
	"ViewOfLines": TestViewOfLines, "RefusedAreCounted": TestRefusedAreCounted, "Recover": TestRecover, "CallsForgotten": TestCallsForgotten,
	"ReadWhileWriting": TestReadWhileWriting, "WriteKeepsToThePlan": TestWriteKeepsToThePlan, "VersionIsOfTheSchema": TestVersionIsOfTheSchema,
}

// TestServer holds a journal on PostgreSQL by them.
func TestServer(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(suites)) {
		t.Run(name, suites[name])
	}
}

// sending makes a run of n users on a server, locked and running.
func sending(t *testing.T, s *Store, n int) (*Run, func() error) {
	t.Helper()
	r := running(t, s, "r", n)
	unlock, err := r.Lock()
	must(t, err)
	return r, unlock
}

// said are the lines that a Store told of a wait.
type sayings struct {
	mu    sync.Mutex
	lines []string
}

func (s *sayings) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *sayings) told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

// TestServerKilled kills the server again and again under a run that writes and one that reads.
// Each entry is written once, the wait is told with its end, and the lock is held all the time.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	pg := pgtest.Own(t)
	s := openAt(t, pg.URL(""))
	var heard sayings
	s.Wait(Patience{Most: time.Minute, Say: heard.say})
	r, unlock := sending(t, s, crashRows)
	m := newModel()
	for seq := 1; seq <= crashRows; seq++ {
		m.addRows([]batch.Planned{realistic(seq)})
	}
	const kills = 3
	var first time.Duration // for which the server was away
	for i := 1; i <= kills*40; i++ {
		var back sync.WaitGroup
		if i%40 == 20 {
			away := time.Now()
			pg.Kill(t)
			back.Go(func() {
				if i > 40 {
					<-time.After(2 * time.Second) // longer than what is not worth a word
				}
				if pg.Launch(t); i < 40 {
					first = time.Since(away)
				}
			})
		}
		must(t, r.Write(t.Context(), crashEntry(i)))
		m.write(crashEntry(i))
		if i%40 == 22 {
			diff(t, "lines", check(t, r), m.lines())
			by, err := r.Held()
			if err != nil || by == nil || by.PID != os.Getpid() {
				t.Errorf("after the kill the lock is held by %v, error %v", by, err)
			}
		}
		if back.Wait(); i%40 == 21 { // while it is away
			diff(t, "lines", check(t, r), m.lines())
		}
	}
	diff(t, "lines", check(t, r), m.lines())
	must(t, unlock())
	told := strings.Join(heard.told(), "\n")
	waits := strings.Count(told, "does not answer (")
	onAStrainedMachine := waits == kills && first > 500*time.Millisecond
	if waits != kills-1 && !onAStrainedMachine || strings.Count(told, "answers again, after") != waits {
		t.Errorf("the first time away for %v; told:\n%s", first, told)
	}
}

// cutter is a way to the server that is cut at the n-th piece that comes from it, which is lost
// or, when late is set, arrives.
type cutter struct {
	net.Listener
	mu   sync.Mutex
	n    int
	late bool
	cuts int
}

func (c *cutter) serve(to string) {
	for {
		in, err := c.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("unix", to)
		if err != nil {
			in.Close()
			continue
		}
		go func() { _, _ = io.Copy(out, in); out.Close() }()
		go func() {
			defer in.Close()
			defer out.Close()
			buf := make([]byte, 1<<16)
			for {
				n, err := out.Read(buf)
				if err != nil {
					return
				}
				c.mu.Lock()
				c.n--
				cut, late := c.n == 0, c.late
				if cut {
					c.cuts++
				}
				c.mu.Unlock()
				if !cut || late {
					_, _ = in.Write(buf[:n])
				}
				if cut {
					return
				}
			}
		}()
	}
}

func (c *cutter) at(n int, late bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n, c.late = n, late
}

func (c *cutter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cuts
}

// TestServerCuts cuts the way to the server at every answer in turn, that to a commit among
// them, so that nobody knows whether what was asked has happened. All is written once, and what is
// read is whole.
func TestServerCuts(t *testing.T) {
	t.Parallel()
	pg := pgtest.Shared(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	way := &cutter{Listener: l}
	go way.serve(pg.Socket())
	step := 7 // of a long form, every one
	if *soak {
		step = 1
	}
	for _, late := range []bool{false, true} {
		for n := 1; ; n += step {
			schema := pg.Schema(t)
			u, err := url.Parse(pg.TCP(schema))
			must(t, err)
			u.Host = l.Addr().String()
			way.at(0, late) // none, while it is opened
			s := openAt(t, u.String())
			s.Wait(Patience{Most: time.Minute})
			way.at(n, late)
			before := way.count()
			const users = 4
			r := running(t, s, "r", users)
			unlock, err := r.Lock()
			if err != nil { // not waited for, since nothing was begun
				unlock, err = r.Lock()
				must(t, err)
			}
			m := newModel()
			for seq := 1; seq <= users; seq++ {
				m.addRows([]batch.Planned{realistic(seq)})
			}
			for _, e := range []batch.Entry{
				{Calls: []batch.Call{{No: 1, SentAt: at(1), Seqs: []int{1, 2}}}},
				{Over: []int{1}, Trials: []batch.Trial{{Seq: 1, Status: 429, SentAt: at(1)}}, Records: []batch.Record{settled(2, 1, batch.Verified)},
					Calls: []batch.Call{{No: 2, SentAt: at(2), Seqs: []int{3, 4}}}},
			} {
				must(t, r.Write(t.Context(), e))
				m.write(e)
			}
			diff(t, fmt.Sprintf("cut at answer %d, late %v", n, late), check(t, r), m.lines())
			if n, err := r.Recover(t.Context()); n != 2 || err != nil {
				t.Errorf("cut at answer %d: recovered %d, error %v", n, n, err)
			}
			changes, err := r.Changes(t.Context())
			must(t, err)
			if len(changes) != 3 {
				t.Errorf("cut at answer %d: states %v", n, changes)
			}
			if err := unlock(); err != nil && !away(err) {
				t.Error(err)
			}
			s.Close()
			if way.count() == before || t.Failed() {
				t.Logf("%d answers", n)
				break
			}
		}
	}
}

// TestServerLockLost cuts the session with the lock. As long as nobody else took it, the run
// takes it again and goes on; once another process had it, nothing of this one is written.
func TestServerLockLost(t *testing.T) {
	t.Parallel()
	pg := pgtest.Shared(t)
	schema := pg.Schema(t)
	s := openEngine(t, pg.URL(schema))
	r, unlock := sending(t, s, 9)
	cut := func() {
		pg.Exec(t, "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = "+fmt.Sprint(s.dialect.(*server).key("r")))
	}
	call := func(no int) batch.Entry {
		return batch.Entry{Calls: []batch.Call{{No: no, SentAt: at(no), Seqs: []int{no}}}}
	}
	must(t, r.Write(t.Context(), call(1)))
	cut()
	s.dialect.(*server).looked = time.Time{} // as after a second
	must(t, r.Write(t.Context(), call(2)))
	if by, err := r.Held(); err != nil || by == nil {
		t.Fatalf("the lock was not taken again: %v, %v", by, err)
	}

	other := openAt(t, pg.URL(schema))
	taken, err := other.Run(t.Context(), "r")
	must(t, err)
	_, err = taken.Lock()
	wantErr(t, err, ErrLocked)
	letGo, err := taken.Overtake()
	must(t, err)
	if n, err := taken.Recover(t.Context()); n != 2 || err != nil {
		t.Errorf("recovered %d, error %v", n, err)
	}
	wantErr(t, r.Write(t.Context(), call(3)), ErrLost) // by its word, not yet by its session
	s.dialect.(*server).looked = time.Time{}
	wantErr(t, r.Write(t.Context(), call(3)), ErrLost)
	must(t, letGo())
	wantErr(t, r.Write(t.Context(), call(3)), ErrLost) // it is free, and was another's
	wantErr(t, r.SetState(t.Context(), Stopped, ""), ErrLost)
	if last, err := taken.LastCall(t.Context()); last != 2 || err != nil {
		t.Errorf("the last call is %d, error %v", last, err)
	}
	must(t, unlock())
}

func openEngine(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(ForEngine(t.Context()), url)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// TestServerOvertakesWorkersAlone has a worker of an engine ask for a run that a person resumed: that process
// is alive, and keeps its lock.
func TestServerOvertakesWorkersAlone(t *testing.T) {
	t.Parallel()
	pg := pgtest.Shared(t)
	schema := pg.Schema(t)
	r, unlock := sending(t, openAt(t, pg.URL(schema)), 9)
	worker, err := openEngine(t, pg.URL(schema)).Run(t.Context(), "r")
	must(t, err)
	_, err = worker.Overtake()
	if by, is := errors.AsType[*LockedError](err); !is || by.Engine {
		t.Errorf("%v", err)
	}
	must(t, r.Write(t.Context(), batch.Entry{Calls: []batch.Call{{No: 1, SentAt: at(1), Seqs: []int{1}}}}))
	must(t, unlock())
	letGo, err := worker.Overtake()
	must(t, err)
	if by, err := r.Held(); err != nil || by == nil || !by.Engine {
		t.Errorf("%+v, %v", by, err)
	}
	must(t, letGo())
}

// TestServerFrozen stops a process in the middle of a write, as SIGSTOP does. Another one takes the run at
// once, whatever rows the first one keeps locked, and what that one writes when it goes on is not taken.
func TestServerFrozen(t *testing.T) {
	t.Parallel()
	pg := pgtest.Shared(t)
	schema := pg.Schema(t)
	s := openEngine(t, pg.URL(schema))
	r, _ := sending(t, s, 9)
	frozen, thawed, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	thaw := sync.OnceFunc(func() { close(thawed) })
	t.Cleanup(thaw)
	go func() {
		ended <- s.update(t.Context(), func(t *tx) error {
			err := s.claim(t, r)
			close(frozen) // it panics should the write be tried twice
			<-thawed
			return err
		})
	}()
	<-frozen
	other := openAt(t, pg.URL(schema))
	taken, err := other.Run(t.Context(), "r")
	must(t, err)
	began := time.Now()
	letGo, err := taken.Overtake()
	must(t, err)
	must(t, taken.Write(t.Context(), batch.Entry{Calls: []batch.Call{{No: 1, SentAt: at(1), Seqs: []int{1}}}}))
	if took := time.Since(began); took > lookTime/2 {
		t.Errorf("it took %s to overtake it", took)
	}
	thaw()
	wantErr(t, <-ended, ErrLost)
	must(t, letGo())
}

// TestServerAway ends the wait: after the time that was given, and soon after a stop.
func TestServerAway(t *testing.T) {
	t.Parallel()
	pg := pgtest.Own(t)
	s := openAt(t, pg.URL(""))
	r, _ := sending(t, s, 9)
	pg.Kill(t)
	s.Wait(Patience{Most: 300 * time.Millisecond})
	wantErr(t, r.SetState(t.Context(), Stopped, "so"), ErrAway)
	for what, ask := range map[string]func() error{
		"a lock":    func() error { _, err := r.Lock(); return err },
		"overtake":  func() error { _, err := r.Overtake(); return err },
		"a look":    func() error { _, err := r.Held(); return err },
		"the input": func() error { _, err := s.LockInput(r.Plan()); return err },
	} {
		if err := ask(); !errors.Is(err, ErrAway) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := r.Summary(t.Context())
	wantErr(t, err, ErrAway)
	stop := make(chan struct{})
	close(stop)
	s.Wait(Patience{Most: time.Hour, Stop: stop})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantErr(t, r.SetState(ctx, Stopped, "so"), ErrAway) // at once
	began := time.Now()
	wantErr(t, r.SetState(t.Context(), Stopped, "so"), ErrAway)
	if took := time.Since(began); took > graceAfterStop+answerWithin/2 {
		t.Errorf("after a stop it took %s", took)
	}
	_, err = Open(t.Context(), pg.URL(""))
	wantErr(t, err, ErrServer)
	pg.Launch(t)
	must(t, r.SetState(t.Context(), Stopped, "so"))
}

// TestStopAsTheServerAnswers has another goroutine end the wait just before the stop: the wait after the next
// failure has an end all the same.
func TestStopAsTheServerAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, stop := &server{}, make(chan struct{})
		p.wait(Patience{Most: time.Hour, Stop: stop})
		go p.waitFor(t.Context(), errGhost, time.Minute)
		synctest.Wait()
		p.back()
		close(stop)
		synctest.Wait()
		if most := p.waiting.how.Most; most <= 0 || most > graceAfterStop {
			t.Errorf("the next wait lasts %v", most)
		}
	})
}

// TestServerRights holds what the roles of the documentation may do.
func TestServerRights(t *testing.T) {
	t.Parallel()
	pg := pgtest.Shared(t)
	schema := pg.Schema(t)
	pg.Exec(t, strings.ReplaceAll(`CREATE ROLE @_run LOGIN; CREATE ROLE @_look LOGIN; GRANT USAGE ON SCHEMA @ TO @_run, @_look`, "@", schema))
	as := func(role string) string {
		return strings.Replace(pg.URL(schema), "user=postgres", "user="+schema+role, 1)
	}
	_, err := Open(t.Context(), as("_run"))
	if wantErr(t, err, ErrServer); !strings.Contains(fmt.Sprint(err), "its owner makes it once") {
		t.Errorf("a role without the right to make tables: %v", err)
	}
	openAt(t, pg.URL(schema))
	pg.Exec(t, strings.ReplaceAll(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA @ TO @_run; GRANT SELECT ON ALL TABLES IN SCHEMA @ TO @_look`, "@", schema))
	worker := func() *Store {
		s, err := Open(ForEngine(t.Context()), as("_run"))
		must(t, err)
		t.Cleanup(func() { s.Close() })
		return s
	}
	r, unlock := sending(t, worker(), crashRows)
	must(t, r.Write(t.Context(), crashEntry(1)))
	next, err := worker().Run(t.Context(), "r")
	must(t, err)
	letGo, err := next.Overtake()
	must(t, err)
	wantErr(t, r.Write(t.Context(), crashEntry(2)), ErrLost)
	must(t, letGo())
	must(t, unlock())
	look, err := OpenToRead(t.Context(), as("_look"))
	must(t, err)
	defer look.Close()
	seen, err := look.Run(t.Context(), "r")
	must(t, err)
	check(t, seen)
	_, err = seen.Held()
	must(t, err)
	wantErr(t, seen.SetState(t.Context(), Stopped, ""), ErrState)
	if _, err := look.r.Exec("DELETE FROM runs"); err == nil {
		t.Error("the role that looks may delete")
	}
}

// TestServerRefuses holds what is no journal, and may not become one.
func TestServerRefuses(t *testing.T) {
	t.Parallel()
	pg := pgtest.Shared(t)
	schema := pg.Schema(t)
	pg.Exec(t, "CREATE TABLE "+schema+".marks (x int)")
	_, err := Open(t.Context(), pg.URL(schema))
	wantErr(t, err, ErrNotJournal)
	s, err := OpenToRead(t.Context(), pg.URL(schema))
	must(t, err)
	if runs, err := s.Runs(t.Context(), Filter{}); len(runs) > 0 || err != nil {
		t.Errorf("runs %v, error %v", runs, err)
	}
	if there, err := Exists(t.Context(), pg.URL(schema)); there || err != nil {
		t.Errorf("there: %v, error %v", there, err)
	}

	schema = pg.Schema(t)
	old := openAt(t, pg.URL(schema))
	create(t, old, batch.Plan{Run: "r", Version: "v0.0.9"})
	pg.Exec(t, "UPDATE "+schema+".offboard_journal SET version = 1")
	for _, open := range []func(context.Context, string) (*Store, error){Open, OpenToRead} {
		_, err = open(t.Context(), pg.URL(schema))
		if wantErr(t, err, ErrVersion); !strings.Contains(fmt.Sprint(err), "v0.0.9") {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		fsync  string
		behind time.Duration
		want   string
	}{{"on", time.Second, "<nil>"}, {"off", 0, "power cut"}, {"on", 61 * time.Second, "1m1s behind"}, {"on", -time.Hour, "1h0m0s ahead"}} {
		if err := unfit(c.fsync, c.behind); !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestServerURL holds which ways to a server are taken, and that no error shows a password.
func TestServerURL(t *testing.T) {
	const secret = "pass:/w0rd"
	for _, c := range []struct{ url, want string }{
		{"postgres://u@127.0.0.1/db", ""},
		{"postgresql://u@localhost:5433/db?sslmode=disable", ""},
		{"postgres:///db?host=/run/postgresql", ""},
		{"Postgres://u:pass%3A%2Fw0rd@127.0.0.1/db", ""},
		{"POSTGRESQL://u:pass%3A%2Fw0rd@db.contoso.example/db", "prove who it is"},
		{"postgres://u@db.contoso.example/db?sslmode=verify-full", ""},
		{"postgres://u@db.contoso.example/db", "prove who it is; add sslmode=verify-full"},
		{"postgres://u@db.contoso.example/db?sslmode=require", "prove who it is"},
		{"postgres://u@db.contoso.example/db?sslmode=verify-ca", "prove who it is"},
		{"postgres://u@10.0.0.7/db?sslmode=disable", "10.0.0.7 would not have to prove"},
		{"postgres://u@127.0.0.1,db.contoso.example/db", "db.contoso.example would not"},
		{"postgres://u:pass:/w0rd@127.0.0.1/db", "the URL cannot be read"},
		{"postgres://u:pass%zzw0rd@127.0.0.1/db", "the URL cannot be read"},
		{"postgres://u:pass%3A%2Fw0rd@127.0.0.1/db?sslmode=maybe", "an option of the URL"},
		{"postgres://u@127.0.0.1/db?password=pass%3A%2Fw0rd&connect_timeout=x", "an option of the URL"},
	} {
		_, err := serverOf(c.url, "")
		if c.want == "" && err != nil || c.want != "" && !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v, want %q", c.url, err, c.want)
		}
		if shown, _ := Shown(c.url); !OnServer(c.url) || strings.Contains(fmt.Sprint(err)+shown, "w0rd") {
			t.Errorf("%s: shows the password: %v, %s", c.url, err, shown)
		}
	}
	for in, want := range map[string]string{
		"postgres://u:" + url.QueryEscape(secret) + "@h:1/db?sslmode=verify-full&sslpassword=x": "postgres://u@h:1/db?sslmode=verify-full",
		"postgres://u@h/db?sslmode=verify-full&sslrootcert=/etc/ca.pem":                         "postgres://u@h/db?sslmode=verify-full&sslrootcert=/etc/ca.pem",
		"journal.db": "journal.db",
	} {
		if got, secret := Shown(in); got != want || secret != (got != in) {
			t.Errorf("%s: shown as %s, secret %v", in, got, secret)
		}
	}
	pg := pgtest.Shared(t)
	u, err := url.Parse(pg.TCP(""))
	must(t, err)
	u.User = url.UserPassword("postgres", "w0rd")
	if _, err := Open(t.Context(), u.String()); !errors.Is(err, ErrServer) || strings.Contains(err.Error(), "w0rd") {
		t.Errorf("a wrong password: %v", err)
	}
}
