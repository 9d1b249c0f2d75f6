package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"offboard/batch/journal/pgtest"
)

// A run on a journal in PostgreSQL is killed and gone on with, refuses a second process, and
// goes on when the server was killed under it.
func TestJournalOnServer(t *testing.T) {
	pg := pgtest.Own(t)
	const users, calls = 400, 2
	s := newScene(t, users)
	args := append(s.run(calls), "--rate", "100", "--journal", pg.URL(""))
	if code, out := s.offboard(os.Kill, 100, args...); code != -1 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	c := s.start(nil, args...)
	for until := time.Now().Add(time.Minute); s.tenant.Stats().Writes < 200; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("it does not go on")
		}
	}
	code, out := s.offboard(nil, 0, args...)
	if host, _ := os.Hostname(); code != 7 || !strings.Contains(out, "is locked by process") || !strings.Contains(out, "on "+host+" since ") {
		t.Errorf("a second process: exit code %d\n%s", code, out)
	}
	pg.Kill(t)
	time.Sleep(2 * time.Second) // longer than what is not worth a word
	pg.Launch(t)
	code, out = c.end(t)
	if code != 0 || !strings.Contains(out, "resuming run") || strings.Count(out, "its database does not answer (") != 1 || strings.Count(out, "its database answers again") != 1 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if n := s.tenant.Stats().Writes - users; n < 0 || n > calls*20 {
		t.Errorf("%d users were sent twice", n)
	}
	for _, words := range [][]string{{"runs"}, {"show"}, {"history", "user7@contoso.example"}, {"report", "--report-dir", "again"}, {"runs", "prune", "--older-than", "2h", "--yes"}} {
		if code, out := s.offboard(nil, 0, append(words, "--journal", pg.URL(""))...); code != 0 {
			t.Errorf("%v: exit code %d\n%s", words, code, out)
		}
	}
	if code, out := s.offboard(nil, 0, "runs", "--journal", strings.Replace(pg.TCP(""), "postgres@127.0.0.1", "postgres@db.contoso.example", 1)); code != 1 || !strings.Contains(out, "add sslmode=verify-full") {
		t.Errorf("a server that proves nothing: exit code %d\n%s", code, out)
	}
	pg.Exec(t, "CREATE ROLE looker LOGIN; GRANT USAGE ON SCHEMA public TO looker; GRANT SELECT ON ALL TABLES IN SCHEMA public TO looker")
	looker := strings.Replace(pg.URL(""), "user=postgres", "user=looker", 1)
	for _, words := range [][]string{{"runs", "prune", "--older-than", "2h", "--yes", "--journal", looker}, {"runs", "--journal", looker + "x"}} {
		next := map[string]string{looker: "have the owner of the tables give it the rights", looker + "x": "see that the role exists"}[words[len(words)-1]]
		if code, out := s.offboard(nil, 0, words...); code != 1 || !strings.Contains(out, "the journal's database cannot be used: ") || strings.Contains(out, "disk") || !strings.Contains(out, "offboard: next: "+next) {
			t.Errorf("%v: exit code %d\n%s", words, code, out)
		}
	}
}
