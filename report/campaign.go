package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"strconv"
	"time"

	"offboard/batch"
)

// Names of the files of a campaign, beside the directories of its tenants.
const (
	campaignPage     = "campaign.html"
	campaignDocument = "campaign.json"
)

// Campaign is how the runs of a campaign stand.
type Campaign struct {
	Name, Input string
	Created     time.Time
	Dry         bool
	Rehearsal   bool   // its tenants are simulated
	Dir         string // of the reports; "" when none are written
	Exit        int    // the worst of those of the tenants; see the exit codes of offboard. -1: not all of them ended
	Next        string // what to do now; "" for nothing
	Tenants     []CampaignTenant
}

// CampaignTenant is a tenant of it.
type CampaignTenant struct {
	Name, Tenant string
	Skip         bool // it is left out on purpose
	Rows         int  // of one that is left out, in the file of all
	End          *End // of its run; nil when there is none
	Exit         int  // of its command; -1 when none has worked on it to an end
	Error        string
	Next         string
	Report       string // its page, from where the campaign's page stands; "" when there is none
}

// State is that of the run, or says why there is none.
func (t CampaignTenant) State() string {
	switch {
	case t.Skip:
		return "skipped"
	case t.End == nil && t.Exit >= 0:
		return "not begun"
	case t.End == nil:
		return "no run"
	}
	return t.End.State
}

// Count is how many lines of the tenant's report are of a kind.
func (t CampaignTenant) Count(k batch.Kind) int {
	switch {
	case t.End != nil:
		return t.End.count(k)
	case k == batch.Neutral:
		return t.Rows
	}
	return 0
}

// WouldBeSent is how many lines of a dry run a run would send.
func (t CampaignTenant) WouldBeSent() int {
	if t.End == nil || !t.End.Dry {
		return 0
	}
	return t.End.Summary.Counts[batch.NotSent]
}

// Lines is how many lines the tenant's report has.
func (t CampaignTenant) Lines() int {
	if t.End == nil {
		return t.Rows
	}
	return t.End.Summary.Lines
}

// Count is that of all tenants.
func (c Campaign) Count(k batch.Kind) (n int) {
	for _, t := range c.Tenants {
		n += t.Count(k)
	}
	return n
}

// MarshalJSON gives the document of the campaign. Every key is always there.
func (c Campaign) MarshalJSON() ([]byte, error) {
	exitOf := func(code int) any {
		if code < 0 {
			return nil
		}
		return code
	}
	tenants := []object{}
	for _, t := range c.Tenants {
		o := object{{"name", t.Name}, {"tenant", t.Tenant}, {"state", t.State()}}
		if t.End == nil {
			o = append(o, object{{"run", nil}, {"tenant_id", nil}, {"tenant_name", nil}, {"counts", nil}}...)
		} else {
			counts := object{}
			for _, outcome := range batch.Outcomes {
				counts = append(counts, member{string(outcome), t.End.Summary.Counts[outcome]})
			}
			o = append(o, object{{"run", t.End.Plan.Run}, {"tenant_id", orNull(t.End.Plan.Tenant)}, {"tenant_name", orNull(t.End.Plan.Terms.TenantName)}, {"counts", counts}}...)
		}
		tenants = append(tenants, append(o, object{
			{"lines", t.Lines()}, {"success", t.Count(batch.Success)}, {"neutral", t.Count(batch.Neutral)}, {"failure", t.Count(batch.Failure)},
			{"exit", exitOf(t.Exit)}, {"error", orNull(t.Error)}, {"next", orNull(t.Next)}, {"report", orNull(t.Report)},
		}...))
	}
	return json.Marshal(object{
		{"campaign", c.Name}, {"input", c.Input}, {"created_at", orNull(c.Created)}, {"dry_run", c.Dry}, {"rehearsal", c.Rehearsal}, {"report_dir", orNull(c.Dir)},
		{"success", c.Count(batch.Success)}, {"neutral", c.Count(batch.Neutral)}, {"failure", c.Count(batch.Failure)},
		{"tenants", tenants}, {"exit", exitOf(c.Exit)}, {"next", orNull(c.Next)},
	})
}

// toneOf is how a state looks on the page.
func (t CampaignTenant) tone() string {
	switch {
	case t.Exit == 0 || t.Skip:
		return "good"
	case t.Exit > 0 && t.End == nil:
		return "bad"
	case t.End != nil && t.End.State == finished && t.Count(batch.Failure) == 0:
		return "good"
	}
	return "warn"
}

// Headline tells the whole in one sentence.
func (c Campaign) Headline() string {
	well, of := 0, 0
	for _, t := range c.Tenants {
		if !t.Skip {
			of++
		}
		if !t.Skip && (t.tone() == "good" || c.Dry && t.End != nil) {
			well++
		}
	}
	what := "ended well"
	if c.Dry {
		what = "would be carried out, in a dry run: nothing was written"
	}
	if c.Rehearsal {
		what += " (a rehearsal in simulated tenants: no real account was touched)"
	}
	return fmt.Sprintf("%s of %s %s", batch.Thousands(well), batch.Plural(of, "tenant"), what)
}

// Write makes campaign.html and campaign.json in the campaign's directory.
func (c Campaign) Write() error {
	document, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	type row struct {
		CampaignTenant
		Tone   string
		Counts []string
		Exit   string
	}
	rows := []row{}
	for _, t := range c.Tenants {
		r := row{CampaignTenant: t, Tone: t.tone()}
		for _, n := range []int{t.Lines(), t.Count(batch.Success), t.Count(batch.Neutral), t.Count(batch.Failure)} {
			r.Counts = append(r.Counts, batch.Thousands(n))
		}
		if t.Exit >= 0 {
			r.Exit = strconv.Itoa(t.Exit)
		}
		rows = append(rows, r)
	}
	var parts []label2
	var legend []label
	all := 0
	for _, k := range []struct {
		kind        batch.Kind
		class, what string
	}{{batch.Success, "done", "in success"}, {batch.Neutral, "alone", "left alone on purpose"}, {batch.Failure, "failed", "not done"}} {
		n := c.Count(k.kind)
		all += n
		parts = append(parts, label2{k.class, n})
		legend = append(legend, label{k.class, batch.Thousands(n), batch.Agree(n, "line ", "lines ") + k.what})
	}
	var page bytes.Buffer
	err = pageTemplate.ExecuteTemplate(&page, "campaign.html", struct {
		Campaign
		Policy, Title string
		Style         template.CSS
		Bar           []segment
		Legend        []label
		Rows          []row
	}{c, pagePolicy, "offboard " + c.Name, template.CSS(pageStyle), bar(all, parts...), legend, rows})
	if err == nil {
		err = os.MkdirAll(c.Dir, 0o700)
	}
	if err == nil {
		err = put(c.Dir, campaignDocument, append(document, '\n'))
	}
	if err == nil {
		err = put(c.Dir, campaignPage, page.Bytes())
	}
	if err != nil {
		return fmt.Errorf("write the summary of %s: %w", c.Name, err)
	}
	return nil
}
