package journal

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// A campaign is found by its name or a beginning, its runs know it, and it can be
// forgotten once the last of them is pruned.
func TestCampaigns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s, err := Open(t.Context(), newPath(t))
		must(t, err)
		defer s.Close()
		for _, name := range []string{"campaign-1", "campaign-12", "campaign-2"} {
			must(t, s.AddCampaign(t.Context(), Campaign{Name: name, Created: stored(time.Now()), Input: "all.yaml", Digest: name[len(name)-1:], Dir: "reports", Members: "[]"}))
		}
		if err := s.AddCampaign(t.Context(), Campaign{Name: "campaign-1"}); err == nil {
			t.Error("two campaigns have one name")
		}
		for name, want := range map[string]string{"campaign-1": "campaign-1", "campaign-12": "campaign-12", "campaign-2": "campaign-2"} {
			if c, err := s.Campaign(t.Context(), name); err != nil || c.Name != want || c.Dir != "reports" || c.Members != "[]" {
				t.Errorf("%s: %+v, error %v", name, c, err)
			}
		}
		if _, err := s.Campaign(t.Context(), "campaign"); !errors.Is(err, ErrAmbiguous) || !strings.Contains(err.Error(), "campaign-2, campaign-12, campaign-1") {
			t.Errorf("a beginning of three: %v", err)
		}
		if _, err := s.Campaign(t.Context(), "campaign-3"); !errors.Is(err, ErrNoRun) {
			t.Errorf("one that is not there: %v", err)
		}
		if same, err := s.CampaignsOf(t.Context(), "2"); err != nil || len(same) != 2 || same[0].Name != "campaign-2" {
			t.Errorf("with the digest 2: %+v, error %v", same, err)
		}
		for _, member := range []string{"contoso", "fabrikam"} {
			r := worked(t, s, member, 3)
			must(t, r.Join(t.Context(), Membership{"campaign-1", member}))
		}
		runs, err := s.Runs(t.Context(), Filter{Campaign: "campaign-1"})
		if err != nil || len(runs) != 2 || runs[1].Membership() != (Membership{"campaign-1", "contoso"}) {
			t.Errorf("%d runs, error %v", len(runs), err)
		}
		for _, e := range []MemberEnd{{"contoso", time.Now(), 6, "stopped", "resume"}, {"woodgrove", time.Now(), 5, "no consent", ""}, {"contoso", time.Now(), 0, "", ""}} {
			must(t, s.EndMember(t.Context(), "campaign-1", e))
		}
		ends, err := s.MemberEnds(t.Context(), "campaign-1")
		if err != nil || len(ends) != 2 || ends["contoso"].Exit != 0 || ends["woodgrove"].Error != "no consent" || ends["woodgrove"].Exit != 5 {
			t.Errorf("members ended %+v, error %v", ends, err)
		}
		if err := s.EndMember(t.Context(), "campaign-3", MemberEnd{Member: "contoso"}); err == nil {
			t.Error("a member of no campaign ended")
		}
		pass(t, s, 2*Remembered)
		old, err := s.Old(t.Context(), time.Now().Add(-Remembered))
		must(t, err)
		for i, o := range old {
			done, err := s.ForgetCampaign(t.Context(), "campaign-1")
			if err != nil || done {
				t.Errorf("before %d of %d runs: forgotten %v, error %v", i+1, len(old), done, err)
			}
			must(t, o.Prune(t.Context()))
		}
		if all, err := s.CampaignsBefore(t.Context(), time.Now()); err != nil || len(all) != 3 || all[0].Name != "campaign-1" {
			t.Errorf("campaigns %+v, error %v", all, err)
		}
		if none, err := s.CampaignsBefore(t.Context(), time.Now().Add(-3*Remembered)); err != nil || len(none) != 0 {
			t.Errorf("campaigns before the first: %+v, error %v", none, err)
		}
		unlock, err := s.LockCampaign("campaign-1")
		must(t, err)
		if done, err := s.ForgetCampaign(t.Context(), "campaign-1"); !errors.Is(err, ErrLocked) || done {
			t.Errorf("of one that is worked on: forgotten %v, error %v", done, err)
		}
		must(t, unlock())
		if done, err := s.ForgetCampaign(t.Context(), "campaign-1"); err != nil || !done {
			t.Errorf("forgotten %v, error %v", done, err)
		}
		if ends, err := s.MemberEnds(t.Context(), "campaign-1"); err != nil || len(ends) > 0 {
			t.Errorf("after the campaign: %+v, error %v", ends, err)
		}
	})
}
