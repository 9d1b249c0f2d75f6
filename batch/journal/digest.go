package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"

	"golang.org/x/sync/errgroup"

	"offboard/batch"
)

// A plan's digest is a SHA-256 over all that a sealed plan says: its own columns, every
// row of the input with the user that it names and the targets of that user, what ended when it
// was planned (protected, not found, ...), and the lines that are no rows.
// It is written when the plan is sealed and compared before the first user or
// line is given, so that no flipped bit leads to another person. What ended at planning is final:
// Write replaces no such record, and adds none. What was so already is not sealed: a later read
// may show that it is so no longer, and a resume that sends it does no harm. The number of the run
// belongs to it: where one is flipped, a row that is read in order is not found by its key.
//
// Targets are read twice, since SQLite takes what an index holds from the index: once in
// the order of sending, from the table, and once by user, as a report reads them.
const (
	sqlDigestPlan = "SELECT 1, concat_ws('|', name, created, input, digest, tenant, steps, plan) FROM runs WHERE id = $1"
	sqlDigestRows = `SELECT max(seq), string_agg(words, '|') FROM (SELECT seq,
		concat_ws('|', run, seq, file, line, input, cells, same, id, upn, type, coalesce(CAST(enabled AS TEXT), ''), synced, privileged, before, sam, domain) AS words
		FROM rows WHERE run = $1 AND seq > $2 ORDER BY seq LIMIT $3) AS part`
	sqlTargetWords   = "SELECT seq, concat_ws('|', run, seq, step, target, place, name, kind, before, on_premises, sam, domain) AS words FROM targets "
	sqlDigestTargets = "SELECT count(*), string_agg(words, '|') FROM (" + sqlTargetWords +
		"WHERE run = $1 AND seq > $2 AND seq <= $3 ORDER BY seq, step, target) AS part"
	sqlPlaces     = "SELECT DISTINCT place FROM targets WHERE run = $1 AND step = $2 ORDER BY place"
	sqlDigestSent = "SELECT max(seq), string_agg(words, '|') FROM (" + sqlTargetWords +
		"WHERE run = $1 AND step = $2 AND place = $3 AND seq > $4 ORDER BY seq LIMIT $5) AS part"
	sqlDigestMarks = `SELECT count(*), string_agg(words, '|') FROM (
		SELECT concat_ws('|', run, seq, step, target, outcome, doubt, status, code, message, attempts, throttles,
			sent_at, settled_at, accepted_at, after, shown, request_id, reason) AS words
		FROM marks WHERE run = $1 AND seq > $2 AND seq <= $3 AND state_no = 1 AND outcome IS DISTINCT FROM 'already' ORDER BY seq, step, target) AS part`
	sqlDigestSkips = `SELECT count(*), string_agg(words, '|') FROM (
		SELECT concat_ws('|', run, file, line, reason) AS words FROM skips WHERE run = $1 ORDER BY file, line) AS part`
)

// digestOf reads a plan and gives its digest. The database puts the texts together, a
// page of rows at a time: that is twice as quick as reading them one by one.
func (r *Run) digestOf(t *tx) (string, error) {
	type part struct {
		last  int
		words string
	}
	h := sha256.New()
	add := func(query string, args ...any) (last int, err error) {
		p, err := first(list(t, func(p *part) []any { return []any{&p.last, &p.words} }, query, args...))
		fmt.Fprintf(h, "%d|%s\n", p.last, p.words)
		return p.last, err
	}
	_, err := add(sqlDigestPlan, r.id)
	several := batch.Several(r.Plan().Steps)
	for last, more := math.MinInt, true; err == nil && more; {
		var next int
		next, err = add(sqlDigestRows, r.id, last, pageRows)
		if err == nil && next != 0 {
			_, err = add(sqlDigestMarks, r.id, last, next)
		}
		if err == nil && next != 0 && several {
			_, err = add(sqlDigestTargets, r.id, last, next)
		}
		last, more = next, next != 0
	}
	for _, step := range r.Plan().Steps {
		var places []int
		if err == nil && several {
			places, err = list(t, alone[int], sqlPlaces, r.id, step)
		}
		for _, place := range places {
			for last, more := math.MinInt, true; err == nil && more; more = last != 0 {
				last, err = add(sqlDigestSent, r.id, step, place, last, pageRows)
			}
		}
	}
	if err == nil {
		_, err = add(sqlDigestSkips, r.id)
	}
	return hex.EncodeToString(h.Sum(nil)), err
}

// Whole is ErrDamaged if the file or the plan is not what was written. It is looked at once for each Run
// in hand.
func (r *Run) Whole(ctx context.Context) error { return r.wrap("check", r.check(ctx)) }

// check finds out, once for each Run in hand, whether what it says may be
// believed: the database checks its file, and a sealed plan is held against its
// digest. A run that was sealed through the Run itself needs no check.
func (r *Run) check(ctx context.Context) error {
	r.lazy.Lock()
	defer r.lazy.Unlock()
	if r.checked {
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.s.read(ctx, r.s.check) })
	g.Go(func() error { return r.read(ctx, r.checkPlan) })
	err := g.Wait()
	r.checked = err == nil
	return err
}

// checkPlan holds a sealed plan against its digest.
func (r *Run) checkPlan(t *tx) error {
	if r.seal == "" && !r.State().sealed() {
		return nil
	}
	found, err := r.digestOf(t)
	if err == nil && found != r.seal {
		err = fmt.Errorf("%w: the plan is not what was sealed: its digest began with %.12s, and begins with %.12s", ErrDamaged, r.seal, found)
	}
	return err
}
