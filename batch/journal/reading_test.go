package journal

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"offboard/batch"
)

// A writer that takes its time holds up nobody who opens the journal and reads.
func TestReadBesideWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	running(t, openAt(t, path), "r", 3)
	writer, err := sql.Open("sqlite", dsn(path))
	must(t, err)
	defer writer.Close()
	under, err := writer.BeginTx(t.Context(), nil)
	must(t, err)
	defer under.Rollback()
	_, err = under.Exec("UPDATE runs SET input = 'x'")
	must(t, err)

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // who waits for the lock does so for 10 s
	defer cancel()
	for what, open := range map[string]func(context.Context, string) (*Store, error){"to read": OpenToRead, "to write": Open} {
		s, err := open(ctx, path)
		if err != nil {
			t.Fatalf("opened %s: %v", what, err)
		}
		runs, err := s.Runs(ctx, Filter{})
		must(t, err)
		r, err := s.Run(ctx, "r")
		must(t, err)
		lines := all(t, r.Lines(ctx))
		if len(runs) != 1 || len(lines) != 3 {
			t.Errorf("opened %s: %d runs, %d lines", what, len(runs), len(lines))
		}
		must(t, s.r.Close()) // all that Close does besides is to move the log
	}
}

// A look at a journal that is not there makes none.
func TestReadNothing(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"none": func(string) error { return nil }, "empty": func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"begun": func(path string) error { rawDB(t, path, "PRAGMA journal_mode = WAL"); return nil },
	} {
		dir := filepath.Join(t.TempDir(), name)
		path := filepath.Join(dir, "journal.db")
		if name != "none" {
			must(t, os.Mkdir(dir, 0o700))
		}
		must(t, make(path))
		s, err := OpenToRead(t.Context(), path)
		must(t, err)
		runs, err := s.Runs(t.Context(), Filter{})
		if err != nil || len(runs) > 0 {
			t.Errorf("%s: runs %+v, error %v", name, runs, err)
		}
		_, err = s.Run(t.Context(), "")
		wantErr(t, err, ErrNoRun)
		calls, err := s.SentCalls(t.Context(), SentBy{Tenant: "t"}, nil, time.Now())
		if err != nil || len(calls) > 0 {
			t.Errorf("%s: calls %+v, error %v", name, calls, err)
		}
		_, err = s.Create(t.Context(), batch.Plan{Run: "r"})
		wantErr(t, err, ErrState)
		must(t, s.Close())
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		must(t, err)
		if name == "none" && len(files) > 0 || name != "none" && len(files) != 1 {
			t.Errorf("%s: a look left %v", name, files)
		}
	}
}

// What was refused stays as it is.
func TestRefusedAcceptsNothing(t *testing.T) {
	r := create(t, openNew(t), batch.Plan{Run: "r"})
	must(t, r.AddRows(t.Context(), []batch.Planned{member(1)}))
	must(t, r.Seal(t.Context(), batch.Plan{Run: "r", Rows: 1, Users: 1}))
	must(t, r.SetState(t.Context(), Refused, "too many"))
	for what, e := range map[string]batch.Entry{
		"record": {Records: []batch.Record{settled(1, 1, batch.Verified)}}, "trial": {Trials: []batch.Trial{{Seq: 1}}},
		"call": {Calls: []batch.Call{{No: 1, Seqs: []int{1}}}},
	} {
		if err := r.Write(t.Context(), e); err == nil {
			t.Errorf("a refused run accepts a %s", what)
		} else {
			wantErr(t, err, ErrState)
		}
	}
	diff(t, "lines", outcomes(check(t, r)), "not_sent")
}

// Every word that a user can end with can be written.
func TestOutcomesAreWords(t *testing.T) {
	s := openNew(t)
	r := running(t, s, "r", len(batch.Outcomes))
	for i, o := range batch.Outcomes {
		err := r.Write(t.Context(), batch.Entry{Records: []batch.Record{{Seq: i + 1, Outcome: o}}})
		if (err != nil) != o.Open() {
			t.Errorf("%s: error %v", o, err)
		}
	}
	if _, err := s.w.Exec("UPDATE marks SET outcome = 'not_sent'"); err == nil {
		t.Error("the database takes a word that no user ends with")
	}
}
