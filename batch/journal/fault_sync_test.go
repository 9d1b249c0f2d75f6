package journal

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offboard/batch"

	sqlite3 "modernc.org/sqlite/lib"
)

// TestFailedSyncEndsCheckpoints is what SQLite by itself gets wrong where a
// failed fsync drops pages. A reader keeps a checkpoint from its end, so that
// pages of the file are written and not synced; the sync of the next checkpoint
// fails and loses them; the one after that finds nothing to write again, calls
// the log moved, and begins it anew. Acknowledged records are gone then.
func TestFailedSyncEndsCheckpoints(t *testing.T) {
	ctx := t.Context()
	d := watch(t, t.TempDir())
	r := running(t, openAt(t, filepath.Join(d.dir, "journal.db")), "life", 400)
	d.dirSynced()
	s, acked := r.s, 0
	write := func(users int) error {
		var e batch.Entry
		for seq := acked + 1; seq <= acked+users; seq++ {
			c := settled(seq, 1, batch.Verified)
			c.Message = strings.Repeat("m", 900)
			e.Records = append(e.Records, c)
		}
		err := r.Write(ctx, e)
		if err == nil {
			acked += users
		}
		return err
	}
	move := func() {
		s.writing.Lock()
		defer s.writing.Unlock()
		file(s).checkpoint(ctx, "PASSIVE")
	}
	move()
	must(t, write(100))
	reader, err := s.r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	must(t, err)
	var n int
	must(t, reader.QueryRow("SELECT count(*) FROM marks").Scan(&n))
	must(t, write(100))
	move() // as far as the reader lets it
	must(t, reader.Rollback())
	d.set(&fault{op: opSync, n: 2, code: sqlite3.SQLITE_IOERR_FSYNC}) // 1 is that of the log
	move()
	if d.hit() != 1 {
		t.Fatal("the sync of the file did not fail")
	}
	for range 3 {
		wantErr(t, write(10), ErrDisk)
		move()
	}
	must(t, s.Close())

	d.dirSynced() // names reach the disk sooner or later
	dark := t.TempDir()
	d.image(t, nil, dark)
	l := &life{path: filepath.Join(dark, "journal.db")}
	must(t, l.open(ctx))
	defer l.close()
	sound(t, l.s)
	sum, err := l.r.Summary(ctx)
	must(t, err)
	diff(t, "counts after a power failure", sum.Counts, map[batch.Outcome]int{batch.Verified: acked, batch.NotSent: 400 - acked})
}

// Where the length of the log cannot be found out, it is moved all the same.
func TestLogOfUnknownLength(t *testing.T) {
	was := logLength
	logLength = "PRAGMA wal_checkpoint("
	defer func() { logLength = was }()
	s := openNew(t)
	create(t, s, batch.Plan{Run: "r"})
	var busy, log, moved int
	must(t, s.w.QueryRow(was).Scan(&busy, &log, &moved))
	if log == 0 || moved != log {
		t.Errorf("of %d pages of the log %d are in the file", log, moved)
	}
}

// TestLogStaysShort writes several times what the log may hold.
func TestLogStaysShort(t *testing.T) {
	t.Parallel()
	d := watch(t, t.TempDir()) // spares it the real syncs
	s := openAt(t, filepath.Join(d.dir, "journal.db"))
	r := running(t, s, "life", 2000)
	const page = 4096
	for i := range 40 {
		var e batch.Entry
		for k := range 50 {
			c := settled(50*i+k+1, 1, batch.Verified)
			c.Message = strings.Repeat("m", 6000)
			e.Records = append(e.Records, c)
		}
		must(t, r.Write(t.Context(), e))
	}
	fi, err := os.Stat(s.Path() + "-wal")
	must(t, err)
	if pages := fi.Size() / page; pages < logPages || pages > 2*logPages {
		t.Errorf("the log has %d pages, of %d allowed", pages, logPages)
	}
}
