package journal

import (
	"context"
	"fmt"
	"sync"
	"time"

	"offboard/batch"
)

// Run is one run in the journal. A process that plans, writes or recovers holds its
// Lock; reading needs none.
type Run struct {
	s *Store

	mu sync.Mutex // guards what follows, but for the id
	runRow

	lazy    sync.Mutex   // guards what follows, which is found out when it is first needed
	checked bool         // the file and the plan are whole
	dups    map[int]bool // rows that hold no user of their own; nil: not known
}

// runRow is a run as the table has it.
type runRow struct {
	id    int
	state State
	seal  string // digest of the sealed plan; "" before
	plan  batch.Plan
}

// Plan is what the run set out to do.
func (r *Run) Plan() batch.Plan {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.plan
}

// SealDigest is the SHA-256 of the sealed plan, in hex, as it was written when the plan
// was sealed; "" before.
func (r *Run) SealDigest() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seal
}

// State is the run's state as this process last read or wrote it.
func (r *Run) State() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// step is what is done to each user.
func (r *Run) step() batch.Action { return r.Plan().Action }

// read runs f in one read transaction, unless the run is no more.
func (r *Run) read(ctx context.Context, f func(*tx) error) error {
	return r.s.read(ctx, func(t *tx) error {
		if _, err := r.stateIn(t); err != nil {
			return err
		}
		return f(t)
	})
}

// update runs f in one transaction that ignores cancellation, and tells it the
// state that the run has in the journal now.
func (r *Run) update(ctx context.Context, f func(t *tx, now State) error) error {
	return r.s.update(ctx, func(t *tx) error {
		now, err := r.stateIn(t)
		if err != nil {
			return err
		}
		return f(t, now)
	})
}

// wrap names the run and the file in an error, if there is one.
func (r *Run) wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s run %s in %s: %w", verb, r.Plan().Run, r.s.path, err)
}

// AddReport keeps the SHA-256, in hex, of the report.sha256 of a report that is about
// to be complete. It stands beside those of the run's earlier reports: a copy of an
// older one was no forgery. It ignores cancellation.
func (r *Run) AddReport(ctx context.Context, sum string) error {
	return r.wrap("note a report of", r.update(ctx, func(t *tx, _ State) error {
		_, err := t.exec(`INSERT INTO reports (run, no, at, sha256)
			VALUES ($1, (SELECT count(*) + 1 FROM reports WHERE run = $1), $2, $3)`, r.id, time.Now(), sum)
		return err
	}))
}

// planColumns are a run's plan in the table: what runs are looked for by, and then
// all of it.
func planColumns(p batch.Plan) []any {
	return []any{p.Run, p.Created, p.Input, p.Digest, p.Tenant, p.Action, p}
}

// normal is the plan as it will be read again.
func normal(p batch.Plan) batch.Plan {
	p.Created = stored(p.Created)
	return p
}
