package job

import (
	"context"
	"fmt"
	"time"

	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// pace reads what the flags say of quotas, and makes the gate of the lookups. The quota
// file, which may be a pipe, is read once.
func (j *job) pace() error {
	j.stated = throttle.Documented()
	if j.QuotaFile != "" {
		file, err := j.read(j.QuotaFile)
		if err != nil {
			return fmt.Errorf("--quota-file: %w", err)
		}
		if j.stated, err = throttle.ParseQuotas(file.reader()); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrUsage, j.QuotaFile, err)
		}
	}
	if j.QuotaShare <= 0 || j.QuotaShare > 1 {
		return fmt.Errorf("%w: --quota-share %v is no share; give a number above 0, up to 1", ErrUsage, j.QuotaShare)
	}
	j.quotas = throttle.Share(j.stated, j.QuotaShare)
	j.reads = throttle.New(throttle.Config{Quotas: throttle.For(j.quotas, throttle.ReadUnit), MaxWidth: j.Concurrency})
	return nil
}

// sized has lookups go as fast as Graph documents for a tenant with so many users. While they
// are made, writes have not begun yet: as much is kept free as those may take at once.
func (j *job) sized(users int) {
	j.quotas = throttle.Share(throttle.Sized(j.stated, users), j.QuotaShare)
	j.reads.Restate(throttle.For(j.quotas, throttle.ReadUnit))
	j.reads.KeepFree(throttle.New(throttle.Config{Quotas: throttle.For(j.quotas, throttle.Write), Users: users}))
}

// writeGates pace the revocations of so many users, one gate an app. What was sent to
// the tenant before, within the longest window, still counts.
func (j *job) writeGates(ctx context.Context, users int) ([]*throttle.Controller, *others, error) {
	quotas := throttle.For(j.quotas, throttle.Write)
	apps := j.tenant.apps
	gates := throttle.NewPool(throttle.Config{
		Quotas: quotas, Rate: j.Rate, MaxWidth: (j.Concurrency + len(apps) - 1) / len(apps), Users: users,
	}, len(apps))
	look := j.inTenant(gates)
	var last journal.SentCall // of earlier sessions of the run
	take := look.take
	look.take = func(k journal.SentCall, was, is throttle.Other) {
		if j.run != nil && k.Run == j.run.Plan().Run && k.SentAt.After(last.SentAt) {
			last = k
		}
		take(k, was, is)
	}
	now := time.Now()
	err := look.tell(ctx, now, nil)
	look.take = take
	if last.Users > 0 {
		gates[0].Spent(now.Add(min(0, last.SentAt.Sub(now))), last.Users) // the rate is the pool's
	}
	return gates, look, err
}
