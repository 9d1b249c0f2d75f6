package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/cmd/flagfile"
	"offboard/report"
)

// besideCampaign are flags of submit that go with --campaign: all others stand in its file.
var besideCampaign = []string{"campaign", "only", "new", "approvals", "urgent", "yes"}

// hosts makes the host of a command line with these flags.
type hosts func(given []*kong.Flag) *job.Host

// campaign checks a run for each tenant of a campaign's file, and keeps all of them in the journal, or nothing. The
// caller closes the campaign.
func (o *submitOptions) campaign(ctx context.Context, c *command, host hosts) (*job.Campaign, error) {
	for _, f := range c.typed {
		if c.takes("submit", f.Name) && !slices.Contains(besideCampaign, f.Name) {
			return nil, fmt.Errorf("%w: --%s does not go with --campaign: put it into the file, below defaults or below its tenant", job.ErrUsage, f.Name)
		}
	}
	if len(o.File) > 0 {
		return nil, fmt.Errorf("%w: the files of a campaign stand in the file that --campaign names; take %s off the command line", job.ErrUsage, o.File[0])
	}
	h := host(c.given)
	defer h.Files.Close()
	if err := h.MustAsk(o.Yes, "nothing was planned", "give --yes, or look first with offboard campaign --dry-run"); err != nil {
		return nil, err
	}
	file := &job.CampaignOptions{File: o.Campaign, Only: o.Only, New: o.New, Yes: o.Yes}
	members, err := (&flagfile.Campaign{Host: h, Refused: c.refusedInFile, Selection: func(flags []batch.Flag, files []string) (s job.Selection, err error) {
		of, err := asSubmit(flags, files)
		if err == nil {
			s = of.Submit.Selection
		}
		return s, err
	}, Wrong: func(flags []batch.Flag, files []string) error {
		_, err := asSubmit(flags, files)
		return err
	}}).Read(file)
	if err != nil {
		return nil, fmt.Errorf("%w; nothing was submitted: mend it, and submit it again", err)
	}
	for i := range members {
		if m := &members[i]; o.Approvals > 0 && !m.Skip {
			m.Flags = append(m.Flags, batch.Flag{Name: "approvals", Value: fmt.Sprint(o.Approvals)})
		}
	}
	return job.SubmitCampaign(ctx, h, file, members, func(m job.Member) (*job.Host, *job.SubmitOptions, error) {
		flags := append(slices.Clone(m.Flags), batch.Flag{Name: "tenant", Value: m.Tenant}, batch.Flag{Name: "yes", Value: "true"}, batch.Flag{Name: "new", Value: fmt.Sprint(o.New)})
		its, err := asSubmit(flags, m.Files)
		if err != nil {
			return nil, nil, err
		}
		to := host(its.given)
		to.Console = ofTenant{to.Console, m.Name}
		return to, &its.Submit.SubmitOptions, nil
	})
}

// orders are those of the tenants that are not at their end, for the workflow of a schedule.
func (o *submitOptions) orders(ctx context.Context, c *command, host hosts) (all []Order, err error) {
	of, err := o.campaign(ctx, c, host)
	if err != nil {
		return nil, err
	}
	defer of.Close()
	standing, err := of.Standing(ctx, host(nil))
	for _, m := range of.Members {
		if goesOn(standing, m) {
			all = append(all, Order{Run: m.Run, Urgent: o.Urgent})
		}
	}
	return all, err
}

// goesOn reports whether a workflow has something to do for a member.
func goesOn(s job.Standing, m job.Member) bool {
	end, has := s.Runs[m.Name]
	_, ended := s.Last[m.Name] // it was given up before it had a run
	state := journal.State(end.State)
	return !m.Skip && (has || !ended) && state != journal.Finished && state != journal.Refused
}

