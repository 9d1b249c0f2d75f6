package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/planfile"
	"offboard/batch/signature"
)

// ApproveOptions are those of approve.
type ApproveOptions struct {
	File string `arg:"" help:"The plan file."`
	Key  string `env:"OFFBOARD_APPROVE_KEY" help:"Your private SSH key. A passphrase is asked for, unless the ssh agent has the key. For a key whose private half only the agent has, such as one in a FIDO token, name the .pub file." required:"" placeholder:"FILE" type:"path"`
	Name string `help:"Your name, in the name of the signature's file; whose key it is says the allowed_signers file. Default: the user of this machine." placeholder:"NAME"`
	Yes  bool   `short:"y" env:"-" help:"Do not ask. It has no environment variable: one that is set for run must not sign."`
}

// Approved is a plan with a person's signature beside it.
type Approved struct {
	File   string // of the signature
	Digest planfile.Digest
	Key    string   // its fingerprint
	Keys   int      // that have signed the plan, this one too
	Apply  []string // the words of the command that applies it, without the approvals
}

// Approve shows the plan, asks, and puts a signature beside the file, as ssh-keygen -Y
// sign would. A key that has approved the plan already adds nothing.
func Approve(_ context.Context, h *Host, a *ApproveOptions) (Approved, error) {
	var none Approved
	file, count, err := h.countPlan(a.File)
	if err != nil {
		return none, err
	}
	approvals, err := h.Approvals(a.File, nil)
	if err != nil {
		return none, err
	}
	key, err := h.approver(a.Key)
	if err != nil {
		return none, err
	}
	h.PlanFile(a.File, file, count)
	for _, given := range approvals {
		h.Say("approval %s, key %s", given.File, given.Key)
	}
	if why := file.Head.Refusals(); len(why) > 0 {
		return none, fmt.Errorf("%w: the plan itself is refused, and no approval changes that: %s", ErrRefused, why[0])
	}
	fingerprint := signature.Fingerprint(key)
	already, keys := "", map[string]bool{fingerprint: true}
	for _, given := range approvals {
		if given.Namespace != signature.PlanNamespace {
			continue
		}
		if keys[given.Key] = true; given.Key == fingerprint {
			already = given.File
		}
	}
	done := Approved{already, file.Digest, fingerprint, len(keys), applyWords(a.File, file.Head.Plan)}
	if already != "" {
		h.Say("note     this key has approved the plan already, with %s; nothing was added", already)
		return done, nil
	}
	if err := h.Confirm(a.Yes, "Approve this plan?"); err != nil {
		return none, err
	}
	text, err := h.read(a.File)
	if err != nil {
		return none, err
	}
	armored, err := signature.Sign(key, signature.PlanNamespace, text.reader())
	if err != nil {
		return none, fmt.Errorf("approve %s: %w", a.File, err)
	}
	done.File = signatureName(a.File, a.Name, fingerprint)
	err = durable.WriteFile(done.File, false, func(w io.Writer) error {
		_, err := w.Write(armored)
		return err
	})
	return done, err
}

// approver is the private key of the person who approves, from the file of --key.
func (h *Host) approver(file string) (signature.Key, error) {
	key, err := signature.OpenKey(file, h.Getenv("SSH_AUTH_SOCK"), h.Passphrase)
	if err != nil && !errors.Is(err, batch.ErrStopped) {
		err = fmt.Errorf("%w: --key: %w", ErrUsage, err)
	}
	return key, err
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
