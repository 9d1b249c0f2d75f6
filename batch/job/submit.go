package job

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/journal"
)

// SubmitOptions say what a worker is to plan. How it signs in and carries the run out is the
// worker's.
type SubmitOptions struct {
	Planning
	Tenant    string `help:"The tenant that the worker's sign-in must lead to: its id, or one of its domains." placeholder:"ID|DOMAIN"`
	Approvals int    `help:"How many different people must approve the plan before anything is written." default:"0" placeholder:"N"`
	New       bool   `help:"Submit it, even if the same input is worked on or submitted."`
	Unasked
}

// Submission is a run that a worker is to plan. The run will have its name.
type Submission struct {
	Name   string
	Tenant string // as it was named
	Rows   int    // of the input that the gates let through
}

// submitted are the options of a submission, as the journal keeps them: no secret is among them.
type submitted struct {
	Planning  Planning           `json:"planning"`
	Tenant    string             `json:"tenant"`
	Approvals int                `json:"approvals"`
	Choice    []batch.Flag       `json:"choice"` // the flags with that tag, as they were given
	Stay      string             `json:"stay"`   // the people who stay of whom a person said that they are to be taken
	New       bool               `json:"new"`
	Plan      batch.Plan         `json:"plan"` // as far as it is known; its tenant is "" where the sign-in service did not tell its id
	Of        journal.Membership `json:"of"`
}

// submittedIn reads what the journal keeps of a submission.
func submittedIn(u journal.Submission) (s submitted, err error) {
	if err = journal.Decode(u.Options, &s); err != nil {
		err = fmt.Errorf("table submissions: %s: %w", u.Name, err)
	}
	return s, err
}

// Submit reads and checks the files as [Run] does before it signs in, and keeps their bytes and
// the options in the journal, for a worker that has neither. It needs no sign-in, and keeps no
// secret. Host.Member makes it one of a campaign. A submission that no worker plans within a day is
// void. The same again, before it is planned, is the submission that is there: a process may have died before it
// told the engine. Any other one of the same input that is not at its end is journal.ErrLocked.
func Submit(ctx context.Context, h *Host, o *SubmitOptions) (Submission, error) {
	c, err := o.check(ctx, h, func() string { return TenantID(ctx, h, &Connection{Tenant: o.Tenant}) })
	defer c.close()
	if err != nil || c.again != "" {
		return Submission{c.again, o.Tenant, c.rows}, err
	}
	if err := c.Confirm(o.Yes, fmt.Sprintf("Have a worker plan %s of %s, and %s?", batch.Plural(c.rows, "row"), o.Tenant, phrase(c.plan.Steps))); err != nil {
		return Submission{}, err
	}
	is, err := c.keep()
	if err != nil {
		return Submission{}, err
	}
	return Submission{is.Name, o.Tenant, c.rows}, c.store.AddSubmission(ctx, is)
}

// unkept is a submission whose files were read and checked, and that is not in the journal yet.
type unkept struct {
	*job
	is    submitted
	rows  int
	again string // the very same, which is there
}

// check reads and checks the files. Id asks for the tenant's id. The caller closes the job, also after an error.
func (o *SubmitOptions) check(ctx context.Context, h *Host, id func() string) (unkept, error) {
	c := unkept{job: h.newJob(&Connection{Tenant: o.Tenant, QuotaShare: 1, Concurrency: 1}, &Execution{})}
	found, question, err := o.read(ctx, c.job, func() error {
		return h.MustAsk(o.Yes, nothingPlanned, "give --yes, or look first with offboard check")
	}, o.elsewhere)
	if err != nil {
		return c, err
	}
	known := id()
	c.plan.Tenant = cmp.Or(known, strings.ToLower(o.Tenant))
	if err := c.lockInput(); err != nil {
		return c, err
	}
	c.plan.Tenant, c.rows = known, found.Rows
	c.is = submitted{Planning: o.Planning, Tenant: o.Tenant, Approvals: o.Approvals, Choice: h.Flags("choice"), New: o.New, Plan: c.plan, Of: h.Member}
	if c.again, err = c.submittedBefore(ctx, c.is); err != nil || c.again != "" {
		return c, err
	}
	if question != "" {
		c.is.Stay = stayWords(found)
		err = c.Confirm(false, question)
	}
	return c, err
}

// keep is what the journal keeps of it, with the bytes of its files, which must be as they were.
func (c unkept) keep() (is journal.Submission, err error) {
	text, err := json.Marshal(c.is)
	if err != nil {
		return is, err
	}
	is = journal.Submission{Name: c.plan.Run, Created: c.plan.Created, Options: string(text)}
	if is.Files, err = c.Files.kept(); err != nil {
		return is, err
	}
	return is, c.Files.unchanged(nothingPlanned)
}

