package job

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
)

// UndoOptions are those of undo.
type UndoOptions struct {
	RunName string `arg:"" name:"run" help:"The name of the run that is taken back, or an unmistakable beginning of it."`
	DryRun  bool   `help:"Do everything up to the first write, and stop."`
	Yes     bool   `short:"y" env:"-" help:"Do not ask. It has no environment variable: one that is set for run must not undo."`

	Steps []string `env:"OFFBOARD_UNDO_STEPS" help:"Take back these steps of the run alone, with commas between: disable, devices, groups, licences. Default: all that can be taken back." placeholder:"LIST"`
	User  []string `env:"OFFBOARD_UNDO_USER" help:"Take back what was done to this user alone: the object id or user principal name, as the run has it. Repeatable." placeholder:"ID|UPN" sep:"none"`

	Despite
	Guards
	Connection
	Execution
}

// undoing is a run that is to be taken back.
type undoing struct {
	run       *journal.Run
	was       batch.Plan        // of the run
	part      batch.Part        // that is taken back
	names     []string          // of the part's users, where it has some
	calls     int               // that it has sent: after another one it is undone anew
	steps     []batch.Step      // that take it back, of those that have targets
	join      bool              // a group that gives licences is joined again
	uncertain int               // writes whose answers were not seen
	left      []left            // what is not taken back
	users     map[string]person // to be undone, by [batch.User.Key]
	devices   map[string]person // whose devices are to be enabled, by the device's id
	others    map[string]bool   // devices of users of the run who stay contained
	replaced  []string          // users of the part whose passwords the run replaced
	synced    []string          // users of the part whom Active Directory may have disabled, too
	given     map[thing]string  // what an undo before was shown to have given back, with its name
}

// left counts the writes of a step that are not taken back for one reason.
type left struct {
	step   batch.Step
	why    string
	writes int
}

// Undo takes back what a run did: a run whose plan is made from the records of another.
func Undo(ctx context.Context, h *Host, u *UndoOptions) error {
	j := h.newJob(&u.Connection, &u.Execution)
	j.Yes = u.Yes
	defer j.close()
	if err := j.openStore(ctx, journal.Open, true); err != nil {
		return err
	}
	old, err := u.toUndo(ctx, j)
	if err != nil {
		return err
	}
	was := old.was
	if len(old.steps) == 0 {
		h.Say("nothing to undo: no record of %s is of a change that can be taken back", old.what())
		old.sayLeft(h)
		if u.DryRun {
			return nil
		}
		return j.endUndone(ctx, old.part, "an undo that found no change")
	}
	if err := j.follow(old.plan(j), nothingPlanned); err != nil {
		return err
	}
	person := h.MustAsk(u.Yes || u.DryRun, nothingPlanned, "give --yes, or look first with --dry-run")
	var later error
	if j.despite = u.Despite; !u.DespiteLater {
		again, err := old.containedAgain(ctx, j.store)
		if err != nil {
			return err
		}
		later = again
	}
	if err := refused(nothingPlanned, person, j.pace(), u.Guards.wrong(h, true), later); err != nil {
		return err
	}
	if err := j.claimReport(); err != nil {
		return err
	}
	if err := j.enter(ctx, h.guarded(j.seedUndone(old.run), u.Guards, batch.Guards{})); err != nil {
		return err
	}
	who := j.tenant.identity()
	j.plan.App, j.plan.Terms.TenantName = who.App, j.tenant.organization.String()
	j.plan.Terms.User, j.plan.Terms.UserName = who.User, who.UPN
	if !u.DryRun {
		if err := j.lockInput(); err != nil {
			return err
		}
		if j.run, err = j.store.Unfinished(ctx, j.plan); err != nil {
			return err
		}
		if j.run != nil && tooOld(j.run.Plan(), time.Now(), mostAge).Refusal != "" {
			if err := j.giveUp(ctx); err != nil {
				return err
			}
		}
	}
	if j.run != nil {
		h.Say("resuming run %s of %s, which undoes run %s", j.run.Plan().Run, j.run.Plan().Created.Local().Format(time.DateTime), was.Run)
		return old.told(h, j.goOn(ctx, u.Guards, mostAge))
	}
	err = j.planAndBegin(ctx, u.DryRun, func(ctx context.Context, j *job) error { return u.find(ctx, j, old) })
	switch {
	case err == errNothingToUndo && u.DryRun:
		return nil
	case err == errNothingToUndo:
		return j.endUndone(ctx, old.part, "an undo that found no change")
	case errors.Is(err, ErrPartial) && !u.DryRun:
		return errors.Join(old.told(h, err), j.noteLeft(ctx))
	case u.DryRun:
		return err
	}
	return old.told(h, err)
}

