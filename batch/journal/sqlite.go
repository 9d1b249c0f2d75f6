package journal

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"offboard/batch/durable"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What only SQLite understands stands in this file and in schema.sql, and how a
// journal that is a file is locked in lock.go.

//go:embed schema.sql
var schema string

// applicationID marks the file as one of offboard: "ofbd".
const applicationID = 0x6f666264

// schemaVersion is SQLite's user_version of a journal. It is made of all that gives a
// journal its form, so that no change of that can be forgotten.
var schemaVersion = numberOf(schema, sqlDigestPlan, sqlDigestRows, sqlDigestTargets, sqlDigestSent, sqlDigestMarks, sqlDigestSkips)

// Forms are the numbers of the forms that journals have, by kind of database. A journal of
// another form than a program's is [ErrVersion] to it.
type Forms struct {
	SQLite     int `json:"sqlite"`
	PostgreSQL int `json:"postgresql"`
}

// ItsForms are those of this program.
var ItsForms = Forms{schemaVersion, serverVersion}

// numberOf is a number above 0 for what statements say. Comments and white space say nothing.
func numberOf(statements ...string) int {
	words := strings.Fields(sqlComment.ReplaceAllString(strings.Join(statements, ";\n"), ""))
	sum := sha256.Sum256([]byte(strings.Join(words, " ")))
	return int(binary.BigEndian.Uint32(sum[:])>>1 | 1) // SQLite has 31 bits for it
}

var sqlComment = regexp.MustCompile("--.*")

// inList5 is the condition that a value is in the list that is the parameter $5.
const inList5 = " IN (SELECT value FROM json_each($5))"

// holds5 is the condition that a column's list holds the parameter $5, but for the case
// of ASCII letters.
func holds5(column string) string {
	return "EXISTS (SELECT 1 FROM json_each(" + column + ") WHERE lower(value) = $5)"
}

// DefaultPath is where the journal lies when no flag names a place: under the user's
// own state directory, as the system has it, and for a service of systemd in the
// service's. On Windows that is the part of the
// profile that does not roam: see Caveats.
func DefaultPath(getenv func(string) string, goos string) (string, error) {
	name, variable, below := "$HOME", "HOME", "/.local/state/offboard/journal.db"
	switch goos {
	case "windows":
		name, variable, below = "%LocalAppData%", "LocalAppData", `\offboard\journal.db`
	case "darwin", "ios":
		below = "/Library/Application Support/offboard/journal.db"
	default:
		if dir := ServiceState(getenv); dir != "" {
			return dir + "/journal.db", nil
		}
		if strings.HasPrefix(getenv("XDG_STATE_HOME"), "/") { // its specification has relative paths ignored
			variable, below = "XDG_STATE_HOME", "/offboard/journal.db"
		}
	}
	dir := getenv(variable)
	if dir == "" {
		return "", fmt.Errorf("find state directory: %s is not set", name)
	}
	return strings.TrimRight(dir, "/") + below, nil
}

// ServiceState is the state directory that systemd gives a service (StateDirectory=),
// the first if it has several; "" outside of one.
func ServiceState(getenv func(string) string) string {
	dir, _, _ := strings.Cut(getenv("STATE_DIRECTORY"), ":")
	if !strings.HasPrefix(dir, "/") {
		return ""
	}
	return strings.TrimRight(dir, "/")
}

// usual is what every connection has. A commit is on the disk when it returns; on macOS
// that takes F_FULLFSYNC, since fsync there stops at the drive's own cache.
var usual = []string{
	"synchronous(FULL)", "fullfsync(1)", "checkpoint_fullfsync(1)",
	"busy_timeout(10000)",
	"foreign_keys(1)",
	"trusted_schema(0)",
	"cache_size(-8192)",
	"short_column_names(0)", "full_column_names(1)", // an error names the table, too
	"wal_autocheckpoint(0)", // see afterWrite
	"journal_size_limit(67108864)",
}

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
		"_pragma":    append(pragmas, usual...),
	}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
}

