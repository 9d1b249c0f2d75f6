package job

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/report"
)

// The reports of a run that somebody works on by now stay, with the run.
func TestPruneOfARunThatIsHeld(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { pruneHeld(t, dir) })
}

func pruneHeld(t *testing.T, dir string) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	store, err := journal.Open(ctx, filepath.Join(dir, "journal.db"))
	must(err)
	defer store.Close()
	run, err := store.Create(ctx, batch.Plan{Run: "old", Created: time.Now(), Columns: []string{"upn"}, Steps: []batch.Step{batch.Revoke}})
	must(err)
	name := filepath.Join(dir, "out", "report.sha256")
	must(os.Mkdir(filepath.Dir(name), 0o700))
	must(os.WriteFile(name, nil, 0o600))
	time.Sleep(3 * time.Hour)
	unlock, err := run.Lock()
	must(err)
	for _, held := range []bool{true, false} {
		old, err := store.Old(ctx, time.Now().Add(-2*time.Hour))
		must(err)
		copies, _, err := report.Copies(dir)
		must(err)
		done := &Pruned{Reports: []OldReport{{Dir: copies[0].Dir, Run: "old", copy: copies[0]}}}
		must((&PruneOptions{Yes: true}).delete(ctx, &Host{Console: nobody{}}, old, nil, done))
		if _, err := os.Stat(name); (err == nil) != held || (len(done.Kept) == 1) != held || (len(done.Pruned) == 0) != held {
			t.Errorf("held %v: the report: %v; kept %v, pruned %v", held, err, done.Kept, done.Pruned)
		}
		if held {
			must(unlock())
		}
	}
}

func TestUntilStop(t *testing.T) {
	stop := make(chan struct{})
	ctx, cancel := (&Host{Stop: stop}).untilStop(t.Context())
	defer cancel()
	if ctx.Err() != nil {
		t.Error("it ended before the signal")
	}
	close(stop)
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, batch.ErrStopped) {
		t.Errorf("it ended with %v", cause)
	}
}
