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

// credential tells whether all is there on this machine that a sign-in takes. Nothing is called.
func (d *doctor) credential(context.Context) Diagnosis {
	open := d.exposed()
	switch {
	case d.unready != nil:
		return ill(strings.ReplaceAll(d.unready.Error(), "\n", "; "), "set what is named, or name another way with --auth; offboard help sign-in has all of them")
	case d.Simulate:
		return well("a simulated tenant takes none")
	case len(open) > 0:
		return Diagnosis{State: Noted, Seen: openWords(open), Remedy: "take that right away", Commands: []string{d.Pasted(append([]string{"chmod", "g="}, open...)...)}}
	}
	return well("%s", d.way.Words)
}

// identity signs in.
func (d *doctor) identity(ctx context.Context) (found Diagnosis) {
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
		if found := d.signIn(ctx); found.State != Well {
			return found
		}
		words = d.way.Words
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

// signIn gets a token of every app, and tells of each that gets none.
func (d *doctor) signIn(ctx context.Context) Diagnosis {
	d.want, d.wantBy, d.unwanted = d.wanted(ctx)
	auths, err := d.auths(d.want)
	if err != nil {
		return d.refusedBy(err, "")
	}
	t := &tenant{cloud: d.at.Root, clock: &clock{}}
	ask := func(ctx context.Context, _ string, call func(context.Context) error) error {
		_, err := brief(ctx, signInPatience, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
		return err
	}
	var all []Diagnosis
	for i, auth := range auths {
		client := ""
		if i > 0 {
			client = d.more[i-1].Client
		} else if d.way.Way != graph.ByCLI && d.way.Way != graph.ByToken {
			client = d.env.Client()
		}
		found := Diagnosis{State: Well}
		if err := d.signOn(ctx, t, d.at.Root, auth, gauge{d.wire, &d.percent}, ask); err != nil {
			if found = d.refusedBy(err, client); i > 0 {
				found.Seen = "--app " + d.App[i-1] + ": " + found.Seen
			}
		}
		all = append(all, found)
	}
	d.tenant = t
	return together(all)
}

// refusedBy is a sign-in that was refused, with the next step that the code of the sign-in service has.
// Client is the id of its app; "" where the sign-in names none.
func (d *doctor) refusedBy(err error, client string) Diagnosis {
	said, next, code := graph.Refused(err)
	found := Diagnosis{State: Trouble, Seen: said, Remedy: next, Err: err}
	switch code {
	case "7000215", "7000222":
		if client != "" {
			found.Commands = append(d.azCloud(), d.Pasted("az", "ad", "app", "credential", "reset", "--id", client, "--append"))
		}
	case "65001", "90094", "90099", "700016", "70001":
		if client != "" {
			found.Remedy += fmt.Sprintf(": an administrator opens %s/%s/adminconsent?client_id=%s", d.authority.URL, cmp.Or(d.want, d.env.Tenant(), "organizations"), client)
		}
	}
	return found
}

// whose holds the tenant against the one that was named, and tells what it is called.
func (d *doctor) whose(ctx context.Context) Diagnosis {
	switch name, failed := d.failed("sign-in"); {
	case failed && d.nameless != nil:
		return ill(d.nameless.Error(), "add --tenant with the tenant that is meant")
	case failed:
		return unknownBefore(name)
	}
	is := &d.tenant.apps[0].identity
	_, unreachable := d.failed("graph")
	if unreachable && is.Tenant == "" {
		return unknownBefore("graph")
	}
	if !d.Simulate && !unreachable {
		o, err := d.organization(ctx, d.tenant.apps[0])
		if err != nil {
			return d.unread(0, err, "")
		}
		d.tenant.organization, is.Tenant = o, cmp.Or(is.Tenant, o.ID)
	}
	name := cmp.Or(d.tenant.organization.String(), "its name cannot be read (Organization.Read.All)") + ", " + cmp.Or(is.Tenant, "of unknown id")
	if d.unwanted != nil {
		return ill(d.unwanted.Error(), "name the tenant by its id with --tenant; the sign-in leads to "+name)
	}
	if err := d.hold(d.tenant, d.want, d.wantBy); err != nil && is.Tenant == "" {
		return illBy(err)
	} else if err != nil {
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
func (d *doctor) permissions(context.Context) Diagnosis { return d.each(d.permissionsOf) }

func (d *doctor) permissionsOf(i int, a app) Diagnosis {
	has, token := strings.Fields(a.identity.Can), "the token"
	if len(d.tenant.apps) > 1 {
		token += " of " + a.identity.String()
	}
	if a.identity.App == "" {
		return noted("%s cannot be read here, so that only Graph knows what it may do", token)
	}
	var missing, least, words, broad []string
	for _, n := range d.needs(i == 0) {
		permission := a.identity.Allowing(n)[0]
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
	switch {
	case len(missing) > 0:
		consent := ""
		if len(has) == 0 {
			consent = ", since it names none: nobody has consented for this app in the tenant"
		}
		remedy, commands := d.grants(i, missing)
		if slices.Contains(missing, graph.NeedRoles.Permissions[0]) && !d.o.ProtectPrivileged {
			remedy += "; without RoleManagement.Read.Directory no administrators are counted: --max-privileged 0"
		}
		return ill(fmt.Sprintf("the token of %s lacks %s%s", a.identity, strings.Join(words, ", "), consent), remedy, commands...)
	case len(broad) > 0:
		return noted("%s may do all that these steps need, and more: %s; take away what nothing else needs", token, strings.Join(broad, ", "))
	}
	return well("%s may do all that these steps need: %s", token, a.identity.Can)
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
