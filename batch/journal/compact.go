package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// ErrInUse says that the journal is open elsewhere.
var ErrInUse = errors.New("journal is open elsewhere")

// busy is SQLite's result code for a lock that another connection holds.
const busy = 5

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

func compact(ctx context.Context, path string) (int64, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return 0, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return 0, err
	}
	before, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if err := vacuum(ctx, path); err != nil {
		return 0, err
	}
	after, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return before.Size() - after.Size(), nil
}

func vacuum(ctx context.Context, path string) (err error) {
	db, err := sql.Open("sqlite", aloneDSN(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }() // moves the write-ahead log into the file
	db.SetMaxOpenConns(1)
	var free, pages int64
	err = db.QueryRowContext(ctx, `SELECT
		(SELECT freelist_count FROM pragma_freelist_count), (SELECT page_count FROM pragma_page_count)`).Scan(&free, &pages)
	if se, ok := errors.AsType[*sqlite.Error](err); ok && se.Code()&0xff == busy {
		return ErrInUse
	}
	if err != nil || free*worthIt < pages {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM")
	return err
}

// aloneDSN names the file for a connection that has it for itself. Locking
// must be exclusive before the first look at the file: later it keeps out
// writers alone.
func aloneDSN(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter
	}
	q := url.Values{"_pragma": {
		"locking_mode(EXCLUSIVE)",
		"busy_timeout(0)",
		"synchronous(FULL)",
		"fullfsync(1)",
		"checkpoint_fullfsync(1)",
	}}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}
