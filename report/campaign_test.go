package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

func ended(run string, steps []batch.Step, contained int, counts map[batch.Outcome]int) *End {
	e := &End{Plan: batch.Plan{Run: run, Steps: steps}, State: finished, Summary: batch.Summary{Counts: counts}}
	for _, n := range counts {
		e.Summary.Lines += n
	}
	e.Summary.Users, e.Summary.Contained = e.Summary.Lines-counts[batch.Protected], contained
	return e
}

// The page says first of how many people it is true, then of how many tenants, and has those tenants first
// that need somebody soonest. A long domain may break after each dot.
func TestCampaignPage(t *testing.T) {
	long := strings.Repeat("averylonglabelofadomain.", 5) + "example"
	c := Campaign{Name: "campaign-1", Input: "all.yaml", Created: time.Now(), Dir: t.TempDir(), Tenants: []CampaignTenant{
		{Name: "well", Tenant: "a.example", End: ended("1", batch.Emergency, 8, map[batch.Outcome]int{batch.Verified: 8, batch.Protected: 2})},
		{Name: "spared", Tenant: "b.example", Skip: true, Rows: 3, Exit: -1},
		{Name: "partly", Tenant: long, Exit: 3, End: ended("2", batch.Emergency, 5, map[batch.Outcome]int{batch.Verified: 5, batch.NotFound: 1}), Next: "offboard run retry.csv"},
		{Name: "open", Tenant: "d.example", Exit: -1, End: ended("3", batch.Emergency, 0, map[batch.Outcome]int{batch.NotSent: 4})},
		{Name: "barred", Tenant: "e.example", Exit: 5, Error: "permission missing", Next: "offboard doctor x.csv && offboard resume campaign-1"},
		{Name: "broken", Tenant: "f.example", Exit: 1, Error: "the disk", Next: "offboard resume campaign-1"},
	}}
	c.Tenants[3].End.State = "stopped"
	if c.Exit = Worst(c.Tenants); c.Exit != -1 {
		t.Errorf("exit code %d while one is open", c.Exit)
	}
	if got := Worst(append(c.Tenants[:3:3], c.Tenants[4:]...)); got != 1 {
		t.Errorf("the worst exit code is %d", got)
	}
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(c.Dir, campaignPage))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	var order []string
	for _, m := range regexp.MustCompile(`data-label="Tenant"><div>(\w+)`).FindAllStringSubmatch(page, -1) {
		order = append(order, m[1])
	}
	if got := strings.Join(order, " "); got != "broken open barred partly well spared" {
		t.Errorf("the order is %s", got)
	}
	for _, want := range []string{"<h1>13 of 18 people contained</h1>", "1 of 5 tenants ended well, 2 not begun, 1 stopped.", "averylonglabelofadomain.<wbr>", `<td data-label="People">6</td><td data-label="Done">5</td><td data-label="Not done">1</td><td data-label="Left alone">0</td>`} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in\n%s", want, page)
		}
	}
	document, err := os.ReadFile(filepath.Join(c.Dir, campaignDocument))
	if err != nil || !strings.Contains(string(document), `"people_done": 13`) || !strings.Contains(string(document), "x.csv && offboard") {
		t.Errorf("%s, error %v", document, err)
	}
}

// The summary of another campaign is moved aside with the reports that it leads to, and with no other: also
// where a later campaign has written its own into the directory of a tenant of the same name.
func TestMoveCampaignAside(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	document, err := json.Marshal(map[string]any{"campaign": "campaign-1", "tenants": []any{
		map[string]any{"name": "a", "run": "1a"}, map[string]any{"name": "b", "run": "1b"}, map[string]any{"name": "c", "run": nil}, map[string]any{"name": "d", "run": "1d"}}})
	if err != nil {
		t.Fatal(err)
	}
	put("campaign.json", string(document))
	put("campaign.html", "page")
	put("a/run.json", `{"run": "1a"}`)
	put("a/offboard-2a/run.json", `{"run": "2a"}`) // which a run put aside that ended later
	put("b/run.json", `{"run": "2b"}`)
	put("b/offboard-1b/run.json", `{"run": "1b"}`)
	put("c/run.json", `{"run": "2c"}`)
	put("d/run.json", `{"run": "1d"}`)
	to, err := MoveCampaignAside(dir, "campaign-2")
	if err != nil || to != filepath.Join(dir, "offboard-campaign-1") {
		t.Fatalf("%q, error %v", to, err)
	}
	for name, run := range map[string]string{"offboard-campaign-1/a": "1a", "a/offboard-2a": "2a", "offboard-campaign-1/b": "1b", "b": "2b", "c": "2c", "offboard-campaign-1/d": "1d", "a": "", "offboard-campaign-1/c": ""} {
		if got := RunOf(filepath.Join(dir, name)); got != run {
			t.Errorf("%s has the report of %q, want %q", name, got, run)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "d")); err == nil {
		t.Error("an empty directory stays")
	}
	if to, err := MoveCampaignAside(dir, "campaign-2"); to != "" || err != nil {
		t.Errorf("moved once more: %q, error %v", to, err)
	}
}

// A dry run of a campaign counts each line that would be sent as that, and none of them as left alone.
func TestCampaignDryLeavesAlone(t *testing.T) {
	e := End{Dry: true, Summary: batch.Summary{Lines: 64, Counts: map[batch.Outcome]int{batch.NotFound: 1, batch.Protected: 1, batch.NotSent: 62}}, Vain: batch.Summary{Lines: 1}}
	if m := (CampaignTenant{End: &e}); m.WouldBeSent() != 62 || m.LeftAlone() != 1 || m.Count(batch.Failure) != 2 {
		t.Errorf("%d would be sent, %d left alone, %d not done", m.WouldBeSent(), m.LeftAlone(), m.Count(batch.Failure))
	}
}

// A tenant whose command ended in an error did not end well, whatever its run did.
func TestCampaignWell(t *testing.T) {
	e := End{State: finished, Summary: batch.Summary{Lines: 1, Counts: map[batch.Outcome]int{batch.Verified: 1}}}
	for exit, want := range map[int]int{-1: 1, 0: 1, 1: 0, 3: 0, 6: 0} {
		if well, of := (Campaign{Tenants: []CampaignTenant{{End: &e, Exit: exit}}}).Well(); well != want || of != 1 {
			t.Errorf("exit %d: %d of %d ended well, want %d", exit, well, of, want)
		}
	}
}

// A run that was taken back since did not end well, and the campaign names the undo.
func TestCampaignTakenBack(t *testing.T) {
	e := End{State: finished, TakenBack: []Undo{{Run: "20260102-000000-0001"}}, Summary: batch.Summary{Lines: 1, Counts: map[batch.Outcome]int{batch.Verified: 1}}}
	c := Campaign{Tenants: []CampaignTenant{{Name: "one", End: &e}, {Name: "two"}}}
	doc, err := c.MarshalJSON()
	if well, of := c.Well(); err != nil || well != 1 || of != 2 || !strings.Contains(c.Tally(), "; since then the run of one was taken back by undo 20260102-000000-0001") || !strings.Contains(string(doc), `"taken_back_by":[{"run":"20260102-000000-0001"`) {
		t.Errorf("%d of %d, %s, %s, error %v", well, of, c.Tally(), doc, err)
	}
}
