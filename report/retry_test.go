package report

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"offboard/batch"
)

// A run of which no row is to be run again has no retry.csv, and loses the one of its
// own earlier report; a file of that name that is not this run's is kept.
func TestNoRowsNoRetry(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, RetryName)
	if err := os.WriteFile(path, []byte("a person's\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fine := []batch.Line{row(2, "ada@contoso.example", batch.Record{Outcome: batch.Verified})}
	for i, lines := range [][]batch.Line{fine, fixture(), fine} {
		e := fixtureRun()
		e.Retry = "offboard run retry.csv"
		aside, err := Write(dir, &e, seq(lines, nil), Seal{})
		if err != nil {
			t.Fatal(err)
		}
		some := i == 1
		if _, err := os.Stat(path); some != (err == nil) || some != (e.retry() != "") || !some && !errors.Is(err, fs.ErrNotExist) || len(e.Files) == 6 != some {
			t.Errorf("report %d: %q, %v", i, e.Files, err)
		}
		if i == 0 {
			if text, err := os.ReadFile(filepath.Join(aside, RetryName)); string(text) != "a person's\n" {
				t.Errorf("the person's file: %q, %v", text, err)
			}
		}
	}
}
