package job

import (
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/graph"
)

// A run that --since last does not take is told with every way in which it differs, and
// with no other.
func TestDifferences(t *testing.T) {
	of := func(change func(*batch.Plan), flags ...string) batch.Plan {
		p := batch.Plan{Tenant: "t", Cloud: graph.Global.Root, Steps: []batch.Step{batch.Revoke}, Choice: strings.Join(flags, "")}
		for _, f := range flags {
			name, value, _ := strings.Cut(f, "=")
			if name == "since" {
				p.Settings = append(p.Settings, batch.Setting{Name: "since", Why: "--since " + value})
				continue
			}
			p.Terms.Choice = append(p.Terms.Choice, batch.Flag{Name: name, Value: value})
		}
		if change != nil {
			change(&p)
		}
		return p
	}
	plan := of(nil, "since=last", "where=Status=Gone")
	for _, c := range []struct {
		was  batch.Plan
		want string
	}{
		{of(nil, "since=last", "where=Status=Gone"), "found no user"},
		{of(func(p *batch.Plan) { p.Choice += dated + "2026-11-22" }, "since=last", "where=Status=Gone"), "found no user"},
		{of(func(p *batch.Plan) { p.Choice = "another" }, "since=last", "where=Status=Gone"), "had the same flags, and a protect list that has changed since"},
		{of(nil, "since=last", "where=Status=Left", "no-verify=true"), "had --where Status=Left, lacked --where Status=Gone"},
		{of(nil, "where=Status=Gone"), "lacked --since last"},
		{of(nil, "where=Status=Gone", "since=24h, by this machine's clock"), "had --since 24h, lacked --since last"},
		{of(nil, "where=Status=Gone", "since=last: 3 users ended in success", "key=mail"), "had --key mail"},
		{of(func(p *batch.Plan) { p.InOrder = true; p.Choice += "file" }, "since=last", "where=Status=Gone"), "had --order file"},
		{of(func(p *batch.Plan) { p.Steps = batch.Emergency }, "since=last", "where=Status=Gone"), "had --steps disable,revoke,devices"},
		{of(func(p *batch.Plan) { p.Tenant = "other" }, "since=last", "where=Status=Gone"), "was of tenant other"},
		{of(func(p *batch.Plan) { p.Tenant, p.Cloud = "other", Simulated }, "since=last", "where=Status=Gone"), "was at " + Simulated},
	} {
		if got := strings.Join(differences(plan, c.was), ", "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.was.Terms.Choice, got, c.want)
		}
	}
}
