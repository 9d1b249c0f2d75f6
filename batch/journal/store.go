package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"offboard/batch"
)

// Store is an open journal. It may be used by many goroutines at once; so may
// its runs.
type Store struct {
	dialect
	path  string
	w     *sql.DB              // one connection; nil: opened to read
	r     *sql.DB              // a few, none of which can write
	stmts map[string]*sql.Stmt // by query; nil on a server, whose driver keeps them
	apart time.Duration        // by how much the clocks of two who write to it may differ

	writing sync.Mutex // held by the one who writes; w has one connection anyhow
	no      int        // of the last write
}

// dialect is what only one kind of database understands. The rest of the room is
// SQL that both SQLite and PostgreSQL take, with parameters as $1, $2 and so on.
type dialect interface {
	// check asks whether the whole database is as it was written: ErrDamaged if not.
	check(t *tx) error

	// classify adds ErrDamaged or ErrDisk to an error of the database that means one of them.
	classify(err error) error

	// text is a query as the database carries it out well.
	text(query string) string

	// reading are the options of a transaction that reads, all of one moment.
	reading() *sql.TxOptions

	// encode makes of a value that a statement is given what the database takes, and is
	// asked last.
	encode(arg any) any

	// patiently tries something, which happens or not as a whole, until the database
	// answers, or until nobody waits any more: ErrAway.
	patiently(ctx context.Context, once func() error) error

	// begin begins a write, the no-th of the Store, and reports whether it has happened
	// before: the answer to its commit was lost.
	begin(t *tx, no int) (happened bool, err error)

	// claim keeps others from writing to a run until the transaction ends. It is ErrLost
	// where this process held the lock of the run, and holds it no more.
	claim(t *tx, r *Run) error

	// ahead tells how far the clock that all who write to the journal have in common is
	// ahead of this machine's.
	ahead(t *tx) (time.Duration, error)

	// writable is asked before a write. It is ErrDisk when none may follow any more, and
	// ErrLost when a lock was lost.
	writable(ctx context.Context) error

	// afterWrite is told how every write ended.
	afterWrite(ctx context.Context, err error)

	// dropCache is told of a transaction that has read all it wants.
	dropCache(t *tx)

	// shrink gives some of the space of deleted rows back, and tells how many bytes;
	// 0 when there is none left.
	shrink(t *tx) (freed int, err error)

	// lock takes a lock of that name, which ends with the process, or is a *LockedError.
	lock(name string) (unlock func() error, err error)

	// putOut takes a lock from its holder, if that is another process and on a server.
	putOut(name string) error

	// heldBy tells who has a lock; nil when no process has it.
	heldBy(name string) (*LockedError, error)

	// wait says how long, and how, an answer of the database is waited for.
	wait(Patience)

	// close closes both databases.
	close() error
}

// tx is one transaction, to read or to write.
type tx struct {
	*sql.Tx
	ctx    context.Context
	stmts  map[string]*sql.Stmt // of the store
	used   map[string]*sql.Stmt // of the transaction
	of     dialect
	writes bool
	no     int // states.no of the run, since stateIn
}

// prepared are the statements that a run executes again and again.
var prepared = []string{sqlStateOf, sqlAddRow, sqlAddCall, sqlEndCall, sqlAddRecord, sqlAddTrial, sqlAddDoubt}

// prepare has SQLite parse them once. They have each of their parameters once, in order, so that its number may be left
// out: the driver looks for a parameter with a number among all arguments by its text, which takes a third of an INSERT's time.
func (s *Store) prepare(ctx context.Context) error {
	s.stmts = make(map[string]*sql.Stmt)
	for _, q := range prepared {
		st, err := s.w.PrepareContext(ctx, parameter.ReplaceAllString(q, "?"))
		if err != nil {
			return fmt.Errorf("prepare statement: %w", err)
		}
		s.stmts[q] = st
	}
	return nil
}

var parameter = regexp.MustCompile(`\$[0-9]+`)

// stmt is the statement of a query: the store's, or one for this transaction alone.
func (t *tx) stmt(query string) (st *sql.Stmt, err error) {
	if st = t.used[query]; st != nil {
		return st, nil
	}
	if st = t.stmts[query]; st != nil {
		st = t.StmtContext(t.ctx, st)
	} else if st, err = t.PrepareContext(t.ctx, query); err != nil {
		return nil, err
	}
	t.used[query] = st
	return st, nil
}

