package graphsim

import (
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
Administrator, who can change anybody but such administrators and the members of
role-assignable groups.`

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

// hashOf is a number by the name of a user, whatever its case: FNV-1a, whose bits are then
// mixed as in SplitMix64.
func hashOf(upn string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(upn) {
		c := upn[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		h = (h ^ uint64(c)) * 1099511628211
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// draw says what the user is.
func (u *User) draw() {
	h := hashOf(u.UPN)
	u.Synced = h%16 == 0 || u.Synced
	u.Enabled = h/16%20 != 0 && u.Enabled
}

// addSeeded adds a user to whom the rule gives things when they are needed.
func (t *Tenant) addSeeded(u User) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, err := t.dir.add(u)
	if err == nil {
		t.dir.entries[i].seeded = true
		t.seeds++
	}
	return err
}

// furnish gives a seeded user things by the rule.
func (t *Tenant) furnish(i int32) {
	r := &t.dir.entries[i]
	rng, has := rand.New(rand.NewPCG(hashOf(r.UPN), 0)), r.things
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
