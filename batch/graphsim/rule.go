package graphsim

import (
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// SeedRule says in words what the users of a seeded tenant have, for a help text.
const SeedRule = `The name of a user decides, so that each run finds the same: one user in 16 is
synced from an Active Directory, and one in 20 disabled already. Each has 0 to 3
devices, mostly with Windows; one in 4 is a phone or Mac, and one in 8 joined to
an Active Directory too. Each is in 1 to 5 shared groups; seldom in one that
cannot be left here: a dynamic, synced, mail-enabled, role-assignable or
restricted one. Each has 0 to 2 direct licences, and may have one more by the
group "Licences E3". admin... is a Global Administrator. The app is a User
Administrator, who can change anybody but such administrators.`

// sharedGroup makes a group of seeded users, with an id by its name.
func sharedGroup(name string, g Group) Group {
	g.ID, g.Name = IDFor("group "+name), name
	if g.Kind == "" {
		g.Kind = SecurityGroup
	}
	return g
}

// commonGroups can be left, and rareGroups cannot.
var (
	commonGroups = []Group{
		sharedGroup("Sales", Group{}),
		sharedGroup("Engineering", Group{}),
		sharedGroup("Projects", Group{}),
		sharedGroup("Visitors", Group{}),
		sharedGroup("Team North", Group{Kind: Microsoft365Group}),
		sharedGroup("Team South", Group{Kind: Microsoft365Group}),
		sharedGroup("Licences E3", Group{Licences: []string{skus[0].id}}),
	}
	rareGroups = []Group{
		sharedGroup("Everybody in Berlin", Group{Dynamic: true}),
		sharedGroup("Headquarters", Group{Synced: true}),
		sharedGroup("Invoices", Group{Kind: MailSecurityGroup}),
		sharedGroup("News", Group{Kind: DistributionList}),
		sharedGroup("Operators", Group{RoleAssignable: true}),
		sharedGroup("Board", Group{Restricted: true}),
	}
	sharedGroups = make(map[string]Group)
)

func init() {
	for _, g := range slices.Concat(commonGroups, rareGroups) {
		sharedGroups[g.ID] = g
	}
}

// seedDevices are drawn from evenly.
var seedDevices = []Device{
	{System: "Windows"}, {System: "Windows"}, {System: "Windows"}, {System: "Windows"}, {System: "Windows", Trust: "Workplace"},
	{System: "Windows", Trust: "ServerAd", Synced: true},
	{System: "iOS", Trust: "Workplace"}, {System: "MacMDM", Trust: "Workplace"},
}

// luck draws for a user by name.
func luck(upn string, what uint64) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.ToLower(upn))) // never fails
	return rand.New(rand.NewPCG(h.Sum64(), what))
}

// draw says what the user is.
func (u *User) draw() {
	rng := luck(u.UPN, 3)
	u.Synced = rng.IntN(16) == 0 || u.Synced
	u.Enabled = rng.IntN(20) != 0 && u.Enabled
}

// willFurnish has the rule give a user things when they are needed.
func (t *Tenant) willFurnish(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, _ := t.dir.find(key)
	t.dir.entries[i].seeded = true
	t.seeds++
}

// furnish gives a seeded user things by the rule.
func (t *Tenant) furnish(i int32) {
	r := &t.dir.entries[i]
	rng, has := luck(r.UPN, 2), r.things
	has.password.is, has.password.was = SeedStamp, SeedStamp
	local, _, _ := strings.Cut(r.UPN, "@")
	for k := range rng.IntN(4) {
		d := seedDevices[rng.IntN(len(seedDevices))]
		d.Name, d.Enabled = local+"-"+strconv.Itoa(k+1), rng.IntN(10) != 0
		d.ID = IDFor("device " + strconv.Itoa(k) + " of " + r.UPN)
		owners := []int32{i}
		if d.Synced {
			owners = nil // nobody owns a device that an Active Directory joined
		}
		t.addDevice(d, []int32{i}, owners)
	}
	for _, k := range rng.Perm(len(commonGroups))[:1+rng.IntN(4)] {
		has.groups = append(has.groups, membership{commonGroups[k].ID, shown[bool]{is: true, was: true}})
	}
	if k := rng.IntN(5 * len(rareGroups)); k < len(rareGroups) {
		has.groups = append(has.groups, membership{rareGroups[k].ID, shown[bool]{is: true, was: true}})
	}
	for _, k := range rng.Perm(len(skus) - 1)[:rng.IntN(3)] {
		has.licences.is = append(has.licences.is, license{sku: skus[k+1].id})
	}
	has.licences.was, has.usage = has.licences.is, "DE"
}