// told gives the error, and when the undo came to its end says who cannot sign in yet.
func (o *undoing) told(h *Host, err error) error {
	if n := len(o.replaced); n > 0 && slices.Contains(o.steps, batch.Enable) && (err == nil || errors.Is(err, ErrPartial)) {
		h.Warn("note     left to do: set a new password for %s, whose old one run %s replaced", batch.SomeOf(o.replaced[:min(n, mostDrift)], n), o.was.Run)
	}
	return err
}

// sayLeft says what is not undone, where nothing is.
func (o *undoing) sayLeft(h *Host) {
	for _, s := range o.settings(nil) {
		h.Say("         %s: %s (%s)", s.Name, s.Value, s.Why)
	}
	if n := len(o.synced); n > 0 {
		h.Say("         synced from Active Directory: %s; if the account was disabled there, enable it there", batch.SomeOf(o.synced[:min(n, mostDrift)], n))
	}
}

// errNothingToUndo ends the planning of an undo that has nothing to write, and to which
// nothing is left for others.
var errNothingToUndo = errors.New("nothing to undo")

// fails reports whether something of a plan ended in no success before it was sent.
func fails(c batch.Count) bool {
	for o := range c.Ended {
		if o.Kind() == batch.Failure {
			return true
		}
	}
	for k := range c.Kinds {
		if k.Outcome != "" && k.Outcome.Kind() == batch.Failure {
			return true
		}
	}
	return false
}

// noteLeft says what to do about what an undo did not take back.
func (j *job) noteLeft(ctx context.Context) error {
	sum, err := j.run.Summary(ctx)
	if err != nil {
		return err
	}
	if sum.CountOf(batch.Failure) == sum.Counts[batch.NotPossible]+sum.Counts[batch.Ineffective] {
		j.Say("note     offboard cannot take back what is left; the report says who can")
		return nil
	}
	j.Say("note     the same again takes back what is left, where it can be taken back: %s", j.Typed(slices.Concat([]string{"undo", j.plan.Undoes}, partFlags(j.plan.Part), rootFlag(j.plan))...))
	return nil
}

// toUndo finds the run, keeps others from working on it, and counts what of it can be
// taken back.
func (u *UndoOptions) toUndo(ctx context.Context, j *job) (*undoing, error) {
	run, err := j.findRun(ctx, j.store, u.RunName)
	if err != nil {
		return nil, err
	}
	unlock, err := run.Lock()
	if err := j.later(unlock, err); err != nil {
		return nil, err
	}
	if run, err = j.store.Run(ctx, run.Plan().Run); err != nil { // another process may have held it since it was found
		return nil, err
	}
	j.undone = run
	was := run.Plan()
	switch s := run.State(); {
	case s == journal.Planning || s == journal.Refused:
		return nil, fmt.Errorf("%w: nothing was written by run %s, which is %s; there is nothing to undo", ErrUsage, was.Run, s)
	case was.Undoes != "":
		return nil, fmt.Errorf("%w: run %s takes back run %s, and is not taken back itself; to do once more what that one did, run its input again", ErrUsage, was.Run, was.Undoes)
	}
	old := &undoing{run: run, was: was}
	if err := u.readPart(ctx, j.Host, old); err != nil {
		return nil, err
	}
	if old.calls, err = run.LastCall(ctx); err != nil {
		return nil, err
	}
	return old, old.count(ctx)
}

