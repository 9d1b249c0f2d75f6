package journal

import "context"

// Left counts the users, not the rows, that a resumed run would send, and those
// that it would only verify. The plan must be sealed.
func (r *Run) Left(ctx context.Context) (send, verify int, err error) {
	// Everybody who is no duplicate has a record or is left: to count records is
	// to read a third of what looking every user up would.
	err = r.each(ctx, func(c *cells) error {
		send, verify = r.Plan().Rows-c.num(), c.num()
		return nil
	}, `SELECT count(*) + (SELECT count(*) FROM rows WHERE run = ? AND same IS NOT NULL),
			count(CASE WHEN outcome = 'unverified' THEN 1 END)
		FROM records WHERE run = ?`, r.id, r.id)
	if err != nil {
		return 0, 0, r.wrap("count users left of", err)
	}
	return send, verify, nil
}
