package job

import (
	"context"
	"fmt"
	"time"

	"offboard/batch/throttle"
)

// quotas are Graph's, as the quota file would have them, and before any share is taken.
// They are asked for more than once; the file, which may be a pipe, is read once.
func (h *Host) quotas(c *Connection) ([]throttle.Quota, error) {
	quotas := throttle.Documented()
	if c.QuotaFile != "" {
		file, err := h.read(c.QuotaFile)
		if err != nil {
			return nil, fmt.Errorf("--quota-file: %w", err)
		}
		if quotas, err = throttle.ParseQuotas(file.open()); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrUsage, c.QuotaFile, err)
		}
	}
	if c.QuotaShare <= 0 || c.QuotaShare > 1 {
		return nil, fmt.Errorf("%w: --quota-share %v is no share; give a number above 0, up to 1", ErrUsage, c.QuotaShare)
	}
	return quotas, nil
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
	look := newOthers(j, gates)
	return gates, look, look.tell(ctx, time.Now(), nil)
}

// readGate paces lookups and read-backs, which have a quota of their own.
func readGate(quotas []throttle.Quota, width int) *throttle.Controller {
	return throttle.New(throttle.Config{Quotas: throttle.For(quotas, throttle.ReadUnit), MaxWidth: width})
}