// lockUndone keeps others from going on with the run that a resumed one takes back. One
// that was pruned since needs no lock, nor does one that undo itself holds.
func (j *job) lockUndone(ctx context.Context) error {
	if j.plan.Undoes == "" || j.undone != nil {
		return nil
	}
	old, err := j.store.Run(ctx, j.plan.Undoes)
	if errors.Is(err, journal.ErrNoRun) {
		return nil
	} else if err != nil {
		return err
	}
	unlock, err := old.Lock()
	if err := j.later(unlock, err); err != nil {
		return err
	}
	j.undone, err = j.store.Run(ctx, j.plan.Undoes)
	return err
}

// Beginnings of the reasons why a run has ended before its end, for good: it was taken
// back, or it took another one back when a later undo of that began.
const (
	takenBack = "taken back "
	inPart    = "in part "
	givenUp   = "given up for "
)

// endUndone ends the run that is taken back, for good, before anything of it is: nobody
// goes on with it any more. So ends each other undo of that run that stopped: what it
// planned may not be so any more.
func (j *job) endUndone(ctx context.Context, part batch.Part, by string) error {
	if j.undone == nil {
		return nil
	}
	how := takenBack
	if !part.Whole() {
		how += inPart
	}
	if err := endEarly(ctx, j.undone, how+"by "+by); err != nil {
		return err
	}
	if j.run == nil {
		return nil
	}
	runs, err := j.store.Runs(ctx, journal.Filter{States: journal.Resumable, Undoes: j.undone.Plan().Run})
	for _, r := range runs {
		if r.Plan().Run == j.plan.Run {
			continue
		}
		unlock, err := r.Lock()
		if err != nil {
			return err
		}
		if err := errors.Join(endEarly(ctx, r, givenUp+by), unlock()); err != nil {
			return err
		}
		j.Say("note     run %s, which took back run %s, had stopped, and is given up for %s", r.Plan().Run, r.Plan().Undoes, by)
	}
	return err
}

// endEarly ends a run that could be gone on with.
func endEarly(ctx context.Context, run *journal.Run, why string) error {
	if !run.State().Resumable() {
		return nil
	}
	if _, err := run.Recover(ctx); err != nil {
		return err
	}
	return run.SetState(ctx, journal.Finished, why)
}

// takenBackBy says that a run was taken back or given up before its end, and for which;
// "" of any other.
func takenBackBy(ctx context.Context, run *journal.Run) (why string, err error) {
	changes, err := run.Changes(ctx)
	if err != nil {
		return "", err
	}
	if last := changes[len(changes)-1]; last.State == journal.Finished && (strings.HasPrefix(last.Reason, takenBack) || strings.HasPrefix(last.Reason, givenUp)) {
		why = last.Reason
	}
	return why, nil
}

// count reads all records of the run.
func (o *undoing) count(ctx context.Context) error {
	var steps []batch.Step
	o.users, o.devices = map[string]person{}, map[string]person{}
	if err := o.findOthers(ctx); err != nil {
		return err
	}
	given, err := takenFrom(ctx, o.run, batch.Verified)
	if err != nil {
		return err
	}
	o.given = given
	for l, err := range o.run.Users(ctx, nil) {
		if err != nil {
			return err
		}
		who := person{name: l.User.Name()}
		for _, w := range l.AllWrites(o.run.Plan().Steps) {
			t, why, ok := o.back(w, l.User)
			if len(o.part.Users) > 0 && !slices.Contains(o.part.Users, l.User.Key()) {
				continue
			}
			if w.Record.Step == batch.Password && why != "" {
				o.replaced = append(o.replaced, who.name)
			}
			if w.Record.Step == batch.Disable && w.MayReturn(l.User) {
				o.synced = append(o.synced, who.name)
			}
			if !o.part.Has(w.Record.Step, l.User.Key()) {
				if ok {
					o.leave(w.Record.Step, "not in the part that is taken back")
				}
				continue
			}
			if why != "" {
				o.leave(w.Record.Step, why)
			}
			if !ok {
				continue
			}
			if !w.MayReturn(l.User) { // what only Active Directory gives back, the undo opens for nobody
				who.steps = append(who.steps, w.Record.Step)
				if w.Record.Step == batch.Devices {
					o.devices[t.ID] = person{name: who.name + sharing}
				}
			}
			o.join = o.join || t.Step == batch.AddLicences && t.ID != ""
			if w.Record.Uncertain() {
				o.uncertain++
			}
			if !slices.Contains(steps, t.Step) {
				steps = append(steps, t.Step)
			}
		}
		if len(who.steps) > 0 {
			o.users[l.User.Key()] = who
		}
	}
	o.steps = batch.InOrder(steps)
	return nil
}

