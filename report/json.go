package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"offboard/batch"
)

// document is what [JSON] writes. Every key is always there.
type document struct {
	Run       string    `json:"run"`
	State     string    `json:"state"`
	Reason    *string   `json:"reason"`
	Created   *string   `json:"created_at"`
	Ended     *string   `json:"ended_at"`
	Written   *string   `json:"written_at"`
	Version   string    `json:"version"`
	Input     string    `json:"input"`
	Digest    string    `json:"input_sha256"`
	Settings  []setting `json:"settings"`
	Tenant    string    `json:"tenant"`
	App       string    `json:"app"`
	Cloud     string    `json:"cloud"`
	Action    string    `json:"action"`
	Rows      int       `json:"rows"`
	Skips     int       `json:"skipped_lines"`
	Lines     int       `json:"lines"`
	Counts    counts    `json:"counts"`
	Success   int       `json:"success"`
	Neutral   int       `json:"neutral"`
	Failure   int       `json:"failure"`
	Open      int       `json:"open"`
	Accounts  accounted `json:"accounts"`
	Timing    timed     `json:"timing"`
	ReportDir *string   `json:"report_dir"`
	Files     []string  `json:"files"`
	Retry     *string   `json:"retry"`
	Resume    *string   `json:"resume"`
	DryRun    bool      `json:"dry_run"`
	Held      *string   `json:"held_by"`
}

// accounted counts the users of the plan, as the directory had them.
type accounted struct {
	External   int `json:"external"`
	Synced     int `json:"synced"`
	Enabled    int `json:"enabled"`
	Privileged int `json:"privileged"`
}

// timed has seconds from the first call; what was not reached is null.
type timed struct {
	Started *string            `json:"started_at"`
	Users   int                `json:"users"`
	Median  *float64           `json:"median_s"`
	P95     *float64           `json:"p95_s"`
	Last    *float64           `json:"last_s"`
	Refused int                `json:"refused"`
	Waits   map[string]float64 `json:"waits_s"`
}

func timedOf(t batch.Timing) timed {
	doc := timed{Started: known(stamp(t.Started)), Users: t.Users, Refused: t.Refused, Waits: map[string]float64{
		"paused": t.Waits.Paused.Seconds(), "quota": t.Waits.Quota.Seconds(),
		"learned": t.Waits.Learned.Seconds(), "rate": t.Waits.Rate.Seconds(),
	}}
	if t.Users > 0 {
		median, p95, last := t.Median.Seconds(), t.P95.Seconds(), t.Last.Seconds()
		doc.Median, doc.P95, doc.Last = &median, &p95, &last
	}
	return doc
}

type setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Why   string `json:"why"`
}

// JSON writes the end of a run as one JSON document.
//
// rows is what the plan says the input has, lines what the report has; they
// are equal unless records are missing. counts has every outcome, zero
// included. success, neutral and failure add up to lines; open is the part of
// failure that a resumed run works on. In a dry run not_sent is neutral. What
// there is none of is null.
func JSON(w io.Writer, e End) error {
	p := e.Plan
	doc := document{
		Run: p.Run, State: e.State, Reason: known(e.Reason), Version: p.Version,
		Created: known(stamp(p.Created)), Ended: known(stamp(e.Ended)), Written: known(stamp(e.Written)),
		Input: p.Input, Digest: p.Digest, Settings: []setting{},
		Tenant: p.Tenant, App: p.App, Cloud: p.Cloud, Action: string(p.Action),
		Rows: p.Rows, Skips: e.Skips, Lines: e.Summary.Lines, Counts: counts(e),
		Success: e.count(batch.Success), Neutral: e.count(batch.Neutral),
		Failure: e.count(batch.Failure), Open: e.open(), DryRun: e.Dry, Held: known(e.Held),
		Accounts:  accounted(p.Accounts),
		Timing:    timedOf(e.Timing),
		ReportDir: known(e.Dir), Files: []string{}, Retry: known(e.Retry), Resume: known(e.Resume),
	}
	for _, s := range p.Settings {
		doc.Settings = append(doc.Settings, setting(s))
	}
	doc.Files = append(doc.Files, e.Files...)

	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return fmt.Errorf("write summary as JSON: %w", err)
	}
	return nil
}

// counts is an object with the outcomes in the order in which people read them.
type counts End

// MarshalJSON keeps the order, which a map would not.
func (c counts) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	sep := "{"
	for _, o := range End(c).outcomes() {
		b.WriteString(sep)
		b.Write(appendString(nil, string(o)))
		fmt.Fprintf(&b, ":%d", c.Summary.Counts[o])
		sep = ","
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// known is nil for what there is none of.
func known(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// stamp is a time in whole seconds, or "" for the zero time.
func stamp(t time.Time) string { return moment(t, seconds).text }
