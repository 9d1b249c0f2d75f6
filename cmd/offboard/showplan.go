package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/report"
)

// What a plan file holds, for those who approve it.

// showPlan tells who is in a plan file, and what would be done to them.
func (c *command) showPlan(p job.PlanShown, rows iter.Seq2[batch.Planned, error]) error {
	steps := p.File.Head.Plan.Steps
	if c.cli.Output == "json" {
		return c.planDocument(p, rows)
	}
	told, flags := *c, *c.cli
	flags.LogFormat = "text"
	told.stderr, told.cli = c.stdout, &flags // it is what was asked for
	told.asks = false                        // everybody is named below
	told.PlanFile(p.Path, p.File, p.Count)
	for _, why := range p.File.Head.Refusals() {
		told.Say("refused  %s: nobody can apply this plan", why)
	}
	for _, a := range p.Approvals {
		switch {
		case p.Trusted == "":
			told.Say("approval %s, key %s; whose it is, and whether it counts, --trusted FILE tells", a.File, a.Key)
		case a.Why != "":
			told.Say("approval %s, key %s, does not count: %s", a.File, a.Key, a.Why)
		default:
			told.Say("approval %s, key %s: by %s, counts", a.File, a.Key, a.Person)
		}
	}
	if len(p.Approvals) == 0 {
		told.Say("approval none beside the file")
	}
	told.Say("")
	return table(c.stdout, rows, "no row ends so", []column[batch.Planned]{
		{"LINE", "", func(r batch.Planned) any { return at(r.Row.Place()) }},
		{"USER", "", func(r batch.Planned) any { return cmp.Or(r.User.UPN, r.Row.Input) }},
		{"ID", "", func(r batch.Planned) any { return r.User.ID }},
		{"ROLE", "", func(r batch.Planned) any { return roleOf(r.User) }},
		{"KIND", "", func(r batch.Planned) any { return kindOf(r.User) }},
		{"WOULD BE WRITTEN", "", func(r batch.Planned) any { return wouldWrite(steps, r) }},
	})
}

// wouldWrite says what would be done to a user, or why nothing: "disable, revoke, devices
// LAP-1 and 1 not".
func wouldWrite(steps []batch.Step, p batch.Planned) string {
	if p.Record != nil {
		return "nothing: " + strings.TrimSuffix(string(p.Record.Outcome)+", "+p.Record.Reason, ", ")
	}
	writes, not := p.ToWrite(steps)
	var words []string
	for _, s := range steps {
		var names []string
		there := false
		for _, t := range writes {
			if t.Step == s {
				there = true
				if name := cmp.Or(t.Name, t.Kind, t.ID); name != "" {
					names = append(names, name)
				}
			}
		}
		word := string(s)
		if len(names) > 0 {
			word += " (" + strings.Join(names, ", ") + ")"
		}
		if there {
			words = append(words, word)
		}
	}
	text := cmp.Or(strings.Join(words, ", "), "nothing")
	if not > 0 {
		text += fmt.Sprintf("; not %s", batch.Plural(not, "other thing"))
	}
	return text
}

func roleOf(u batch.User) string {
	if u.Privileged {
		return "privileged"
	}
	return ""
}

// kindOf is the type of an account, and what keeps it from being an ordinary one.
func kindOf(u batch.User) string {
	words := []string{u.Type}
	for _, k := range []struct {
		is   bool
		word string
	}{{u.Disabled, "disabled"}, {u.Synced, "synced"}, {u.Restricted, "restricted unit"}} {
		if k.is {
			words = append(words, k.word)
		}
	}
	return strings.TrimPrefix(strings.Join(words, ", "), ", ")
}

// planDocument writes all of it as one JSON document, with the keys of run.json where they mean the
// same. The people are written as they come.
func (c *command) planDocument(p job.PlanShown, rows iter.Seq2[batch.Planned, error]) error {
	plan := p.File.Head.Plan
	approvals := []map[string]any{}
	for _, a := range p.Approvals {
		m := map[string]any{"file": a.File, "key": a.Key, "person": orNil(a.Person), "counts": nil, "reason": nil}
		if p.Trusted != "" {
			m["counts"], m["reason"] = a.Why == "", orNil(a.Why)
		}
		approvals = append(approvals, m)
	}
	head := map[string]any{
		"plan": p.Path, "plan_sha256": p.File.Digest.String(), "approvals": approvals,
		"options": append([]batch.Flag{}, p.File.Head.Options...), "guards": p.File.Head.Guards, "refused": append([]string{}, p.File.Head.Refusals()...),
	}
	for _, key := range []string{"created_at", "version", "input", "input_sha256", "tenant", "app", "cloud", "steps", "settings", "accounts", "rows", "users", "writes"} {
		head[key] = report.Value(report.End{Plan: plan}, key)
	}
	sep := "{"
	for _, key := range slices.Sorted(maps.Keys(head)) {
		if err := writeMember(c.stdout, sep, key, head[key]); err != nil {
			return err
		}
		sep = ",\n"
	}
	if _, err := io.WriteString(c.stdout, sep+`"people":`); err != nil {
		return err
	}
	if err := array(c.stdout, rows, planColumns(plan.Steps)); err != nil {
		return err
	}
	_, err := io.WriteString(c.stdout, "}\n")
	return err
}

func planColumns(steps []batch.Step) []column[batch.Planned] {
	type row = batch.Planned
	ended := func(r row) batch.Record {
		if r.Record == nil {
			return batch.Record{Outcome: batch.NotSent}
		}
		return *r.Record
	}
	return []column[row]{
		{"", "line", func(r row) any { return r.Row.Line }},
		{"", "input", func(r row) any { return r.Row.Input }},
		{"", "user_id", func(r row) any { return orNil(r.User.ID) }},
		{"", "user_principal_name", func(r row) any { return orNil(r.User.UPN) }},
		{"", "user_type", func(r row) any { return orNil(r.User.Type) }},
		{"", "account_enabled", func(r row) any {
			return orNil(map[[2]bool]string{{true, false}: "yes", {false, true}: "no"}[[2]bool{r.User.Enabled, r.User.Disabled}])
		}},
		{"", "role", func(r row) any { return orNil(roleOf(r.User)) }},
		{"", "synced", func(r row) any { return r.User.Synced }},
		{"", "outcome", func(r row) any { return ended(r).Outcome }},
		{"", "reason", func(r row) any { return orNil(ended(r).Reason) }},
		{"", "writes", func(r row) any {
			all, _ := r.ToWrite(steps)
			writes := []map[string]any{}
			for _, t := range all {
				writes = append(writes, map[string]any{"step": t.Step, "target": orNil(t.ID), "name": orNil(t.Name), "kind": orNil(t.Kind)})
			}
			return writes
		}},
		{"", "file", func(r row) any { return orNil(r.Row.File) }},
	}
}

// writeMember writes a key of an object with its value.
func writeMember(w io.Writer, sep, key string, value any) error {
	text, err := json.Marshal(value)
	if err == nil {
		_, err = fmt.Fprintf(w, "%s%q:%s", sep, key, text)
	}
	return err
}

// orNil is null for text that is not known.
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}
