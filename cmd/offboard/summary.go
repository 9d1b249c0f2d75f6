package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/cmd/flagfile"
	"offboard/report"
)

// sum is how all tenants stand together. SameWay adds those flags of this command to one that goes on
// that are not kept.
func (c *command) sum(of *job.Campaign, dry bool, tenants []report.CampaignTenant, sameWay func([]string) []string) report.Campaign {
	sum := of.Sum(tenants)
	sum.Dry = dry
	switch code := exitCode(sum.Exit); {
	case of.Submitted() && code != exitDone && code != exitPartial:
		sum.Next = "offboard-temporal status " + of.Name
	case code == exitDone, code == exitPartial, dry:
	case code == exitUsage:
		sum.Next = "mend the files, then: " + c.Typed(sameWay(of.Anew(sum.Ended(int(exitUsage))...))...)
	default:
		sum.Next = c.Typed(sameWay(of.GoOn())...)
	}
	return sum
}

// sameWay adds to the words of a command that goes on the flags of this one that are not kept.
func (c *campaign) sameWay(words []string) []string {
	for _, f := range c.flags() {
		if c.said(f) && (f.Name == "at-once" && (words[0] != "resume" || job.NamesCampaign(words[1])) || f.Name == "notify-file" || f.Name == "notify-format" || f.Name == "report-dir" && words[0] == "campaign") {
			words = append(words, "--"+f.Name, flagfile.ValuesOf(f)[0])
		}
	}
	if c.yes {
		words = append(words, "--yes")
	}
	return words
}

// campaignTable tells how the tenants stand.
func (c *command) campaignTable(sum report.Campaign) error {
	if c.cli.Output == "json" {
		return c.encode(sum)
	}
	type tenant = report.CampaignTenant
	run := func(t tenant) any {
		if t.End == nil {
			return "-"
		}
		return t.End.Plan.Run
	}
	columns := []column[tenant]{
		{"TENANT", "", func(t tenant) any { return t.Name }},
		{"ID", "", func(t tenant) any { return t.Tenant }},
		{"RUN", "", run},
		{"STATE", "", func(t tenant) any { return t.State() }},
		{"ROWS", "", func(t tenant) any { return t.Lines() }},
		{"SUCCESS", "", func(t tenant) any { return t.Count(batch.Success) }},
		{"LEFT ALONE", "", func(t tenant) any { return t.LeftAlone() }},
		{"NOT DONE", "", func(t tenant) any { return t.Count(batch.Failure) }},
		{"EXIT", "", func(t tenant) any {
			if t.Exit < 0 {
				return ""
			}
			return t.Exit
		}},
		{"NEXT", "", func(t tenant) any { return t.Next }},
	}
	if sum.Dry {
		columns = slices.Insert(columns, 6, column[tenant]{"WOULD BE SENT", "", func(t tenant) any { return t.WouldBeSent() }})
	}
	if err := table(c.stdout, all(sum.Tenants), "", columns); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.stdout, "\n%s: %s\n", printable(sum.Name), sum.Headline()+"; "+sum.Tally())
	if err == nil && sum.Dir != "" {
		_, err = fmt.Fprintf(c.stdout, "Report: %s\n", printable(filepath.Join(sum.Dir, "campaign.html")))
	}
	return err
}

// showCampaign tells how the runs of a campaign stand.
func (c *command) showCampaign(ctx context.Context, o *job.ShowOptions) error {
	if len(o.Outcome) > 0 || o.Trusted != "" {
		return fmt.Errorf("%w: a campaign is shown as a whole; --outcome and --trusted go with one of its runs", job.ErrUsage)
	}
	return c.lookAt(ctx, o.RunName, job.ShowCampaign, func(*job.Campaign, job.Standing) error { return nil }, func(*job.Campaign, *report.Campaign) error { return nil })
}

// reportCampaign writes the reports of all runs of a campaign again, and the page about them.
func (c *command) reportCampaign(ctx context.Context, o *job.ReportOptions) error {
	return c.lookAt(ctx, o.RunName, job.CampaignToReport, func(of *job.Campaign, s job.Standing) error { return of.Report(ctx, c.host, s, o) }, func(of *job.Campaign, sum *report.Campaign) error { return of.Clear(c.host, sum) })
}

// lookAt tells how a campaign stands by the journal, once its runs were looked at.
func (c *command) lookAt(ctx context.Context, name string, find func(context.Context, *job.Host, string) (*job.Campaign, error), runs func(*job.Campaign, job.Standing) error, whole func(*job.Campaign, *report.Campaign) error) error {
	of, err := find(ctx, c.host, name)
	if err != nil {
		return err
	}
	defer of.Close()
	standing, err := of.Standing(ctx, c.host)
	if err == nil {
		err = runs(of, standing)
	}
	if err != nil {
		return err
	}
	sum := c.sum(of, false, of.Tenants(standing), func(words []string) []string { return words })
	if err := whole(of, &sum); err != nil {
		return err
	}
	return c.campaignTable(sum)
}
