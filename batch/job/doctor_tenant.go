package job

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
)

// What the doctor reads in the tenant.

// roles holds the directory roles of each app, or of the user, against what the steps take.
func (d *doctor) roles(ctx context.Context) Diagnosis {
	return d.each(func(i int, a app) Diagnosis { return d.rolesOf(ctx, i, a) })
}

func (d *doctor) rolesOf(ctx context.Context, i int, a app) Diagnosis {
	duties := graph.Duties(d.steps, a.identity.User != "")
	who := "the app " + cmp.Or(a.identity.Name, a.identity.App)
	if a.identity.User != "" {
		who = "the user " + cmp.Or(a.identity.UPN, a.identity.User)
	}
	if a.identity.Object == "" {
		return noted("the token does not say whose it is, so that its directory roles cannot be read")
	}
	held, err := brief(ctx, patience, func(ctx context.Context) ([]graph.HeldRole, error) { return a.client.RolesOf(ctx, a.identity.Object) })
	for _, h := range a.identity.Holds() {
		if !slices.ContainsFunc(held, func(other graph.HeldRole) bool { return other.ID == h.ID && other.Scope == h.Scope }) {
			held = append(held, h)
		}
	}
	switch {
	case httpStatus(err) == http.StatusForbidden && len(held) > 0: // the token names some
	case httpStatus(err) == http.StatusForbidden && len(duties) == 0:
		return noted("the directory roles of %s cannot be read (RoleManagement.Read.Directory); these steps need none", who)
	case httpStatus(err) == http.StatusForbidden:
		return noted("the directory roles of %s cannot be read (RoleManagement.Read.Directory); see that it holds %s", who, duties[len(duties)-1].Roles[0])
	case err != nil:
		return d.unread(i, err, "RoleManagement.Read.Directory")
	}
	var names, missing, commands []string
	for _, h := range held {
		name := cmp.Or(h.Name, h.ID)
		if h.Scope != "/" {
			name += " (only in " + h.Scope + ")"
		}
		names = append(names, name)
	}
	has := who + " holds " + cmp.Or(strings.Join(names, ", "), "no directory role itself")
	for _, duty := range duties {
		if duty.HeldBy(held) || duty.Admins && (d.o.ProtectPrivileged || d.o.NoResolve) {
			continue
		}
		whom := "anybody"
		if duty.Admins {
			whom = "administrators, and of members of groups that may hold roles,"
		}
		missing = append(missing, fmt.Sprintf("%s, and to %s of %s it needs %s", has, phrase(duty.Steps), whom, strings.Join(duty.Roles, " or ")))
		line := d.Pasted("az", "rest", "--method", "POST", "--url", d.at.Root+"/v1.0/roleManagement/directory/roleAssignments",
			"--headers", "Content-Type=application/json", "--body", fmt.Sprintf(`{"principalId":"%s","roleDefinitionId":"%s","directoryScopeId":"/"}`, a.identity.Object, graph.RoleID(duty.Roles[0])))
		if !slices.Contains(commands, line) {
			commands = append(commands, line)
		}
	}
	if len(missing) == 0 {
		return well("%s", has)
	}
	remedy := "a Privileged Role Administrator gives it the role (Entra admin center, Roles & admins; or after az login with these), and the next token has it; a role that a group gives to an app may not be seen here"
	if !d.o.ProtectPrivileged {
		remedy += "; --protect-privileged leaves administrators alone"
	}
	return ill(strings.Join(missing, "; "), remedy, append(d.azCloud(), commands...)...)
}

// licences tells what the tenant has bought. No step needs Entra ID P1 or P2.
func (d *doctor) licences(ctx context.Context) Diagnosis {
	all, err := brief(ctx, patience, d.tenant.apps[0].client.Subscriptions)
	if httpStatus(err) == http.StatusForbidden {
		return noted("what the tenant has bought cannot be read (LicenseAssignment.Read.All), which the step licences does without")
	}
	if err != nil {
		return d.unread(0, err, "LicenseAssignment.Read.All")
	}
	var names, ended []string
	plan := "no Entra ID P1 or P2, which no step needs"
	for _, s := range all {
		if s.Status != "Enabled" && s.Status != "Warning" {
			ended = append(ended, "("+s.Name+" is "+s.Status+")")
			continue
		}
		names = append(names, s.Name)
		if slices.Contains(s.Plans, "AAD_PREMIUM_P2") {
			plan = "Entra ID P2"
		}
	}
	if len(names) == 0 {
		return ill("the step licences takes licences away, and the tenant has none that anybody could have "+strings.Join(ended, ", "),
			"see whether this is the tenant that is meant (--tenant), or leave licences out of --steps; the licences stand in the Microsoft 365 admin center, Billing")
	}
	return well("the tenant has %s (%s)", batch.SomeOf(names[:min(len(names), 5)], len(names)), plan)
}

