package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/job"
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
	file, err := c.host.ReadPlan(a.File, planfile.Sink{})
	if err != nil {
		return err
	}
	approvals, err := c.host.Approvals(a.File, nil)
	if err != nil {
		return err
	}
	key, err := planfile.OpenKey(a.Key, c.getenv("SSH_AUTH_SOCK"), c.Passphrase)
	switch {
	case errors.Is(err, batch.ErrStopped):
		return err
	case err != nil:
		return fmt.Errorf("%w: --key: %w", job.ErrUsage, err)
	}
	c.PlanFile(a.File, file)
	for _, given := range approvals {
		c.Say("approval %s, key %s", given.File, given.Key)
	}
	if why := file.Head.Refusals(); len(why) > 0 {
		return fmt.Errorf("%w: the plan itself is refused, and no approval changes that: %s", job.ErrRefused, why[0])
	}
	fingerprint := planfile.Fingerprint(key)
	for _, given := range approvals {
		if given.Key == fingerprint && given.Namespace == planfile.PlanNamespace {
			c.Say("note     this key has approved the plan already, with %s; nothing was added", given.File)
			return c.approvedPlan(given.File, file, fingerprint)
		}
	}
	if err := c.host.Confirm(a.Yes, "Approve this plan?"); err != nil {
		return err
	}
	text, err := c.host.Open(a.File)
	if err != nil {
		return err
	}
	signature, err := planfile.Sign(key, planfile.PlanNamespace, text)
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
