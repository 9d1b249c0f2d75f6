package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// job is one command's work in one tenant: what it was told, where it signs in, and the
// run that it plans or carries out.
type job struct {
	*Host
	*Connection
	*Execution
	Unasked
	signIn
	opened
	tenant *tenant // once it is signed in
	store  *journal.Store
	run    *journal.Run
	undo   []func() error // what close does, the last first

	plan      batch.Plan    // being made, or gone on with
	follows   bool          // the plan was made before, and fixes the tenant
	undone    *journal.Run  // the run that the plan takes back, and that is locked
	guards    Guards        // asked again before a run goes on
	despite   Despite       // of an undo
	maxAge    time.Duration // of a plan that goes on; 0 is any
	trusted   string        // the file of those who may approve a run
	approvers string        // who did, in words
	asked     time.Time     // when the guards of a run that goes in slices were asked last
	caller    string        // who goes on with another one's plan; "" for the same
	found     time.Time     // when apply looked the users up again

	stated []throttle.Quota     // Graph's or the quota file's
	quotas []throttle.Quota     // of them, what this run may use, in a tenant of this size
	reads  *throttle.Controller // of this process: planning and verifying share it

	answered    string       // the people who stay of whom a person has said that they are to be taken; see Submit
	unlockInput func() error // lets others look for a run on the same input
}

// newJob is a job of which nothing is done yet. The caller closes it.
func (h *Host) newJob(conn *Connection, exe *Execution) *job {
	if h.Shared == nil {
		h.Shared = &Shared{}
	}
	return &job{Host: h, Connection: conn, Execution: exe, maxAge: mostAge}
}

// close takes back what was opened, locked or made for the job alone.
func (j *job) close() {
	for _, undo := range slices.Backward(j.undo) {
		_ = undo() // what was written is durable by now
	}
}

// later has close do something, unless it could not be begun.
func (j *job) later(undo func() error, err error) error {
	if err == nil {
		j.undo = append(j.undo, undo)
	}
	return err
}

// openStore opens the journal, as openJournal does.
func (j *job) openStore(ctx context.Context, open opener, must bool) (err error) {
	if j.store = j.Shared.opened(); j.store != nil {
		return nil
	}
	if j.store, err = j.openJournal(ctx, open, must); err == nil && j.Outage > 0 {
		j.waitFor(j.store, j.Outage)
	}
	return j.later(j.store.Close, err)
}

// openRun opens a journal that must be there, and finds the run of that name.
func (j *job) openRun(ctx context.Context, open opener, name string) (err error) {
	if err := j.openStore(ctx, open, true); err != nil {
		return err
	}
	j.run, err = j.findRun(ctx, j.store, name)
	return err
}

// lockInput keeps others from planning the same at the same time, until unlockInput.
func (j *job) lockInput() (err error) {
	j.unlockInput, err = j.store.LockInput(j.plan)
	return j.later(j.unlockInput, err)
}

// lockRun keeps others from working on the run.
func (j *job) lockRun() error {
	unlock, err := j.run.Lock()
	return j.later(unlock, err)
}

// create begins a run for the plan. The caller sees to it that it is discarded, unless
// it is sealed.
func (j *job) create(ctx context.Context) (err error) {
	if j.run, err = j.store.Create(ctx, j.plan); err != nil {
		return err
	}
	if err := j.joinCampaign(ctx); err != nil {
		return err
	}
	j.About(j.plan)
	return j.lockRun()
}

// discardUnsealed leaves nothing behind of a run that was never sealed.
func (j *job) discardUnsealed(ctx context.Context, err *error) {
	if j.run != nil && j.run.State() == journal.Planning {
		*err = errors.Join(*err, j.run.Discard(ctx))
	}
}

// enter prepares the sign-in, and signs in.
func (j *job) enter(ctx context.Context, seed seeder) error {
	if err := j.prepare(); err != nil {
		return err
	}
	return j.enterPrepared(ctx, seed)
}

// enterPrepared signs in, and holds the tenant against a plan that goes on. Seed fills a
// simulated one.
func (j *job) enterPrepared(ctx context.Context, seed seeder) (err error) {
	if j.tenant, err = j.connect(ctx, seed); err != nil {
		return err
	}
	j.shareReads()
	if !j.follows {
		j.About(batch.Plan{Tenant: j.tenant.identity().Tenant})
		return nil
	}
	return j.sameTenant(j.plan)
}

// goOn goes on with a run that was found to be unfinished, under its own guards and
// these: with the flags that it was begun with, where they are not given anew. If they
// name other apps or another way, it signs in once more; so does a rehearsal, whose tenant
// was made of the file, and not as the run left it.
func (j *job) goOn(ctx context.Context, g Guards, maxAge time.Duration) error {
	j.plan, j.follows = j.run.Plan(), true
	j.About(j.plan)
	j.Earlier, j.guards, j.maxAge = true, g, maxAge
	auth, apps := j.Auth, len(j.App)
	if err := j.Keep(j.plan); err != nil {
		return err
	}
	if j.Auth != auth || len(j.App) != apps || j.Simulate {
		if err := j.enter(ctx, j.guarded(seedRun(j.run), g, j.plan.Terms.Guards)); err != nil {
			return err
		}
	}
	if err := j.pace(); err != nil {
		return err
	}
	j.shareReads()
	if err := j.joinCampaign(ctx); err != nil {
		return err
	}
	return j.resume(ctx)
}

// Where is the service of a plan for people: with its cloud, if that is not the global one.
func Where(cloud string) string { return graph.Where(cloud) }

// sameTenant refuses to work on a plan anywhere but where it was made for.
func (j *job) sameTenant(p batch.Plan) error {
	if j.tenant.cloud == p.Cloud && j.tenant.identity().Tenant == p.Tenant {
		return nil
	}
	return fmt.Errorf("%w: the plan is for tenant %s at %s, and this is tenant %s at %s; sign in to the plan's tenant",
		ErrRefused, cmp.Or(p.Tenant, "unknown"), Where(p.Cloud), cmp.Or(j.tenant.identity().Tenant, "unknown"), Where(j.tenant.cloud))
}

// until is when all of the command must be over, sign-in and planning included.
func (j *job) until() batch.Deadline { return batch.NewDeadline(j.Began, j.Deadline) }

// planner looks users up as the flags say.
func (j *job) planner() batch.Planner {
	return batch.Planner{
		Directory: j.tenant.apps[0].client, Reads: j.reads,
		Concurrency: j.Concurrency, Retry: batch.DefaultRetry, CallTimeout: batch.LongestCall, Outage: j.Outage, Until: j.until(), Stop: j.Stop,
	}
}

// stepPlanner plans what the steps do to the users, too.
func (j *job) stepPlanner() batch.Planner {
	p := j.planner()
	p.Steps, p.Lister, p.User = j.plan.Steps, j.tenant.apps[0].client, j.tenant.identity().User != ""
	p.Caller = batch.LowerASCII(j.tenant.identity().User)
	return p
}

// lookUp has a planner look users up, and tells how far it is.
func (j *job) lookUp(ctx context.Context, stage string, p batch.Planner) (batch.Count, error) {
	show := j.Progress(stage, 0, nil)
	defer show.End()
	p.Progress = show.Planning
	return p.Plan(ctx)
}
