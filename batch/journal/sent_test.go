package journal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// What others send to the tenant is told with any app and from any run but one's
// own; a call under way is told until it was told with its end.
func TestSentCalls(t *testing.T) {
	s := openNew(t)
	run := func(name, tenant, cloud string) *Run {
		r := create(t, s, batch.Plan{Run: name, Tenant: tenant, App: "a", Cloud: cloud})
		fill(t, r, 9)
		seal(t, r, 9)
		return r
	}
	mine, theirs, far := run("mine", "t", "x"), run("theirs", "t", "y"), run("far", "other", "x")
	left := time.Now().Add(-time.Minute)
	for _, r := range []*Run{mine, theirs, far} {
		must(t, r.Write(t.Context(), batch.Entry{Calls: []batch.Call{
			{No: 1, SentAt: left, Seqs: []int{1, 2}}, {No: 2, App: "b", SentAt: left, Seqs: []int{3}}}}))
	}
	ask := func(except *Run, since time.Time) []SentCall {
		t.Helper()
		calls, err := s.SentCalls(t.Context(), SentBy{Tenant: "t"}, except, since)
		must(t, err)
		return calls
	}
	asked := time.Now()
	calls := ask(mine, asked.Add(-time.Hour))
	if len(calls) != 2 || calls[0].At.Before(stored(asked)) {
		t.Fatalf("under way: %+v", calls)
	}
	at := calls[0].At
	diff(t, "under way", calls, []SentCall{
		{Run: "theirs", No: 1, App: "a", SentAt: stored(left), At: at, Users: 2, Open: true}, {Run: "theirs", No: 2, App: "b", SentAt: stored(left), At: at, Users: 1, Open: true}})

	ended := stored(time.Now()).Add(-s.apart / 10000)
	must(t, theirs.Write(t.Context(), batch.Entry{Over: []int{1}}))
	calls = ask(mine, ended)
	if len(calls) != 2 || calls[0].Open || calls[0].At.Before(ended) || calls[0].No != 1 || !calls[1].Open {
		t.Fatalf("one is over, and is told as %+v", calls)
	}
	again := ask(mine, ended)[0]
	if again.At.Sub(calls[0].At).Abs() < s.apart {
		again.At = calls[0].At // to some ms: the clocks are compared anew
	}
	diff(t, "asked again", again, calls[0])
	if calls := ask(mine, time.Now().Add(time.Minute)); len(calls) != 1 || calls[0].No != 2 {
		t.Errorf("since a later moment: %+v", calls)
	}
	if calls := ask(nil, ended); len(calls) != 4 {
		t.Errorf("of all runs: %+v", calls)
	}
	byApp, err := s.SentCalls(t.Context(), SentBy{App: "b"}, mine, ended)
	must(t, err)
	if len(byApp) != 2 || byApp[0].No != 2 || byApp[1].No != 2 || byApp[0].Run == byApp[1].Run {
		t.Errorf("of one app, to all tenants: %+v", byApp)
	}
	_, err = theirs.Recover(t.Context())
	must(t, err)
	if calls := ask(mine, time.Now().Add(time.Minute)); len(calls) != 0 {
		t.Errorf("recovered, and under way: %+v", calls)
	}
	must(t, mine.SetState(t.Context(), Stopped, ""))
	if calls := ask(theirs, ended); len(calls) != 2 || calls[0].Run != "mine" {
		t.Errorf("of the run itself: %+v", calls)
	}
}

// A call that nobody waits for any more ended when it could have been under way for
// the longest, also once its run goes on; as long as a process holds the run, it may
// still leave.
func TestCallsLeftBehind(t *testing.T) {
	s := openNew(t)
	now := stored(time.Now())
	old, late := now.Add(-time.Hour), now.Add(-time.Second)
	runs := map[string]*Run{}
	for _, name := range []string{"held", "killed"} {
		r := create(t, s, batch.Plan{Run: name, Tenant: "t", App: "a"})
		fill(t, r, 9)
		seal(t, r, 9)
		must(t, r.Write(t.Context(), batch.Entry{Calls: []batch.Call{{No: 1, SentAt: old, Seqs: []int{1, 2}}, {No: 2, SentAt: late, Seqs: []int{3}}}}))
		runs[name] = r
	}
	unlock, err := runs["held"].Lock()
	must(t, err)
	exact := 10 * time.Millisecond
	if OnServer(s.path) { // whose clock is known as exactly as the way there and back takes
		exact = time.Second
	}
	told := func(since time.Time) string {
		t.Helper()
		calls, err := s.SentCalls(t.Context(), SentBy{Tenant: "t"}, nil, since)
		must(t, err)
		var said []string
		for _, k := range calls {
			end := "open"
			if !k.Open {
				end = k.At.Sub(k.SentAt).Round(exact).String()
			}
			said = append(said, fmt.Sprintf("%s %d %s", k.Run, k.No, end))
		}
		return strings.Join(said, ", ")
	}
	most := (batch.LongestCall + s.apart).String()
	diff(t, "since long ago", told(old), "killed 1 "+most+", held 1 open, held 2 open, killed 2 open")
	diff(t, "since now", told(now), "held 1 open, held 2 open, killed 2 open")
	must(t, unlock())
	diff(t, "its holder died", told(now), "held 2 open, killed 2 open")
	_, err = runs["killed"].Recover(t.Context())
	must(t, err)
	got := told(old)
	if OnServer(s.path) { // so that the one that was told by it may come first
		got = strings.Replace(got, "killed 1 "+most+", held 1 "+most, "held 1 "+most+", killed 1 "+most, 1)
	}
	if !strings.HasPrefix(got, "held 1 "+most+", killed 1 "+most+", ") || !strings.Contains(got, ", killed 2 1") {
		t.Errorf("one goes on: %s", got)
	}

	ahead := create(t, s, batch.Plan{Run: "ahead", Tenant: "t", App: "a"})
	fill(t, ahead, 9)
	seal(t, ahead, 9)
	must(t, ahead.Write(t.Context(), batch.Entry{Calls: []batch.Call{{No: 1, SentAt: now.Add(time.Hour), Seqs: []int{1}}}}))
	calls, err := s.SentCalls(t.Context(), SentBy{Tenant: "t"}, runs["held"], now)
	must(t, err)
	if k := calls[len(calls)-1]; k.Run != "ahead" || k.Open || k.At.After(time.Now()) {
		t.Errorf("the clock was set back since it was sent: %+v", k)
	}
}
