package main

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/report"
)

// What each list shows; table.go writes them.

// runs lists runs.
func (c *command) runs(runs []job.RunInfo) error {
	type info = job.RunInfo
	end := func(r info) report.End {
		return report.End{Plan: r.Plan, State: string(r.State), Summary: r.Summary, TakenBack: r.TakenBack, Campaign: r.Campaign}
	}
	columns := []column[info]{
		{"RUN", "", func(r info) any { return r.Plan.Run }},
		{"STATE", "", func(r info) any { return r.State }},
		{"CREATED", "", func(r info) any { return r.Plan.Created }},
		{"TENANT", "", func(r info) any { return cmp.Or(r.Plan.Terms.TenantName, r.Plan.Tenant, "unknown") }},
		{"INPUT", "", func(r info) any { return r.Plan.Input }},
		{"ROWS", "", func(r info) any { return r.Summary.Lines }},
		{"SUCCESS", "", func(r info) any { return r.Summary.CountOf(batch.Success) }},
		{"NOT DONE", "", func(r info) any { return r.Summary.CountOf(batch.Failure) }},
		{"OPEN", "", openUsers},
	}
	if slices.ContainsFunc(runs, func(r info) bool { return r.Campaign != "" }) {
		columns = append(columns, column[info]{"CAMPAIGN", "", func(r info) any { return r.Campaign }})
	}
	if slices.ContainsFunc(runs, func(r info) bool { return len(r.TakenBack) > 0 }) {
		columns = append(columns, column[info]{"SINCE THEN", "", takenBack})
	}
	for _, key := range []string{"run", "state", "created_at", "input", "tenant", "cloud", "steps", "undoes", "taken_back_by", "campaign", "rows", "users", "writes", "counts", "success", "neutral", "failure", "open"} {
		columns = append(columns, ofDocument(key, end))
	}
	return list(c, all(runs), "no such runs", columns...)
}

// ofDocument is a column in JSON alone, with the key and the value that run.json has.
func ofDocument[T any](key string, end func(T) report.End) column[T] {
	return column[T]{"", key, func(row T) any { return report.Value(end(row), key) }}
}

// takenBack are the undos of a run in words.
func takenBack(r job.RunInfo) any {
	var words []string
	for _, u := range r.TakenBack {
		words = append(words, u.Words())
	}
	return strings.Join(words, "; and ")
}

// openUsers are the users of a run whom going on with it would settle.
func openUsers(r job.RunInfo) any {
	if !r.State.Resumable() {
		return 0
	}
	return r.Summary.Open()
}

// lines is a table of a report's lines.
func (c *command) lines(rows iter.Seq2[batch.Line, error]) error {
	if _, err := fmt.Fprintln(c.stdout); err != nil {
		return err
	}
	type line = batch.Line
	whole := func(l line) *line { return &l }
	return table(c.stdout, rows, "no line ended so", []column[line]{
		{"LINE", "", func(l line) any { return at(l.Row.Place()) }},
		reported("INPUT", "input", whole),
		{"USER", "", func(l line) any { return l.User.Name() }},
		reported("OUTCOME", "outcome", whole),
		reported("HTTP STATUS", "http_status", whole),
		reported("ERROR CODE", "error_code", whole),
		reported("REASON", "reason", whole),
	})
}

// mentions lists what became of a user; none is what is said if nothing did.
func (c *command) mentions(mentions iter.Seq2[*journal.Mention, error], none string) error {
	type mention = *journal.Mention
	line := func(m mention) *batch.Line { return &m.Line }
	end := func(m mention) report.End { return report.End{Plan: m.Plan, State: string(m.State)} }
	return list(c, mentions, none,
		ofDocument("run", end), ofDocument("state", end), ofDocument("created_at", end), ofDocument("tenant", end), ofDocument("cloud", end), ofDocument("steps", end),
		column[mention]{"RUN", "", func(m mention) any { return m.Plan.Run }},
		column[mention]{"STATE", "", func(m mention) any { return m.State }},
		column[mention]{"CREATED", "", func(m mention) any { return m.Plan.Created }},
		column[mention]{"TENANT", "", func(m mention) any { return cmp.Or(m.Plan.Tenant, "unknown") }},
		column[mention]{"CLOUD", "", func(m mention) any { return m.Plan.Cloud }},
		column[mention]{"", "simulated", func(m mention) any { return m.Plan.Cloud == job.Simulated }},
		column[mention]{"STEPS", "", func(m mention) any { return batch.StepList(m.Plan.Steps) }},
		column[mention]{"LINE", "", func(m mention) any { return at(m.Line.Row.Place()) }},
		column[mention]{"", "line", func(m mention) any { return m.Line.Row.Line }},
		reported("", "file", line),
		column[mention]{"", "input", func(m mention) any { return m.Line.Row.Input }},
		reported("", "user_id", line),
		reported("", "user_principal_name", line),
		reported("OUTCOME", "outcome", line),
		reported("SENT AT", "sent_at", line),
		reported("VALID FROM AFTER", "valid_from_after", line),
		reported("REASON", "reason", line),
	)
}

// proofs tells how many users or writes hold, and which do not.
func (c *command) proofs(checked int, failing []*job.Proof) error {
	holds := checked - len(failing)
	if c.cli.Output == "json" {
		return c.encode(map[string]any{"checked": checked, "holds": holds, "failing": append([]*job.Proof{}, failing...)})
	}
	if _, err := fmt.Fprintf(c.stdout, "%s of %s hold\n", batch.Thousands(holds), batch.Thousands(checked)); err != nil || len(failing) == 0 {
		return err
	}
	type proof = *job.Proof
	if slices.ContainsFunc(failing, func(p proof) bool { return p.Step != "" }) {
		return table(c.stdout, all(failing), "", []column[proof]{
			{"LINE", "", func(p proof) any { return at(batch.Place{File: p.File, Line: p.Line}) }},
			{"USER", "", func(p proof) any { return cmp.Or(p.UPN, p.ID, p.Input) }},
			{"STEP", "", func(p proof) any { return p.Step }},
			{"TARGET", "", func(p proof) any { return cmp.Or(p.Name, p.Target) }},
			{"SHOWN", "", func(p proof) any { return p.Shown }},
			{"REASON", "", func(p proof) any { return p.Reason }},
		})
	}
	return table(c.stdout, all(failing), "", []column[proof]{
		{"LINE", "", func(p proof) any { return at(batch.Place{File: p.File, Line: p.Line}) }},
		{"INPUT", "", func(p proof) any { return p.Input }},
		{"STAMP", "", stamp},
		{"REASON", "", func(p proof) any { return p.Reason }},
	})
}

// at is a place in a column of lines: "3", or "3 of paris.csv".
func at(p batch.Place) string { return strings.TrimPrefix(p.String(), "line ") }

// stamp is what the directory has of a user.
func stamp(p *job.Proof) any {
	if p.Stamp.IsZero() {
		return "none"
	}
	return p.Stamp.UTC().Format(time.RFC3339)
}
