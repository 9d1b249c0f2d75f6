package graphsim

import (
	"slices"
	"strconv"
	"strings"
)

// license is one that a user has by direct assignment.
type license struct {
	sku   string
	plans []string // disabledPlans
}

// sku is a licence that the tenant has bought.
type sku struct{ id, part, plans string }

// skus are some that every tenant here has; their ids are Microsoft's.
var skus = []sku{
	{"6fd2c87f-b296-42f0-b197-1e91e994b900", "ENTERPRISEPACK", "EXCHANGE_S_ENTERPRISE"},
	{"06ebc4ee-1bb5-47dd-8120-11324bc54e06", "SPE_E5", "AAD_PREMIUM AAD_PREMIUM_P2"},
	{"b05e124f-c7cc-45a0-a6aa-8cf78c946968", "EMSPREMIUM", "AAD_PREMIUM AAD_PREMIUM_P2"},
	{"f8a1db68-be16-40ed-86d5-cb42ce701560", "POWER_BI_PRO", "BI_AZURE_P2"},
}

// seats are as many as a tenant has of each licence that nobody has, unless
// [Tenant.SetSeats] says otherwise.
const seats = 1_000_000

// SetSeats says how many more users can be given a licence.
func (t *Tenant) SetSeats(sku string, free int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken[strings.ToLower(sku)] = seats - free
}

// AddLicence gives a user, by id or UPN, a licence by direct assignment, and a usage
// location.
func (t *Tenant) AddLicence(key, sku string, disabledPlans ...string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	users, err := t.usersOf([]string{key})
	if err != nil {
		return err
	}
	has := t.things(users[0])
	has.usage = "DE"
	has.licences.is = append(has.licences.is, license{strings.ToLower(sku), disabledPlans})
	has.licences.was = has.licences.is
	return nil
}

var skuKind = &properties[sku]{"subscribedSku", []property[sku]{
	{name: "id", usual: true, value: func(s sku) any { return DefaultTenantID + "_" + s.id }},
	{name: "skuId", usual: true, value: func(s sku) any { return s.id }},
	{name: "skuPartNumber", usual: true, value: func(s sku) any { return s.part }},
	{name: "capabilityStatus", usual: true, value: func(sku) any { return "Enabled" }},
	{name: "appliesTo", usual: true, value: func(sku) any { return "User" }},
	{name: "servicePlans", usual: true, value: func(s sku) any {
		plans := []object{}
		for name := range strings.FieldsSeq(s.plans) {
			plans = append(plans, object{"servicePlanId": IDFor("service plan " + name), "servicePlanName": name, "provisioningStatus": "Success", "appliesTo": "User"})
		}
		return plans
	}},
}}

func (t *Tenant) listSKUs(c *call, op *operation, _ *entry) (any, *failure) {
	bought := skus
	if t.cfg.NoLicences {
		bought = nil
	}
	return t.page(c, op, "subscribedSkus", len(bought), func(i int) object { return skuKind.object(skus[i], op.query.fields) }), nil
}

// states are licenseAssignmentStates: what was assigned directly, and what groups give.
func (u shownUser) states() []object {
	list := []object{}
	add := func(l license, group any) {
		list = append(list, object{"skuId": l.sku, "assignedByGroup": group, "disabledPlans": append([]string{}, l.plans...),
			"state": "Active", "error": "None", "lastUpdatedDateTime": SeedStamp})
	}
	for _, l := range u.things().licences.seen(u.now, u.tenant.cfg.Lag) {
		add(l, nil)
	}
	for _, m := range u.things().groups {
		if g, ok := u.tenant.group(m.group); ok && m.in.seen(u.now, u.tenant.cfg.Lag) {
			for _, id := range g.Licences {
				add(license{sku: id}, g.ID)
			}
		}
	}
	return list
}

// assigned are assignedLicenses, which do not tell where they are from.
func (u shownUser) assigned() []object {
	list := []object{}
	for _, s := range u.states() {
		if !slices.ContainsFunc(list, func(o object) bool { return o["skuId"] == s["skuId"] }) {
			list = append(list, object{"skuId": s["skuId"], "disabledPlans": s["disabledPlans"]})
		}
	}
	return list
}

// assignLicense adds and removes direct licences, all or none of them. That a licence
// which the user does not have is refused is unverified.
func (t *Tenant) assignLicense(c *call, op *operation, user *entry) (any, *failure) {
	add, remove, ok := licencesIn(op)
	has := t.thingsOf(user)
	switch {
	case !ok || len(op.body) != 2:
		return nil, errBadEncoding
	case user.Restricted:
		return nil, errDenied
	case len(add) > 0 && has.usage == "":
		return nil, errUsage
	}
	after := slices.Clone(has.licences.is)
	at := func(id string) int { return slices.IndexFunc(after, func(l license) bool { return l.sku == id }) }
	for _, id := range remove {
		switch i := at(id); {
		case i >= 0:
			after = slices.Delete(after, i, i+1)
		case slices.ContainsFunc(t.groupsOf(user), func(g Group) bool { return slices.Contains(g.Licences, id) }):
			return nil, errInherited
		default:
			return nil, errNoLicence
		}
	}
	for _, l := range add {
		known := slices.ContainsFunc(skus, func(s sku) bool { return s.id == l.sku })
		i := at(l.sku)
		switch {
		case !known, slices.Contains(remove, l.sku):
			return nil, &failure{400, "Request_BadRequest", "License " + l.sku + " does not correspond to a valid company License."}
		case i >= 0:
			after[i] = l
		case t.taken[l.sku] >= seats:
			return nil, &failure{400, "Request_BadRequest", "Subscription with SKU " + l.sku + " does not have any available licenses."}
		default:
			after = append(after, l)
		}
	}
	if !t.frozen(user) {
		for _, l := range has.licences.is {
			t.taken[l.sku]--
		}
		for _, l := range after {
			t.taken[l.sku]++
		}
		has.licences.set(after, c.date, t.cfg.Lag)
	}
	o := t.userObject(c, op, user)
	o["@odata.context"] = c.context("users", nil) + "/$entity"
	return o, nil
}

// licencesIn reads the body of an assignLicense, both of whose lists must be there.
func licencesIn(op *operation) (add []license, remove []string, ok bool) {
	adding, hasAdd := op.body["addLicenses"].([]any)
	removing, hasRemove := op.body["removeLicenses"].([]any)
	ok = hasAdd && hasRemove && len(adding)+len(removing) > 0
	guids := func(list []any) (ids []string) {
		for _, v := range list {
			s, _ := v.(string)
			id, isID := parseGUID(s)
			ok = ok && isID
			ids = append(ids, id)
		}
		return ids
	}
	for _, v := range adding {
		l, _ := v.(map[string]any)
		plans, isList := l["disabledPlans"].([]any)
		ok = ok && (isList || l["disabledPlans"] == nil)
		add = append(add, license{guids([]any{l["skuId"]})[0], guids(plans)})
	}
	return add, guids(removing), ok
}

// aboutLicences names what is to be added and removed, as "+sku -sku".
func aboutLicences(t *Tenant, c *call, op *operation) about {
	a := aboutUser(t, c, op)
	add, remove, _ := licencesIn(op)
	var all []string
	for _, l := range add {
		all = append(all, "+"+l.sku)
	}
	for _, id := range remove {
		all = append(all, "-"+id)
	}
	slices.Sort(all)
	a.target = strings.Join(all, " ")
	return a
}

// String is how a [State] writes a licence.
func (l license) String() string {
	return l.sku + " without " + strconv.Quote(strings.Join(l.plans, " "))
}
