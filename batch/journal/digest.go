package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// A plan's digest is a SHA-256 over all that a sealed plan says: its own columns, every
// row of the input with the user that it names, and the lines that are no rows.
// It is written when the plan is sealed and compared before the first user or
// line is given, so that no flipped bit leads to another person.
const (
	digestPlan = "SELECT 1, concat_ws('|', " + planColumns + ") FROM runs WHERE id = ?"
	digestRows = `SELECT count(*), string_agg(words, '|') FROM (
		SELECT concat_ws('|', seq, line, input, cells, coalesce(given_id, '-'), coalesce(given_upn, '-'), same, id, upn, type, enabled, synced, privileged, before) AS words
		FROM rows WHERE run = ? AND seq BETWEEN ? AND ? ORDER BY seq) AS part`
	digestSkips = `SELECT count(*), string_agg(words, '|') FROM (
		SELECT concat_ws('|', line, reason) AS words FROM skips WHERE run = ? ORDER BY line) AS part`
)

// digestOf reads a plan of so many rows and gives its digest. The database puts
// the texts together, a thousand rows at a time: that is twice as quick as
// reading them one by one.
func (r *Run) digestOf(ctx context.Context, db asker, rows int) (string, error) {
	h := sha256.New()
	part := func(query string, args ...any) (n int, err error) {
		err = each(ctx, db, func(c *cells) error {
			n = c.num()
			_, err := fmt.Fprintf(h, "%d|%s\n", n, c.text())
			return err
		}, query, append([]any{r.id}, args...)...)
		return n, err
	}
	if _, err := part(digestPlan); err != nil {
		return "", err
	}
	for first := 1; first <= rows; first += pageRows {
		last := min(first+pageRows-1, rows)
		n, err := part(digestRows, first, last)
		if err == nil && n != last-first+1 {
			err = fmt.Errorf("%w: table rows: of rows %d to %d of the plan, %d are there", ErrDamaged, first, last, n)
		}
		if err != nil {
			return "", err
		}
	}
	if _, err := part(digestSkips); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// check finds out, once for each Run in hand, whether what it says may be
// believed: the database checks its file, and a sealed plan is held against its
// digest. A run that was sealed through the Run itself needs no check.
func (r *Run) check(ctx context.Context) error {
	r.once.Lock()
	defer r.once.Unlock()
	if r.checked {
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return r.s.read(ctx, func(c *sql.Conn) error { return quickCheck(ctx, c) })
	})
	g.Go(func() error {
		return r.s.read(ctx, func(c *sql.Conn) error {
			err := r.checkPlan(ctx, c)
			if _, gone := r.stateIn(ctx, c); gone != nil {
				return gone // pruned meanwhile: of course less is there
			}
			return err
		})
	})
	err := g.Wait()
	r.checked = err == nil
	return err
}

// checkPlan holds a sealed plan against its digest, and the count of its rows.
func (r *Run) checkPlan(ctx context.Context, db asker) error {
	rows := r.Plan().Rows
	if r.digest == "" {
		return nil // never sealed
	}
	found, err := r.digestOf(ctx, db, rows)
	if err != nil {
		return err
	}
	if found != r.digest {
		return fmt.Errorf("%w: the plan is not what was sealed: its digest was %.12s..., and is %.12s...", ErrDamaged, r.digest, found)
	}
	more, err := number(ctx, db, "SELECT count(*) FROM rows WHERE run = ? AND seq NOT BETWEEN 1 AND ?", r.id, rows)
	if err == nil && more > 0 {
		err = fmt.Errorf("%w: table rows: the plan has %d, and %d more are there", ErrDamaged, rows, more)
	}
	return err
}