// read makes one read: how many users there are.
func (d *doctor) read(ctx context.Context) Diagnosis {
	began := time.Now()
	n, err := brief(ctx, patience, d.tenant.apps[0].client.CountUsers)
	if err != nil {
		return d.unread(0, err, batch.NeedsRead)
	}
	return well("the tenant has %s (answered in %s)", batch.Plural(n, "user"), batch.Span(time.Since(began)))
}

// batch makes one call of several reads, and looks the first people of the file up.
func (d *doctor) batch(ctx context.Context) Diagnosis {
	users, ours := d.users, len(d.users) > 0
	if !ours {
		users = []batch.User{{ID: nobodysID()}}
	}
	began := time.Now()
	replies, err := brief(ctx, patience, func(ctx context.Context) ([]batch.Reply, error) { return d.tenant.apps[0].client.Lookup(ctx, users) })
	took := batch.Span(time.Since(began))
	if err != nil {
		return d.unread(0, err, batch.NeedsRead)
	}
	found := 0
	for _, r := range replies {
		d.percent = max(d.percent, r.Percent)
		switch {
		case r.Status == http.StatusNotFound, r.Status == http.StatusForbidden && !d.plan.Resolve:
		case r.Status < 200 || r.Status > 299:
			return d.unread(0, &batch.CallError{Status: r.Status, Code: r.Code, Message: r.Message, RequestID: r.RequestID, RetryAfter: r.RetryAfter, Scope: r.Scope, Info: r.Info,
				Err: fmt.Errorf("HTTP %d", r.Status)}, batch.NeedsRead)
		case r.User != nil || len(r.Hits) > 0:
			found++
		}
	}
	switch n := len(users); {
	case !ours:
		return well("a batch of reads was answered in %s", took)
	case !d.plan.Resolve:
		return well("a batch of reads was answered in %s; --no-resolve looks nobody up", took)
	case found == 0:
		return ill(fmt.Sprintf("of the first %s of the input nobody is in this tenant", batch.Agree(n, "person", batch.Thousands(n)+" people")), "see that the input and the tenant belong together, and what names the people (--column, --key)")
	case found < n:
		return noted("of the first %d people of the input %d are in this tenant (looked up in %s)", n, found, took)
	}
	return well("%s of the input found in one batch, in %s", batch.Agree(found, "the first person", "the first "+batch.Thousands(found)+" people"), took)
}

// nobodysID is an object id that nobody has.
func nobodysID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return fmt.Sprintf("%x-%x-4%03x-8%03x-%x", b[:4], b[4:6], int(b[6]), int(b[7]), b[8:14])
}

// quota tells how much of Graph's limits is used up, as far as its answers say.
func (d *doctor) quota(context.Context) Diagnosis {
	if e := d.refused; e != nil {
		wait := cmp.Or(e.RetryAfter, time.Minute)
		return ill(fmt.Sprintf("Graph throttles this sign-in at once, HTTP 429 %s", strings.Join(strings.Fields(e.Code+" "+e.Scope+" "+e.Info), " ")),
			fmt.Sprintf("wait %s, and find out what else uses up the quota: other runs (offboard runs --in-state running), other programs with this app, or in this tenant; --quota-share 0.5 leaves them room", batch.Span(wait)))
	}
	if d.percent > 0 {
		return noted("Graph says that %.0f %% of a limit is used up, by whatever else works in this tenant or with this app", d.percent*100)
	}
	return well("no answer speaks of a limit, as Graph's do from 80 %% of one")
}

// unread is a read of an app that failed. Needs is the permission that it takes.
func (d *doctor) unread(i int, err error, needs string) Diagnosis {
	e, _ := errors.AsType[*batch.CallError](err)
	status, is := httpStatus(err), d.tenant.apps[i].identity
	switch {
	case status == http.StatusTooManyRequests:
		d.refused = e
		return Diagnosis{State: Unknown, Seen: "Graph refused to answer, see quota"}
	case status == http.StatusForbidden && needs != "":
		remedy, commands := d.grants(i, []string{needs})
		if is.User != "" && !is.Lacks(graph.Need{Permissions: []string{needs}}) {
			remedy, commands = "the token of "+is.String()+" has "+needs+", and a user needs a directory role besides: a Privileged Role Administrator gives one that may read this, such as Directory Readers", nil
		}
		return ill(err.Error(), remedy, commands...)
	case status == http.StatusUnauthorized:
		return ill("Graph refuses the token: "+err.Error(), "get a new token, of this tenant and cloud; a Conditional Access policy of the tenant may ask for more: see its sign-in logs")
	case status >= 500:
		return ill("Graph is in trouble: "+err.Error(), "do the same again in some minutes; https://status.cloud.microsoft tells of outages; a run waits for Graph by itself")
	case status >= 400:
		return ill("Graph refuses the read: "+err.Error(), "see where the calls go (--graph-url, --cloud, a gateway that changes them); --debug-http FILE shows them")
	case errors.Is(err, batch.ErrSignIn):
		return d.refusedBy(err, is.App)
	}
	return d.away(d.at.Root, err)
}
