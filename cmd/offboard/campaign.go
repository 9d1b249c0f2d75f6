package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/cmd/flagfile"
	"offboard/report"
)

// campaign is one that this process works on. Each tenant is run as the command run, or
// resume, would run it, by a command of its own.
type campaign struct {
	*command
	*job.Campaign
	yes, dry bool
	maxAge   time.Duration
	slots    chan struct{} // holds one for each tenant that is worked on

	asking  sync.Mutex // one question at a time
	phrases map[string][]byte
	writing sync.Mutex // of lines of tenants

	mu     sync.Mutex // guards what follows
	going  int        // tenants that have not ended
	failed int        // those that ended without being carried out
	ready  []string   // the questions of those that wait for the answer to begin
	answer chan struct{}
	no     error // what the answer was; nil is yes
	plans  struct{ tenants, users, writes, settled int }
	told   time.Time
}

// runCampaign works on the campaign in a file.
func (c *command) runCampaign(ctx context.Context, o *job.CampaignOptions) error {
	members, err := c.readCampaign(o)
	if err == nil {
		err = c.host.MustAsk(o.Yes || o.DryRun, "nothing was planned", "give --yes, or look first with --dry-run")
	}
	if err != nil {
		return err
	}
	of, err := job.BeginCampaign(ctx, c.host, o, members)
	if err != nil {
		return err
	}
	return c.carryOut(ctx, &campaign{Campaign: of, yes: o.Yes, dry: o.DryRun}, o.AtOnce)
}

// readCampaign reads who is in the campaign, and how, and the files of all.
func (c *command) readCampaign(o *job.CampaignOptions) ([]job.Member, error) {
	return (&flagfile.Campaign{Host: c.host, Selection: func(flags []batch.Flag, files []string) (job.Selection, error) {
		all, err := c.asRun(flags, files)
		return all.Run.Selection, err
	}, Wrong: func(flags []batch.Flag, files []string) error {
		all, err := c.asRun(flags, files)
		if err != nil {
			return err
		}
		return all.Run.Wrong(c.host, o.Simulate)
	}}).Read(o)
}

// asRun reads flags and files as the command run of a tenant does, with variables and the config file.
func (c *command) asRun(flags []batch.Flag, files []string) (*cli, error) {
	if c.cli.Config != "" {
		flags = append(slices.Clone(flags), batch.Flag{Name: "config", Value: c.cli.Config})
	}
	all := &cli{}
	_, _, err := parse(all, io.Discard, flagfile.Words("run", flags, files)...)
	return all, err
}

// resumeCampaign goes on with a campaign of the journal.
func (c *command) resumeCampaign(ctx context.Context, o *job.ResumeOptions) error {
	for _, f := range c.flags() {
		if c.typed(f) > 0 && !slices.Contains(append(ofResume, "simulate"), f.Name) && slices.Contains(c.parsed.Selected().Flags, f) {
			return fmt.Errorf("%w: --%s does not go with a campaign, whose file has the flags of its tenants: resume takes --yes, --at-once, --as-caller, --max-age and --notify-file then", job.ErrUsage, f.Name)
		}
	}
	if err := c.host.MustAsk(o.Yes, "nothing more was written", "give --yes, or resume it at a terminal"); err != nil {
		return err
	}
	of, err := job.ResumeCampaign(ctx, c.host, o.RunName)
	if err != nil {
		return err
	}
	if o.Simulate && !of.Rehearsal() {
		of.Close()
		return fmt.Errorf("%w; nothing more was written: %s is no rehearsal, and --simulate would not make it one", job.ErrRefused, of.Name)
	}
	members, err := flagfile.Members(&job.CampaignOptions{File: of.Input})
	of.Hold(members, err)
	return c.carryOut(ctx, &campaign{Campaign: of, yes: o.Yes, maxAge: o.MaxAge.Duration}, o.AtOnce)
}

// ofResume are the flags of resume that go with a campaign.
var ofResume = []string{"yes", "at-once", "as-caller", "max-age", "notify-file", "notify-format"}

// mostCalls is how many calls all tenants together have under way, unless --concurrency says it of each.
const mostCalls = 1500

// carryOut works on all tenants that are not at their end, and tells how all of them stand.
func (c *command) carryOut(ctx context.Context, all *campaign, atOnce job.AtOnce) error {
	defer all.Close()
	standing, err := all.Standing(ctx, c.host)
	if err != nil {
		return err
	}
	all.command, all.phrases = c, map[string][]byte{}
	all.slots, all.answer = make(chan struct{}, atOnce), make(chan struct{})
	var members []*member
	for _, m := range all.Members {
		if !all.AtEnd(standing, m) {
			members = append(members, all.member(m, standing.Run(m)))
		}
	}
	if err := all.apart(ctx, members, standing); err != nil {
		return err
	}
	all.going = len(members)
	if err := all.Clear(c.host, nil); err != nil {
		return err
	}
	c.Say("campaign %s: %s, of which %d %s worked on, %d at once", all.Name, batch.Plural(len(all.Members), "tenant"), len(members), batch.Agree(len(members), "is", "are"), min(len(members), int(atOnce)))
	var group sync.WaitGroup
	for _, m := range members {
		all.slots <- struct{}{} // in the order of the file
		m.share(max(1, mostCalls/min(len(members), int(atOnce))))
		group.Go(func() {
			m.work(ctx)
			<-all.slots
			all.left(exitCode(m.last.Exit))
		})
	}
	group.Wait()
	// Of a run that broke off, or was not gone on with, the journal tells.
	if standing, err = all.Standing(context.WithoutCancel(ctx), c.host); err != nil {
		return err
	}
	for _, m := range members {
		standing.Last[m.of.Name] = m.last
		if end := m.facts.end; end != nil {
			standing.Runs[m.of.Name] = *end
		}
	}
	return all.tell(all.Tenants(standing))
}

// apart refuses members that are one tenant by several of its names, before anything is done of any.
func (c *campaign) apart(ctx context.Context, members []*member, standing job.Standing) error {
	ids := map[string]func() string{}
	for _, m := range members {
		if m.run == "" && m.wrong == nil {
			ids[m.of.Name] = func() string { return job.TenantID(ctx, m.host, &m.cli.Run.Connection) }
		}
	}
	_, err := c.Apart(ids, cap(c.slots), standing)
	return err
}

// tell writes how all tenants stand, and gives the worst of their ends.
func (c *campaign) tell(tenants []report.CampaignTenant) error {
	sum := c.sum(c.Campaign, c.dry, tenants, c.sameWay)
	if slices.ContainsFunc(c.Members, func(m job.Member) bool {
		return m.Changed != "" && slices.Contains(sum.Ended(int(exitRefused)), m.Name)
	}) {
		sum.Next = "put " + c.Input + " back as it was, or do what is said of each tenant; then: " + sum.Next
	}
	c.facts.sum(sum)
	err := errors.Join(c.campaignTable(sum), c.Clear(c.host, &sum))
	switch exitCode(sum.Exit) {
	case exitDone:
		return err
	case exitPartial:
		return errors.Join(job.ErrPartial, err)
	}
	return errors.Join(&campaignEnd{exitCode(sum.Exit), sum.Next, sum.Troubles(func(exit int) string { return meanings[exitCode(exit)] })}, err)
}

// campaignEnd is how a campaign ended of which not all tenants were carried out.
type campaignEnd struct {
	code        exitCode
	next, words string
}

func (e *campaignEnd) Error() string { return "not all tenants were carried out: " + e.words }
