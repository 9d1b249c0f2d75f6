package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"offboard/batch/journal"
	"offboard/report"
)

// openCampaigns are the campaigns that are not at their end, the newest first, given the runs that can be
// gone on with: those that this connection may mean, and the number of the others. Of a tenant without such
// a run the newest campaign of the same file counts: it took the place of those before.
func (j *job) openCampaigns(ctx context.Context, resumable []*journal.Run) (open []*Campaign, others int, err error) {
	all, err := j.store.Campaigns(ctx)
	if err != nil {
		return nil, 0, err
	}
	newer := map[[2]string]bool{}
	for _, of := range all {
		c := &Campaign{Campaign: of}
		c.shared.store = j.store
		if err := c.takeMembers(); err != nil {
			return nil, 0, err
		}
		left, err := c.left(ctx, resumable, newer)
		switch {
		case err != nil:
			return nil, 0, err
		case len(left) == 0, c.Submitted(): // which workers go on with
		case c.Rehearsal() != j.Simulate || !j.mayMean(ctx, left):
			others++
		default:
			open = append(open, c)
		}
	}
	return open, others, nil
}

// left are the members that are not at their end, but for those without a run that a newer campaign of
// the same file has, too; it adds its own to these.
func (c *Campaign) left(ctx context.Context, resumable []*journal.Run, newer map[[2]string]bool) (left []Member, err error) {
	var s *Standing
	for _, m := range c.Members {
		replaced := newer[[2]string{c.Input, m.Name}]
		newer[[2]string{c.Input, m.Name}] = true
		if slices.ContainsFunc(resumable, func(r *journal.Run) bool {
			return r.Membership() == journal.Membership{Campaign: c.Name, Member: m.Name}
		}) {
			left = append(left, m)
			continue
		}
		if replaced || m.Skip {
			continue
		}
		if s == nil {
			if s, err = c.states(ctx); err != nil {
				return nil, err
			}
		}
		if !c.AtEnd(*s, m) {
			left = append(left, m)
		}
	}
	return left, nil
}

// states is how the members stand, of their runs the states alone.
func (c *Campaign) states(ctx context.Context) (*Standing, error) {
	s := &Standing{Runs: map[string]report.End{}}
	runs, err := c.runsOf(ctx, c.Name)
	for name, r := range runs {
		s.Runs[name] = report.End{State: string(r.State())}
	}
	if err == nil {
		s.Last, err = c.shared.store.MemberEnds(ctx, c.Name)
	}
	return s, err
}

// mayMean reports whether one of the members may be the tenant that --tenant names. The variable
// AZURE_TENANT_ID is none: in a campaign it gives way. A domain that the sign-in service does not tell may be it.
func (j *job) mayMean(ctx context.Context, members []Member) bool {
	if j.Tenant == "" || j.Simulate {
		return true
	}
	id := func(name string) string {
		id, _ := brief(ctx, nameTimeout, func(ctx context.Context) (string, error) { return j.authority.Tenant(ctx, name) })
		return id
	}
	meant := id(j.Tenant)
	return slices.ContainsFunc(members, func(m Member) bool {
		of := id(m.Tenant)
		return strings.EqualFold(m.Tenant, j.Tenant) || meant == "" || of == "" || of == meant
	})
}

// byName refuses to go on with campaigns that were not named, and tells the name; where somebody works on
// all of them it says who.
func (r *ResumeOptions) byName(j *job, open []*Campaign) error {
	var busy error
	for _, c := range open {
		unlock, err := j.store.LockCampaign(c.Name)
		if err != nil {
			busy = errors.Join(busy, err)
			continue
		}
		if err := unlock(); err != nil {
			return err
		}
		words := c.GoOn()
		for _, f := range j.Flags("keep") {
			if f.Name == "notify-file" || f.Name == "notify-format" {
				words = append(words, typedFlag(f)...)
			}
		}
		if r.MaxAge.Duration != mostAge {
			words = append(words, "--max-age", r.MaxAge.String())
		}
		if r.Yes {
			words = append(words, "--yes")
		}
		return &Advised{fmt.Errorf("%w; %s: %s (%s) is not at its end, and is resumed by its name", ErrRefused, nothingMore, c.Name, c.Input), j.Typed(words...)}
	}
	return fmt.Errorf("no other campaign can be resumed: %w", busy)
}
