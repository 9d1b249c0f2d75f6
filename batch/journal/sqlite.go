package journal

import (
	"cmp"
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"offboard/batch/durable"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What only SQLite understands stands in this file, in schema.sql, and in
// compact.go; the lock of a journal that is a file stands in lock.go. Queries
// elsewhere are ones that PostgreSQL takes as well, but for the placeholder.

//go:embed schema.sql
var schema string

// schemaVersion is SQLite's user_version of a journal, and applicationID marks
// the file as one of offboard: "ofbd".
const (
	schemaVersion = 1
	applicationID = 0x6f666264
)

// placeholders stand for n parameters, between commas.
func placeholders(n int) string { return strings.Repeat("?,", n-1) + "?" }

// synced is what every connection has: a commit is on the disk when it returns.
// On macOS that takes F_FULLFSYNC, since fsync there stops at the drive's own cache.
var synced = []string{"synchronous(FULL)", "fullfsync(1)", "checkpoint_fullfsync(1)"}

// usual is what connections have besides, but for the one of Compact.
var usual = append([]string{
	"busy_timeout(10000)",
	"foreign_keys(1)",
	"trusted_schema(0)",
	"cache_size(-8192)",
	"wal_autocheckpoint(0)", // see keepLogShort
	"journal_size_limit(67108864)",
}, synced...)

// dsn names the file and sets what holds for its connections.
func dsn(path string, pragmas ...string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	q := url.Values{
		"_txlock":    {"immediate"}, // a write waits at its beginning, and cannot fail halfway for a lock
		"_dqs":       {"0"},
		"_defensive": {"1"},
		"_pragma":    pragmas,
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// Open opens the journal at path, and makes one, with the directories above
// it, where there is none. A newer journal is ErrNewer, any other file is
// ErrNotJournal, and both are left as they are. A place where nothing can be
// written is ErrDisk. No writer is waited for, unless there is no journal yet.
func Open(ctx context.Context, path string) (*Store, error) {
	return open(ctx, path, (*Store).openToWrite)
}

// OpenToRead opens the journal at path for commands that only read. Where there is
// none, or none yet, the Store has no runs, and nothing is made. Methods that
// write are ErrState.
func OpenToRead(ctx context.Context, path string) (*Store, error) {
	return open(ctx, path, (*Store).openToRead)
}

func open(ctx context.Context, path string, how func(*Store, context.Context) error) (*Store, error) {
	full, err := filepath.Abs(path)
	s := &Store{path: full}
	if err == nil {
		err = how(s, ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("open journal %s: %w", path, errors.Join(sqliteFault(err), s.closeAll()))
	}
	return s, nil
}

func (s *Store) openToWrite(ctx context.Context) error {
	if err := makeFile(s.path); err != nil {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	// One file, one name: locks and SQLite's own files stand beside the name.
	path, err := filepath.EvalSymlinks(s.path)
	if err != nil {
		return err
	}
	s.path = path
	if s.w, err = sql.Open("sqlite", dsn(path, usual...)); err != nil {
		return err
	}
	s.w.SetMaxOpenConns(1) // SQLite has one writer: queue for it here, in order
	version, err := versionOf(ctx, s.w)
	if err != nil {
		return err
	}
	if err := s.useWAL(ctx); err != nil {
		return fmt.Errorf("switch to write-ahead log: %w", err)
	}
	if version == 0 {
		if err := s.update(ctx, makeSchema); err != nil {
			return fmt.Errorf("make tables: %w", err)
		}
	}
	if err := errors.Join(s.openReaders(), s.prepare(ctx)); err != nil {
		return err
	}
	// The log is there now. SQLite makes its name durable only in the process that
	// made it, and that one may have died before.
	if err := durable.SyncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	return nil
}

func (s *Store) openToRead(ctx context.Context) error {
	version := 0
	fi, err := os.Stat(s.path)
	if err == nil && fi.Size() > 0 {
		if s.path, err = filepath.EvalSymlinks(s.path); err == nil {
			err = s.openReaders()
		}
		if err == nil {
			version, err = versionOf(ctx, s.r)
		}
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	if version > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.closeAll(); err != nil {
		return err
	}
	if s.r, err = sql.Open("sqlite", ":memory:"); err != nil {
		return err
	}
	s.r.SetMaxOpenConns(1) // another connection would be another journal
	_, err = s.r.ExecContext(ctx, schema)
	return err
}

func (s *Store) openReaders() (err error) {
	if s.r, err = sql.Open("sqlite", dsn(s.path, append(usual[:len(usual):len(usual)], "query_only(1)")...)); err == nil {
		s.r.SetMaxOpenConns(4)
		s.r.SetMaxIdleConns(4)
	}
	return err
}

// makeFile makes an empty file that only its owner can read; SQLite gives its
// -wal and -shm the same mode. An existing file is not opened here: closing it
// again would drop the POSIX locks that this process's other connections hold
// on it.
func makeFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(durable.SyncDir(dir), durable.SyncDir(filepath.Dir(dir)))
}

// useWAL switches a new file to the write-ahead log. Two processes that do so
// at once are told "locked" however long they would wait, so they take turns.
func (s *Store) useWAL(ctx context.Context) error {
	var mode string
	if err := s.w.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil || mode == "wal" {
		return err
	}
	l, err := s.newLock(".open") // no run has this name
	if err == nil {
		_, err = l.TryLockContext(ctx, 10*time.Millisecond)
	}
	if err != nil {
		return err
	}
	err = s.w.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
	if err == nil && mode != "wal" {
		err = fmt.Errorf("the file system does not allow it, and the mode stays %q", mode)
	}
	return errors.Join(err, l.Unlock())
}

// makeSchema makes the tables, unless another process was faster.
func makeSchema(ctx context.Context, t *tx) error {
	if version, err := versionOf(ctx, t); err != nil || version > 0 {
		return err
	}
	_, err := t.ExecContext(ctx, fmt.Sprintf("%s; PRAGMA application_id = %d; PRAGMA user_version = %d", schema, applicationID, schemaVersion))
	return err
}

// versionOf is the version of the journal's schema, 0 for an empty file. Any
// other file is ErrNotJournal or ErrNewer.
func versionOf(ctx context.Context, db asker) (version int, err error) {
	var app, objects int
	err = each(ctx, db, func(c *cells) error {
		app, version, objects = c.num(), c.num(), c.num()
		return nil
	}, `SELECT a.application_id, v.user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id a, pragma_user_version v`)
	switch code := sqliteCode(err) & 0xff; {
	case code == sqlite3.SQLITE_NOTADB || code == sqlite3.SQLITE_ERROR:
		return 0, errNotJournal
	case err != nil:
		return 0, fmt.Errorf("read schema version: %w", sqliteFault(err))
	case app == applicationID && version > schemaVersion:
		return 0, fmt.Errorf("%w: its schema has version %d, this program knows %d", ErrNewer, version, schemaVersion)
	case app == applicationID && version > 0, app == 0 && version == 0 && objects == 0:
		return version, nil
	}
	return 0, errNotJournal
}

// errNotJournal has words for the owner of a file whose first page is damaged:
// nothing tells it from any other file.
var errNotJournal = fmt.Errorf("%w, or one whose beginning is damaged", ErrNotJournal)

// quickCheck asks SQLite whether the file is whole: its pages, the order of the
// keys, the types and the words of the columns. SQLite keeps no sums of its
// pages, so a bit flipped within a text or a number is not seen here.
func quickCheck(ctx context.Context, db asker) error {
	return each(ctx, db, func(c *cells) error {
		word := c.text()
		if word == "ok" {
			return nil
		}
		word = strings.TrimSpace(strings.TrimPrefix(word, "*** in database main ***"))
		what := ErrDamaged
		if _, number, ok := strings.Cut(word, "unable to get the page. error code="); ok {
			if code, err := strconv.Atoi(number); err == nil {
				what = cmp.Or(kindOf(code), ErrDamaged)
			}
		} else if strings.Contains(word, "failed to get page") { // of an overflow page that is in the file
			what = ErrDisk
		}
		return fmt.Errorf("%w: SQLite's quick_check says: %s", what, word)
	}, "PRAGMA quick_check(1)")
}

// logPages is how long the write-ahead log may grow before it is moved into the
// file, in pages of 4 KB.
const logPages = 1000

const logLength = "PRAGMA wal_checkpoint(NOOP)"

// keepLogShort does what SQLite does by itself after a commit, but for one
// thing: it looks at the result. A checkpoint that a reader keeps from its end
// leaves pages in the file that are not synced; when the sync of the next one
// fails, the kernel may have dropped them, and the one after that would call
// them safe and forget the log. So none may follow a failed sync.
//
// The write before is durable whatever becomes of this.
func (s *Store) keepLogShort(ctx context.Context) {
	st := s.stmts[logLength]
	if st == nil {
		return // the file is being opened, and its log looked at soon
	}
	var busy, log, moved int
	err := st.QueryRowContext(ctx).Scan(&busy, &log, &moved)
	if err == nil && log-moved >= logPages {
		s.checkpoint(ctx, "PASSIVE")
	}
}

// checkpoint moves the log into the file, as far as readers allow it. What
// fails can be done again later, but for a sync: none follows that. The caller
// holds writing.
func (s *Store) checkpoint(ctx context.Context, mode string) {
	if s.unsynced != nil {
		return
	}
	_, err := s.w.ExecContext(ctx, "PRAGMA wal_checkpoint("+mode+")")
	if syncFailed(err) {
		s.unsynced = fmt.Errorf("move log into file: %w", sqliteFault(err))
	}
}

// dropCache is what a reader does at its end. All connections of a process
// share one list of pages that may be reused: a writer that takes an idle
// reader's pages leaves that reader below its own limit and all of them at the
// common one, and SQLite then drops every page at once that it has read
// (measured: Lines at 40 % of its speed, with two reads of the file a row).
const dropCache = "PRAGMA shrink_memory"

// sqliteCode is SQLite's own word on the error, or 0.
func sqliteCode(err error) int {
	if se, ok := errors.AsType[*sqlite.Error](err); ok {
		return se.Code()
	}
	return 0
}

// syncFailed reports whether the disk could not confirm what was written.
func syncFailed(err error) bool {
	code := sqliteCode(err)
	return code == sqlite3.SQLITE_IOERR_FSYNC || code == sqlite3.SQLITE_IOERR_DIR_FSYNC
}

// sqliteFault sorts what SQLite says: ErrDamaged where the file does not hold what was
// written, ErrDisk where the disk does not do what it should. A disk that is full
// or fails has damaged nothing.
func sqliteFault(err error) error {
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrDisk) {
		return err
	}
	if kind := kindOf(sqliteCode(err)); kind != nil {
		return fmt.Errorf("%w: %w", kind, err)
	}
	return err
}

// kindOf is ErrDamaged, ErrDisk or nil, by SQLite's word on an error.
func kindOf(code int) error {
	switch code {
	case sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_DATA, sqlite3.SQLITE_IOERR_CORRUPTFS:
		return ErrDamaged
	}
	switch code & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_NOTADB,
		sqlite3.SQLITE_ERROR: // every statement was tried: a table or column that it names is not there
		return ErrDamaged
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
		return ErrDisk
	}
	return nil
}
