package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"slices"
	"strconv"
	"strings"

	"offboard/batch"
)

// tenantRow is a tenant on the page.
type tenantRow struct {
	CampaignTenant
	Tone   string
	ID     []string // the tenant, in pieces between which a line may break
	Counts []tenantCount
	Exit   string
	rank   int
}

// tenantCount is a cell of the table, with its heading for narrow screens.
type tenantCount struct{ Heading, Value string }

// rows are the tenants, those that need a person soonest first.
func (c Campaign) rows() (rows []tenantRow) {
	for _, t := range c.Tenants {
		n := t.people()
		r := tenantRow{CampaignTenant: t, Tone: t.tone(), ID: strings.SplitAfter(t.Tenant, "."), rank: slices.Index(severity, t.Exit)}
		switch {
		case t.Skip:
			r.rank = len(severity)
		case t.Exit < 0:
			r.rank = slices.Index(severity, 6) // it can go on
		default:
			r.Exit = strconv.Itoa(t.Exit)
		}
		for _, k := range []struct {
			heading string
			n       int
		}{{"People", n.met + n.missed + n.wouldBe}, {"Done", n.met}, {"Not done", n.missed}, {"Left alone", n.spared}} {
			r.Counts = append(r.Counts, tenantCount{k.heading, batch.Thousands(k.n)})
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b tenantRow) int { return a.rank - b.rank })
	return rows
}

// Troubled reports whether something is left to do in a tenant.
func (c Campaign) Troubled() bool {
	return slices.ContainsFunc(c.Tenants, func(t CampaignTenant) bool { return t.Error+t.Next != "" })
}

// Write makes campaign.html and campaign.json in the campaign's directory.
func (c Campaign) Write() error {
	var document bytes.Buffer
	enc := json.NewEncoder(&document)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(c); err != nil {
		return err
	}
	n, of := c.people()
	all := n.met + n.missed + n.spared + n.wouldBe
	var parts []label2
	var legend []label
	for _, k := range []struct {
		class string
		n     int
		what  string
	}{{"done", n.met, of.done}, {"open", n.wouldBe, "would be sent"}, {"failed", n.missed, of.missed}, {"alone", n.spared, "left alone on purpose"}} {
		parts = append(parts, label2{k.class, k.n})
		if k.n > 0 {
			legend = append(legend, label{k.class, batch.Thousands(k.n), k.what})
		}
	}
	var page bytes.Buffer
	err := pageTemplate.ExecuteTemplate(&page, "campaign.html", struct {
		Campaign
		Policy, Title string
		Style         template.CSS
		Bar           []segment
		Legend        []label
		Rows          []tenantRow
	}{c, pagePolicy, "offboard " + c.Name, template.CSS(pageStyle), bar(all, parts...), legend, c.rows()})
	if err == nil {
		err = os.MkdirAll(c.Dir, 0o700)
	}
	if err == nil {
		err = put(c.Dir, campaignDocument, document.Bytes())
	}
	if err == nil {
		err = put(c.Dir, campaignPage, page.Bytes())
	}
	if err != nil {
		return fmt.Errorf("write the summary of %s: %w", c.Name, err)
	}
	return nil
}
