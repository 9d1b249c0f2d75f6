package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/durable"
)

// Metrics of the last command that carried a run out, in Prometheus' text format. They
// have one label for the tenant, and none for a person or a run.

// metric is a family of samples, each a gauge.
type metric struct {
	name, help string
	samples    []sample
}

type sample struct {
	labels string // beside the tenant, such as outcome="denied"
	value  float64
}

const (
	lastSuccess  = "offboard_last_success_timestamp_seconds"
	lastFinished = "offboard_last_finished_timestamp_seconds"
)

// measure replaces the file of metrics. Of the file that is there it keeps the times of
// the last success and of the last run that came to its end, and the tenant when this
// command ended before it knew one.
func (c *command) measure(name string, code exitCode, now time.Time) error {
	old, err := os.ReadFile(name)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	plan, n := c.facts.about(), c.facts.numbers()
	tenant := `"` + labelled.Replace(plan.Tenant) + `"`
	if m := tenantOf.FindSubmatch(old); plan.Tenant == "" && m != nil {
		tenant = string(m[1])
	}
	one := func(v float64) []sample { return []sample{{value: v}} }
	at := float64(now.UnixMilli()) / 1000
	all := []metric{
		{"offboard_exit_code", "Exit code of the last command: 0 is success, 3 some users are not done.", one(float64(code))},
		{"offboard_end_timestamp_seconds", "When it ended.", one(at)},
		{"offboard_duration_seconds", "How long it took, planning included.", one(now.Sub(c.host.Began).Seconds())},
	}
	if n.counts != nil {
		people := metric{"offboard_people", "Users to whom it had something to do.", one(float64(plan.Users))}
		rows := metric{"offboard_rows", "Rows of its input by outcome.", nil}
		for _, o := range batch.Outcomes {
			rows.samples = append(rows.samples, sample{fmt.Sprintf("outcome=%q", o), float64(n.counts[o])})
		}
		all = append(all, people, rows)
	}
	all = append(all, c.facts.ofSteps()...)
	for _, m := range []metric{
		{lastSuccess, "When a command last ended with exit code 0.", lastOf(old, lastSuccess, tenant, at, code == exitDone)},
		{lastFinished, "When a run last came to its end, with exit code 0 or 3.", lastOf(old, lastFinished, tenant, at, code == exitDone || code == exitPartial)},
	} {
		if m.samples != nil {
			all = append(all, m)
		}
	}
	return durable.WriteShared(name, func(w io.Writer) error {
		for _, m := range all {
			if _, err := io.WriteString(w, m.text(tenant)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ofSteps are users by step and outcome, of a run with several steps, and how many are
// contained, of one that contains people.
func (f *facts) ofSteps() []metric {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.end == nil {
		return nil
	}
	var all []metric
	users := metric{"offboard_step_users", "Users by step and outcome.", nil}
	for _, s := range f.end.Summary.Steps {
		for _, o := range batch.Outcomes {
			users.samples = append(users.samples, sample{fmt.Sprintf("step=%q,outcome=%q", s.Step, o), float64(s.Users[o])})
		}
	}
	if len(users.samples) > 0 {
		all = append(all, users)
	}
	if batch.Contains(f.plan.Steps) {
		all = append(all, metric{"offboard_contained_people", "Users of whom the directory showed all urgent steps done.", []sample{{value: float64(f.end.Summary.Contained)}}})
	}
	return all
}

// text is the family in the text format.
func (m metric) text(tenant string) string {
	s := fmt.Sprintf("# HELP %s %s\n# TYPE %s gauge\n", m.name, m.help, m.name)
	for _, sample := range m.samples {
		labels := "tenant=" + tenant
		if sample.labels != "" {
			labels += "," + sample.labels
		}
		s += fmt.Sprintf("%s{%s} %s\n", m.name, labels, strconv.FormatFloat(sample.value, 'f', -1, 64))
	}
	return s
}

// labelled is the text of a label's value.
var labelled = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// tenantOf finds the tenant of an older file.
var tenantOf = regexp.MustCompile(`(?m)^offboard_exit_code\{tenant=("(?:[^"\\]|\\.)*")\} `)

// lastOf is the time of the last one: now, or what the older file has of the tenant; nil
// when there was none.
func lastOf(old []byte, name, tenant string, now float64, is bool) []sample {
	if is {
		return []sample{{value: now}}
	}
	prefix := name + "{tenant=" + tenant + "} "
	for line := range strings.Lines(string(old)) {
		if text, ok := strings.CutPrefix(line, prefix); ok {
			if v, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
				return []sample{{value: v}}
			}
		}
	}
	return nil
}
