package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"offboard/batch"
)

// Store is an open journal. It may be used by many goroutines at once; so may
// its runs.
type Store struct {
	path  string
	w     *sql.DB // one connection
	r     *sql.DB // a few, none of which can write
	stmts map[string]*sql.Stmt
	held  sync.Map // the *flock.Flock of each run locked here

	writing  sync.Mutex // guards what follows; w has one connection anyhow
	unsynced error      // of the first sync that failed; nil: none did
}

// Path is the journal's file, with all links resolved.
func (s *Store) Path() string { return s.path }

// Close moves the write-ahead log into the file, as far as others allow it,
// and closes the journal. After a sync that failed it does neither: see ErrDisk.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	// No error of this matters but a failed sync, since the log is as durable as
	// the file. Another process that reads or writes is not waited for.
	_, _ = s.w.Exec("PRAGMA busy_timeout = 100")
	s.checkpoint(context.Background(), "TRUNCATE")
	if s.unsynced != nil {
		return nil // SQLite moves the log when its last connection closes; it must not
	}
	if err := s.closeAll(); err != nil {
		return fmt.Errorf("close journal %s: %w", s.path, err)
	}
	return nil
}

func (s *Store) closeAll() error {
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	for _, db := range []*sql.DB{s.r, s.w} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Create begins a run in the state planning. The plan's name must be new, and
// made of letters, digits, dots, dashes and underscores.
func (s *Store) Create(ctx context.Context, plan batch.Plan) (*Run, error) {
	r := &Run{s: s, plan: normal(plan), state: Planning}
	if err := s.create(context.WithoutCancel(ctx), r); err != nil {
		return nil, fmt.Errorf("create run %q in %s: %w", plan.Run, s.path, err)
	}
	return r, nil
}

func (s *Store) create(ctx context.Context, r *Run) error {
	if !validName(r.plan.Run) {
		return errors.New("name a run with up to 100 letters, digits, dots, dashes and underscores")
	}
	return s.update(ctx, func(ctx context.Context, t *tx) error {
		if err := s.wantRuns(ctx, t); err != nil {
			return err
		}
		var taken int
		if err := t.row(ctx, "SELECT count(*) FROM runs WHERE name = ?", r.plan.Run).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 {
			return errors.New("there is one already")
		}
		if err := t.row(ctx, "SELECT coalesce(max(id), 0) + 1 FROM runs").Scan(&r.id); err != nil {
			return err
		}
		args, err := runArgs(r.id, Planning, r.plan)
		if err != nil {
			return err
		}
		if err := t.put(ctx, runsTable.insert, args...); err != nil {
			return err
		}
		t.tally = newTally()
		if err := addState(ctx, t, r.id, Planning, ""); err != nil {
			return err
		}
		return t.putTally(ctx, r.id)
	})
}

func validName(name string) bool {
	if name == "" || len(name) > 100 || strings.ContainsAny(name[:1], ".-") {
		return false
	}
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// Run finds a run by its name, or by a beginning that no other run shares; ""
// is the latest. It fails with ErrNoRun or ErrAmbiguous.
func (s *Store) Run(ctx context.Context, name string) (*Run, error) {
	const limit = 11
	runs, err := s.find(ctx, `
		WHERE state <> ? AND (? = '' OR substr(name, 1, length(?)) = ?)
		ORDER BY name = ? DESC, id DESC LIMIT ?`, string(pruning), name, name, name, name, limit)
	switch {
	case err != nil:
	case len(runs) == 0:
		err = ErrNoRun
	case name == "" || len(runs) == 1 || runs[0].plan.Run == name:
		return runs[0], nil
	default:
		names := make([]string, 0, limit)
		for _, r := range runs {
			names = append(names, r.plan.Run)
		}
		if len(names) == limit {
			names[limit-1] = "..."
		}
		err = fmt.Errorf("%w: %s", ErrAmbiguous, strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("find run %q in %s: %w", name, s.path, err)
}

// Unfinished finds the latest run that set out to do the same as the plan
// (digest, tenant, app, cloud, action, resolution, columns and choice) and is
// planned, running or stopped; nil when there is none.
func (s *Store) Unfinished(ctx context.Context, like batch.Plan) (*Run, error) {
	columns, err := toJSON(like.Columns)
	if err != nil {
		return nil, fmt.Errorf("find unfinished run: %w", err)
	}
	runs, err := s.find(ctx, `
		WHERE digest = ? AND tenant = ? AND app = ? AND cloud = ? AND action = ? AND resolve = ? AND columns = ? AND choice = ?
			AND state IN ('planned', 'running', 'stopped')
		ORDER BY id DESC LIMIT 1`,
		like.Digest, like.Tenant, like.App, like.Cloud, string(like.Action), flag(like.Resolve), columns, like.Choice)
	if err != nil {
		return nil, fmt.Errorf("find unfinished run in %s: %w", s.path, err)
	}
	if len(runs) == 0 {
		return nil, nil
	}
	return runs[0], nil
}

// find reads the runs that the rest of a query selects, and makes sure that no
// run is missing.
func (s *Store) find(ctx context.Context, rest string, args ...any) (runs []*Run, err error) {
	err = s.view(ctx, func(t *sql.Tx) error {
		runs, err = s.findIn(ctx, t, rest, args...)
		return err
	})
	return runs, err
}

func (s *Store) findIn(ctx context.Context, t asker, rest string, args ...any) (runs []*Run, err error) {
	if err := s.wantRuns(ctx, t); err != nil {
		return nil, err
	}
	err = each(ctx, t, func(c *cells) error {
		if err := runsTable.check(c); err != nil {
			return err
		}
		r, err := readRun(c)
		r.s = s
		runs = append(runs, r)
		return err
	}, runsTable.query+rest, args...)
	return runs, err
}

// wantRuns makes sure that every run is whole, since one with another name is
// not found, and that none is missing: each has a tally.
func (s *Store) wantRuns(ctx context.Context, t asker) error {
	var runs, tallies []int64
	for list, of := range map[*[]int64]*table{&runs: runsTable, &tallies: talliesTable} {
		if err := of.each(ctx, t, func(c *cells) error {
			*list = append(*list, c.num64())
			return nil
		}, "ORDER BY "+of.columns[0]); err != nil {
			return err
		}
	}
	if !slices.Equal(runs, tallies) {
		return fmt.Errorf("%w: tables runs and tallies: %d runs are there, and %d are counted", ErrDamaged, len(runs), len(tallies))
	}
	return nil
}
