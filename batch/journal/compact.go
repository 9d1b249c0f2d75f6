package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	sqlite3 "modernc.org/sqlite/lib"
)

// ErrInUse says that the journal is open elsewhere.
var ErrInUse = errors.New("journal is open elsewhere")

// worthIt is the part of a file, one in so many, that must be free before it is
// written anew.
const worthIt = 10

// Compact gives the space of deleted runs back to the file system, when it is
// a tenth of the file or more, and tells how many bytes that were. It writes
// what is left anew, and needs room for that twice: in SQLite's directory for
// temporary files, and beside the journal. Nobody can open the journal
// meanwhile; when somebody has it open, in any process, it is ErrInUse. Whatever
// the error, the journal is as it was.
func Compact(ctx context.Context, path string) (freed int64, err error) {
	if freed, err = compact(ctx, path); err != nil {
		return 0, fmt.Errorf("compact journal %s: %w", path, err)
	}
	return freed, nil
}

func compact(ctx context.Context, path string) (freed int64, err error) {
	if path, err = filepath.Abs(path); err != nil {
		return 0, err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return 0, err
	}
	before, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	// Locking must be exclusive before the first look at the file: later it keeps
	// out writers alone.
	db, err := sql.Open("sqlite", dsn(path, append([]string{"locking_mode(EXCLUSIVE)", "busy_timeout(0)"}, synced...)...))
	if err != nil {
		return 0, err
	}
	db.SetMaxOpenConns(1)
	var free, pages int64
	err = db.QueryRowContext(ctx, `SELECT
		(SELECT freelist_count FROM pragma_freelist_count), (SELECT page_count FROM pragma_page_count)`).Scan(&free, &pages)
	if sqliteCode(err)&0xff == sqlite3.SQLITE_BUSY {
		err = ErrInUse
	}
	if err == nil && free*worthIt >= pages {
		_, err = db.ExecContext(ctx, "VACUUM")
	}
	if err = errors.Join(err, db.Close()); err != nil { // it moves the write-ahead log into the file
		return 0, err
	}
	after, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return before.Size() - after.Size(), nil
}
