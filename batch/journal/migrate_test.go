package journal

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"offboard/batch"
)

// version1 copies a journal that version 1 of the schema wrote, and what the
// program of that time read from it.
func version1(t *testing.T, path string) (want map[string]reading) {
	t.Helper()
	file, err := os.ReadFile("testdata/journal-v1.db")
	must(t, err)
	must(t, os.WriteFile(path, file, 0o600))
	text, err := os.ReadFile("testdata/journal-v1.json")
	must(t, err)
	must(t, json.Unmarshal(text, &want))
	return want
}

// wantVersion1 holds everything that is read against what version 1 read.
func wantVersion1(t *testing.T, s *Store, want map[string]reading) {
	t.Helper()
	infos, err := s.Runs(t.Context())
	must(t, err)
	if len(infos) != len(want) {
		t.Errorf("%d runs, want %d", len(infos), len(want))
	}
	for name := range want {
		got := readAll(t.Context(), s, name)
		for what, err := range got.errs {
			if err != nil {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		for _, lie := range got.lies(want[name]) {
			t.Errorf("%s: %s", name, lie)
		}
	}
	sound(t, s)
}

func TestMigrateVersion1(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "journal.db")
	want := version1(t, path)
	s := openAt(t, path)
	wantVersion1(t, s, want)
	must(t, s.Close())
	s = openAt(t, path)
	wantVersion1(t, s, want)

	// Work goes on.
	for name, pending := range map[string]int{"stopped": 3, "running": 3} {
		r, err := s.Run(ctx, name)
		must(t, err)
		_, err = r.Recover(ctx)
		must(t, err)
		must(t, r.SetState(ctx, Running, ""))
		var e batch.Entry
		for _, p := range all(t, r.Pending(ctx)) {
			e.Records = append(e.Records, settled(p.User.Seq, 9, batch.Revoked))
		}
		must(t, r.Write(ctx, e))
		must(t, r.SetState(ctx, Finished, ""))
		sum, err := r.Summary(ctx)
		must(t, err)
		if len(e.Records) != pending || sum.Open() != 0 || len(check(t, r)) != 6 {
			t.Errorf("%s: %d were pending, and now %v", name, len(e.Records), sum)
		}
	}
}

// migrateEnv makes the test binary a child that migrates the journal named, and
// says so and waits when it has come to the point named in killEnv.
const (
	migrateEnv = "OFFBOARD_JOURNAL_MIGRATE"
	killEnv    = "OFFBOARD_JOURNAL_KILL"
)

func migrateChild(path, point string) error {
	stop := func(here string) {
		if here == point {
			fmt.Println("reached")
			select {}
		}
	}
	mine := append([]step(nil), steps[:]...)
	last := &mine[len(mine)-1]
	fill := last.fill
	last.fill = func(ctx context.Context, t *tx) error {
		stop("tables")
		if err := fill(ctx, t); err != nil {
			return err
		}
		stop("sums")
		return nil
	}
	_, err := open(context.Background(), path, mine)
	return err
}

// TestMigrateKilled kills a process in the middle of a migration: it has not
// happened, and happens at the next Open.
func TestMigrateKilled(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"tables", "sums"} {
		path := filepath.Join(t.TempDir(), "journal.db")
		want := version1(t, path)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), migrateEnv+"="+path, killEnv+"="+point)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		said := make([]byte, len("reached\n"))
		if _, err := out.Read(said); err != nil || string(said) != "reached\n" {
			t.Errorf("the child says %q, %v", said, err)
		}
		must(t, cmd.Process.Kill())
		if err := cmd.Wait(); err == nil {
			t.Error("the child ended by itself")
		}
		if v := rawVersion(t, path); v != 1 {
			t.Errorf("%s: the file is of version %d", point, v)
		}
		wantVersion1(t, openAt(t, path), want)
	}
}

// rawVersion is what a journal's file says, with its log.
func rawVersion(t *testing.T, path string) (v int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	must(t, db.QueryRow("PRAGMA user_version").Scan(&v))
	return v
}

// TestMigrateDamaged has a migration take nothing for the truth that cannot be.
func TestMigrateDamaged(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(path string){
		"a row is lost": func(path string) { rawDB(t, path, "DELETE FROM rows WHERE run = 2 AND seq = 3") },
		"a record of nobody": func(path string) {
			rawDB(t, path, "UPDATE records SET seq = 17 WHERE run = 1 AND seq = 3")
		},
		"no such outcome": func(path string) { rawDB(t, path, "UPDATE records SET outcome = 'done' WHERE run = 1") },
		"a page is lost": func(path string) {
			file, err := os.ReadFile(path)
			must(t, err)
			at := bytes.Index(file, []byte("version line")) / pageSize * pageSize
			clear(file[at : at+pageSize])
			must(t, os.WriteFile(path, file, 0o600))
		},
		"a page shows a row less": func(path string) {
			file, err := os.ReadFile(path)
			must(t, err)
			at := bytes.Index(file, []byte("Authorization_RequestDenied")) / pageSize * pageSize
			file[at+4]-- // how many rows there are, low byte
			must(t, os.WriteFile(path, file, 0o600))
		},
		"a column is missing": func(path string) {
			rawDB(t, path, "DROP VIEW lines", "DROP VIEW intents", "ALTER TABLE calls DROP COLUMN app")
		},
	} {
		path := filepath.Join(t.TempDir(), "journal.db")
		version1(t, path)
		harm(path)
		before, err := os.ReadFile(path)
		must(t, err)
		_, err = Open(t.Context(), path)
		wantErr(t, err, ErrDamaged)
		after, err := os.ReadFile(path)
		must(t, err)
		if !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

// A file of the right version whose tables are others is not what it says.
func TestTablesMissing(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		"DROP VIEW lines; ALTER TABLE rows DROP COLUMN privileged": "table rows has no column privileged",
		"DROP TABLE waits":                     "table waits is missing",
		"ALTER TABLE skips RENAME TO skipping": "table skips is missing",
	} {
		path := filepath.Join(t.TempDir(), "journal.db")
		must(t, openAt(t, path).Close())
		rawDB(t, path, strings.Split(statement, "; ")...)
		_, err := Open(t.Context(), path)
		wantErr(t, err, ErrDamaged)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", statement, err, want)
		}
	}
}
