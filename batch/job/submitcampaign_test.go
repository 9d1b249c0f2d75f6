package job

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch/graphsim"
	"offboard/batch/journal"
)

// firm is a campaign of three tenants, of which the first one is the office's, and one that is left out.
func (o *office) firm() []Member {
	var all []Member
	for i, tenant := range []string{graphsim.DefaultTenantID, "8f4c2f6e-0000-4000-8000-000000000101", "8f4c2f6e-0000-4000-8000-000000000102"} {
		file := filepath.Join(o.dir, fmt.Sprintf("t%d.csv", i))
		if err := os.WriteFile(file, []byte("upn\n"+o.people[i]+"\n"), 0o600); err != nil {
			o.t.Fatal(err)
		}
		all = append(all, Member{Name: fmt.Sprintf("t%d", i), Tenant: tenant, Files: []string{file}, Line: 3 + i})
	}
	return append(all, Member{Name: "out", Tenant: "out.example", Skip: true, Line: 6})
}

// submits has the campaign submitted; the options of a member are changed before.
func (o *office) submits(members []Member, again bool, change func(name string, s *SubmitOptions)) (*Campaign, error) {
	h := o.host()
	defer h.Files.Close()
	if err := Gather(h, members); err != nil {
		return nil, err
	}
	c, err := SubmitCampaign(o.t.Context(), h, &CampaignOptions{File: filepath.Join(o.dir, "all.yaml"), Yes: true, New: again}, members, func(m Member) (*Host, *SubmitOptions, error) {
		s := o.submission("revoke")
		s.File, s.Tenant, s.New = m.Files, m.Tenant, again
		change(m.Name, s)
		return o.host(), s, nil
	})
	if err == nil {
		c.Close()
	}
	return c, err
}

func (o *office) waiting(c *Campaign) (n int) {
	o.look(func(s *journal.Store) {
		for _, m := range c.Members {
			if _, err := s.Submission(o.t.Context(), m.Run); err == nil {
				n++
			} else if !errors.Is(err, journal.ErrNoRun) {
				o.t.Error(err)
			}
		}
	})
	return n
}

// Each tenant of a campaign that is submitted becomes a run of it, as planned by a worker. The same again finds it, and
// offboard does not carry it out beside the workers.
func TestSubmittedCampaign(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		t := o.t
		time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour) // or no stamp would move
		as := func(string, *SubmitOptions) {}
		c, err := o.submits(o.firm(), false, as)
		if err != nil || o.waiting(c) != 3 || c.Members[3].Run != "" {
			t.Fatalf("%+v, %v", c, err)
		}
		for i, m := range c.Members[:3] {
			if want := fmt.Sprintf("%s-%03d", strings.TrimPrefix(c.Name, campaignPrefix), i+1); m.Run != want {
				t.Errorf("the run of %s is %s, want %s", m.Name, m.Run, want)
			}
		}
		if again, err := o.submits(o.firm(), false, as); err != nil || again.Name != c.Name || o.waiting(again) != 3 {
			t.Errorf("the same again: %+v, %v", again, err)
		}
		p, err := o.planOf(c.Members[0].Run)
		if err != nil || p.Writes != 1 {
			t.Fatalf("%+v, %v", p, err)
		}
		toEndIn(t, p.Run, o.worker())
		if again, err := o.submits(o.firm(), false, as); err != nil || again.Name != c.Name || o.waiting(again) != 2 {
			t.Errorf("the same again, after one has ended: %+v, %v", again, err)
		}
		shown, err := ShowCampaign(t.Context(), o.host(), c.Name)
		if err != nil {
			t.Fatal(err)
		}
		defer shown.Close()
		standing, err := shown.Standing(t.Context(), o.host())
		if err != nil {
			t.Fatal(err)
		}
		var exits []int
		for _, k := range shown.Tenants(standing) {
			exits = append(exits, k.Exit)
		}
		if want := []int{0, -1, -1, -1}; !slices.Equal(exits, want) || !shown.Submitted() {
			t.Errorf("the exit codes are %v, want %v", exits, want)
		}

		_, err = ResumeCampaign(t.Context(), o.host(), c.Name)
		if a, is := errors.AsType[*Advised](err); !is || !errors.Is(err, ErrRefused) || a.Next != "offboard-temporal resume "+c.Name {
			t.Errorf("offboard resume: %v", err)
		}
		h, members := o.host(), o.firm()
		defer h.Files.Close()
		if err := Gather(h, members); err != nil {
			t.Fatal(err)
		}
		_, err = BeginCampaign(t.Context(), h, &CampaignOptions{File: c.Input}, members)
		if a, is := errors.AsType[*Advised](err); !is || !errors.Is(err, ErrRefused) || a.Next != "offboard-temporal status "+c.Name {
			t.Errorf("offboard campaign: %v", err)
		}
		anew, err := o.submits(o.firm(), true, as)
		if err != nil || anew.Name == c.Name || o.waiting(anew) != 3 {
			t.Fatalf("with --new: %+v, %v", anew, err)
		}
		if err := Withdraw(t.Context(), o.host(), anew.Members[1].Run); err != nil || o.waiting(anew) != 2 {
			t.Fatalf("one is given up: %v", err)
		}
		o.look(func(s *journal.Store) {
			ends, err := s.MemberEnds(t.Context(), anew.Name)
			if err != nil || len(ends) != 1 || ends["t1"].Exit != int(ExitStopped) {
				t.Errorf("%+v, %v", ends, err)
			}
		})
	})
}

// What is wrong with one tenant refuses all of them, and is told of all of them at once.
func TestSubmittedCampaignIsRefusedWhole(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		t := o.t
		stay := filepath.Join(o.dir, "stay.csv")
		for name, c := range map[string]struct {
			change func(name string, s *SubmitOptions)
			says   []string
		}{
			"steps": {func(name string, s *SubmitOptions) {
				if name != "t0" {
					s.Steps = []string{"fire"}
				}
			}, []string{"line 4: t1: ", "line 5: t2: ", `there is no step "fire"`}},
			"people who stay": {func(name string, s *SubmitOptions) {
				if name == "t2" {
					s.File = []string{stay}
				}
			}, []string{"line 5: t2: ", "some of its people stay"}},
			"no list": {func(name string, s *SubmitOptions) {
				if name == "t1" {
					s.Protect = []string{filepath.Join(o.dir, "none.txt")}
				}
			}, []string{"line 4: t1: ", "none.txt"}},
			"days": {func(name string, s *SubmitOptions) {
				if name == "t1" {
					s.Since = "2026-01-01"
				}
			}, []string{"line 4: t1: ", "say where days begin and end"}},
		} {
			if err := os.WriteFile(stay, []byte("upn,Status\n"+o.people[0]+",active\n"+o.people[1]+",terminated\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			of, err := o.submits(o.firm(), false, c.change)
			if err == nil {
				t.Errorf("%s: %s is submitted", name, of.Name)
				continue
			}
			for _, says := range append(c.says, "campaign file ", "; nothing was submitted: mend it, and submit it again") {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%s: %v, want %q", name, err, says)
				}
			}
		}
		o.look(func(s *journal.Store) {
			if all, err := s.Campaigns(t.Context()); err != nil || len(all) > 0 {
				t.Errorf("the journal has the campaigns %v, %v", all, err)
			}
		})
		twice := o.firm()
		twice[1].Tenant = twice[0].Tenant
		if of, err := o.submits(twice, false, func(string, *SubmitOptions) {}); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "t1 and t0 are one tenant") {
			t.Errorf("one tenant twice: %+v, %v", of, err)
		}
	})
}
