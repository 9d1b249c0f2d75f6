package main

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/report"
)

// do carries out the command that has these options, and tells what came of it.
func (c *command) do(ctx context.Context, options any) error {
	switch o := options.(type) {
	case *job.RunOptions:
		return job.Run(ctx, c.host, o)
	case *job.CheckOptions:
		return c.check(o)
	case *job.DoctorOptions:
		return c.doctor(ctx, o)
	case *job.PlanOptions:
		return c.plan(ctx, o)
	case *job.ApproveOptions:
		return c.approve(ctx, o)
	case *job.ApplyOptions:
		return job.Apply(ctx, c.host, o)
	case *job.CampaignOptions:
		return c.runCampaign(ctx, o)
	case *job.ResumeOptions:
		if job.NamesCampaign(o.RunName) {
			return c.resumeCampaign(ctx, o)
		}
		for _, f := range c.flags() {
			if f.Name == "at-once" && c.typed(f) > 0 {
				return fmt.Errorf("%w: --at-once goes with a campaign, and a run is of one tenant", job.ErrUsage)
			}
		}
		return job.Resume(ctx, c.host, o)
	case *job.UndoOptions:
		return job.Undo(ctx, c.host, o)
	case *job.VerifyOptions:
		return c.verify(ctx, o)
	case *job.RunsOptions:
		runs, err := job.Runs(ctx, c.host, o)
		if err != nil {
			return err
		}
		return c.runs(runs)
	case *job.PruneOptions:
		return c.prune(ctx, o)
	case *job.ShowOptions:
		if job.NamesCampaign(o.RunName) {
			return c.showCampaign(ctx, o)
		}
		return job.Show(ctx, c.host, o, c.show, c.showPlan)
	case *job.HistoryOptions:
		return c.mentions(job.History(ctx, c.host, o), "no run names "+o.User)
	case *job.ReportOptions:
		if job.NamesCampaign(o.RunName) {
			return c.reportCampaign(ctx, o)
		}
		end, err := job.Report(ctx, c.host, o)
		if err != nil {
			return err
		}
		return c.Ended(end)
	case *job.SimulateOptions:
		return c.simulate(ctx, o)
	}
	panic(fmt.Sprintf("no command has %T", options))
}

// plan writes the file and tells what to do with it.
func (c *command) plan(ctx context.Context, p *job.PlanOptions) error {
	name := c.cli.Output
	if name == "text" || name == "json" {
		return fmt.Errorf("%w: say where to write the plan: -o plan.jsonl", job.ErrUsage)
	}
	made, err := job.MakePlan(ctx, c.host, p, name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, `Plan      %s
Users     %s
Digest    %s
Next      approve it, each person with a key of their own: %s
          apply it with two approvals of people in the file allowed_signers: %s
          apply it without approvals: %s
`, printable(made.Path), batch.Thousands(made.Users), made.Digest, c.approveLine(name), c.approvedLine(made.Apply, 2), c.Typed(made.Apply...))
	return err
}

// approve signs a plan, and tells where the signature is.
func (c *command) approve(ctx context.Context, a *job.ApproveOptions) error {
	a.Name = cmp.Or(a.Name, c.getenv("USER"), c.getenv("USERNAME"), "unnamed")
	approved, err := job.Approve(ctx, c.host, a)
	if err != nil {
		return err
	}
	next := c.approvedLine(approved.Apply, approved.Keys)
	return c.answer(map[string]any{"signature": approved.File, "digest": approved.Digest.String(), "key": approved.Key, "next": next}, `Approved  %s
Digest    %s
Key       %s
Next      another person approves it, too: %s
          or apply it, with the approvals of %s in the file allowed_signers: %s
`, printable(approved.File), approved.Digest, approved.Key, c.approveLine(a.File), batch.Agree(approved.Keys, "1 person", batch.Thousands(approved.Keys)+" people"), next)
}

// verify reads the stamps and tells which do not hold. It believes no report.
func (c *command) verify(ctx context.Context, v *job.VerifyOptions) error {
	checked, failing, err := job.Verify(ctx, c.host, v)
	if err == nil {
		err = c.proofs(checked, failing)
	}
	if err == nil && len(failing) > 0 {
		err = job.ErrPartial
	}
	return err
}

// prune deletes old runs, and tells which.
func (c *command) prune(ctx context.Context, p *job.PruneOptions) error {
	done, err := job.Prune(ctx, c.host, p)
	if err != nil {
		return err
	}
	verb := "pruned"
	if done.DryRun {
		verb = "dry run, nothing was deleted: would prune"
	}
	rows := 0
	for _, o := range done.Pruned {
		rows += o.Rows
	}
	freed := ""
	if n := len(done.Reports); n > 0 {
		freed = fmt.Sprintf("; %d of %s", done.Removed(), batch.Plural(n, "report"))
	}
	if n := len(done.Campaigns); n > 0 {
		freed += "; " + batch.Plural(n, "campaign")
	}
	if done.Freed > 0 {
		freed += fmt.Sprintf("; the journal gave back %s KB", batch.Thousands(done.Freed/1000))
	}
	return c.answer(done, "%s %s with %s; kept %s that are as old%s\n",
		verb, batch.Plural(len(done.Pruned), "run"), batch.Plural(rows, "row"), batch.Plural(len(done.Kept), "run"), freed)
}

// show tells how a run stands now, and the lines that were asked for. The block names people,
// as at the end of the run.
func (c *command) show(end report.End, every, lines iter.Seq2[batch.Line, error]) error {
	if c.cli.Output != "json" && !c.cli.Quiet {
		if err := report.Name(&end, every); err != nil {
			return err
		}
	}
	if lines != nil && c.cli.Output == "json" {
		return report.Selected(c.stdout, end, lines)
	}
	if err := c.Ended(end); err != nil || lines == nil {
		return err
	}
	return c.lines(lines)
}

// simulate serves a tenant for other processes, such as rehearsals and crash tests, until
// it is stopped.
func (c *command) simulate(ctx context.Context, s *job.SimulateOptions) error {
	return job.Simulate(ctx, c.host, s, func(addr, token string) error {
		url := "http://" + addr + "/v1.0"
		run := []string{"run", "FILE", "--graph-url", url}
		if s.Key != "auto" {
			run = append(run, "--key", s.Key)
		}
		return c.answer(map[string]string{"graph_url": url, "access_token": token},
			"a simulated tenant answers at %s; in another shell:\n  OFFBOARD_ACCESS_TOKEN=%s %s\n", url, token, c.Typed(run...))
	})
}
