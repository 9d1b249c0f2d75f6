package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/report"
)

// runCmd is the main job.
type runCmd struct{ job.RunOptions }

// Run plans and carries out, or goes on with what was begun.
func (r *runCmd) Run(ctx context.Context, c *command) error {
	return job.Run(ctx, c.host, &r.RunOptions)
}

// planCmd plans as run does, and writes the plan to a file instead of carrying
// it out.
type planCmd struct{ job.PlanOptions }

// Run writes the file and tells what to do with it.
func (p *planCmd) Run(ctx context.Context, c *command) error {
	name := c.cli.Output
	if name == "text" || name == "json" {
		return fmt.Errorf("%w: say where to write the plan: -o plan.jsonl", job.ErrUsage)
	}
	made, err := job.MakePlan(ctx, c.host, &p.PlanOptions, name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, `Plan      %s
Users     %s
Digest    %s
Next      approve it, each person with a key of their own: %s
          apply it with two approvals of people in the file allowed_signers: %s
          apply it without approvals: %s
`, printable(made.Path), batch.Thousands(made.Users), made.Digest, c.approveLine(name),
		c.Typed(slices.Concat(made.Apply, []string{"--approvals", "2", "--trusted", "allowed_signers"})...), c.Typed(made.Apply...))
	return err
}

// approveCmd signs a plan.
type approveCmd struct{ job.ApproveOptions }

// Run tells where the signature is.
func (a *approveCmd) Run(ctx context.Context, c *command) error {
	a.Name = cmp.Or(a.Name, c.getenv("USER"), c.getenv("USERNAME"), "unnamed")
	approved, err := job.Approve(ctx, c.host, &a.ApproveOptions)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "Approved  %s\nDigest    %s\nKey       %s\n", printable(approved.File), approved.Digest, approved.Key)
	return err
}

// applyCmd carries out a plan file.
type applyCmd struct{ job.ApplyOptions }

// Run refuses whatever is not beyond doubt, and then does as run does.
func (a *applyCmd) Run(ctx context.Context, c *command) error {
	return job.Apply(ctx, c.host, &a.ApplyOptions)
}

// resumeCmd goes on with a run, from the journal alone.
type resumeCmd struct{ job.ResumeOptions }

// Run needs no CSV: the plan is in the journal.
func (r *resumeCmd) Run(ctx context.Context, c *command) error {
	return job.Resume(ctx, c.host, &r.ResumeOptions)
}

// verifyCmd asks the directory, and believes no report.
type verifyCmd struct{ job.VerifyOptions }

// Run reads the stamps and tells which do not hold.
func (v *verifyCmd) Run(ctx context.Context, c *command) error {
	checked, failing, err := job.Verify(ctx, c.host, &v.VerifyOptions)
	if err == nil {
		err = c.proofs(checked, failing)
	}
	if err == nil && len(failing) > 0 {
		err = job.ErrPartial
	}
	return err
}

// journalCmd lists, unless it is told to do something else.
type journalCmd struct {
	List  listCmd  `cmd:"" default:"withargs" help:"List the runs, the newest first; what runs alone does."`
	Prune pruneCmd `cmd:"" help:"Delete old runs for good."`
}

// listCmd lists runs.
type listCmd struct{ job.RunsOptions }

// Run lists the newest first.
func (l *listCmd) Run(ctx context.Context, c *command) error {
	runs, err := job.Runs(ctx, c.host, &l.RunsOptions)
	if err != nil {
		return err
	}
	return c.runs(runs)
}

// pruneCmd deletes old runs.
type pruneCmd struct{ job.PruneOptions }

// Run tells what came of it.
func (p *pruneCmd) Run(ctx context.Context, c *command) error {
	done, err := job.Prune(ctx, c.host, &p.PruneOptions)
	if err != nil {
		return err
	}
	if c.cli.Output == "json" {
		return json.NewEncoder(c.stdout).Encode(done)
	}
	verb := "pruned"
	if done.DryRun {
		verb = "dry run, nothing was deleted: would prune"
	}
	rows := 0
	for _, o := range done.Pruned {
		rows += o.Rows
	}
	text := fmt.Sprintf("%s %s with %s; kept %s that are as old", verb, batch.Plural(len(done.Pruned), "run"), batch.Plural(rows, "row"), batch.Plural(len(done.Kept), "run"))
	if done.Freed > 0 {
		text += fmt.Sprintf("; the journal gave back %s KB", batch.Thousands(done.Freed/1000))
	}
	_, err = fmt.Fprintln(c.stdout, text)
	return err
}

// showCmd shows one run.
type showCmd struct{ job.ShowOptions }

// Run shows what the end block said, as it stands now, and the lines asked for.
func (s *showCmd) Run(ctx context.Context, c *command) error {
	return job.Show(ctx, c.host, &s.ShowOptions, func(end report.End, lines iter.Seq2[batch.Line, error]) error {
		if lines != nil && c.cli.Output == "json" {
			return report.Selected(c.stdout, end, lines)
		}
		if err := c.Ended(end); err != nil || lines == nil {
			return err
		}
		return c.lines(lines)
	})
}

// historyCmd tells what became of a user.
type historyCmd struct{ job.HistoryOptions }

// Run lists every line that named the user.
func (h *historyCmd) Run(ctx context.Context, c *command) error {
	return c.mentions(job.History(ctx, c.host, &h.HistoryOptions), "no run names "+h.User)
}

// reportCmd writes the report files of a run again.
type reportCmd struct{ job.ReportOptions }

// Run tells how the run stands.
func (r *reportCmd) Run(ctx context.Context, c *command) error {
	end, err := job.Report(ctx, c.host, &r.ReportOptions)
	if err != nil {
		return err
	}
	return c.Ended(end)
}

// simulateCmd serves a tenant for other processes: rehearsals, crash tests.
type simulateCmd struct{ job.SimulateOptions }

// Run serves until it is stopped.
func (s simulateCmd) Run(ctx context.Context, c *command) error {
	return job.Simulate(ctx, c.host, s.SimulateOptions, func(addr, token string) {
		fmt.Fprintf(c.stdout, "a simulated tenant answers at http://%s/v1.0; in another shell:\n  OFFBOARD_ACCESS_TOKEN=%s %s\n", addr, token, c.Typed("run", "FILE", "--graph-url", "http://"+addr+"/v1.0"))
	})
}

type versionCmd struct{}

func (versionCmd) Run(c *command) error {
	_, err := fmt.Fprintln(c.stdout, "offboard", version)
	return err
}
