package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/graph"
	"offboard/batch/graphsim"
)

// What the doctor looks at of the sign-in: who it is, where it leads, and what it may do.

// sortOut divides what speaks against a sign-in before it is made: that no tenant was named is told of
// the tenant.
func (d *doctor) sortOut(err error) {
	all := []error{err}
	if r, ok := errors.AsType[*Refusal](err); ok {
		all = r.Why
	}
	for _, err := range all {
		switch f, ok := err.(batch.Finding); {
		case ok && f.Name == "--tenant":
			d.nameless = err
		default:
			d.unready = errors.Join(d.unready, err)
		}
	}
}

// identity signs in.
func (d *doctor) identity(ctx context.Context) (found Diagnosis) {
	if d.unready != nil {
		return ill(strings.ReplaceAll(d.unready.Error(), "\n", "; "), "set what is named, or name another way with --auth; offboard help sign-in has all of them")
	}
	words := "a simulated app"
	if d.Simulate {
		seed := seeder(func(context.Context, *graphsim.Tenant) error { return nil })
		if d.in != nil {
			seed = seedFile(d.in, d.opt)
		}
		t, err := d.simulate(ctx, d.guarded(seed, d.o.Guards, batch.Guards{}))
		if err != nil {
			return illBy(err)
		}
		d.tenant = t
	} else {
		way, err := d.signIn(ctx)
		if err != nil {
			return d.refusedBy(err)
		}
		words = way.Words
	}
	for i, a := range d.tenant.apps {
		if i > 0 {
			words += ", and by --app"
		}
		words += ": " + a.identity.String()
		if a.identity.Name != "" {
			words += " (" + a.identity.Name + ")"
		}
	}
	if until := d.way.Until(); !until.IsZero() && !d.Simulate {
		return noted("by %s; the token ends at %s, and nothing renews it: a run that takes longer is refused", words, batch.TimeOf(time.Now(), until))
	}
	return well("by %s", words)
}

// signIn gets a token of every app.
func (d *doctor) signIn(ctx context.Context) (way graph.Choice, err error) {
	if d.want, d.wantBy, d.unwanted = d.wanted(ctx); ctx.Err() != nil {
		return way, context.Cause(ctx)
	}
	if way = d.way; way.Way == graph.ByCLI {
		if way, err = d.choose(d.want); err != nil {
			return way, err
		}
	}
	auths := []*graph.Auth{way.Auth(d.at)}
	for _, r := range d.more {
		auths = append(auths, graph.NewAuth(d.at, r.At(d.authority)))
	}
	t := &tenant{cloud: d.at.Root, clock: &clock{}}
	for _, auth := range auths {
		auth.Stop = d.Stop
		client, err := graph.New(graph.Config{Root: d.at.Root, Steps: d.steps, Auth: auth, Transport: gauge{watched{d.wire, d.Log, t.clock}, &d.percent}})
		if err != nil {
			return way, err
		}
		id, err := brief(ctx, signInPatience, auth.Identity)
		if err != nil {
			return way, err
		}
		if err := t.join(app{client, id}); err != nil {
			return way, err
		}
	}
	d.tenant = t
	return way, nil
}

// refusedBy is a sign-in that was refused, with the next step that the code of the sign-in service has.
func (d *doctor) refusedBy(err error) Diagnosis {
	said, next, code := graph.Refused(err)
	found := Diagnosis{State: Trouble, Seen: said, Remedy: next, Err: err}
	app, where := d.env.Client(), cmp.Or(d.want, d.env.Tenant(), "organizations")
	switch code {
	case "7000215", "7000222":
		found.Commands = append(d.azCloud(), d.Pasted("az", "ad", "app", "credential", "reset", "--id", app, "--append"))
	case "65001", "90094", "90099", "700016", "70001":
		found.Remedy += fmt.Sprintf(": an administrator opens %s/%s/adminconsent?client_id=%s", d.authority.URL, where, app)
	}
	return found
}

// whose holds the tenant against the one that was named, and tells what it is called.
func (d *doctor) whose(ctx context.Context) Diagnosis {
	is := &d.tenant.apps[0].identity
	_, unreachable := d.failed("graph")
	if !d.Simulate && !unreachable {
		o, err := d.organization(ctx, d.tenant.apps[0])
		if err != nil {
			return d.unread(err, "")
		}
		d.tenant.organization, is.Tenant = o, cmp.Or(is.Tenant, o.ID)
	}
	name := cmp.Or(d.tenant.organization.String(), "its name cannot be read (Organization.Read.All)") + ", " + cmp.Or(is.Tenant, "of unknown id")
	if d.unwanted != nil {
		return ill(d.unwanted.Error(), "name the tenant by its id with --tenant; the sign-in leads to "+name)
	}
	if err := d.hold(d.tenant, d.want, d.wantBy); err != nil {
		return ill(err.Error(), "sign in to the tenant that is meant, or name the other one with --tenant "+is.Tenant, d.loginLine()...)
	}
	if d.nameless != nil {
		return ill(d.nameless.Error(), "if "+name+" is the tenant that is meant, add --tenant "+is.Tenant)
	}
	if d.Simulate {
		return well("%s, which is simulated", name)
	}
	if d.want == "" {
		return noted("%s; no --tenant names it: without a terminal a run is refused", name)
	}
	return well("%s, as %s says", name, d.wantBy)
}

// loginLine signs the Azure CLI in to the tenant that was named, where that is the way.
func (d *doctor) loginLine() []string {
	if d.way.Way != graph.ByCLI {
		return nil
	}
	return []string{d.Pasted("az", "login", "--tenant", d.want, "--allow-no-subscriptions")}
}

