package job

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/signature"
)

// ApproveRunOptions are those of the command that approves a run.
type ApproveRunOptions struct {
	RunName string `arg:"" name:"run" help:"The run, which is planned and not begun."`
	Key     string `env:"OFFBOARD_APPROVE_KEY" help:"Your private SSH key. A passphrase is asked for, unless the ssh agent has the key. For a key whose private half only the agent has, such as one in a FIDO token, name the .pub file." required:"" placeholder:"FILE" type:"path"`
	Yes     bool   `short:"y" env:"-" help:"Do not ask. It has no environment variable: one that is set for run must not sign."`
}

// RunApproved is a run with one more signature.
type RunApproved struct {
	Run    string
	Digest string // of its plan, SHA-256 in hex
	Key    string // fingerprint
	Keys   int    // that have signed the plan, this one too
}

// ApproveRun shows a planned run, asks, and keeps a person's signature of its name and the digest
// of its sealed plan in the journal, which "ssh-keygen -Y sign -n offboard-run" would make. A key that
// has signed it already adds nothing.
func ApproveRun(ctx context.Context, h *Host, o *ApproveRunOptions) (done RunApproved, err error) {
	j := h.newJob(&Connection{}, &Execution{})
	defer j.close()
	if err := j.openRun(ctx, journal.Open, o.RunName); err != nil {
		return done, err
	}
	if err := j.mayResume(ctx); err != nil {
		return done, err
	}
	if err := j.run.Whole(ctx); err != nil { // what is signed is what will be carried out
		return done, err
	}
	key, err := h.approver(o.Key)
	if err != nil {
		return done, err
	}
	approvals, err := j.run.Approvals(ctx)
	if err != nil {
		return done, err
	}
	p, keys := j.run.Plan(), map[string]bool{}
	for _, a := range approvals {
		keys[a.Key] = true
	}
	done = RunApproved{Run: p.Run, Digest: j.run.SealDigest(), Key: signature.Fingerprint(key), Keys: len(keys)}
	if keys[done.Key] {
		h.Say("note     this key has approved the run already; nothing was added")
		return done, nil
	}
	done.Keys++
	h.Say("run      %s of %s, planned %s; its people: %s", p.Run, p.Input, p.Created.Local().Format(time.DateTime), h.Typed("show", p.Run))
	if err := h.Confirm(o.Yes, "Approve? "+ask(p)); err != nil {
		return done, err
	}
	armored, err := signature.Sign(key, signature.RunNamespace, approvedText(j.run))
	if err != nil {
		return done, fmt.Errorf("approve run %s: %w", p.Run, err)
	}
	return done, j.run.AddApproval(ctx, journal.Approval{At: time.Now(), Key: done.Key, Signature: string(armored)})
}

// approvedText is what a person signs.
func approvedText(run *journal.Run) io.Reader {
	return strings.NewReader("run " + run.Plan().Run + "\nplan " + run.SealDigest() + "\n")
}

// RunApprovals counts the people of the trusted set who have approved exactly the plan of a run.
// It is [ErrUnapproved] if they are fewer than o or the run's submission asks for.
func RunApprovals(ctx context.Context, h *Host, run string, o Approving) (people int, err error) {
	j := h.newJob(&Connection{}, &Execution{})
	defer j.close()
	if err := j.openRun(ctx, journal.OpenToRead, run); err != nil {
		return 0, err
	}
	j.plan = j.run.Plan()
	counted, err := j.approvedBy(ctx, o)
	return len(counted), err
}

// needApprovals refuses to write before enough people have approved the run, and keeps who they are for
// the words about the session.
func (j *job) needApprovals(ctx context.Context, o Approving) error {
	counted, err := j.approvedBy(ctx, o)
	var people []string
	for _, a := range counted {
		people = append(people, a.Person)
	}
	if j.approvers = ""; len(people) > 0 {
		j.approvers = fmt.Sprintf("approved by %s (%s)", strings.Join(people, ", "), filepath.Base(o.Trusted))
	}
	return err
}

// approvedBy are the people who approved the run, where somebody asks for that. What is asked of the
// whole run stands in its sealed plan; who counts says the file of the process that writes.
func (j *job) approvedBy(ctx context.Context, o Approving) ([]batch.Approval, error) {
	least := max(o.Approvals, j.plan.Terms.Asks)
	switch {
	case least == 0:
		return nil, nil
	case o.Trusted == "":
		return nil, refused(j.unwritten(), batch.Finding{Name: "--trusted", Lift: "--trusted FILE", Refusal: fmt.Sprintf(
			"run %s needs the approvals of %d different people; name the allowed_signers file of those who may approve with --trusted", j.plan.Run, least)})
	}
	signers, err := j.signers(o.Trusted)
	if err != nil {
		return nil, err
	}
	approvals, err := j.run.Approvals(ctx)
	if err != nil {
		return nil, err
	}
	var files []signature.File
	for i, a := range approvals {
		files = append(files, signature.File{Name: fmt.Sprintf("signature %d of run %s", i+1, j.plan.Run), Text: []byte(a.Signature)})
	}
	judged, err := signature.Judge(files, signature.RunNamespace, func() io.Reader { return approvedText(j.run) }, signers, time.Now())
	if err == nil {
		err = signature.Require(judged, least)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; %s: run %s: %w", ErrRefused, j.unwritten(), j.plan.Run, err)
	}
	return signature.Approvals(judged), nil
}
