package planfile

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"offboard/batch"
)

// tally holds a plan to its own words, row by row: when it is written, so that
// nothing senseless is approved, and when it is read, since a forger of a
// digest can write senseless rows.
type tally struct {
	plan  batch.Plan
	rows  int
	users int
	dups  []int // seqs of rows that name a user again, ascending
	same  []int // the rows that they point at
}

// before are the outcomes that a row can have before anything was sent. A plan
// that held "revoked" would make a report of what nobody did.
var before = []batch.Outcome{
	batch.Already, batch.Skipped, batch.Protected,
	batch.Invalid, batch.NotFound, batch.Ambiguous, batch.Denied, batch.Failed, batch.GaveUp,
}

// add says what is wrong with the next row, or nil.
func (t *tally) add(p *batch.Planned) error {
	t.rows++
	if p.User.Seq != t.rows {
		return fmt.Errorf("its number is %d; rows are numbered from 1 without a gap", p.User.Seq)
	}
	switch {
	case p.DuplicateOf != 0 && p.Record != nil:
		return fmt.Errorf("it names the user of row %d and has a record of its own", p.DuplicateOf)
	case p.DuplicateOf != 0:
		t.dups, t.same = append(t.dups, t.rows), append(t.same, p.DuplicateOf)
		return nil
	case p.Record != nil:
		return checkRecord(p.Record, t.rows)
	}
	t.users++
	return checkUser(p.User, t.plan.Resolve)
}

func checkRecord(r *batch.Record, seq int) error {
	switch {
	case r.Seq != seq:
		return fmt.Errorf("its record is one of row %d", r.Seq)
	case !slices.Contains(before, r.Outcome):
		return fmt.Errorf("%q is no outcome of a row before anything was sent", r.Outcome)
	case !r.SentAt.IsZero() || !r.Accepted.IsZero():
		return fmt.Errorf("its record says that it was sent")
	}
	return nil
}

// checkUser looks at a user who will be sent.
func checkUser(u batch.User, resolved bool) error {
	switch {
	case u.Key() == "":
		return fmt.Errorf("it has neither a record nor a user to send")
	case resolved && u.ID == "":
		return fmt.Errorf("%q has no object id, and the plan is a resolved one", u.UPN)
	case !utf8.ValidString(u.ID), !utf8.ValidString(u.UPN), !utf8.ValidString(u.Value):
		return fmt.Errorf("the user's name is no UTF-8")
	}
	return nil
}

// end says what is wrong with the rows as a whole, or nil.
func (t *tally) end() error {
	if t.rows != t.plan.Rows || t.users != t.plan.Users {
		return fmt.Errorf("the plan counts %d rows and %d users to send, and has %d and %d", t.plan.Rows, t.plan.Users, t.rows, t.users)
	}
	for i, to := range t.same {
		if _, dup := slices.BinarySearch(t.dups, to); dup || to < 1 || to > t.rows {
			return fmt.Errorf("row %d names the user of row %d, which holds none", t.dups[i], to)
		}
	}
	return nil
}
