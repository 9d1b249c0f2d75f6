package job

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
)

// mostUnlike is how many runs are named that --since last did not take.
const mostUnlike = 3

// unlikeLast says what --since last looked for, and how the finished runs that come nearest
// differ from it.
func (j *job) unlikeLast(ctx context.Context, plan batch.Plan) (string, error) {
	runs, err := j.store.Runs(ctx, journal.Filter{States: []journal.State{journal.Finished}})
	if err != nil {
		return "", err
	}
	plan.Settings = append(slices.Clone(plan.Settings), batch.Setting{Name: "since", Why: "--since " + sinceLast})
	looked := fmt.Sprintf("a finished run of tenant %s at %s with --steps %s %s", cmp.Or(plan.Tenant, "unknown"), plan.Cloud, batch.StepList(plan.Steps), strings.Join(choiceFlags(plan), " "))
	if len(runs) == 0 {
		return looked + "; no run of this journal has finished", nil
	}
	differ := make(map[*journal.Run][]string, len(runs))
	for _, run := range runs {
		differ[run] = differences(plan, run.Plan())
	}
	slices.SortStableFunc(runs, func(a, b *journal.Run) int { return len(differ[a]) - len(differ[b]) }) // the newest come first
	var near []string
	for _, run := range runs[:min(mostUnlike, len(runs))] {
		p := run.Plan()
		near = append(near, fmt.Sprintf("run %s of %s %s", p.Run, p.Created.UTC().Format(time.DateOnly), strings.Join(differ[run], ", ")))
	}
	return looked + "; the nearest: " + strings.Join(near, "; "), nil
}

// differences are the ways in which an earlier plan is not of the same choice as the plan.
func differences(plan, was batch.Plan) (all []string) {
	switch {
	case was.Cloud != plan.Cloud:
		all = append(all, "was at "+was.Cloud)
	case was.Tenant != plan.Tenant:
		all = append(all, "was of tenant "+was.Tenant)
	}
	if !slices.Equal(was.Steps, plan.Steps) {
		all = append(all, "had --steps "+batch.StepList(was.Steps))
	}
	alike := undated(was.Choice) == undated(plan.Choice)
	if !alike {
		mine, theirs := choiceFlags(plan), choiceFlags(was)
		all = append(append(all, without(theirs, mine, "had ")...), without(mine, theirs, "lacked ")...)
	}
	switch {
	case len(all) > 0:
	case !alike:
		all = append(all, "had the same flags, and a protect list that has changed since")
	default:
		all = append(all, "found no user")
	}
	return all
}

// notChoosing are flags of a choice by which --since last does not go, and --steps, which
// is told apart.
var notChoosing = []string{"steps", "no-verify", "no-resolve", "allow-empty-pattern", "all-rows", "as-of"}

// without are the flags that the others do not have.
func without(flags, others []string, has string) (all []string) {
	for _, f := range flags {
		if !slices.Contains(others, f) {
			all = append(all, has+f)
		}
	}
	return all
}

// choiceFlags are the flags of a plan that --since last goes by, but for --steps. --order and
// --since are not among those that it keeps as they were typed.
func choiceFlags(p batch.Plan) (flags []string) {
	for _, f := range p.Terms.Choice {
		if !slices.Contains(notChoosing, f.Name) {
			flags = append(flags, strings.Join(typedFlag(f), " "))
		}
	}
	if p.InOrder {
		flags = append(flags, "--order file")
	}
	for _, s := range p.Settings {
		if s.Name == "since" {
			why, _, _ := strings.Cut(s.Why, ": ")
			why, _, _ = strings.Cut(why, ", ")
			flags = append(flags, why)
		}
	}
	return flags
}
