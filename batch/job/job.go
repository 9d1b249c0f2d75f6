package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// job is a run being planned or carried out by this process.
type job struct {
	*Host
	*Connection
	*Execution
	tenant *tenant
	store  *journal.Store
	run    *journal.Run
	stated []throttle.Quota     // Graph's or the quota file's
	quotas []throttle.Quota     // of them, what this run may use, in a tenant of this size
	reads  *throttle.Controller // of this process: planning and verifying share it
	until  batch.Deadline
	guards Guards        // asked again before a run goes on
	maxAge time.Duration // of a plan that goes on; 0 is any
	caller string        // who goes on with another one's plan; "" for the same
	found  time.Time     // when apply looked the users up again
}

// open signs in. Seed fills a simulated tenant. The caller closes the job.
func (s *signIn) open(ctx context.Context, store *journal.Store, exe *Execution, seed seeder) (*job, error) {
	t, err := s.connect(ctx, seed)
	if err != nil {
		return nil, err
	}
	j := &job{Host: s.Host, Connection: s.Connection, Execution: exe, tenant: t, store: store, maxAge: mostAge}
	if err := j.pace(); err != nil {
		return nil, errors.Join(err, j.close())
	}
	return j, nil
}

// close ends a simulated tenant.
func (j *job) close() error { return j.tenant.close() }

// pace reads what the flags say of quotas.
func (j *job) pace() error {
	quotas, err := j.Host.quotas(j.Connection)
	if err != nil {
		return err
	}
	j.stated, j.quotas = quotas, throttle.Share(quotas, j.QuotaShare)
	j.reads = readGate(j.quotas, j.Concurrency)
	j.until = j.deadline(j.Patience)
	return nil
}

// goOn goes on with a run that was found to be unfinished, under its own guards and
// these: with the flags that it was begun with, where they are not given anew. If they
// name other apps or another way, it signs in once more.
func (j *job) goOn(ctx context.Context, g Guards, maxAge time.Duration) error {
	plan := j.run.Plan()
	j.Earlier, j.guards, j.maxAge = true, g, maxAge
	auth, apps := j.Auth, len(j.App)
	if err := j.Keep(plan); err != nil {
		return err
	}
	if j.Auth != auth || len(j.App) != apps {
		s, err := j.prepare(errand{Connection: j.Connection, Patience: j.Patience, action: plan.Action, plan: plan})
		if err != nil {
			return err
		}
		t, err := s.connect(ctx, j.guarded(seedRun(j.run), g, plan.Terms.Guards))
		if err != nil {
			return err
		}
		was := j.tenant
		j.tenant = t
		if err := errors.Join(was.close(), j.sameTenant(plan)); err != nil {
			return err
		}
	}
	if err := j.pace(); err != nil {
		return err
	}
	return j.resume(ctx)
}

// sameTenant refuses to work on a plan anywhere but where it was made for.
func (j *job) sameTenant(p batch.Plan) error {
	if j.tenant.cloud == p.Cloud && j.tenant.identity().Tenant == p.Tenant {
		return nil
	}
	return fmt.Errorf("%w: the plan is for tenant %s at %s, and this is tenant %s at %s; sign in to the plan's tenant",
		ErrRefused, cmp.Or(p.Tenant, "unknown"), p.Cloud, cmp.Or(j.tenant.identity().Tenant, "unknown"), j.tenant.cloud)
}

// planner looks users up as the flags say.
func (j *job) planner() batch.Planner {
	return batch.Planner{
		Directory: j.tenant.apps[0].client, Reads: j.reads,
		Concurrency: j.Concurrency, Retry: batch.DefaultRetry, CallTimeout: batch.LongestCall, Outage: j.Outage, Until: j.until, Stop: j.Stop,
	}
}

// lookUp has a planner look users up, and tells how far it is.
func (j *job) lookUp(ctx context.Context, stage string, p batch.Planner) (batch.Count, error) {
	show := j.Progress(stage, 0, nil)
	defer show.End()
	p.Progress = show.Planning
	return p.Plan(ctx)
}
