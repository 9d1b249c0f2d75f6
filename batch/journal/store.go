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

	"offboard/batch"
)

// Store is an open journal. It may be used by many goroutines at once; so may
// its runs.
type Store struct {
	path  string
	w     *sql.DB // one connection; nil: opened to read
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
	if s.w != nil {
		// No error of this matters but a failed sync, since the log is as durable as
		// the file. Another process that reads or writes is not waited for.
		_, _ = s.w.Exec("PRAGMA busy_timeout = 100")
		s.checkpoint(context.Background(), "TRUNCATE")
	}
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
		taken, err := number(ctx, t, "SELECT count(*) FROM runs WHERE name = ?", r.plan.Run)
		if err != nil {
			return err
		}
		if taken > 0 {
			return errors.New("there is one already")
		}
		args, err := planArgs(r.plan)
		if err == nil {
			r.id, err = number(ctx, t, "INSERT INTO runs (state, plan_digest, "+planColumns+") VALUES ("+
				placeholders(len(args)+2)+") RETURNING id", append([]any{string(Planning), ""}, args...)...)
		}
		if err != nil {
			return err
		}
		return addState(ctx, t, r.id, Planning, "")
	})
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$`).MatchString

// Run finds a run by its name, or by a beginning that no other run shares; ""
// is the latest. It fails with ErrNoRun or ErrAmbiguous.
func (s *Store) Run(ctx context.Context, name string) (*Run, error) {
	const limit = 11
	runs, err := s.find(ctx, `
		WHERE state <> 'pruning' AND (? = '' OR substr(name, 1, length(?)) = ?)
		ORDER BY name = ? DESC, id DESC LIMIT ?`, name, name, name, name, limit)
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
	runs, err := s.find(ctx, "WHERE digest = ? AND tenant = ? AND action = ? ORDER BY id DESC", like.Digest, like.Tenant, string(like.Action))
	if err != nil {
		return nil, fmt.Errorf("find unfinished run in %s: %w", s.path, err)
	}
	for _, r := range runs {
		if p := r.plan; r.State().Resumable() && p.App == like.App && p.Cloud == like.Cloud && p.Resolve == like.Resolve && p.Choice == like.Choice &&
			slices.Equal(p.Columns, like.Columns) {
			return r, nil
		}
	}
	return nil, nil
}

// find reads the runs that the rest of a query selects.
func (s *Store) find(ctx context.Context, rest string, args ...any) (runs []*Run, err error) {
	err = s.read(ctx, func(c *sql.Conn) error {
		return each(ctx, c, func(c *cells) error {
			r := readRun(c)
			r.s, runs = s, append(runs, r)
			return nil
		}, "SELECT id, state, plan_digest, plan FROM runs "+rest, args...)
	})
	return runs, err
}
