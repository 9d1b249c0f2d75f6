package job

import (
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"offboard/batch/journal"
)

// person makes a key, and gives its file and its line of an allowed_signers file.
func (o *office) person(name string) (file, line string) {
	o.t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		o.t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		o.t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		o.t.Fatal(err)
	}
	file = filepath.Join(o.dir, name)
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		o.t.Fatal(err)
	}
	return file, name + " " + string(ssh.MarshalAuthorizedKey(key))
}

// A run that asks for two approvals is written by nobody before two people of the worker's own file have
// signed exactly its plan, and then by everybody: a slice, and resume.
func TestRunNeedsApprovals(t *testing.T) {
	inOffice(t, 40, func(o *office) {
		t := o.t
		ada, one := o.person("ada")
		bob, two := o.person("bob")
		eve, _ := o.person("eve")
		again, three := o.person("ada-too")
		trusted := filepath.Join(o.dir, "allowed_signers")
		if err := os.WriteFile(trusted, []byte(one+two+strings.Replace(three, "ada-too", "ada", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		opt := o.submission("revoke")
		opt.Approvals = 2
		is, err := Submit(t.Context(), o.host(), opt)
		if err != nil {
			t.Fatal(err)
		}
		p, err := o.planOf(is.Name)
		if err != nil || p.Approvals != 2 {
			t.Fatalf("%+v, %v", p, err)
		}
		refuses := func(who string) {
			t.Helper()
			w := o.worker()
			for _, file := range []string{"", trusted} {
				w.opt.Trusted = file
				if _, err := w.slice(p.Run); !errors.Is(err, ErrRefused) || errors.Is(err, ErrUnapproved) != (file != "") {
					t.Errorf("after %s, trusted %q: %v", who, file, err)
				}
				if err := Resume(t.Context(), o.host(), &ResumeOptions{RunName: p.Run, Trusted: file, Guards: w.opt.Guards, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}}); !errors.Is(err, ErrRefused) {
					t.Errorf("resume after %s, trusted %q: %v", who, file, err)
				}
			}
			if err := o.run("revoke"); !errors.Is(err, ErrRefused) { // it would go on with the run
				t.Errorf("run after %s: %v", who, err)
			}
			if n := o.tenant.Stats().Writes; n != 0 {
				t.Fatalf("after %s: %d writes", who, n)
			}
		}
		approve := func(key string, keys int) {
			t.Helper()
			done, err := ApproveRun(t.Context(), o.host(), &ApproveRunOptions{RunName: p.Run, Key: key, Yes: true})
			if err != nil || done.Keys != keys || len(done.Digest) != 64 {
				t.Errorf("%+v, %v", done, err)
			}
		}
		refuses("nobody")
		approve(ada, 1)
		approve(ada, 1)
		refuses("one person")
		approve(again, 2)
		approve(eve, 3)
		refuses("one person with two keys, and a stranger")
		if n, err := RunApprovals(t.Context(), o.host(), p.Run, Approving{2, trusted}); !errors.Is(err, ErrUnapproved) || n != 0 {
			t.Errorf("%d, %v", n, err)
		}
		approve(bob, 4)
		if n, err := RunApprovals(t.Context(), o.host(), p.Run, Approving{1, trusted}); err != nil || n != 2 {
			t.Errorf("%d, %v", n, err)
		}
		w := o.worker()
		w.opt.Trusted, w.opt.Approvals, w.opt.Most = trusted, 3, 20
		if _, err := w.slice(p.Run); !errors.Is(err, ErrUnapproved) { // the worker asks for more
			t.Errorf("%v", err)
		}
		w.opt.Approvals = 0
		if s, err := w.slice(p.Run); err != nil || s.Done != 20 {
			t.Fatalf("%+v, %v", s, err)
		}
		o.finishes(Resume(t.Context(), o.host(), &ResumeOptions{RunName: p.Run, Trusted: trusted, Guards: w.opt.Guards, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}}))
		for _, s := range o.said.end.Sessions {
			if !strings.HasSuffix(s.By, "; approved by ada, bob (allowed_signers)") {
				t.Errorf("the session says %s", s.By)
			}
		}
	})
}

// What a worker asks of each run stands in the sealed plan, so that resume asks it, too.
func TestWorkersApprovalsAreSealed(t *testing.T) {
	inOffice(t, 4, func(o *office) {
		t := o.t
		is, err := Submit(t.Context(), o.host(), o.submission("revoke"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := PlanSubmitted(t.Context(), o.host(), is.Name, &WorkOptions{Approvals: 2, Connection: o.connection(), Execution: o.execution()})
		if err != nil || p.Approvals != 2 {
			t.Fatalf("%+v, %v", p, err)
		}
		err = Resume(t.Context(), o.host(), &ResumeOptions{RunName: p.Run, Guards: o.worker().opt.Guards, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}})
		if n := o.tenant.Stats().Writes; n != 0 || !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "--trusted") {
			t.Errorf("%d writes, %v", n, err)
		}
	})
}

// A signature is of one run: in another one it is none.
func TestApprovalOfAnotherRun(t *testing.T) {
	inOffice(t, 4, func(o *office) {
		t := o.t
		ada, one := o.person("ada")
		trusted := filepath.Join(o.dir, "allowed_signers")
		if err := os.WriteFile(trusted, []byte(one), 0o600); err != nil {
			t.Fatal(err)
		}
		opt := o.submission("revoke")
		opt.Approvals, opt.New = 1, true
		var runs []string
		for range 2 {
			is, err := Submit(t.Context(), o.host(), opt)
			if err == nil {
				_, err = o.planOf(is.Name)
			}
			if err != nil {
				t.Fatal(err)
			}
			runs = append(runs, is.Name)
		}
		if _, err := ApproveRun(t.Context(), o.host(), &ApproveRunOptions{RunName: runs[0], Key: ada, Yes: true}); err != nil {
			t.Fatal(err)
		}
		s, err := journal.Open(t.Context(), filepath.Join(o.dir, "journal.db"))
		if err != nil {
			t.Fatal(err)
		}
		from, err := s.Run(t.Context(), runs[0])
		if err != nil {
			t.Fatal(err)
		}
		to, err := s.Run(t.Context(), runs[1])
		if err != nil {
			t.Fatal(err)
		}
		all, err := from.Approvals(t.Context())
		if err == nil {
			err = to.AddApproval(t.Context(), all[0])
		}
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		w := o.worker()
		w.opt.Trusted = trusted
		if _, err := w.slice(runs[1]); !errors.Is(err, ErrRefused) || o.tenant.Stats().Writes != 0 {
			t.Errorf("%v, %d writes", err, o.tenant.Stats().Writes)
		}
		if s, err := w.slice(runs[0]); err != nil || s.Done != 4 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}
