package planfile

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"offboard/batch"
)

// tally holds a plan to its own words, row by row: when it is written, so that
// nothing senseless is approved, and when it is read, since anybody can write
// senseless rows.
type tally struct {
	end  // what was counted so far
	plan batch.Plan
	dups []int // seqs of rows that name a user again, ascending
	same []int // the rows that they point at
}

// before are the outcomes that a row can have before anything was sent. A plan
// that held "revoked" would make a report of what nobody did.
var before = []batch.Outcome{
	batch.Already, batch.Skipped, batch.Protected,
	batch.Invalid, batch.NotFound, batch.Ambiguous, batch.Denied, batch.Failed, batch.GaveUp,
}

var keys = []batch.Key{"", batch.ByID, batch.ByUPN, batch.ByMail, batch.ByEmployeeID, batch.ByOnPremisesUPN}

// head says what is wrong with the plan as a whole, or nil.
func (t *tally) head() error {
	switch p := t.plan; {
	case p.Run != "":
		return fmt.Errorf("it belongs to the run %s already", p.Run)
	case p.Action != batch.Revoke && p.Action != batch.Invalidate:
		return fmt.Errorf("the action %q is none of %s and %s", p.Action, batch.Revoke, batch.Invalidate)
	case min(p.Rows, p.Users, p.Lines, p.Accounts.External, p.Accounts.Synced, p.Accounts.Enabled, p.Accounts.Privileged) < 0:
		return errors.New("a count is below 0")
	}
	return nil
}

// add says what is wrong with the next row, or nil.
func (t *tally) add(p *batch.Planned) error {
	t.Rows++
	switch {
	case p.User.Seq != t.Rows:
		return fmt.Errorf("its number is %d; rows are numbered from 1 without a gap", p.User.Seq)
	case !slices.Contains(keys, p.Row.By) || !slices.Contains(keys, p.User.By):
		return fmt.Errorf("it is named by %q, which is none of %q", p.Row.By+p.User.By, keys[1:])
	case p.DuplicateOf != 0 && (p.Record != nil || p.User != batch.User{Seq: t.Rows}):
		return fmt.Errorf("it names the user of row %d and has a user or a record of its own", p.DuplicateOf)
	case p.DuplicateOf != 0:
		t.dups, t.same = append(t.dups, t.Rows), append(t.same, p.DuplicateOf)
		return nil
	case p.Record != nil:
		return checkRecord(p.Record, t.Rows)
	}
	t.Users++
	return checkUser(p.User, t.plan.Resolve)
}

func checkRecord(r *batch.Record, seq int) error {
	switch {
	case r.Seq != seq:
		return fmt.Errorf("its record is one of row %d", r.Seq)
	case !slices.Contains(before, r.Outcome):
		return fmt.Errorf("%q is no outcome of a row before anything was sent", r.Outcome)
	case !r.SentAt.IsZero() || !r.Accepted.IsZero():
		return errors.New("its record says that it was sent")
	}
	return nil
}

// checkUser looks at a user who will be sent.
func checkUser(u batch.User, resolved bool) error {
	switch {
	case u.Address() == "":
		return errors.New("it has neither a record nor a user to send")
	case resolved && u.ID == "":
		return fmt.Errorf("%q has no object id, and the plan is a resolved one", u.UPN)
	case !utf8.ValidString(u.ID), !utf8.ValidString(u.UPN), !utf8.ValidString(u.Value):
		return errors.New("the user's name is no UTF-8")
	}
	return nil
}

// check holds the counts of the head and of the end against the lines, and says what
// is wrong with the rows as a whole, or nil.
func (t *tally) check(said end) error {
	if said != t.end || t.Rows != t.plan.Rows || t.Users != t.plan.Users {
		return fmt.Errorf("the plan counts %d rows and %d users to send, its end %d and %d and %d skipped lines, and it has %d, %d and %d",
			t.plan.Rows, t.plan.Users, said.Rows, said.Users, said.Skips, t.Rows, t.Users, t.Skips)
	}
	for i, to := range t.same {
		if _, dup := slices.BinarySearch(t.dups, to); dup || to < 1 || to > t.Rows {
			return fmt.Errorf("row %d names the user of row %d, which holds none", t.dups[i], to)
		}
	}
	return nil
}
