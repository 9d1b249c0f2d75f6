package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"offboard/batch"
	"offboard/batch/planfile"
)

// approveCmd signs a plan.
type approveCmd struct {
	File string `arg:"" help:"The plan file."`
	Key  string `help:"Your private key: an Ed25519 key in PEM, as openssl genpkey -algorithm ed25519 makes it." required:"" placeholder:"FILE" type:"path"`
	Name string `help:"Your name, as the approval shows it; apply goes by the name in the trusted set. Default: the user of this machine." placeholder:"NAME"`
	Yes  bool   `short:"y" env:"-" help:"Do not ask. It has no environment variable: one that is set for run must not sign."`
}

// Help ends the command's help.
func (approveCmd) Help() string { return noGraph }

// Run shows the plan, asks, and adds the signature to the file. Its digest stays
// the same.
func (a *approveCmd) Run(_ context.Context, c *command) error {
	text, err := os.ReadFile(a.Key)
	if err != nil {
		return fmt.Errorf("%w: --key: %w", errUsage, err)
	}
	key, err := planfile.ParseKey(text)
	if err != nil {
		return fmt.Errorf("%w: --key %s: %w", errUsage, a.Key, err)
	}
	file, err := c.readPlan(a.File, planfile.Sink{})
	if err != nil {
		return err
	}
	c.showPlan(a.File, file)
	if why := file.Head.Refusals(); len(why) > 0 {
		return fmt.Errorf("%w: the plan itself is refused, and no approval changes that: %s", errRefused, why[0])
	}
	for _, given := range file.Approvals {
		if given.Key.Equal(key.Public()) {
			c.say("note     this key has approved the plan already, as %s; nothing was added", given.Name)
			return c.approvedPlan(a.File, file)
		}
	}
	if err := c.ask(a.Yes, "Approve this plan?"); err != nil {
		return err
	}
	approval, err := planfile.Approve(file.Digest, key, cmp.Or(a.Name, c.getenv("USER"), c.getenv("USERNAME"), "unnamed"), time.Now())
	if err != nil {
		return fmt.Errorf("approve %s: %w", a.File, err)
	}
	err = writeFile(a.File, true, func(w io.Writer) error {
		f, err := os.Open(a.File)
		if err != nil {
			return err
		}
		defer f.Close()
		file, err = planfile.AddApproval(w, f, approval)
		return err
	})
	if err != nil {
		return err
	}
	return c.approvedPlan(a.File, file)
}

// approvedPlan tells what the plan file is now.
func (c *command) approvedPlan(name string, f planfile.File) error {
	_, err := fmt.Fprintf(c.stdout, "Approved  %s\nDigest    %s\nApprovals %d\n", printable(name), f.Digest, len(f.Approvals))
	return err
}

// readPlan reads a plan file whole.
func (c *command) readPlan(name string, sink planfile.Sink) (planfile.File, error) {
	r, err := c.read(name)
	if err != nil {
		return planfile.File{}, err
	}
	file, err := planfile.Read(r.open(), sink)
	if err != nil {
		return file, fmt.Errorf("%s: %w", name, err)
	}
	return file, nil
}

// showPlan tells what a plan file holds, before anybody signs or applies it.
func (c *command) showPlan(name string, f planfile.File) {
	p := f.Head.Plan
	c.say("plan     %s, made %s by offboard %s", name, p.Created.Local().Format(time.DateTime), p.Version)
	c.say("digest   %s (%s)", f.Digest.Short(), f.Digest)
	c.say("input    %s, %s, SHA-256 %s", p.Input, batch.Plural(p.Rows, "row"), p.Digest)
	for _, s := range p.Settings {
		c.say("         %s: %s (%s)", s.Name, s.Value, s.Why)
	}
	c.tenantLines(p, nil)
	c.say("action   %s", actionWords[p.Action])
	c.say("users    %s to revoke", batch.Thousands(p.Users))
	for _, o := range f.Head.Options {
		c.say("option   %s %s", o.Name, o.Value)
	}
	for _, g := range f.Head.Guards {
		c.say("guard    %s: %s, counted %s", g.Name, g.Limit, g.Counted)
	}
	for _, a := range f.Approvals {
		c.say("approval by %s at %s, key %s", a.Name, a.Time.Local().Format(time.DateTime), a.KeyID())
	}
}