// exec executes a statement, and tells how many rows it touched.
func (t *tx) exec(query string, args ...any) (int, error) {
	if err := t.encode(args); err != nil {
		return 0, err
	}
	done, err := t.result(query, args)
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

func (t *tx) result(query string, args []any) (sql.Result, error) {
	if t.stmts == nil {
		return t.ExecContext(t.ctx, t.of.text(query), args...)
	}
	st, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(t.ctx, args...)
}

// rows are the answer to a query.
func (t *tx) rows(query string, args []any) (*sql.Rows, error) {
	if err := t.encode(args); err != nil {
		return nil, err
	}
	if t.stmts == nil {
		return t.QueryContext(t.ctx, t.of.text(query), args...)
	}
	st, err := t.stmt(query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(t.ctx, args...)
}

// encode makes of values what the database takes.
func (t *tx) encode(args []any) error {
	err := encode(args)
	for i := range args {
		args[i] = t.of.encode(args[i])
	}
	return err
}

// read runs f in one read transaction: all that it reads is of one moment. Where the
// database was away meanwhile f runs again, and forgets what it read before.
func (s *Store) read(ctx context.Context, f func(*tx) error) error {
	return s.patiently(ctx, func() error {
		return s.transact(ctx, s.r, s.reading(), nil, func(t *tx) error {
			defer s.dropCache(t)
			return f(t)
		})
	})
}

// update runs f in one transaction: all of it is durable when update returns
// nil, and none of it has happened otherwise. It ignores cancellation. Where the
// transaction was cut off and has not happened, f runs again, as if for the first time.
func (s *Store) update(ctx context.Context, f func(*tx) error) error {
	if s.w == nil {
		return fmt.Errorf("%w: the journal was opened to read", ErrState)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	s.no++
	return s.patiently(ctx, func() error {
		if err := s.writable(ctx); err != nil {
			return err
		}
		ctx := context.WithoutCancel(ctx)
		err := s.transact(ctx, s.w, nil, s.stmts, func(t *tx) error {
			if happened, err := s.begin(t, s.no); happened || err != nil {
				return err
			}
			return f(t)
		})
		s.afterWrite(ctx, err)
		return err
	})
}

func (s *Store) transact(ctx context.Context, db *sql.DB, opts *sql.TxOptions, stmts map[string]*sql.Stmt, f func(*tx) error) error {
	t, err := db.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin: %w", s.classify(err))
	}
	defer t.Rollback() // does nothing after Commit
	if err := f(&tx{Tx: t, ctx: ctx, stmts: stmts, used: map[string]*sql.Stmt{}, of: s.dialect, writes: opts == nil}); err != nil {
		return s.classify(err)
	}
	return s.classify(t.Commit())
}

// Path is the journal's file, with all links resolved, or the URL of its database, as
// [Shown] has it.
func (s *Store) Path() string { return s.path }

// Check asks whether the whole journal is as it was written: ErrDamaged if not.
func (s *Store) Check(ctx context.Context) error { return s.read(ctx, s.check) }

// Close closes the journal, and before moves the write-ahead log into the file, as far
// as others allow it. After a sync that failed it does neither: see ErrDisk.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.close(); err != nil {
		return fmt.Errorf("close journal %s: %w", s.path, err)
	}
	return nil
}

// Create begins a run in the state planning. The plan's name must be new, and
// made of letters, digits, dots, dashes and underscores.
func (s *Store) Create(ctx context.Context, plan batch.Plan) (*Run, error) {
	r := &Run{s: s, runRow: runRow{plan: normal(plan), state: Planning}}
	if err := s.update(ctx, r.create); err != nil {
		return nil, fmt.Errorf("create run %q in %s: %w", plan.Run, s.path, err)
	}
	return r, nil
}

