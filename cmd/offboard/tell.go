package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/planfile"
	"offboard/report"
)

// Planned implements [job.Console], line by line.
func (c *command) Planned(plan batch.Plan, n batch.Count) {
	c.Say("input    %s, %s", plan.Input, batch.Plural(n.Rows, "row"))
	for _, s := range plan.Settings {
		c.Say("         %s: %s (%s)", s.Name, s.Value, s.Why)
	}
	c.tenantLines(plan, n.Domains)
	c.Say("action   %s", actionWords[plan.Action])
	c.Say("users    %s to revoke", batch.Thousands(n.Users))
	if n.External > 0 {
		c.Say("         %s of them %s: Graph will say 200 and revoke nothing; %s ineffective", batch.Thousands(n.External), batch.Agree(n.External, "is a guest", "are guests"), batch.Agree(n.External, "it ends", "they end"))
	}
	if n.Privileged > 0 {
		c.Say("         %s of them %s privileged roles: %s", batch.Thousands(n.Privileged), batch.Agree(n.Privileged, "holds", "hold"), batch.SomeOf(n.Admins, n.Privileged))
	}
	if n.Duplicates > 0 {
		c.Say("         %s more %s one of them again", batch.Thousands(n.Duplicates), batch.Agree(n.Duplicates, "row names", "rows name"))
	}
	for _, o := range batch.Outcomes {
		if k := n.Ended[o]; k > 0 {
			who := ""
			if o == batch.Protected {
				who = ": " + batch.SomeOf(n.Spared, k)
			}
			c.Say("         %s %s %s and %s not sent%s", batch.Plural(k, "row"), batch.Agree(k, "ends", "end"), o, batch.Agree(k, "is", "are"), who)
		}
	}
	switch {
	case n.Rows == 0:
		c.Say("note     the input has a header and no rows (--min-users refuses that)")
	case n.Rows == n.Ended[batch.Skipped]:
		c.Say("note     no row passes the gates, so nobody is touched (--min-users refuses that)")
	}
}

// tenantLines tell of the plan's tenant and of who signed in.
func (c *command) tenantLines(p batch.Plan, domains map[string]int) {
	name := ""
	if p.Terms.TenantName != "" {
		name = p.Terms.TenantName + ", "
	}
	c.Say("tenant   %s%s at %s", name, cmp.Or(p.Tenant, "unknown"), p.Cloud)
	if name == "" {
		c.Say("         its name could not be read (Organization.Read.All)%s", ofDomains(domains))
	}
	c.Say("as       %s", job.CallerOf(p))
}

// ofDomains tells of which domains users are, the most frequent first.
func ofDomains(domains map[string]int) string {
	if len(domains) == 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(domains), func(a, b string) int {
		return cmp.Or(domains[b]-domains[a], strings.Compare(a, b))
	})
	for i, d := range names {
		names[i] = fmt.Sprintf("%s (%s)", d, batch.Thousands(domains[d]))
	}
	return "; the users found are of " + batch.SomeOf(names[:min(5, len(names))], len(names))
}

// Say implements [job.Console]: it tells people something on stderr, and log
// collectors in their own form.
func (c *command) Say(format string, args ...any) {
	s := printable(fmt.Sprintf(format, args...))
	if c.cli.LogFormat == "json" {
		c.log.Info(strings.Join(strings.Fields(s), " "))
		return
	}
	fmt.Fprintln(c.stderr, s)
}

var actionWords = map[batch.Action]string{
	batch.Revoke:     "revokeSignInSessions (v1.0)",
	batch.Invalidate: "invalidateAllRefreshTokens (beta)",
}

// PlanFile implements [job.Console], before anybody signs or applies the plan.
func (c *command) PlanFile(name string, f planfile.File) {
	p := f.Head.Plan
	c.Say("plan     %s, made %s by offboard %s", name, p.Created.Local().Format(time.DateTime), p.Version)
	c.Say("digest   %s (%s)", f.Digest.Short(), f.Digest)
	c.Say("input    %s, %s, SHA-256 %s", p.Input, batch.Plural(p.Rows, "row"), p.Digest)
	for _, s := range p.Settings {
		c.Say("         %s: %s (%s)", s.Name, s.Value, s.Why)
	}
	c.tenantLines(p, nil)
	c.Say("action   %s", actionWords[p.Action])
	c.Say("users    %s to revoke", batch.Thousands(p.Users))
	for _, o := range f.Head.Options {
		c.Say("option   --%s %s", o.Name, o.Value)
	}
	for _, g := range f.Head.Guards {
		c.Say("guard    %s: %s, counted %s", g.Name, g.Limit, g.Counted)
	}
}

// Ended implements [job.Console]: the end block, or the JSON document.
func (c *command) Ended(e report.End) error {
	if c.cli.Output == "json" {
		return report.JSON(c.stdout, e)
	}
	return report.Text(c.stdout, e)
}
