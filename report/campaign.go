package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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
	Exit        int    // see [Worst]
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

// severity are the exit codes of offboard from the worst to the best. Worse is what needs a person
// sooner: what broke off with people half done, then what nobody was done for, then what is done but
// for some.
var severity = []int{1, 6, 7, 5, 4, 2, 3, 0}

// Worst is the exit code of a campaign: the worst of its tenants', or -1 while one has not ended.
func Worst(tenants []CampaignTenant) int {
	worst := 0
	for _, t := range tenants {
		switch {
		case t.Skip:
		case t.Exit < 0:
			return -1
		case slices.Index(severity, t.Exit) < slices.Index(severity, worst):
			worst = t.Exit
		}
	}
	return worst
}

// ExitOf is the exit code of a run that came to its end.
func ExitOf(e End) int {
	if e.Summary.CountOf(batch.Failure) > 0 {
		return 3
	}
	return 0
}

// State is that of the run, or says why there is none.
func (t CampaignTenant) State() string {
	switch {
	case t.Skip:
		return "skipped"
	case t.End == nil && (t.Exit == 0 || t.Exit == 3):
		return "pruned"
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

// LeftAlone is how many lines are left alone on purpose; in a dry run those that would be sent are not.
func (t CampaignTenant) LeftAlone() int {
	if t.End != nil && t.End.Dry {
		return t.End.Summary.CountOf(batch.Neutral)
	}
	return t.Count(batch.Neutral)
}

// Lines is how many lines the tenant's report has.
func (t CampaignTenant) Lines() int {
	if t.End == nil {
		return t.Rows
	}
	return t.End.Summary.Lines
}

// crowd counts people, each once.
type crowd struct{ met, missed, spared, wouldBe int }

// people are those of the tenant's run, as its report.html counts them.
func (t CampaignTenant) people() crowd {
	if t.End == nil {
		return crowd{spared: t.Rows}
	}
	e := t.End.people()
	n := crowd{met: e.Summary.CountOf(batch.Success), spared: e.Summary.CountOf(batch.Neutral)}
	if batch.Contains(e.Plan.Steps) {
		n.met, n.spared = t.End.Summary.Contained, max(0, e.Summary.Lines-t.End.Summary.Users)
	}
	if e.Dry {
		n.wouldBe = e.Summary.Counts[batch.NotSent]
	}
	n.missed = max(0, e.Summary.Lines-n.met-n.spared-n.wouldBe)
	return n
}

// people are those of all tenants, and what the campaign is for.
func (c Campaign) people() (n crowd, of aim) {
	for _, t := range c.Tenants {
		k := t.people()
		n.met, n.missed, n.spared, n.wouldBe = n.met+k.met, n.missed+k.missed, n.spared+k.spared, n.wouldBe+k.wouldBe
		if t.End == nil {
			continue
		}
		if its := aimOf(t.End.Plan); of == (aim{}) {
			of = its
		} else if of != its {
			of = aimOf(batch.Plan{})
		}
	}
	if of == (aim{}) {
		of = aimOf(batch.Plan{})
	}
	return n, of
}

// Headline says of how many people the campaign is true.
func (c Campaign) Headline() string {
	n, of := c.people()
	asked := batch.Thousands(n.met+n.missed+n.wouldBe) + batch.Agree(n.met+n.missed+n.wouldBe, " person ", " people ")
	if c.Dry {
		return fmt.Sprintf("Dry run: %s of %swould be sent", batch.Thousands(n.wouldBe), asked)
	}
	return fmt.Sprintf("%s of %s%s", batch.Thousands(n.met), asked, of.done)
}

// Contained is how many of how many people are contained; ok is false of a campaign that does not contain.
func (c Campaign) Contained() (users, of int, ok bool) {
	n, what := c.people()
	return n.met, n.met + n.missed, !c.Dry && what == aimOf(batch.Plan{Steps: batch.Emergency})
}

// Well is how many of how many tenants ended well, or would be carried out, of a dry run.
func (c Campaign) Well() (well, of int) {
	for _, t := range c.Tenants {
		if t.Skip {
			continue
		}
		if of++; t.tone() == "good" || c.Dry && t.End != nil {
			well++
		}
	}
	return well, of
}

// Tally says how many of the tenants ended well, and how the others stand that did not come to their end.
func (c Campaign) Tally() string {
	others := map[string]int{}
	for _, t := range c.Tenants {
		if state := t.State(); !t.Skip && (t.End == nil || !c.Dry && state != finished) {
			others[state]++
		}
	}
	what := "ended well"
	if c.Dry {
		what = "would be carried out, in a dry run: nothing was written"
	}
	well, of := c.Well()
	words := fmt.Sprintf("%s of %s %s", batch.Thousands(well), batch.Plural(of, "tenant"), what)
	for _, state := range slices.Sorted(maps.Keys(others)) {
		words += fmt.Sprintf(", %s %s", batch.Thousands(others[state]), state)
	}
	for _, t := range c.Tenants {
		if t.End != nil && len(t.End.TakenBack) > 0 { // the counts are those at the end of the run
			words += fmt.Sprintf("; since then the run of %s was %s", t.Name, t.End.TakenBack[len(t.End.TakenBack)-1].Words())
		}
	}
	if c.Rehearsal {
		words += " (a rehearsal in simulated tenants: no real account was touched)"
	}
	return words
}

// Ended are the tenants whose command ended with the exit code.
func (c Campaign) Ended(exit int) (names []string) {
	for _, t := range c.Tenants {
		if !t.Skip && t.Exit == exit {
			names = append(names, t.Name)
		}
	}
	return names
}

// Troubles names the tenants that were not carried out, by exit code, with what that means.
func (c Campaign) Troubles(meaning func(exit int) string) string {
	var words []string
	for _, exit := range severity {
		if names := c.Ended(exit); exit != 0 && exit != 3 && len(names) > 0 {
			words = append(words, fmt.Sprintf("%s (exit %d: %s)", batch.SomeOf(names[:min(5, len(names))], len(names)), exit, meaning(exit)))
		}
	}
	return strings.Join(words, "; ")
}

// tone is how a state looks on the page.
func (t CampaignTenant) tone() string {
	switch {
	case t.End != nil && len(t.End.TakenBack) > 0:
		return "bad"
	case t.Exit == 0 || t.Skip:
		return "good"
	case t.Exit > 0 && t.End == nil:
		return "bad"
	case t.Exit < 0 && t.End != nil && t.End.State == finished && t.Count(batch.Failure) == 0:
		return "good"
	}
	return "warn"
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
	people := func(n crowd) object { return object{{"people", n.met + n.missed + n.wouldBe}, {"people_done", n.met}} }
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
			o = append(o, object{{"run", nil}, {"tenant_id", nil}, {"tenant_name", nil}, {"counts", nil}, {"taken_back_by", []object{}}}...)
		} else {
			counts := object{}
			for _, outcome := range batch.Outcomes {
				counts = append(counts, member{string(outcome), t.End.Summary.Counts[outcome]})
			}
			o = append(o, object{{"run", t.End.Plan.Run}, {"tenant_id", orNull(t.End.Plan.Tenant)}, {"tenant_name", orNull(t.End.Plan.Terms.TenantName)}, {"counts", counts}, {"taken_back_by", undosOf(t.End.TakenBack)}}...)
		}
		tenants = append(tenants, append(append(o, people(t.people())...), object{
			{"lines", t.Lines()}, {"success", t.Count(batch.Success)}, {"neutral", t.Count(batch.Neutral)}, {"failure", t.Count(batch.Failure)},
			{"exit", exitOf(t.Exit)}, {"error", orNull(t.Error)}, {"next", orNull(t.Next)}, {"report", orNull(t.Report)},
		}...))
	}
	all, _ := c.people()
	return append(object{
		{"campaign", c.Name}, {"input", c.Input}, {"created_at", orNull(c.Created)}, {"dry_run", c.Dry}, {"rehearsal", c.Rehearsal}, {"report_dir", orNull(c.Dir)},
		{"success", c.Count(batch.Success)}, {"neutral", c.Count(batch.Neutral)}, {"failure", c.Count(batch.Failure)},
		{"tenants", tenants}, {"exit", exitOf(c.Exit)}, {"next", orNull(c.Next)},
	}, people(all)...).MarshalJSON()
}