// sharing follows the name of a user who has a device in common with a user of a later run.
const sharing = " (a device that somebody else has, too)"

// back is what takes a write back, as [batch.Write.Undo]. What an undo gave back is not given
// back once more, whoever took it since. A device stays disabled while one of
// its users stays contained.
func (o *undoing) back(w batch.Write, u batch.User) (t batch.Target, why string, ok bool) {
	t, why, ok = w.Undo(u)
	switch by := o.given[thingOf(u.ID, w.Record.Step, w.Target.ID)]; {
	case ok && by != "": // what it is now, somebody else made it
		return t, "undo " + by + " gave it back", false
	case ok && t.Step == batch.EnableDevices && o.others[t.ID]:
		return t, "another user of the run has the device, too, and stays contained", false
	}
	return t, why, ok
}

// findOthers finds the devices of users who are not in the part, unless an undo before has
// had them in its own.
func (o *undoing) findOthers(ctx context.Context) error {
	if o.others = map[string]bool{}; len(o.part.Users) == 0 {
		return nil
	}
	undos, err := o.run.Undos(ctx)
	if err != nil {
		return err
	}
	before, err := reopenedOf(ctx, undos)
	if err != nil {
		return err
	}
	for l, err := range o.run.Users(ctx, nil) {
		if err != nil {
			return err
		}
		for _, w := range l.Of(batch.Devices) {
			if r, key := w.Record, l.User.Key(); !slices.Contains(o.part.Users, key) && (r.Changed() || r.Outcome == batch.Already) && !has(before[o.was.Run], batch.Devices, key) {
				o.others[w.Target.ID] = true
			}
		}
	}
	return nil
}

// leave counts one write that is not taken back.
func (o *undoing) leave(step batch.Step, why string) {
	i := slices.IndexFunc(o.left, func(l left) bool { return l.step == step && l.why == why })
	if i < 0 {
		i, o.left = len(o.left), append(o.left, left{step: step, why: why})
	}
	o.left[i].writes++
}

// settings add to those of the plan what is not taken back, and what is in doubt.
func (o *undoing) settings(all []batch.Setting) []batch.Setting {
	all = o.partSettings(all)
	if o.run.State().Resumable() {
		all = append(all, batch.Setting{Name: "ends", Value: "run " + o.was.Run, Why: "it is not at its end, and nothing goes on with it after an undo; " + anew(o.part)})
	}
	for _, l := range o.left {
		all = append(all, batch.Setting{Name: "not undone", Value: fmt.Sprintf("%s of the step %s", batch.Plural(l.writes, "write"), l.step), Why: l.why})
	}
	if o.uncertain > 0 {
		all = append(all, batch.Setting{Name: "in doubt", Value: batch.Plural(o.uncertain, "write"),
			Why: "the run saw no answer to them; they are taken back where the directory shows the change"})
	}
	return all
}

// plan is the new run, as far as it is known before the sign-in.
func (o *undoing) plan(j *job) batch.Plan {
	was, now := o.was, time.Now()
	digest := sha256.Sum256([]byte(strings.Join(append([]string{"undo", was.Run, o.run.SealDigest(), strconv.Itoa(o.calls)}, partFlags(o.part)...), "\x00")))
	osUser, host := operator()
	return batch.Plan{
		Run: newName(now), Created: now, Version: j.Version, Undoes: was.Run, Part: o.part,
		Input: "undo of " + was.Run, Digest: hex.EncodeToString(digest[:]), Inputs: was.Inputs, Tenant: was.Tenant, Cloud: was.Cloud,
		Steps: o.steps, Resolve: true, Verify: true, Settings: o.settings(nil),
		Terms: batch.Terms{OSUser: osUser, Host: host, Flags: j.Flags("keep"), Choice: j.Flags("choice")},
	}
}

