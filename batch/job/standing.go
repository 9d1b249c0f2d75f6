package job

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"offboard/batch/journal"
	"offboard/report"
)

// Standing is how the members of a campaign stand by the journal, by name.
type Standing struct {
	Runs map[string]report.End        // a member without a run has none, nor one that begins anew
	Show map[string]string            // the command that shows a run which was taken back since
	Last map[string]journal.MemberEnd // how the command ended that worked on it last; none when it came to no end
}

// Standing reads how the members stand. A run that is finished is none where the same file began the
// campaign anew: the files may name more people by now, such as those whose last day was yesterday.
func (c *Campaign) Standing(ctx context.Context, h *Host) (s Standing, err error) {
	s.Runs, s.Show = map[string]report.End{}, map[string]string{}
	if s.Last, err = c.shared.store.MemberEnds(ctx, c.Name); err != nil {
		return s, err
	}
	runs, err := c.runsOf(ctx, c.Name)
	for name, r := range runs {
		if c.again && r.State() == journal.Finished {
			continue
		}
		end, of := h.endOf(ctx, r)
		if errors.Is(of, journal.ErrNoRun) || r.State() == journal.Planning && !c.Resumed { // it may be planned right now
			continue
		}
		if err = errors.Join(err, of); err == nil && c.Resumed {
			end.Dir = c.DirOf(name)
		}
		if len(end.TakenBack) > 0 {
			s.Show[name] = "this shows the undo, to whom it gave back what: " + h.Typed("show", end.Plan.Run)
		}
		s.Runs[name] = end
	}
	return s, err
}

// runsOf are the newest runs of each member.
func (c *Campaign) runsOf(ctx context.Context, name string) (map[string]*journal.Run, error) {
	all, err := c.shared.store.Runs(ctx, journal.Filter{Campaign: name})
	runs := map[string]*journal.Run{}
	for _, r := range slices.Backward(all) {
		runs[r.Membership().Member] = r
	}
	return runs, err
}

// AtEnd reports whether nothing is left to do of a member, also where its run was pruned.
func (c *Campaign) AtEnd(s Standing, m Member) bool {
	end, has := s.Runs[m.Name]
	last, ended := s.Last[m.Name]
	return m.Skip || has && end.State == string(journal.Finished) || !has && !c.again && ended && (last.Exit == 0 || last.Exit == 3)
}

// Run is the run of a member that can be gone on with; "" where it is planned anew: it has none, or
// nothing was sent of it.
func (s Standing) Run(m Member) string {
	switch end := s.Runs[m.Name]; end.State {
	case string(journal.Refused), string(journal.Planning):
		return ""
	default:
		return end.Plan.Run
	}
}

// Tenants are the lines of the members: each as the command ended that worked on it last, unless its run
// went on since then.
func (c *Campaign) Tenants(s Standing) (all []report.CampaignTenant) {
	for _, m := range c.Members {
		t := report.CampaignTenant{Name: m.Name, Tenant: m.Tenant, Skip: m.Skip, Rows: m.Rows, Exit: -1}
		end, has := s.Runs[m.Name]
		if has {
			t.End, t.Next = &end, report.Next(end)
			t.Report = c.pageOf(m.Name, end.Plan.Run)
		}
		last, ended := s.Last[m.Name]
		since := func(at time.Time) bool { return at.After(last.At) }
		switch {
		case m.Skip:
		case ended && !since(end.Ended) && !slices.ContainsFunc(end.Sessions, func(s report.Session) bool { return since(s.Began) }):
			t.Exit, t.Error = last.Exit, last.Error
			if last.Exit != 3 || len(end.Files) == 0 || t.Next == "" { // the files are newer
				t.Next = last.Next
			}
		case has && end.State == string(journal.Finished):
			t.Exit = report.ExitOf(end)
		case has && m.Run != "" && end.State == string(journal.Refused): // by a worker, for good
			t.Exit, t.Error = int(ExitRefused), end.Reason
		}
		t.Next = cmp.Or(s.Show[m.Name], t.Next)
		all = append(all, t)
	}
	return all
}

// Sum is how tenants stand together.
func (c *Campaign) Sum(tenants []report.CampaignTenant) report.Campaign {
	return report.Campaign{Name: c.Name, Input: c.Input, Created: c.Created, Rehearsal: c.Rehearsal(), Dir: c.Dir, Exit: report.Worst(tenants), Tenants: tenants}
}

// pageOf is the page of a run's report, from where the campaign's page stands; "" where there is none.
func (c *Campaign) pageOf(member, run string) string {
	dir := report.DirOf(c.DirOf(member), run)
	if page, err := filepath.Rel(c.Dir, filepath.Join(dir, "report.html")); dir != "" && err == nil {
		return filepath.ToSlash(page)
	}
	return ""
}

// EndMember keeps how a member ended, also when the command is being stopped.
func (c *Campaign) EndMember(ctx context.Context, e journal.MemberEnd) error {
	return c.shared.store.EndMember(context.WithoutCancel(ctx), c.Name, e)
}

// Clear moves the summary of another campaign out of the directory of this one, with the reports that it leads
// to, and writes this one's, unless it is nil. Campaigns of one journal do so one at a time.
func (c *Campaign) Clear(h *Host, sum *report.Campaign) error {
	unlock, err := c.shared.store.LockReports(c.Dir)
	if err != nil {
		return err
	}
	aside, err := report.MoveCampaignAside(c.Dir, c.Name)
	if aside != "" {
		h.Say("note     the reports of another campaign were in %s, and are in %s now", c.Dir, aside)
	}
	if err == nil && sum != nil {
		err = sum.Write()
	}
	return errors.Join(err, unlock())
}
