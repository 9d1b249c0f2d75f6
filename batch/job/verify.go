package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/intake"
	"offboard/batch/journal"
)

// Proof is one user whose stamp is read, or one write of a run of steps that is read back.
type Proof struct {
	File     string    `json:"file,omitempty"`
	Line     int       `json:"line"`
	Input    string    `json:"input"`
	ID       string    `json:"user_id"`
	UPN      string    `json:"user_principal_name"`
	Step     string    `json:"step,omitempty"`   // "" is a stamp of the user
	Target   string    `json:"target,omitempty"` // object id of the device or group; "" is the user
	Name     string    `json:"name,omitempty"`   // of the target
	Shown    string    `json:"shown,omitempty"`  // its state
	Stamp    time.Time `json:"valid_from,omitzero"`
	Reason   string    `json:"reason"`          // why it does not hold; "" when it does
	Before   time.Time `json:"-"`               // the stamp before the run
	Accepted time.Time `json:"wanted,omitzero"` // the 2xx that the stamp must prove
	row      batch.Row
	claim    *batch.Unproven // what is read back
	back     string          // the undo that gave it back; "" where none did
	due      time.Time       // the earliest that it can hold; zero when that is any time
}

// Verify asks the directory, and believes no report. It reads the stamps, or what the
// steps of a run changed, until that holds or --watch is over, and gives the number of all
// and those that do not hold.
func Verify(ctx context.Context, h *Host, v *VerifyOptions) (all int, failing []*Proof, err error) {
	j := h.newJob(&v.Connection, &Execution{Patience: v.Patience})
	defer j.close()
	proofs, err := v.ready(ctx, j)
	if err != nil {
		return 0, nil, err
	}
	var from since
	if v.Since != "" {
		if from, err = j.sinceWhen(ctx, v.Since, v.zone, time.Now()); err != nil {
			return 0, nil, err
		}
		if err := refused("nothing was verified", from.check(j.tenant.clock.read())); err != nil { // if the sign-in has told it
			return 0, nil, err
		}
	}
	failing, err = v.watch(ctx, j, proofs, from.at)
	if err = errors.Join(err, h.Files.unchanged(nothingWritten)); err != nil {
		return 0, nil, err
	}
	return len(proofs), failing, refused("nothing was verified", from.check(j.tenant.clock.read()))
}