// submittedBefore finds the very same submission, which no worker has planned yet, and refuses any other one of an input
// that is not at its end.
func (j *job) submittedBefore(ctx context.Context, is submitted) (name string, err error) {
	if is.New {
		return "", nil
	}
	was, err := j.submission(ctx)
	switch {
	case err != nil:
		return "", err
	case was != nil && was.again(is):
		j.Say("note     the same is submitted as %s, and no worker has planned it yet; this goes on with it", was.name)
		return was.name, nil
	case was != nil:
		return "", j.alreadyBegun(was.name, "%s, waits for a worker", was)
	}
	return "", j.mayBegin(ctx)
}

// elsewhere refuses what would mean another thing on another machine.
func (o *SubmitOptions) elsewhere() error {
	var all []error
	if o.Tenant == "" {
		all = append(all, batch.Finding{Name: "--tenant", Lift: LiftTenant, Refusal: "the worker's sign-in is not this machine's; name the tenant that it must lead to, by its id or one of its domains"})
	}
	if o.Approvals < 0 {
		all = append(all, fmt.Errorf("%w: --approvals %d is no number of people", ErrUsage, o.Approvals))
	}
	if _, day := time.Parse(time.DateOnly, o.Since); o.TimeZone == localZone && (o.dateColumn() != "" || day == nil) {
		all = append(all, batch.Finding{Name: "--time-zone", Lift: "--time-zone ZONE", Refusal: "a worker on another machine may have another time zone; say where days begin and end, such as Europe/Berlin"})
	}
	return refused(nothingPlanned, all...)
}

// kept are the files that were read, for the journal.
func (f *Files) kept() (all []journal.File, err error) {
	for _, r := range f.all {
		if r.packed == nil { // the tenants of a campaign may have one file
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			if _, err := io.Copy(z, r.reader()); err != nil {
				return nil, fmt.Errorf("read %s again: %w", r.name, err)
			}
			if err := z.Close(); err != nil {
				return nil, err
			}
			r.packed = b.Bytes()
		}
		all = append(all, journal.File{Name: r.name, Changed: r.changed, GZip: r.packed})
	}
	return all, nil
}

// take has the files of the journal read in place of those on this machine.
func (f *Files) take(all []journal.File) error {
	f.elsewhere = true
	for _, k := range all {
		z, err := gzip.NewReader(bytes.NewReader(k.GZip))
		if err != nil {
			return fmt.Errorf("%w: table submissions: %s: %w", journal.ErrDamaged, k.Name, err)
		}
		r, hash := &reading{name: k.Name, changed: k.Changed}, sha256.New()
		if r.Spool, err = durable.NewSpool(io.TeeReader(z, hash)); err != nil {
			return fmt.Errorf("%w: table submissions: %s: %w", journal.ErrDamaged, k.Name, err)
		}
		r.digest = hex.EncodeToString(hash.Sum(nil))
		f.all = append(f.all, r)
	}
	return nil
}

// asSubmitted is a console with flags of the person who submitted the run.
type asSubmitted struct {
	Console
	choice []batch.Flag
}

// Flags implements Console.
func (c asSubmitted) Flags(tag string) []batch.Flag {
	if tag == "choice" {
		return c.choice
	}
	return c.Console.Flags(tag)
}

// WorkOptions are how a worker signs in to plan.
type WorkOptions struct {
	Overtake  bool // as of a slice
	Approvals int  // of different people, that this worker asks of each run; the submission may ask for more
	Connection
	Execution
}

// Planned is what came of a submission.
type Planned struct {
	Run       string
	Writes    int
	App       string // client id of the app registration that planned
	Tenant    string // object id
	Approvals int    // of different people, that the sealed plan asks for
}

