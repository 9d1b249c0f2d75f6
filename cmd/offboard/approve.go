package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/planfile"
)

// approveCmd signs a plan.
type approveCmd struct {
	File string `arg:"" help:"The plan file."`
	Key  string `help:"Your private SSH key. A passphrase is asked for, unless the ssh agent has the key. For a key whose private half only the agent has, such as one in a FIDO token, name the .pub file." required:"" placeholder:"FILE" type:"path"`
	Name string `help:"Your name, in the name of the signature's file; whose key it is says the allowed_signers file. Default: the user of this machine." placeholder:"NAME"`
	Yes  bool   `short:"y" env:"-" help:"Do not ask. It has no environment variable: one that is set for run must not sign."`
}

// Help ends the command's help.
func (approveCmd) Help() string { return noGraph }

// Run shows the plan, asks, and puts a signature beside the file, as ssh-keygen -Y
// sign would.
func (a *approveCmd) Run(_ context.Context, c *command) error {
	file, err := c.readPlan(a.File, planfile.Sink{})
	if err != nil {
		return err
	}
	approvals, err := c.approvals(a.File, nil)
	if err != nil {
		return err
	}
	key, err := planfile.OpenKey(a.Key, c.getenv("SSH_AUTH_SOCK"), c.passphrase)
	switch {
	case errors.Is(err, batch.ErrStopped):
		return err
	case err != nil:
		return fmt.Errorf("%w: --key: %w", errUsage, err)
	}
	c.showPlan(a.File, file)
	for _, given := range approvals {
		c.say("approval %s, key %s", given.File, given.Key)
	}
	if why := file.Head.Refusals(); len(why) > 0 {
		return fmt.Errorf("%w: the plan itself is refused, and no approval changes that: %s", errRefused, why[0])
	}
	fingerprint := planfile.Fingerprint(key)
	for _, given := range approvals {
		if given.Key == fingerprint && given.Namespace == planfile.PlanNamespace {
			c.say("note     this key has approved the plan already, with %s; nothing was added", given.File)
			return c.approvedPlan(given.File, file, fingerprint)
		}
	}
	if err := c.ask(a.Yes, "Approve this plan?"); err != nil {
		return err
	}
	text, err := c.read(a.File)
	if err != nil {
		return err
	}
	signature, err := planfile.Sign(key, planfile.PlanNamespace, text.open())
	if err != nil {
		return fmt.Errorf("approve %s: %w", a.File, err)
	}
	name := signatureName(a.File, cmp.Or(a.Name, c.getenv("USER"), c.getenv("USERNAME"), "unnamed"), fingerprint)
	err = durable.WriteFile(name, false, func(w io.Writer) error {
		_, err := w.Write(signature)
		return err
	})
	if err != nil {
		return err
	}
	return c.approvedPlan(name, file, fingerprint)
}

// signatureName names the file of a signature after the person and the key, in
// characters that every file system and shell takes.
func signatureName(plan, person, fingerprint string) string {
	safe := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@", r) {
				return r
			}
			return '-'
		}, s)
	}
	key := strings.TrimPrefix(fingerprint, "SHA256:")
	return fmt.Sprintf("%s.%.64s-%.12s.sig", plan, strings.TrimLeft(safe(person), "-."), safe(key))
}

// approveLine is what the next person who approves the plan types, who has the usual
// key. A shell fills in the directory.
func (c *command) approveLine(plan string) string {
	return c.shell("approve", plan, "--key") + ` "$HOME/.ssh/id_ed25519"`
}

// approvedPlan tells where the signature is.
func (c *command) approvedPlan(name string, f planfile.File, key string) error {
	_, err := fmt.Fprintf(c.stdout, "Approved  %s\nDigest    %s\nKey       %s\n", printable(name), f.Digest, key)
	return err
}

// approvals reads every signature beside a plan, and judges it.
func (c *command) approvals(plan string, by planfile.Signers) ([]planfile.Approval, error) {
	if plan == "-" {
		return nil, nil // nothing lies beside standard input
	}
	text, err := c.read(plan)
	if err != nil {
		return nil, err
	}
	beside, err := os.ReadDir(filepath.Dir(plan))
	if err != nil {
		return nil, fmt.Errorf("look for signatures of %s: %w", plan, err)
	}
	var all []planfile.Signature
	for _, e := range beside {
		if !strings.HasPrefix(e.Name(), filepath.Base(plan)) || !strings.HasSuffix(e.Name(), ".sig") {
			continue
		}
		name := filepath.Join(filepath.Dir(plan), e.Name())
		r, err := c.read(name)
		if err != nil {
			return nil, err
		}
		signature, err := io.ReadAll(io.LimitReader(r.open(), 1<<20))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all = append(all, planfile.Signature{File: name, Text: signature})
	}
	return planfile.Judge(all, text.open, by, time.Now())
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
		c.say("option   --%s %s", o.Name, o.Value)
	}
	for _, g := range f.Head.Guards {
		c.say("guard    %s: %s, counted %s", g.Name, g.Limit, g.Counted)
	}
}
