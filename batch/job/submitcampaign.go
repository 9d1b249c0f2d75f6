package job

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
)

// Submitted reports whether workers carry the campaign out, a run for each tenant.
func (c *Campaign) Submitted() bool {
	return slices.ContainsFunc(c.Members, func(m Member) bool { return m.Run != "" })
}

// RunPrefix begins the names of the runs that are submitted of it, and of no other ones.
func (c *Campaign) RunPrefix() string { return strings.TrimPrefix(c.Name, campaignPrefix) + "-" }

// SubmitCampaign checks what is submitted of each member as [Submit] does, and keeps all of it in the journal, or
// nothing: of everything that is wrong the one error tells. One that was submitted on the same files within a day, and
// is not at its end, is gone on with in its place. As is how a member is read: its host, which has its flags, and its
// options. The caller closes the campaign.
func SubmitCampaign(ctx context.Context, h *Host, o *CampaignOptions, members []Member, as func(Member) (*Host, *SubmitOptions, error)) (_ *Campaign, err error) {
	c, err := newCampaign(ctx, h, o, members)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.Close()
		}
	}()
	unlock, err := c.shared.store.LockCampaign("submission-" + c.Digest[:16]) // of the same by two people at once
	if err != nil {
		return nil, err
	}
	c.closers = append(c.closers, unlock)
	if !o.New {
		switch again, err := c.unfinished(ctx); {
		case err != nil:
			return nil, err
		case again && !c.Submitted():
			return nil, fmt.Errorf("%w; %s: %s of %s on the same files was begun by offboard, and is not at its end; to go on with it: %s; --new starts all over",
				ErrRefused, nothingPlanned, c.Name, c.Created.Local().Format(time.DateTime), h.Typed(c.GoOn()...))
		case again:
			h.Say("%s of %s is on the same files, and not at its end: it goes on; --new starts all over", c.Name, c.Created.Local().Format(time.DateTime))
			return c, nil
		}
	}
	all, err := c.check(ctx, h, as)
	for _, u := range all {
		defer u.close()
		defer u.Files.Close()
	}
	if err != nil {
		return nil, err
	}
	rows, said := 0, []string{}
	for _, u := range all {
		rows += u.rows
		said = append(said, fmt.Sprintf("%s (%s, %s)", u.Member.Member, batch.Thousands(u.rows), phrase(u.plan.Steps)))
	}
	if err := h.Confirm(o.Yes, fmt.Sprintf("Have workers plan %s in %s: %s?", batch.Plural(rows, "row"), batch.Plural(len(all), "tenant"), batch.SomeOf(said[:min(10, len(said))], len(said)))); err != nil {
		return nil, err
	}
	var submissions []journal.Submission
	for i := range all {
		is, err := all[i].keep()
		if err != nil {
			return nil, err
		}
		submissions = append(submissions, is)
	}
	if err := c.place(h, o); err != nil {
		return nil, err
	}
	return c, c.add(ctx, submissions...)
}

// check reads and checks what is submitted of each member, and gives the runs their names.
func (c *Campaign) check(ctx context.Context, h *Host, as func(Member) (*Host, *SubmitOptions, error)) (all []unkept, wrong error) {
	ids := map[string]func() string{}
	for _, m := range c.Members {
		if !m.Skip {
			own := *h // they are asked beside each other, and a job writes into its host
			ids[m.Name] = func() string { return TenantID(ctx, &own, &Connection{Tenant: m.Tenant}) }
		}
	}
	known, err := c.Apart(ids, 50, Standing{})
	if err != nil {
		return nil, err
	}
	for i := range c.Members {
		m := &c.Members[i]
		if m.Skip {
			continue
		}
		to, o, err := as(*m)
		if err == nil {
			c.Lend(to, h, *m, false)
			var u unkept
			u, err = o.check(ctx, to, func() string { return known[m.Name] })
			m.Run = fmt.Sprintf("%s%03d", c.RunPrefix(), i+1)
			u.plan.Run = m.Run
			all = append(all, u)
		}
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("line %d: %s: %w", m.Line, m.Name, err))
		}
	}
	if wrong != nil {
		return all, fmt.Errorf("campaign file %s: %w; nothing was submitted: mend it, and submit it again", c.Input, wrong)
	}
	return all, nil
}

// FindSubmitted finds a campaign that was submitted. The caller closes it.
func FindSubmitted(ctx context.Context, h *Host, name string) (*Campaign, error) {
	c, err := findCampaign(ctx, h, name, journal.OpenToRead)
	if err == nil && !c.Submitted() {
		c.Close()
		return nil, fmt.Errorf("%w: %s was not submitted to workers: %s", ErrUsage, c.Name, h.Typed(c.GoOn()...))
	}
	return c, err
}

// Report writes the reports of all runs of the campaign, or writes them again.
func (c *Campaign) Report(ctx context.Context, h *Host, s Standing, o *ReportOptions) (err error) {
	if o.ReportDir != "" {
		c.Dir, err = filepath.Abs(o.ReportDir)
	}
	for name, end := range s.Runs {
		if err == nil {
			s.Runs[name], err = Report(ctx, h, &ReportOptions{RunName: end.Plan.Run, Reporting: Reporting{ReportDir: c.DirOf(name), SignKey: o.SignKey}})
		}
	}
	return err
}
