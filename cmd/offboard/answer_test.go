package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
	"offboard/batch/journal"
)

// deliberate is a person who answers yes after something has happened.
type deliberate struct{ first func() }

func (d deliberate) Read(p []byte) (int, error) {
	d.first()
	return copy(p, "y\n"), nil
}

// A file that is written while the question stands open refuses the run, however it
// is answered: the people asked about are not those of the file any more.
func TestFileChangesAtTheQuestion(t *testing.T) {
	for _, c := range []struct {
		name, file, args string
		undone           string
		state            journal.State
	}{
		{"input", "in.csv", "run DIR/in.csv --column=upn --max-percent=0 --report-dir=DIR/out", "nothing was written", journal.Refused},
		{"list", "list.txt", "run DIR/in.csv --column=upn --max-percent=0 --report-dir=DIR/out --protect=DIR/list.txt", "nothing was written", journal.Refused},
		{"plan", "plan.json", "apply DIR/plan.json --max-percent=0 --report-dir=DIR/out", "nothing was written", journal.Refused},
		{"list at resume", "list.txt", "resume --protect=DIR/list.txt", "nothing more was written", journal.Stopped},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newBooth(t, 60, graphsim.Config{NoQuota: true, Latency: time.Second})
			list := filepath.Join(d.dir, "list.txt")
			if err := os.WriteFile(list, []byte("u59@contoso.example\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				d.t, d.environ = t, signedIn()
				switch c.name {
				case "plan":
					if code, out := d.offboard("plan", "DIR/in.csv", "--column=upn", "--max-percent=0", "-o", "DIR/plan.json"); code != 0 {
						t.Fatal(out)
					}
				case "list at resume":
					stopped(t, d)
				}
				before := d.writes()
				d.asks, d.stdin = true, deliberate{func() {
					if err := os.WriteFile(filepath.Join(d.dir, c.file), nil, 0o600); err != nil {
						t.Error(err)
					}
				}}
				code, out := d.offboard(strings.Fields(c.args)...)
				if code != 4 || d.writes() != before || !strings.Contains(out, "the file changed after it was read; "+c.undone) {
					t.Errorf("exit code %d, %d writes\n%s", code, d.writes()-before, out)
				}
				store, err := journal.Open(t.Context(), d.dir+"/journal.db")
				if err != nil {
					t.Fatal(err)
				}
				defer store.Close()
				runs, err := store.Runs(t.Context(), journal.Filter{})
				if err != nil || len(runs) != 1 || runs[0].State() != c.state {
					t.Errorf("the journal has %v, %v; want one run, %s", runs, err, c.state)
				}
			})
		})
	}
}
