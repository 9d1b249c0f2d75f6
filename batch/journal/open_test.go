package journal

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"offboard/batch"

	"golang.org/x/sync/errgroup"
)

func TestOpenPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the profile's access list holds there")
	}
	path := filepath.Join(t.TempDir(), "a", "b", "journal.db")
	r := running(t, openAt(t, path), "r", 3)
	unlock, err := r.Lock()
	must(t, err)
	defer unlock()
	for name, want := range map[string]fs.FileMode{
		path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600,
		filepath.Dir(path): 0o700, filepath.Dir(filepath.Dir(path)): 0o700,
		path + ".locks": 0o700, path + ".locks/r.lock": 0o600, path + ".locks/r.holder": 0o600,
	} {
		fi, err := os.Stat(name)
		must(t, err)
		if got := fi.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
}

// rawDB is the file as any other program opens it.
func rawDB(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	for _, s := range statements {
		_, err := db.Exec(s)
		must(t, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	must(t, os.WriteFile(file("short"), []byte("hello"), 0o600))
	must(t, os.WriteFile(file("long"), make([]byte, 100_000), 0o600))
	must(t, os.WriteFile(file("users.csv"), []byte("userPrincipalName\nkim@contoso.example\n"), 0o600))
	rawDB(t, file("foreign.db"), "CREATE TABLE t (a)")
	rawDB(t, file("stamped.db"), "PRAGMA user_version = 1")
	rawDB(t, file("other.db"), "PRAGMA application_id = 77", "PRAGMA user_version = 1")
	openAt(t, file("newer.db")).Close()
	rawDB(t, file("newer.db"), "PRAGMA user_version = 99")

	for name, want := range map[string]error{
		"short": ErrNotJournal, "long": ErrNotJournal, "users.csv": ErrNotJournal,
		"foreign.db": ErrNotJournal, "stamped.db": ErrNotJournal, "other.db": ErrNotJournal,
		"newer.db": ErrVersion,
	} {
		before, err := os.ReadFile(file(name))
		must(t, err)
		_, err = Open(t.Context(), file(name))
		wantErr(t, err, want)
		after, err := os.ReadFile(file(name))
		must(t, err)
		if string(after) != string(before) {
			t.Errorf("%s was changed", name)
		}
	}
	if _, err := Open(t.Context(), dir); err == nil {
		t.Error("a directory was opened")
	}
	must(t, os.WriteFile(file("empty"), nil, 0o600))
	openAt(t, file("empty")) // nothing to lose: a journal from now on
}

// TestVersionIsOfTheSchema holds that no change of the schema or of the digest keeps the number of
// the version, but for one of comments and white space.
func TestVersionIsOfTheSchema(t *testing.T) {
	for what, changed := range map[string]string{
		"a column more":     strings.Replace(schema, "sam        TEXT", "extra TEXT NOT NULL,\n\tsam TEXT", 1),
		"a column less":     strings.Replace(schema, "\tcode        TEXT NOT NULL DEFAULT '',\n", "", 1),
		"another type":      strings.Replace(schema, "users   INTEGER", "users TEXT", 1),
		"another word":      strings.Replace(schema, "'gave_up'", "'gaveup'", 1),
		"another view":      strings.Replace(schema, "nullif(m.status, 0)", "m.status", 1),
		"an index less":     strings.Replace(schema, "CREATE INDEX calls_over ON calls (over, run);", "", 1),
		"a part in another": strings.Replace(schema, "seqs    TEXT NOT NULL, ", "-- seqs TEXT NOT NULL, ", 1),
	} {
		if n := numberOf(changed); changed == schema || n == numberOf(schema) || n <= 0 || n > 1<<31-1 {
			t.Errorf("%s: the number is %d, and without it %d", what, n, numberOf(schema))
		}
	}
	if schemaVersion == numberOf(schema) {
		t.Error("the digest of plans is not in the number")
	}
	same := strings.ReplaceAll(strings.Replace(schema, "-- the input,", "-- another comment,", 1), "\t", "  ")
	if same == schema || numberOf(same) != numberOf(schema) {
		t.Error("a comment and white space change the number")
	}
}

// TestOpenAnotherVersion holds that a journal of another form is called neither damaged nor
// newer, with the version that planned the last run in it where that can be read, and left alone.
func TestOpenAnotherVersion(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	create(t, openAt(t, path), batch.Plan{Run: "r", Version: "v0.0.9"}).s.Close()
	for _, c := range []struct{ sql, says string }{
		{"PRAGMA user_version = 1", "made by another version of offboard: version v0.0.9 planned the last run in it"},
		{"ALTER TABLE runs RENAME COLUMN plan TO intent", "made by another version of offboard"},
		{"PRAGMA user_version = 0", "made by another version of offboard"},
	} {
		rawDB(t, path, c.sql)
		before, err := os.ReadFile(path)
		must(t, err)
		for _, open := range []func(context.Context, string) (*Store, error){Open, OpenToRead} {
			_, err := open(t.Context(), path)
			if !errors.Is(err, ErrVersion) || errors.Is(err, ErrDamaged) || !strings.HasSuffix(err.Error(), c.says) {
				t.Errorf("%s: %v", c.sql, err)
			}
		}
		after, err := os.ReadFile(path)
		must(t, err)
		if string(after) != string(before) {
			t.Errorf("%s: the file was changed", c.sql)
		}
	}
}

// TestPlanOfAnotherVersion holds that a plan with a word that this program does not know, which may
// be a guard, is another version's, and that nobody goes on with it.
func TestPlanOfAnotherVersion(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	create(t, openAt(t, path), batch.Plan{Run: "r", Version: "v9.0.0"}).s.Close()
	rawDB(t, path, "UPDATE runs SET plan = json_set(plan, '$.terms', json('{\"guards\":{\"moon\":true}}'))")
	s := openAt(t, path)
	_, err := s.Run(t.Context(), "r")
	_, all := s.Runs(t.Context(), Filter{})
	for _, err := range []error{err, all} {
		if !errors.Is(err, ErrVersion) || errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), `journal.db: journal was made by another version of offboard: the key "moon" is not known to this one; version v9.0.0 planned the run`) {
			t.Error(err)
		}
	}
}

