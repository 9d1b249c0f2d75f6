package journal

import (
	"testing"
	"time"

	"offboard/batch"
)

// What others send to the tenant is told with any app and from any run but one's
// own; a call under way is told until it was told with its end.
func TestSentByOthers(t *testing.T) {
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
		calls, err := s.SentByOthers(t.Context(), "t", except, since)
		must(t, err)
		return calls
	}
	asked := time.Now()
	calls := ask(mine, asked.Add(-time.Hour))
	if len(calls) != 2 || calls[0].At.Before(moment(asked)) {
		t.Fatalf("under way: %+v", calls)
	}
	at := calls[0].At
	diff(t, "under way", calls, []SentCall{
		{Run: "theirs", No: 1, App: "a", At: at, Users: 2, Open: true}, {Run: "theirs", No: 2, App: "b", At: at, Users: 1, Open: true}})

	ended := moment(time.Now())
	must(t, theirs.Write(t.Context(), batch.Entry{Over: []int{1}}))
	calls = ask(mine, ended)
	if len(calls) != 2 || calls[0].Open || calls[0].At.Before(ended) || calls[0].No != 1 || !calls[1].Open {
		t.Fatalf("one is over, and is told as %+v", calls)
	}
	diff(t, "asked again", ask(mine, ended)[0], calls[0])
	if calls := ask(mine, time.Now().Add(time.Minute)); len(calls) != 1 || calls[0].No != 2 {
		t.Errorf("since a later moment: %+v", calls)
	}
	if calls := ask(nil, ended); len(calls) != 4 {
		t.Errorf("of all runs: %+v", calls)
	}
	_, err := theirs.Recover(t.Context())
	must(t, err)
	if calls := ask(mine, time.Now().Add(time.Minute)); len(calls) != 0 {
		t.Errorf("recovered, and under way: %+v", calls)
	}
	must(t, mine.SetState(t.Context(), Stopped, ""))
	if calls := ask(theirs, ended); len(calls) != 2 || calls[0].Run != "mine" {
		t.Errorf("of the run itself: %+v", calls)
	}
}
