package planfile

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"offboard/batch"
)

// validator holds a plan to its own words, row by row: when it is written, so that
// nothing senseless is approved, and when it is read, since anybody can write
// senseless rows. Its methods say what is wrong, or nil.
type validator struct {
	end    // what was counted so far
	writes int
	plan   batch.Plan
	dups   []int // numbers of the rows that name a user again, ascending
	same   []int // for each of them, the number of the row that holds the user
}

// plannable are the outcomes that a row can have before anything was sent. A plan
// that held "revoked" would make a report of what nobody did.
var plannable = []batch.Outcome{
	batch.Already, batch.Skipped, batch.Protected,
	batch.Invalid, batch.NotFound, batch.Ambiguous, batch.NotPossible, batch.Denied, batch.Failed, batch.GaveUp,
}

var keys = []batch.Key{"", batch.ByID, batch.ByUPN, batch.ByMail, batch.ByEmployeeID, batch.ByOnPremisesUPN}

// checkHead checks the plan as a whole, before its rows.
func (v *validator) checkHead() error {
	switch p := v.plan; {
	case p.Run != "":
		return fmt.Errorf("it belongs to the run %s already", p.Run)
	case p.Undoes != "" || slices.ContainsFunc(p.Steps, func(s batch.Step) bool { return s.Undoes() != "" }):
		return errors.New("it takes back what a run did, which the command undo alone does")
	case len(p.Steps) == 0 || !slices.Equal(p.Steps, batch.InOrder(p.Steps)):
		return fmt.Errorf("the steps %q are none, unknown, or not in order", p.Steps)
	case len(p.Inputs) == 1 || len(p.Inputs) > 1 && p.Digest != batch.JointDigest(p.Inputs):
		return errors.New("the digest of the input is not that of its files")
	case min(p.Rows, p.Users, p.Writes, p.Lines, p.Accounts.External, p.Accounts.Synced, p.Accounts.Enabled, p.Accounts.Privileged) < 0:
		return errors.New("a count is below 0")
	}
	return nil
}

// checkFile checks that a line is of one of the plan's files, where there are several.
func (v *validator) checkFile(at batch.Place) error {
	if named := len(v.plan.Inputs) > 0; named == slices.ContainsFunc(v.plan.Inputs, func(f batch.InputFile) bool { return f.Name == at.File }) && named == (at.File != "") {
		return nil
	}
	return fmt.Errorf("%s is of no file of the plan", at)
}

// checkRow counts the next row and checks it.
func (v *validator) checkRow(p *batch.Planned) error {
	v.Rows++
	if err := v.checkFile(p.Row.Place()); err != nil {
		return err
	}
	switch {
	case p.User.Seq != v.Rows:
		return fmt.Errorf("its number is %d; rows are numbered from 1 without a gap", p.User.Seq)
	case !slices.Contains(keys, p.Row.By) || !slices.Contains(keys, p.User.By):
		return fmt.Errorf("it is named by %q, which is none of %q", p.Row.By+p.User.By, keys[1:])
	case p.DuplicateOf != 0 && (p.Record != nil || len(p.Targets)+len(p.Records) > 0 || p.User != batch.User{Seq: v.Rows}):
		return fmt.Errorf("it names the user of row %d and has a user or a record of its own", p.DuplicateOf)
	case p.DuplicateOf != 0:
		v.dups, v.same = append(v.dups, v.Rows), append(v.same, p.DuplicateOf)
		return nil
	case p.Record != nil && len(p.Targets)+len(p.Records) > 0:
		return errors.New("it ended before any step, and has targets")
	case p.Record != nil:
		return checkRecord(p.Record, v.Rows)
	}
	v.Users++
	v.writes += p.Writes(v.plan.Steps)
	if err := v.checkWork(p); err != nil {
		return err
	}
	return checkUser(p.User, v.plan.Resolve)
}

// checkWork looks at the targets of a user, and at what became of some of them.
func (v *validator) checkWork(p *batch.Planned) error {
	known := map[batch.Mark]bool{}
	for _, s := range v.plan.Steps {
		if !s.Listed() {
			known[batch.Mark{Step: s}] = true
		}
	}
	for _, t := range p.Targets {
		m := batch.Mark{Step: t.Step, Target: t.ID}
		switch {
		case !t.Step.Listed() || !slices.Contains(v.plan.Steps, t.Step):
			return fmt.Errorf("it has a target of the step %q, which lists none in this plan", t.Step)
		case known[m]:
			return fmt.Errorf("it has the target %q of the step %s twice", t.ID, t.Step)
		}
		known[m] = true
	}
	for i := range p.Records {
		r := &p.Records[i]
		m := batch.Mark{Step: r.Step, Target: r.Target}
		if !known[m] {
			return fmt.Errorf("it has a record of the target %q of the step %q, twice or without the target", r.Target, r.Step)
		}
		known[m] = false
		if err := checkRecord(r, v.Rows); err != nil {
			return err
		}
	}
	return nil
}

func checkRecord(r *batch.Record, seq int) error {
	switch {
	case r.Seq != seq:
		return fmt.Errorf("its record is one of row %d", r.Seq)
	case !slices.Contains(plannable, r.Outcome):
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

// checkEnd holds the counts of the head and of the end against the lines, and checks that
// each row that names a user again points at a row that holds one.
func (v *validator) checkEnd(said end) error {
	if said != v.end || v.Rows != v.plan.Rows || v.Users != v.plan.Users {
		return fmt.Errorf("the plan counts %d rows and %d users to send, its end %d and %d and %d skipped lines, and it has %d, %d and %d",
			v.plan.Rows, v.plan.Users, said.Rows, said.Users, said.Skips, v.Rows, v.Users, v.Skips)
	}
	if v.writes != v.plan.Writes {
		return fmt.Errorf("the plan counts %d writes, and it has %d", v.plan.Writes, v.writes)
	}
	for i, to := range v.same {
		if _, dup := slices.BinarySearch(v.dups, to); dup || to < 1 || to > v.Rows {
			return fmt.Errorf("row %d names the user of row %d, which holds none", v.dups[i], to)
		}
	}
	return nil
}