// find plans into the journal what takes the run back, and holds it against the guards.
func (u *UndoOptions) find(ctx context.Context, j *job, old *undoing) error {
	if err := j.tenant.may(looking(j.plan)); err != nil {
		return err
	}
	if old.join {
		if err := j.tenant.may(errand{ToDo: batch.ToDo{Sent: []batch.Step{batch.JoinGroups}}}); err != nil {
			return err
		}
	}
	j.plan.Terms.Guards.Limits = defaults
	known, err := u.Guards.ask(ctx, j, j.plan, planIt)
	if err != nil {
		return err
	}
	j.plan.Terms.Guards, j.plan.Settings = known.guards, append(j.plan.Settings, known.settings...)
	if err := j.create(ctx); err != nil {
		return err
	}
	look := j.stepPlanner()
	look.Rows, look.AllowRenamed, look.Spare, look.Add = old.rows(ctx), true, known.spare, j.run.AddRows
	count, err := j.lookUp(ctx, "", look)
	if err := errors.Join(err, j.Files.unchanged(nothingWritten)); err != nil {
		return fmt.Errorf("plan: %w; nothing was written", err)
	}
	count.Accounts = batch.Accounts{Privileged: count.Privileged, Restricted: count.Restricted} // the others are about what a run does to people
	j.plan.Rows, j.plan.Lines, j.plan.Users, j.plan.Writes, j.plan.Accounts = count.Rows, count.Rows, count.Users, count.Writes, count.Accounts
	j.count = count
	if count.Writes == 0 && !fails(count) {
		before, err := takenBackFrom(ctx, old.run)
		if err != nil {
			return err
		}
		by := ""
		if len(before) > 0 {
			by = "; it was " + before[len(before)-1].Words()
		}
		if n := count.Ended[batch.Protected]; n > 0 {
			by += fmt.Sprintf("; protected, and left as they are: %s: %s", batch.Plural(n, "user"), batch.SomeOf(count.Protected, n))
		}
		j.Say("nothing to undo: of what %s changed, nothing is still as it left it%s", old.what(), by)
		old.sayLeft(j.Host)
		if err := j.run.Discard(ctx); err != nil {
			return err
		}
		j.run = nil
		return errNothingToUndo
	}
	j.Planned(j.plan, count)
	if count.Writes == 0 {
		j.Say("nothing that offboard can undo: of what %s changed, what is still as it left it is for others to give back", old.what())
	}
	count.Users, count.Privileged = count.Users-count.Idle, count.Privileged-count.IdleAdmins // nothing is done to the others
	j.checks = known.checks(count)
	return nil
}

// rows are the users of the run with something that it changed. Where nothing takes that
// back, the row ends here and says so.
func (o *undoing) rows(ctx context.Context) func(yield func(batch.Row, error) bool) {
	return func(yield func(batch.Row, error) bool) {
		seq := 0
		for l, err := range o.run.Users(ctx, nil) {
			if err != nil {
				yield(batch.Row{}, err)
				return
			}
			back, lasting := []batch.Target{}, []string{}
			for _, w := range l.AllWrites(o.run.Plan().Steps) {
				switch t, why, ok := o.back(w, l.User); {
				case !o.part.Has(w.Record.Step, l.User.Key()):
				case ok:
					back = append(back, t)
				case why != "" && !slices.Contains(lasting, why):
					lasting = append(lasting, why)
				}
			}
			if len(back)+len(lasting) == 0 {
				continue
			}
			seq++
			row, err := batch.Row{Seq: seq, File: l.Row.File, Line: l.Row.Line, Input: l.Row.Input, ID: l.User.ID, UPN: l.User.UPN, Undo: back}, error(nil)
			if len(back) == 0 {
				err = &batch.RowError{Row: row, Outcome: batch.Skipped, Reason: "the run changed nothing else here: " + strings.Join(lasting, "; ")}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}