// startAll starts the workflow of each run that is not at its end, and tells the runs.
func (c *command) startAll(ctx context.Context, of *job.Campaign, urgent bool) error {
	standing, err := of.Standing(ctx, c.host())
	if err != nil {
		return err
	}
	incomplete := func(err error) error {
		return fmt.Errorf("%s is in the journal, and Temporal does not have all of it (%w); then: offboard-temporal resume %s", of.Name, err, of.Name)
	}
	t, err := c.dial()
	if err != nil {
		return incomplete(err)
	}
	defer t.Close()
	gaveUp := ""
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TENANT\tRUN\tSTATE")
	for _, m := range of.Members {
		state := "submitted"
		switch {
		case m.Skip:
			state = "left out"
		case !goesOn(standing, m):
			if state = standing.Runs[m.Name].State; state == "" {
				state = "given up"
				gaveUp += " --only " + flagfile.Quoted(m.Name, runtime.GOOS)
			}
		default:
			err := c.begin(ctx, t, Order{Run: m.Run, Urgent: urgent})
			if _, is := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); is {
				state = "with the workers"
			} else if err != nil {
				return errors.Join(w.Flush(), incomplete(err))
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", m.Name, cmp.Or(m.Run, "-"), state)
	}
	fmt.Fprintf(w, "\n%s: offboard-temporal status %s\n", of.Name, of.Name)
	if err := w.Flush(); err != nil || gaveUp == "" {
		return err
	}
	return &endedAs{job.ExitStopped, fmt.Sprintf("what was given up is not begun again; offboard-temporal submit --campaign %s%s --yes begins it as a campaign of its own", flagfile.Quoted(of.Input, runtime.GOOS), gaveUp)}
}

// stopAll stops the runs of a campaign that the workers have, and gives up what they do not have and have not planned.
func (c *command) stopAll(ctx context.Context, t client.Client, name string) error {
	of, err := job.FindSubmitted(ctx, c.host(), name)
	if err != nil {
		return err
	}
	defer of.Close()
	standing, err := of.Standing(ctx, c.host())
	if err != nil {
		return err
	}
	stopped, gaveUp := 0, 0
	for _, m := range of.Members {
		if m.Skip {
			continue
		}
		going, err := cancel(ctx, t, m.Run)
		_, has := standing.Runs[m.Name]
		switch {
		case err == nil && going:
			stopped++
		case err == nil && !has && goesOn(standing, m):
			if err = job.Withdraw(ctx, c.host(), m.Run); err == nil {
				gaveUp++
			} else if errors.Is(err, journal.ErrNoRun) { // it is void
				err = nil
			}
		}
		if err != nil {
			return fmt.Errorf("stop run %s of %s: %w; the same command goes on", m.Run, m.Name, err)
		}
	}
	fmt.Printf("%s of %s are being stopped; offboard-temporal resume %s goes on with them\n", batch.Plural(stopped, "run"), of.Name, of.Name)
	if gaveUp > 0 {
		fmt.Printf("%s of it are given up, and nothing was planned or written of them; submit begins one anew with --campaign %s --only NAME\n", batch.Plural(gaveUp, "submission"), of.Input)
	}
	return nil
}

// statusOfAll tells how the runs of a campaign stand, by the journal and with the workers, and ends as the worst of them
// did, once all have ended.
func (c *command) statusOfAll(ctx context.Context, t client.Client, name string) error {
	of, err := job.FindSubmitted(ctx, c.host(), name)
	if err != nil {
		return err
	}
	defer of.Close()
	standing, err := of.Standing(ctx, c.host())
	if err != nil {
		return err
	}
	has := map[string]*workflowpb.WorkflowExecutionInfo{} // the last workflow of each run
	err = eachWorkflow(ctx, t, fmt.Sprintf("WorkflowType = 'Run' AND WorkflowId STARTS_WITH '%s'", workflowOf(of.RunPrefix())), func(e *workflowpb.WorkflowExecutionInfo) {
		if was := has[e.Execution.WorkflowId]; was == nil || was.StartTime.AsTime().Before(e.StartTime.AsTime()) {
			has[e.Execution.WorkflowId] = e
		}
	})
	if err != nil {
		return err
	}
	sum := of.Sum(of.Tenants(standing))
	w := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TENANT\tRUN\tWORKERS\tPHASE\tJOURNAL\tROWS\tSUCCESS\tLEFT ALONE\tNOT DONE\tEXIT")
	for i, m := range of.Members {
		k := &sum.Tenants[i]
		with, phase, exit := "-", "-", "-"
		if e := has[workflowOf(m.Run)]; e != nil && !m.Skip {
			with = strings.ToLower(e.Status.String())
			phase, k.Exit = stands(ctx, t, e, k.Exit)
		}
		if k.Exit >= 0 && !m.Skip {
			exit = fmt.Sprint(k.Exit)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", m.Name, cmp.Or(m.Run, "-"), with, phase, k.State(), k.Lines(),
			k.Count(batch.Success), k.LeftAlone(), k.Count(batch.Failure), exit)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	sum.Exit = report.Worst(sum.Tenants)
	fmt.Printf("\n%s: %s; %s\n", sum.Name, sum.Headline(), sum.Tally())
	if sum.Exit < 0 {
		fmt.Printf("What the workers do not have: offboard-temporal resume %s\n", of.Name)
	}
	return endOf(of.Name, sum.Exit)
}

// endedAs is how what was looked at has ended.
type endedAs struct {
	code  job.Exit
	words string
}

func (e *endedAs) Error() string { return e.words }

// exitOf is the exit code of offboard for a class of errors.
func exitOf(class string) job.Exit {
	for _, e := range ends {
		if e.class == class {
			return job.EndOf(e.is).Exit
		}
	}
	return job.ExitError
}

// reportAll writes the reports of the runs of a campaign, and the page about them.
func (c *command) reportAll(ctx context.Context, o *job.ReportOptions) error {
	of, err := job.CampaignToReport(ctx, c.host(), o.RunName)
	if err != nil {
		return err
	}
	defer of.Close()
	standing, err := of.Standing(ctx, c.host())
	if err == nil {
		err = of.Report(ctx, c.host(), standing, o)
	}
	if err != nil {
		return err
	}
	sum := of.Sum(of.Tenants(standing))
	if err := of.Clear(c.host(), &sum); err != nil {
		return err
	}
	fmt.Println(of.Dir)
	return nil
}

// takes reports whether a command has a flag of its own.
func (c *command) takes(command, flag string) bool {
	return slices.ContainsFunc(c.model.Children, func(n *kong.Node) bool {
		return n.Name == command && slices.ContainsFunc(n.Flags, func(f *kong.Flag) bool { return f.Name == flag })
	})
}

// refusedInFile says why a flag of run cannot stand in a campaign's file here; "" is that it can.
func (c *command) refusedInFile(name string) string {
	switch {
	case c.takes("submit", name):
		return ""
	case c.takes("worker", name) && !slices.Contains(ofOneRun, name):
		return "it is the workers': start them with --" + name + ", and take it out"
	}
	return "workers do not take it: take it out"
}

// asSubmit reads flags and files as the command submit of a tenant does, with variables.
func asSubmit(flags []batch.Flag, files []string) (*command, error) {
	c, _, err := parse(flagfile.Words("submit", flags, files)...)
	return c, err
}

// ofTenant is the console of one tenant of a campaign.
type ofTenant struct {
	job.Console
	name string
}

func (t ofTenant) Say(format string, args ...any)  { t.Console.Say(t.name+"  "+format, args...) }
func (t ofTenant) Warn(format string, args ...any) { t.Console.Warn(t.name+"  "+format, args...) }
func (t ofTenant) Ask(question string) error       { return t.Console.Ask(t.name + ": " + question) }