func TestOpenTogether(t *testing.T) {
	t.Parallel()
	for range 3 {
		path := newPath(t)
		var g errgroup.Group
		for i := range 8 {
			g.Go(func() error {
				s, err := Open(t.Context(), path)
				if err != nil {
					return err
				}
				_, err = s.Create(t.Context(), batch.Plan{Run: string(rune('a' + i))})
				return errors.Join(err, s.Close())
			})
		}
		must(t, g.Wait())
		runs, err := openAt(t, path).Runs(t.Context(), Filter{})
		must(t, err)
		if len(runs) != 8 {
			t.Errorf("%d runs of 8", len(runs))
		}
	}
}

func TestOpenOddNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a b.db", "100%.db", "what?.db", "tag#1.db", "amp&=.db", "ünï.db"} {
		if runtime.GOOS == "windows" && name == "what?.db" {
			continue
		}
		path := filepath.Join(dir, name)
		create(t, openAt(t, path), batch.Plan{Run: "r"}).s.Close()
		fi, err := os.Stat(path)
		must(t, err)
		if fi.Size() == 0 {
			t.Errorf("%s: the journal went elsewhere", name)
		}
	}
}

func TestOpenThroughLink(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "journal.db"), filepath.Join(dir, "link.db")
	r := create(t, openAt(t, path), batch.Plan{Run: "r"})
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	unlock, err := r.Lock()
	must(t, err)
	defer unlock()
	same, err := openAt(t, link).Run(t.Context(), "r")
	must(t, err)
	_, err = same.Lock()
	wantErr(t, err, ErrLocked)
}

// TestFullDisk lets the file grow no further in the middle of an entry.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	r := running(t, s, "r", 200)
	call := batch.Entry{Calls: []batch.Call{{No: 1, SentAt: at(1), Seqs: []int{1, 2, 3}}}}
	must(t, r.Write(t.Context(), call))
	before := check(t, r)

	var pages int
	must(t, s.w.QueryRow("PRAGMA page_count").Scan(&pages))
	_, err := s.w.Exec("PRAGMA max_page_count = " + strconv.Itoa(pages+1))
	must(t, err)
	big := batch.Entry{Over: []int{1}}
	for seq := 1; seq <= 200; seq++ {
		rec := settled(seq, 1, batch.Failed)
		rec.Message = string(make([]byte, 500))
		big.Records = append(big.Records, rec)
	}
	if err := r.Write(t.Context(), big); err == nil {
		t.Fatal("written to a full disk")
	}
	diff(t, "lines after the failure", check(t, r), before)
	sound(t, s)

	_, err = s.w.Exec("PRAGMA max_page_count = 1000000")
	must(t, err)
	must(t, r.Write(t.Context(), big))
	if lines := check(t, r); lines[0].Record.Outcome != batch.Failed {
		t.Errorf("written again, user 1 is %s", lines[0].Record.Outcome)
	}
}

func TestCancelled(t *testing.T) {
	s := openNew(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	r := create(t, s, batch.Plan{Run: "r"})
	must(t, r.AddRows(ctx, []batch.Planned{member(1)}))
	stop := errors.New("a person pressed a key")
	cancel(stop)
	wantErr(t, r.AddRows(ctx, []batch.Planned{member(2)}), stop)
	must(t, r.Seal(t.Context(), batch.Plan{Run: "r", Rows: 1, Users: 1}))
	must(t, r.SetState(ctx, Running, ""))
	must(t, r.Write(ctx, batch.Entry{Calls: []batch.Call{{No: 1, SentAt: at(1), Seqs: []int{1}}}}))
	if got := outcomes(check(t, r)); got != "unsettled" {
		t.Errorf("after a write that was cancelled: %s", got)
	}
	for _, err := range r.Lines(ctx) {
		wantErr(t, err, context.Canceled)
	}
}

// What JSON says of people is taken as a whole, or not at all.
func TestDecode(t *testing.T) {
	for text, want := range map[string]error{
		`{"Line":1}`: nil, `{"Line":1,"moon":2}`: ErrVersion, `{"Line":1} {"Line":2}`: ErrDamaged, `{"Line":1}]`: ErrDamaged, `{"Line":"one"}`: ErrDamaged, `{"Line":1`: ErrDamaged, ``: ErrDamaged,
	} {
		if err := Decode(text, &batch.Row{}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}