func (r *Run) create(t *tx) error {
	if !validName(r.plan.Run) {
		return errors.New("name a run with up to 100 letters, digits, dots, dashes and underscores")
	}
	taken, err := number(t, "SELECT count(*) FROM runs WHERE name = $1", r.plan.Run)
	if err != nil {
		return err
	}
	if taken > 0 {
		return errors.New("there is one already")
	}
	if r.id, err = number(t, `INSERT INTO runs (name, created, input, digest, tenant, steps, plan, state, plan_digest)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '') RETURNING id`, append(planColumns(r.plan), Planning)...); err != nil {
		return err
	}
	return r.become(t, Planning, "")
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$`).MatchString

// Run finds a run by its name, or by a beginning that no other run shares; ""
// is the latest. It fails with ErrNoRun or ErrAmbiguous.
func (s *Store) Run(ctx context.Context, name string) (*Run, error) {
	runs, err := s.find(ctx, `WHERE state <> 'pruning' AND substr(name, 1, length($1)) = $1
		ORDER BY CASE name WHEN $1 THEN 0 ELSE 1 END, id DESC LIMIT $2`, name, mostAlike)
	run, err := only(runs, err, name, func(r *Run) string { return r.plan.Run })
	if err != nil {
		return nil, fmt.Errorf("find run %q in %s: %w", name, s.path, err)
	}
	return run, nil
}

// mostAlike is how many names with the same beginning are looked at.
const mostAlike = 11

// only is the one that a name, or a beginning of it, means: of those that begin so the only
// one, or the first, if it has the very name; of "" the first.
func only[T any](alike []T, err error, name string, nameOf func(T) string) (one T, _ error) {
	switch {
	case err != nil:
		return one, err
	case len(alike) == 0:
		return one, ErrNoRun
	case name == "" || len(alike) == 1 || nameOf(alike[0]) == name:
		return alike[0], nil
	}
	var names []string
	for _, a := range alike {
		names = append(names, nameOf(a))
	}
	if len(names) == mostAlike {
		names[mostAlike-1] = "..."
	}
	return one, fmt.Errorf("%w: %s", ErrAmbiguous, strings.Join(names, ", "))
}

// Unfinished finds the latest run that set out to do the same as the plan
// (digest, tenant, app, cloud, steps, resolution, columns, SLA and choice) and is
// planned, running or stopped; nil when there is none.
func (s *Store) Unfinished(ctx context.Context, like batch.Plan) (*Run, error) {
	runs, err := s.find(ctx, "WHERE digest = $1 AND tenant = $2 AND steps = $3 ORDER BY id DESC", like.Digest, like.Tenant, batch.StepList(like.Steps))
	if err != nil {
		return nil, fmt.Errorf("find unfinished run in %s: %w", s.path, err)
	}
	for _, r := range runs {
		if p := r.plan; r.state.Resumable() && p.App == like.App && p.Cloud == like.Cloud && p.Alike(like) {
			return r, nil
		}
	}
	return nil, nil
}

// find reads the runs that the rest of a query selects.
func (s *Store) find(ctx context.Context, rest string, args ...any) (runs []*Run, err error) {
	err = s.read(ctx, func(t *tx) error {
		found, err := list(t, func(r *runRow) []any { return []any{&r.id, &r.state, &r.seal, &r.plan, &r.of.Campaign, &r.of.Member} },
			"SELECT id, state, plan_digest, plan, campaign, member FROM runs "+rest, args...)
		runs = nil
		for _, f := range found {
			runs = append(runs, &Run{s: s, runRow: f})
		}
		return err
	})
	return runs, err
}

// Filter chooses runs by what is known of them without a look at their users.
// What is zero lets every run through.
type Filter struct {
	States    []State   // in one of these
	Tenant    string    // exactly this, but for the case of ASCII letters
	Digest    string    // of this input or plan file
	Undoes    string    // that take back this run
	Campaign  string    // of this campaign
	NewerThan time.Time // created after this moment
	OlderThan time.Time // created before this moment
}

func (f Filter) admits(r *Run) bool {
	p := r.plan
	return (len(f.States) == 0 || slices.Contains(f.States, r.state)) &&
		(f.Tenant == "" || batch.LowerASCII(f.Tenant) == batch.LowerASCII(p.Tenant)) &&
		(f.Digest == "" || f.Digest == p.Digest) &&
		(f.Undoes == "" || f.Undoes == p.Undoes) &&
		(f.Campaign == "" || f.Campaign == r.of.Campaign) &&
		(f.NewerThan.IsZero() || p.Created.After(f.NewerThan)) &&
		(f.OlderThan.IsZero() || p.Created.Before(f.OlderThan))
}

// Undos lists the runs that take this one back, the newest first.
func (r *Run) Undos(ctx context.Context) ([]*Run, error) {
	return r.s.Runs(ctx, Filter{Undoes: r.Plan().Run})
}

// sqlNewestFirst selects all runs but those that are being pruned.
const sqlNewestFirst = "WHERE state <> 'pruning' ORDER BY id DESC"

// Runs lists the runs that the filter admits, the newest first.
func (s *Store) Runs(ctx context.Context, filter Filter) ([]*Run, error) {
	runs, err := s.find(ctx, sqlNewestFirst)
	if err != nil {
		return nil, fmt.Errorf("list runs in %s: %w", s.path, err)
	}
	return slices.DeleteFunc(runs, func(r *Run) bool { return !filter.admits(r) }), nil
}
