package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Repaired says what was saved from a damaged journal. Rows are those of all
// tables.
type Repaired struct {
	Whole   int // runs that are as they were, to the last row
	Damaged int // runs of which something is lost; their state says so
	Kept    int // rows
	Lost    int // rows that were counted or seen and could not be kept
}

// Repair copies what can be read and whose sums are right from a damaged
// journal into a new one, which must not exist yet. The damaged file is only
// read, and nobody may be at work on it, in this process or another. A new
// file that Repair does not complete does not appear.
//
// A run of which nothing is lost is as it was, and can be resumed when it could
// be. Any other becomes [Damaged] with the reason in words: every good row,
// record and trial is kept, a row that is lost has a line that says so, and who
// has no record may have had one, and is unsettled. A run whose own row is lost
// is called "lost-N".
//
// A journal of which not even the schema can be read is ErrDamaged or
// ErrNotJournal. So is a damaged one of version 1, whose rows have no sums.
func Repair(ctx context.Context, from, to string) (Repaired, error) {
	done, err := repair(ctx, from, to)
	if err != nil {
		return Repaired{}, fmt.Errorf("repair journal %s into %s: %w", from, to, err)
	}
	return done, nil
}

func repair(ctx context.Context, from, to string) (done Repaired, err error) {
	for _, suffix := range []string{"", "-wal", "-shm"} { // an old log would be taken for the new file's
		if _, err := os.Lstat(to + suffix); !errors.Is(err, fs.ErrNotExist) {
			return done, errors.Join(err, fmt.Errorf("%s: %w; name a new file", to+suffix, fs.ErrExist))
		}
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return done, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(to), ".repair-")
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	src, err := openCopy(ctx, from, filepath.Join(dir, "damaged.db"))
	if err != nil {
		return done, err
	}
	defer src.Close()
	dst, err := Open(ctx, filepath.Join(dir, "repaired.db"))
	if err != nil {
		return done, err
	}
	done, err = rebuild(ctx, src, dst)
	if err := errors.Join(err, dst.Close()); err != nil {
		return done, err
	}
	// Unlike a renaming, a link does not replace what came to be there meanwhile;
	// not every file system has links.
	err = os.Link(filepath.Join(dir, "repaired.db"), to)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = os.Rename(filepath.Join(dir, "repaired.db"), to)
	}
	if err != nil {
		return done, err
	}
	return done, syncDir(filepath.Dir(to))
}

// openCopy copies a journal with its log, and opens the copy, in which SQLite
// may do what it likes.
func openCopy(ctx context.Context, from, path string) (*sql.DB, error) {
	if err := copyFile(from, path); err != nil {
		return nil, err
	}
	if err := copyFile(from+"-wal", path+"-wal"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	db, err := openJournal(ctx, path)
	if !errors.Is(err, ErrNotJournal) && !errors.Is(err, ErrDamaged) {
		return db, err
	}
	if err := mendHeader(path); err != nil {
		return nil, err
	}
	return openJournal(ctx, path)
}

// openJournal opens a file as a journal, and brings it up to date.
func openJournal(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn(path, false))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s := &Store{path: path, w: db}
	version, err := schemaVersion(ctx, db)
	switch {
	case err == nil && version == 0:
		err = errNotJournal
	case err == nil:
		err = checkVersion(version, steps[:])
	}
	if err == nil {
		err = s.migrate(ctx, steps[:])
	}
	if err == nil {
		err = wantTables(ctx, db)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// copyFile copies a file from a disk that may not give all of it: what cannot
// be read is zero.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	fi, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	for at, b := int64(0), make([]byte, pageSize); at < fi.Size(); at += pageSize {
		n, err := in.ReadAt(b, at)
		if err != nil && !errors.Is(err, io.EOF) {
			n = copy(b, make([]byte, min(pageSize, fi.Size()-at)))
		}
		if _, err := out.WriteAt(b[:n], at); err != nil {
			return err
		}
	}
	return nil
}