// needs are all that a run needs, of the app that reads, or of one more.
func (d *doctor) needs(first bool) []graph.Need {
	e := all(d.plan)
	if !first {
		return e.writes()
	}
	needs := append(e.reads(), e.writes()...)
	g := d.o.Guards.over(batch.Guards{Limits: defaults}, false)
	if d.plan.Resolve && (g.Admin || g.Limits.MaxPrivileged > 0) {
		needs = append(needs, graph.NeedRoles)
	}
	if len(g.Groups) > 0 {
		needs = append(needs, graph.NeedMembers)
	}
	return needs
}

// spared are permissions that harm nobody, and may tell more.
var spared = strings.Fields("Organization.Read.All CrossTenantInformation.ReadBasic.All LicenseAssignment.Read.All Domain.Read.All RoleManagement.Read.Directory GroupMember.Read.All Application.Read.All User.Read openid profile email offline_access")

// azureCLI is the app of the Azure CLI, whose permissions are Microsoft's.
const azureCLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

// permissions holds what each token names against what the steps and the guards need.
func (d *doctor) permissions(context.Context) Diagnosis {
	var lacking, broad, commands []string
	var remedy string
	for i, a := range d.tenant.apps {
		has := strings.Fields(a.identity.Can)
		if a.identity.App == "" {
			return noted("the token cannot be read here, so that only Graph knows what it may do")
		}
		var missing, least, words []string
		for _, n := range d.needs(i == 0) {
			permission := a.identity.Allowing(n)[0]
			if n.Do == batch.Devices.Words() && a.identity.User != "" {
				permission = n.OfUsers[0]
			}
			if least = append(least, permission); len(has) > 0 && !a.identity.Lacks(n) {
				continue
			}
			if !slices.Contains(missing, permission) {
				missing = append(missing, permission)
			}
			words = append(words, permission+" (to "+n.Do+")")
		}
		for _, p := range has {
			if !slices.Contains(least, p) && !slices.Contains(spared, p) && a.identity.App != azureCLI {
				broad = append(broad, p)
			}
		}
		if len(missing) == 0 {
			continue
		}
		consent := ""
		if len(has) == 0 {
			consent = ", since it names none: nobody has consented for this app in the tenant"
		}
		lacking = append(lacking, fmt.Sprintf("the token of %s lacks %s%s", a.identity, strings.Join(words, ", "), consent))
		how, lines := d.grants(i, missing)
		if slices.Contains(missing, graph.NeedRoles.Permissions[0]) && !d.o.ProtectPrivileged {
			how += "; without RoleManagement.Read.Directory no administrators are counted: --max-privileged 0"
		}
		remedy, commands = how, append(commands, lines...)
	}
	switch {
	case len(lacking) > 0:
		return ill(strings.Join(lacking, "; "), remedy, commands...)
	case len(broad) > 0:
		return noted("the token may do all that these steps need, and more: %s; take away what nothing else needs", strings.Join(broad, ", "))
	}
	return well("the token may do all that these steps need: %s", d.tenant.apps[0].identity.Can)
}

// azCloud is what the Azure CLI calls a cloud that is not the global one.
func (d *doctor) azCloud() []string {
	switch d.at.Cloud.Name {
	case "usgov", "dod":
		return []string{"az cloud set --name AzureUSGovernment"}
	case "china":
		return []string{"az cloud set --name AzureChinaCloud"}
	}
	return nil
}

// grants are how an administrator gives an app permissions.
func (d *doctor) grants(i int, permissions []string) (remedy string, commands []string) {
	is, names := d.tenant.apps[i].identity, strings.Join(permissions, ", ")
	kind, of := "Application permissions", "Role"
	if is.User != "" {
		kind, of = "Delegated permissions", "Scope"
	}
	switch {
	case is.App == azureCLI:
		return "the Azure CLI's login cannot be given more: sign in with an app of your own that has " + names + " (offboard help sign-in)", nil
	case d.way.Way == graph.ManagedIdentity && i == 0:
		for _, p := range permissions {
			commands = append(commands, fmt.Sprintf(`az rest --method POST --url %s/v1.0/servicePrincipals/%s/appRoleAssignments --body "{\"principalId\":\"%[2]s\",\"resourceId\":\"$(az ad sp show --id %s --query id -o tsv)\",\"appRoleId\":\"%s\"}"`,
				d.at.Root, is.Object, graph.GraphApp, graph.PermissionID(p, false)))
		}
		return "an administrator of the tenant gives the managed identity " + names + ", after az login", append(d.azCloud(), commands...)
	}
	add := []string{"az", "ad", "app", "permission", "add", "--id", is.App, "--api", graph.GraphApp, "--api-permissions"}
	for _, p := range permissions {
		add = append(add, graph.PermissionID(p, is.User != "")+"="+of)
	}
	consent := d.authority.URL + "/" + cmp.Or(is.Tenant, "organizations") + "/adminconsent?client_id=" + is.App
	return fmt.Sprintf("an administrator adds %s to the app (Entra admin center, App registrations, %s, API permissions, Microsoft Graph, %s) and grants consent at %s; or, after az login --tenant %s, with these", names, cmp.Or(is.Name, is.App), kind, consent, is.Tenant),
		append(d.azCloud(), d.Pasted(add...), d.Pasted("az", "ad", "app", "permission", "admin-consent", "--id", is.App))
}