// watch reads what is to hold, and what does not hold again and again until it does or
// --watch is over. What held in an earlier round is read once more at the end, since it may
// have been taken back meanwhile. It gives the proofs that fail.
func (v *VerifyOptions) watch(ctx context.Context, j *job, proofs []*Proof, since time.Time) ([]*Proof, error) {
	over := time.Now().Add(v.Watch.Duration)
	for unread := proofs; ; {
		failing, err := v.read(ctx, j, unread, since)
		if err != nil {
			return nil, err
		}
		wait := untilAny(failing)
		if done := len(failing) == 0 || time.Now().Add(wait).After(over); done && len(unread) < len(proofs) {
			if failing, err = v.read(ctx, j, proofs, since); err != nil {
				return nil, err
			}
			wait = untilAny(failing)
		}
		if len(failing) == 0 || time.Now().Add(wait).After(over) {
			return failing, nil
		}
		j.Say("%s of %s hold; reading the others again in %s", batch.Thousands(len(proofs)-len(failing)), batch.Thousands(len(proofs)), batch.Span(wait))
		select {
		case <-time.After(wait):
		case <-j.Stop:
			return nil, batch.ErrStopped
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		unread = failing
	}
}

// watchEvery is how long --watch leaves between two looks.
const watchEvery = 15 * time.Second

// untilAny is how long to wait until one of the proofs may hold. What a sync may still
// undo cannot before its time.
func untilAny(failing []*Proof) time.Duration {
	wait := time.Duration(math.MaxInt64)
	for _, k := range failing {
		wait = min(wait, max(watchEvery, time.Until(k.due)))
	}
	return wait
}

// ready signs in and lists whose stamps to read: those of a file, or of a run.
func (v *VerifyOptions) ready(ctx context.Context, j *job) (proofs []*Proof, err error) {
	var seed seeder
	if len(v.What) == 0 && len(v.User) == 0 {
		return nil, fmt.Errorf(`%w: expected "<run|file>": name a run, files of users, - for standard input, or each user with --user`, ErrUsage)
	}
	if len(v.User) > 0 || len(v.What) > 1 || isFile(v.What[0]) {
		proofs, seed, err = v.ofFile(ctx, j)
	} else {
		proofs, seed, err = v.ofRun(ctx, j)
	}
	if err != nil {
		return nil, err
	}
	if err := j.pace(); err != nil {
		return nil, err
	}
	j.key = v.key()
	if err := j.enter(ctx, seed); err != nil {
		return nil, err
	}
	return proofs, j.tenant.may(toRead(proofs))
}

// isFile reports whether a word, which may be the name of a run, is that of a file.
func isFile(word string) bool {
	_, missing := os.Stat(word)
	return word == "-" || intake.WhyNobody(word) == "" || strings.ContainsAny(word, "*?[") || !errors.Is(missing, fs.ErrNotExist)
}

// toRead is the errand of reading what is to be proven.
func toRead(proofs []*Proof) (e errand) {
	for _, k := range proofs {
		if k.claim != nil {
			e.Prove(k.claim.Item.Step, k.claim.Item.Target.ID == "")
		}
		e.look = e.look || k.row.Line != 0
	}
	return e
}

// ofFile lists the users of a file.
func (v *VerifyOptions) ofFile(ctx context.Context, j *job) ([]*Proof, seeder, error) {
	if v.Since == "" {
		what := "a file"
		if len(v.User) > 0 {
			what = "--user"
		}
		return nil, nil, fmt.Errorf("%w: %s needs --since: the moment after which its users must have been revoked", ErrUsage, what)
	}
	if err := j.openStore(ctx, journal.OpenToRead, false); err != nil {
		return nil, nil, err
	}
	in, opt, err := v.input(j.Host, v.What, v.Selection, time.Now())
	if err != nil {
		return nil, nil, err
	}
	j.plan.Steps = []batch.Step{batch.Revoke} // a client has some, and nothing is sent
	proofs, err := fileProofs(in, opt)
	return proofs, seedFile(in, opt), err
}

// ofRun lists the users of a run.
func (v *VerifyOptions) ofRun(ctx context.Context, j *job) ([]*Proof, seeder, error) {
	switch err := j.openStore(ctx, journal.OpenToRead, true); {
	case errors.Is(err, ErrNoJournal):
		return nil, nil, fmt.Errorf("%s is no file, and no run: %w", v.What[0], err)
	case err != nil:
		return nil, nil, err
	}
	run, err := j.findRun(ctx, j.store, v.What[0])
	if err != nil {
		return nil, nil, err
	}
	plan := run.Plan()
	if err := j.wholly(run); err != nil {
		return nil, nil, err
	}
	if run.State() == journal.Refused {
		return nil, nil, fmt.Errorf("%w: run %s was refused, and nothing was written; there is nothing to verify: %s", ErrUsage, plan.Run, j.Typed("show", plan.Run))
	}
	if plan.Cloud == Simulated {
		return nil, nil, fmt.Errorf("%w: run %s was a rehearsal: its tenant was in memory, and is gone with all stamps; what the run itself read back is in its report: %s",
			ErrUsage, plan.Run, j.Typed("show", plan.Run))
	}
	if err := j.follow(plan, "nothing was verified"); err != nil {
		return nil, nil, err
	}
	if v.Since != "" || len(plan.Steps) == 1 && (plan.Steps[0] == batch.Revoke || plan.Steps[0] == batch.Invalidate) {
		proofs, err := runProofs(ctx, run, v.Since != "")
		return proofs, seedRun(run), err
	}
	proofs, err := claims(ctx, run)
	return proofs, seedRun(run), err
}

// fileProofs are the rows of a file that name somebody; a bad row does not hold.
func fileProofs(in inputs, opt intake.Options) ([]*Proof, error) {
	rows, err := intake.Open(in.sources(), opt)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var proofs []*Proof
	for row, err := range rows.Rows() {
		if bad, ok := errors.AsType[*batch.RowError](err); ok {
			if bad.Outcome != batch.Skipped {
				proofs = append(proofs, &Proof{File: bad.Row.File, Line: bad.Row.Line, Input: bad.Row.Input, Reason: bad.Reason})
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		proofs = append(proofs, &Proof{File: row.File, Line: row.Line, Input: row.Input, row: row})
	}
	return proofs, nil
}

// runProofs are the users of a run: those whom it revoked, each against its own
// 2xx, or with since all whom it names. Of a skipped row it looked nobody up.
func runProofs(ctx context.Context, run *journal.Run, since bool) ([]*Proof, error) {
	var proofs []*Proof
	for l, err := range run.Lines(ctx) {
		if err != nil {
			return nil, err
		}
		neutral := l.Record.Outcome.Kind() == batch.Neutral || l.Record.Outcome == batch.Already
		if l.First.Line != 0 || l.Record.Outcome == batch.Skipped || neutral && !since {
			continue
		}
		k := &Proof{File: l.Row.File, Line: l.Row.Line, Input: l.Row.Input, ID: l.User.ID, UPN: l.User.UPN, Before: l.User.Stamp, Accepted: l.Record.Accepted}
		switch {
		case l.User.ID == "" && l.User.UPN == "", l.Record.Outcome == batch.Invalid:
			k.Reason = "the run has no user for this row"
		case !since && l.Record.Accepted.IsZero():
			k.Reason = "the run has no success to prove: the user is " + string(l.Record.Outcome)
		default:
			k.row = batch.Row{File: l.Row.File, Line: l.Row.Line, Input: l.Row.Input, ID: l.User.ID, UPN: l.User.UPN}
		}
		proofs = append(proofs, k)
	}
	return proofs, nil
}

// read looks at the stamps, and reads back what steps changed. It gives what does not hold.
func (v *VerifyOptions) read(ctx context.Context, j *job, proofs []*Proof, since time.Time) ([]*Proof, error) {
	var failing, asked, claimed []*Proof
	for _, k := range proofs {
		switch {
		case k.claim != nil:
			claimed = append(claimed, k)
		case k.row.Line == 0:
			failing = append(failing, k)
		default:
			asked = append(asked, k)
		}
	}
	if len(claimed) > 0 {
		doubted, err := j.readBack(ctx, claimed)
		return append(failing, doubted...), err
	}
	if len(asked) == 0 {
		return failing, nil
	}
	p := j.planner()
	p.AllowRenamed = true // a user who was revoked by id may have a new name by now
	p.Rows = func(yield func(batch.Row, error) bool) {
		for i, k := range asked {
			k.row.Seq = i + 1
			if !yield(k.row, nil) {
				return
			}
		}
	}
	p.Add = func(_ context.Context, planned []batch.Planned) error {
		for _, pl := range planned {
			k := asked[pl.User.Seq-1]
			if k.judge(pl, since); k.Reason != "" {
				failing = append(failing, k)
			}
		}
		return nil
	}
	if _, err := j.lookUp(ctx, "reading stamps", p); err != nil {
		return nil, fmt.Errorf("read stamps: %w", err)
	}
	return failing, nil
}

// judge holds the stamp that was read against what it must show.
func (k *Proof) judge(pl batch.Planned, since time.Time) {
	k.Reason = ""
	if pl.Record != nil {
		k.Reason = string(pl.Record.Outcome) + ": " + pl.Record.Reason
		return
	}
	u, asked := pl.User, batch.User{ID: k.row.ID, UPN: k.row.UPN, Stamp: k.Before}
	k.ID, k.UPN, k.Stamp = cmp.Or(u.ID, k.ID), cmp.Or(u.UPN, k.UPN), u.Stamp
	if k.row.From.After(since) { // a stamp from before says nothing of the days until then
		since = k.row.From
	}
	switch {
	case u.External():
		k.Reason = "a guest's sessions live in the home tenant; a stamp here says nothing of them"
	case u.Stamp.IsZero():
		k.Reason = "the directory has no stamp"
	case !since.IsZero() && !u.Stamp.After(since):
		k.Reason = "the stamp is not later than " + since.UTC().Format(time.RFC3339)
	case !since.IsZero() && u.WhyIncredible() != "":
		k.Reason = u.WhyIncredible()
	case since.IsZero():
		k.Reason, _ = asked.Judge(k.Accepted, &u)
	}
}
