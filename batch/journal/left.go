package journal

import "context"

// Left counts the users, not the rows, that a resumed run would send, and those
// that it would only verify.
func (r *Run) Left(ctx context.Context) (send, verify int, err error) {
	err = r.s.each(ctx, func(c *cells) error {
		send, verify = c.num(), c.num()
		return nil
	}, `SELECT
			count(CASE WHEN c.seq IS NULL THEN 1 END), count(CASE WHEN c.outcome = 'unverified' THEN 1 END)
		FROM rows u LEFT JOIN records c ON c.run = u.run AND c.seq = u.seq
		WHERE u.run = ? AND u.same IS NULL`, r.id)
	if err != nil {
		return 0, 0, r.wrap("count users left of", err)
	}
	return send, verify, nil
}
