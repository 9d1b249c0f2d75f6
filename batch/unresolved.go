package batch

import (
	"context"
	"strings"
	"time"
	"unicode"
)

// planUnresolved plans rows as they are given, without a directory to ask.
func (p *Planner) planUnresolved(ctx context.Context, next func() (Row, bool, error)) error {
	for {
		row, ok, err := next()
		if err != nil {
			return err
		}
		if !ok {
			return p.flush(ctx, true)
		}
		if err := p.ended(ctx); err != nil {
			return err
		}
		p.planAsGiven(row)
		if err := p.flush(ctx, false); err != nil {
			return err
		}
		p.tell(time.Now())
	}
}

// whyBlind is why a name with a letter beyond ASCII is not sent without a lookup.
const whyBlind = "holds a letter beyond ASCII, which a directory may read as another and so find another user; name the user by object id, or leave --no-resolve out"

// planAsGiven plans the user of a row without a lookup. A directory may read a letter
// beyond ASCII as another one, and so revoke somebody else. A lookup would show that;
// without one such a name is refused.
func (p *Planner) planAsGiven(row Row) {
	u := User{Seq: row.Seq, ID: row.ID, UPN: row.UPN}
	if u.ID == "" && strings.ContainsFunc(u.UPN, func(r rune) bool { return r > unicode.MaxASCII }) {
		p.planEnded(row, u, Record{Outcome: Invalid, Reason: whyBlind})
		return
	}
	p.planUser(row, u)
}