// connect makes a database handle with so many connections at the most.
func connect(dsn string, connections int) (*sql.DB, error) {
	db, err := sql.Open("sqlite", dsn)
	if err == nil {
		db.SetMaxOpenConns(connections)
		db.SetMaxIdleConns(connections)
	}
	return db, err
}

// Open opens the journal at path, and makes one, with the directories above
// it, where there is none. A journal of another version is ErrVersion, any other file is
// ErrNotJournal, and both are left as they are. A place where nothing can be
// written is ErrDisk. No writer is waited for, unless there is no journal yet.
func Open(ctx context.Context, path string) (*Store, error) {
	if OnServer(path) {
		return openServer(ctx, path, true)
	}
	return open(ctx, path, (*sqliteFile).openToWrite)
}

// OpenToRead opens the journal at path for commands that only read. Where there is
// none, or none yet, the Store has no runs, and nothing is made. Methods that
// write are ErrState.
func OpenToRead(ctx context.Context, path string) (*Store, error) {
	if OnServer(path) {
		return openServer(ctx, path, false)
	}
	return open(ctx, path, (*sqliteFile).openToRead)
}

func open(ctx context.Context, path string, how func(*sqliteFile, context.Context) error) (*Store, error) {
	full, err := filepath.Abs(path)
	f := &sqliteFile{path: full, engine: forEngine(ctx)}
	if err == nil {
		err = how(f, ctx)
	}
	s := &Store{dialect: f, path: f.path, w: f.w, r: f.r}
	if err == nil && s.w != nil {
		err = s.prepare(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("open journal %s: %w", path, errors.Join(f.classify(err), f.closeAll()))
	}
	return s, nil
}

// sqliteFile is the dialect of a journal in a file.
type sqliteFile struct {
	path     string
	engine   bool // the process is a worker of one
	w, r     *sql.DB
	unsynced error    // of the first sync that failed; nil: none did
	held     sync.Map // the *flock.Flock of each lock that this process has
}

func (f *sqliteFile) openToWrite(ctx context.Context) error {
	err := makeFile(f.path)
	if err == nil { // one file, one name: locks and SQLite's own files stand beside the name
		f.path, err = filepath.EvalSymlinks(f.path)
	}
	if err == nil {
		f.w, err = connect(dsn(f.path), 1) // SQLite has one writer: queue for it here, in order
	}
	if err != nil {
		return err
	}
	version, err := versionOf(ctx, f.w)
	if err == nil && version == 0 {
		err = f.makeTables(ctx)
	}
	if err == nil {
		err = f.openReaders()
	}
	if err == nil {
		// The log is there now. SQLite makes its name durable only in the process that
		// made it, and that one may have died before.
		err = durable.SyncDir(filepath.Dir(f.path))
	}
	return err
}

func (f *sqliteFile) openToRead(ctx context.Context) error {
	version := 0
	fi, err := os.Stat(f.path)
	if err == nil && fi.Size() > 0 {
		if f.path, err = filepath.EvalSymlinks(f.path); err == nil {
			err = f.openReaders()
		}
		if err == nil {
			version, err = versionOf(ctx, f.r)
		}
	}
	if version > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// There is none, or nothing in it: a journal without runs, in memory, instead. Another
	// connection would be another one.
	if err := f.closeAll(); err != nil {
		return err
	}
	return f.openEmpty(ctx)
}

func (f *sqliteFile) openEmpty(ctx context.Context) (err error) {
	if f.r, err = connect(":memory:", 1); err == nil {
		_, err = f.r.ExecContext(ctx, schema)
	}
	return err
}

func (f *sqliteFile) openReaders() (err error) {
	f.r, err = connect(dsn(f.path, "query_only(1)"), 4)
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

// makeTables makes a journal of an empty file. Two processes that switch it to the
// write-ahead log at once are told "locked" however long they would wait, so they take
// turns.
func (f *sqliteFile) makeTables(ctx context.Context) (err error) {
	turn, err := f.newLock(".open") // no run has this name
	if err == nil {
		_, err = turn.TryLockContext(ctx, 10*time.Millisecond)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, turn.Unlock()) }()
	if version, err := versionOf(ctx, f.w); err != nil || version > 0 {
		return err // another process was faster
	}
	var mode string
	if err := f.w.QueryRowContext(ctx, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return fmt.Errorf("switch to write-ahead log: %w", err)
	}
	if mode != "wal" {
		return fmt.Errorf("switch to write-ahead log: the file system does not allow it, and the mode stays %q", mode)
	}
	if _, err = f.w.ExecContext(ctx, fmt.Sprintf("BEGIN IMMEDIATE; %s; PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		schema, applicationID, schemaVersion)); err != nil {
		return fmt.Errorf("make tables: %w", err)
	}
	return nil
}

// versionOf is the version of the journal's schema, 0 for an empty file. Any
// other file is ErrNotJournal or ErrVersion.
func versionOf(ctx context.Context, db *sql.DB) (version int, err error) {
	var app, objects int
	err = db.QueryRowContext(ctx, `SELECT a.application_id, v.user_version, (SELECT count(*) FROM sqlite_schema)
		FROM pragma_application_id a, pragma_user_version v`).Scan(&app, &version, &objects)
	switch code := sqliteCode(err) & 0xff; {
	case code == sqlite3.SQLITE_NOTADB || code == sqlite3.SQLITE_ERROR:
		return 0, errNotJournal
	case err != nil:
		return 0, fmt.Errorf("read schema version: %w", err)
	case app == applicationID && version != schemaVersion:
		return 0, madeBy(ctx, db)
	case app == applicationID, app == 0 && version == 0 && objects == 0:
		return version, nil
	}
	return 0, errNotJournal
}

// madeBy says which version of offboard was the last that planned a run in a journal of
// another form, if it can be read there.
func madeBy(ctx context.Context, db *sql.DB) error {
	var by string
	err := db.QueryRowContext(ctx, "SELECT plan ->> '$.offboard' FROM runs ORDER BY id DESC LIMIT 1").Scan(&by)
	if err != nil || by == "" {
		return ErrVersion
	}
	return fmt.Errorf("%w: version %s planned the last run in it", ErrVersion, by)
}

// errNotJournal has words for the owner of a file whose first page is damaged:
// nothing tells it from any other file.
var errNotJournal = fmt.Errorf("%w, or one whose beginning is damaged", ErrNotJournal)

// check asks SQLite for the pages, the order of the keys, and the types and words of
// the columns. SQLite keeps no sums of its pages, so a bit flipped within a text or a
// number is not seen here.
func (f *sqliteFile) check(t *tx) error {
	word, err := first(list(t, alone[string], "PRAGMA quick_check(1)"))
	if err != nil || word == "ok" {
		return err
	}
	kind := ErrDamaged
	if _, number, ok := strings.Cut(word, "unable to get the page. error code="); ok {
		code, _ := strconv.Atoi(strings.TrimSpace(number))
		kind = cmp.Or(kindOf(code), ErrDamaged)
	} else if strings.Contains(word, "failed to get page") { // of an overflow page that is in the file
		kind = ErrDisk
	} else if strings.Contains(word, "Failed to read ptrmap") { // which SQLite says of both
		kind = fmt.Errorf("%w, or the %w", ErrDisk, ErrDamaged)
	}
	return fmt.Errorf("%w: SQLite's quick_check says: %s", kind, strings.TrimSpace(strings.TrimPrefix(word, "*** in database main ***")))
}

// A file has one writer at a time, on one machine: it answers, a commit is known to have
// happened or not, and a lock is the operating system's.

func (f *sqliteFile) putOut(string) error { return nil }

func (f *sqliteFile) text(query string) string { return query }

func (f *sqliteFile) reading() *sql.TxOptions { return &sql.TxOptions{ReadOnly: true} }

func (f *sqliteFile) encode(arg any) any { return arg }

func (f *sqliteFile) patiently(_ context.Context, once func() error) error { return once() }

func (f *sqliteFile) begin(*tx, int) (happened bool, err error) { return false, nil }

func (f *sqliteFile) claim(*tx, *Run) error { return nil }

func (f *sqliteFile) ahead(*tx) (time.Duration, error) { return 0, nil }

func (f *sqliteFile) wait(Patience) {}

func (f *sqliteFile) writable(context.Context) error {
	if f.unsynced != nil {
		return fmt.Errorf("nothing is written after a failed sync: %w", f.unsynced)
	}
	return nil
}

const pageSize = 4096 // SQLite's own choice

// logPages is how long the write-ahead log may grow before it is moved into the file.
const logPages = 1000

// logLength asks how long the log is, and how much of it is in the file; in a test it fails.
var logLength = "PRAGMA wal_checkpoint(NOOP)"

// afterWrite moves the log into the file when it is long. SQLite does so by itself after a
// commit, but for one thing: it does not look at the result. A checkpoint that a reader
// keeps from its end leaves pages in the file that are not synced; when the sync of the
// next one fails, the kernel may have dropped them, and the one after that would call
// them safe and forget the log. So none may follow a failed sync.
//
// The write before is durable whatever becomes of the checkpoint.
func (f *sqliteFile) afterWrite(ctx context.Context, err error) {
	if syncFailed(err) {
		f.unsynced = err
	}
	if err != nil {
		return
	}
	var busy, log, moved int
	err = f.w.QueryRowContext(ctx, logLength).Scan(&busy, &log, &moved)
	if err != nil || log-moved >= logPages { // of unknown length it may be long
		f.checkpoint(ctx, "PASSIVE")
	}
}

// checkpoint moves the log into the file, as far as readers allow it. What
// fails can be done again later, but for a sync: none follows that.
func (f *sqliteFile) checkpoint(ctx context.Context, mode string) {
	if f.unsynced != nil {
		return
	}
	_, err := f.w.ExecContext(ctx, "PRAGMA wal_checkpoint("+mode+")")
	if syncFailed(err) {
		f.unsynced = fmt.Errorf("move log into file: %w", f.classify(err))
	}
}

// dropCache drops what a reader has cached. All connections of a process
// share one list of pages that may be reused: a writer that takes an idle
// reader's pages leaves that reader below its own limit and all of them at the
// common one, and SQLite then drops every page at once that it has read
// (measured: Lines at 40 % of its speed, with two reads of the file a row).
func (f *sqliteFile) dropCache(t *tx) {
	_, _ = t.ExecContext(t.ctx, "PRAGMA shrink_memory") // whatever becomes of this, it is about speed
}

// shrinkPages is how many pages one transaction gives back: 4 MB, and less in tests.
var shrinkPages = 1000

// shrink moves the last pages of the file into the place of free ones, and cuts them
// off. The file itself gets shorter when the log is moved into it.
func (f *sqliteFile) shrink(t *tx) (freed int, err error) {
	// The answer has a row for each page, and no column.
	pages, err := list(t, func(*struct{}) []any { return nil }, "PRAGMA incremental_vacuum("+strconv.Itoa(shrinkPages)+")")
	return len(pages) * pageSize, err
}

// close ignores all errors of the checkpoint but a failed sync, since the log is as
// durable as the file. It does not wait for another process that reads or writes.
func (f *sqliteFile) close() error {
	if f.w != nil {
		_, _ = f.w.Exec("PRAGMA busy_timeout = 100")
		f.checkpoint(context.Background(), "TRUNCATE")
	}
	if f.unsynced != nil {
		return nil // SQLite moves the log when its last connection closes; it must not
	}
	return f.closeAll()
}

func (f *sqliteFile) closeAll() (err error) {
	for _, db := range []*sql.DB{f.r, f.w} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}

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

// classify finds ErrDamaged where the file does not hold what was written, ErrDisk where
// the disk does not do what it should. A disk that is full or fails has damaged
// nothing.
func (f *sqliteFile) classify(err error) error {
	kind := kindOf(sqliteCode(err))
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		kind = ErrDisk
	}
	if kind == nil || errors.Is(err, ErrDamaged) || errors.Is(err, ErrDisk) {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
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