// PlanSubmitted plans a submission as [Run] does, up to the sealed plan, which [Slice] carries out.
// It may be repeated: half a plan of a process that died is discarded, and a plan that is sealed, or
// was refused, is found. A refusal by the guards is [ErrRefused], and final; after
// any other error the submission is still there. The host is for this call alone: it gets the files
// and the flags of the submission.
func PlanSubmitted(ctx context.Context, h *Host, name string, o *WorkOptions) (p Planned, err error) {
	ctx = journal.ForEngine(ctx)
	j := h.newJob(&o.Connection, &o.Execution)
	j.Yes = true
	defer j.close()
	if err := j.openStore(ctx, newJournal, false); err != nil {
		return p, err
	}
	if p, err = j.plannedBefore(ctx, name, o.Overtake); err != nil || p.Run != "" {
		return p, err
	}
	is, err := j.store.Submission(ctx, name)
	if err != nil {
		return p, err
	}
	if time.Since(is.Created) > journal.Kept {
		return p, errors.Join(fmt.Errorf("%w; %s: %s was submitted at %s, and no worker planned it within %s; submit it again", ErrRefused, nothingPlanned, name, is.Created.Format(time.RFC3339), journal.Kept), j.store.Forget(ctx, name))
	}
	s, err := submittedIn(is)
	if err != nil {
		return p, err
	}
	if err := h.Files.take(is.Files); err != nil {
		return p, err
	}
	defer h.Files.Close()
	h.Console, h.Member = asSubmitted{h.Console, s.Choice}, s.Of
	j.Tenant, j.answered = s.Tenant, s.Stay
	g := &s.Planning
	if err := g.ready(ctx, j, func() error {
		j.plan.Run, j.plan.Terms.OSUser, j.plan.Terms.Host, j.plan.Terms.Asks = name, s.Plan.Terms.OSUser, s.Plan.Terms.Host, max(s.Approvals, o.Approvals)
		return nil
	}); err != nil {
		return p, err
	}
	defer j.discardUnsealed(ctx, &err)
	refusal, err := j.planWhole(ctx, g.find)
	if err != nil {
		return p, err
	}
	if refusal != nil {
		err = j.unbegun(ctx, refusal)
	} else {
		err = j.sealOnly(ctx, s.New)
	}
	if state := j.run.State(); state == journal.Planning {
		return p, err
	}
	p = plannedAs(j.run)
	return p, errors.Join(err, j.store.Forget(ctx, name))
}

// sealOnly seals the plan, unless the same input was begun since the submission, and is not at its end.
func (j *job) sealOnly(ctx context.Context, beside bool) error {
	if err := j.lockInput(); err != nil {
		return err
	}
	if !beside {
		if err := j.mayBegin(ctx); err != nil {
			return err
		}
	}
	return j.run.Seal(ctx, j.plan)
}

// Withdraw gives up a submission that no worker has planned. A tenant of a campaign has ended by that.
func Withdraw(ctx context.Context, h *Host, name string) error {
	j := h.newJob(&Connection{}, &Execution{})
	defer j.close()
	if err := j.openStore(ctx, journal.Open, true); err != nil {
		return err
	}
	p, err := j.plannedBefore(ctx, name, false)
	if err == nil && p.Run != "" {
		err = fmt.Errorf("%w: run %s is planned, and no submission that could be given up; %s tells how it stands", ErrUsage, p.Run, h.Typed("show", p.Run))
	}
	if err != nil {
		return err
	}
	is, err := j.store.Submission(ctx, name) // a name that is mistyped gives up nothing
	if err != nil {
		return err
	}
	if s, err := submittedIn(is); err == nil && s.Of.Campaign != "" {
		if err := j.store.EndMember(ctx, s.Of.Campaign, journal.MemberEnd{Member: s.Of.Member, At: time.Now(), Exit: int(ExitStopped), Error: "it was given up before it was planned"}); err != nil {
			return err
		}
	}
	return j.store.Forget(ctx, name)
}

// plannedBefore finds what an earlier planning of the submission came to; a zero Planned is
// nothing. Half a plan is discarded.
func (j *job) plannedBefore(ctx context.Context, name string, overtake bool) (none Planned, err error) {
	run, err := j.store.Run(ctx, name)
	if errors.Is(err, journal.ErrNoRun) || err == nil && run.Plan().Run != name {
		return none, nil
	} else if err != nil {
		return none, err
	}
	switch run.State() {
	case journal.Planning:
		unlock, err := lockOf(run, overtake)
		if err != nil {
			return none, err
		}
		defer unlock()                    // of one that was discarded there is none
		switch err := run.Refresh(ctx); { // its holder may have planned it to its end meanwhile, or discarded it
		case errors.Is(err, journal.ErrNoRun):
			return none, nil
		case err != nil:
			return none, err
		case run.State() == journal.Planning:
			return none, run.Discard(ctx)
		}
		return j.plannedBefore(ctx, name, overtake)
	case journal.Refused:
		changes, err := run.Changes(ctx)
		if err == nil {
			err = fmt.Errorf("%w; %s: %s", ErrRefused, nothingWritten, changes[len(changes)-1].Reason)
		}
		return plannedAs(run), errors.Join(err, j.store.Forget(ctx, name))
	}
	return plannedAs(run), j.store.Forget(ctx, name)
}

func plannedAs(run *journal.Run) Planned {
	p := run.Plan()
	return Planned{p.Run, p.Writes, p.App, p.Tenant, p.Terms.Asks}
}
