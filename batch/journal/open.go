package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	_ "modernc.org/sqlite" // the driver
	sqlite3 "modernc.org/sqlite/lib"
)

// Open opens the journal at path, and makes one, with the directories above
// it, where there is none. An older journal is brought to this program's
// schema; a newer one is ErrNewer, any other file is ErrNotJournal, and both
// are left as they are. A place where nothing can be written is ErrDisk.
func Open(ctx context.Context, path string) (*Store, error) {
	s, err := open(ctx, path, steps[:])
	if err != nil {
		return nil, fmt.Errorf("open journal %s: %w", path, sqliteFault(err))
	}
	return s, nil
}

func open(ctx context.Context, path string, steps []step) (_ *Store, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	if err := makeFile(path); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDisk, err)
	}
	// One file, one name: locks and SQLite's own files stand beside the name.
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, err
	}
	s := &Store{path: path}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeAll())
		}
	}()
	if s.w, err = sql.Open("sqlite", dsn(path, false)); err != nil {
		return nil, err
	}
	s.w.SetMaxOpenConns(1) // SQLite has one writer: queue for it here, in order
	if err := s.adopt(ctx, steps); err != nil {
		return nil, err
	}
	if s.r, err = sql.Open("sqlite", dsn(path, true)); err != nil {
		return nil, err
	}
	s.r.SetMaxOpenConns(4)
	s.r.SetMaxIdleConns(4)
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	// The log is there now. SQLite makes its name durable only in the process that
	// made it, and that one may have died before.
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDisk, err)
	}
	return s, nil
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
	return errors.Join(syncDir(dir), syncDir(filepath.Dir(dir)))
}

// syncDir makes a new file's name survive a power failure. Windows has no such
// thing to ask for.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil // a parent that we may pass through and not read
	}
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// adopt makes sure that the file is a journal before anything is changed in
// it, and then brings it up to date.
func (s *Store) adopt(ctx context.Context, steps []step) error {
	version, err := schemaVersion(ctx, s.w)
	if err != nil {
		return err
	}
	if err := checkVersion(version, steps); err != nil {
		return err
	}
	if err := s.useWAL(ctx); err != nil {
		return fmt.Errorf("switch to write-ahead log: %w", err)
	}
	if err := s.migrate(ctx, steps); err != nil {
		return err
	}
	return wantTables(ctx, s.w)
}

// useWAL switches a new file to the write-ahead log. Two processes that do so
// at once are told "locked" however long they would wait, so they take turns.
func (s *Store) useWAL(ctx context.Context) error {
	var mode string
	if err := s.w.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil || mode == "wal" {
		return err
	}
	unlock, err := s.waitLock(ctx, ".open") // no run has this name
	if err != nil {
		return err
	}
	err = s.w.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode)
	if err == nil && mode != "wal" {
		err = fmt.Errorf("the file system does not allow it, and the mode stays %q", mode)
	}
	return errors.Join(err, unlock())
}

// querier is a database, or a transaction on it.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// errNotJournal has words for the owner of a file whose first page is damaged:
// nothing tells it from any other file.
var errNotJournal = fmt.Errorf("%w, or one whose beginning is damaged; if it was one, "+
	"offboard runs --repair saves what can be read", ErrNotJournal)

// schemaVersion is 0 for an empty file.
func schemaVersion(ctx context.Context, q querier) (int, error) {
	var app, version, objects int
	err := q.QueryRowContext(ctx, `SELECT
		(SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_schema)`).Scan(&app, &version, &objects)
	switch code := sqliteCode(err) & 0xff; {
	case code == sqlite3.SQLITE_NOTADB || code == sqlite3.SQLITE_ERROR:
		return 0, errNotJournal
	case err != nil:
		return 0, fmt.Errorf("read schema version: %w", sqliteFault(err))
	case app == applicationID && version > 0:
		return version, nil
	case app == 0 && version == 0 && objects == 0:
		return 0, nil
	}
	return 0, errNotJournal
}

func checkVersion(version int, steps []step) error {
	if version > len(steps) {
		return fmt.Errorf("%w: its schema has version %d, this program knows %d", ErrNewer, version, len(steps))
	}
	return nil
}
