package batch

import (
	"encoding/json"
	"strings"
)

// Target is what a step writes to: the user, or a device or group of the user. The plan
// keeps those of listed steps.
type Target struct {
	Step   Step   `json:"step"`
	ID     string `json:"id,omitempty"`     // object id of the device or group, in lower case; "" is the user
	Name   string `json:"name,omitempty"`   // displayName of the device or group
	Kind   string `json:"kind,omitempty"`   // what it is, for people: "Windows", "iOS", "security group"
	Before string `json:"before,omitempty"` // what the step is about to change: a state, the time of the last password change (RFC 3339), or direct licences as JSON; "" was not told

	// SAM is onPremisesSamAccountName of a synced group, and Domain its onPremisesDomainName,
	// by which it is found in the directory on premises.
	SAM    string `json:"sam,omitempty"`
	Domain string `json:"domain,omitempty"`

	// OnPremises is set where a directory on premises is the master, whose next sync
	// takes the write back.
	OnPremises bool `json:"on_premises,omitempty"`

	// Restricted is set in a restricted administrative unit. A plan file keeps it; the journal
	// does not.
	Restricted bool `json:"restricted,omitempty"`

	// What a list says besides, by which planning decides; neither journal nor plan file
	// keeps it.
	Dynamic        bool `json:"-"` // a group whose members a rule decides
	MailOnly       bool `json:"-"` // a distribution list or mail-enabled security group, which Exchange keeps
	GivesLicences  bool `json:"-"` // a group that gives its members licences
	RegisteredOnly bool `json:"-"` // a device that the user has registered and does not own

	// Unknown is set in an undo where it is not known how the target was before the run. It
	// is for planning alone.
	Unknown bool `json:"-"`
}

// RoleAssignable is the kind of a group that may hold directory roles: to change its
// members an app needs more than for any other group.
const RoleAssignable = "role-assignable group"

// The kinds of groups that Exchange keeps.
const (
	MailSecurityGroup = "mail-enabled security group"
	DistributionList  = "distribution list"
)

// DirectLicences is the kind of the target that has the licences which a user has by
// direct assignment. All other targets of [Licences] are groups.
const DirectLicences = "direct licences"

// States that a target can be read in. "" is not told, and is no proof of anything.
const (
	StateEnabled  = "enabled"  // accountEnabled of a user or a device
	StateDisabled = "disabled" //
	StateThere    = "there"    // the user is in the group, or has one of the licences by direct assignment
	StateGone     = "gone"     // the user is not in the group, or has none of the licences; the device or the group is no more
)

// Licence is a licence that a user has by direct assignment. A target of [Licences] has
// a list of them as JSON in Before.
type Licence struct {
	SKU           string   `json:"skuId"`
	DisabledPlans []string `json:"disabledPlans,omitempty"`
}

// Things are a write for each thing that the write is at: each of the direct licences
// that one call takes away or gives back has the id of its product, and what is known of
// the call. Any other write is of one thing.
func (w Write) Things() []Write {
	var licences []Licence
	if w.Target.ID != "" || w.Target.Step != Licences && w.Target.Step != AddLicences || json.Unmarshal([]byte(w.Target.Before), &licences) != nil || len(licences) == 0 {
		return []Write{w}
	}
	var things []Write
	for _, l := range licences {
		t := Target{Step: w.Target.Step, ID: l.SKU, Kind: "direct licence"}
		if t.Before = StateGone; t.Step == Licences {
			t.Before = StateThere
		}
		if len(l.DisabledPlans) > 0 {
			t.Kind += " without the service plans " + strings.Join(l.DisabledPlans, " ")
		}
		things = append(things, Write{t, w.Record})
	}
	return things
}

// Item is one request of a batch: a step at one target of one user. Without a step it
// looks the user up.
type Item struct {
	User   User
	Step   Step
	Target Target
}

// Mark names a write of a run, by which the journal keeps what is known of it.
type Mark struct {
	Seq    int    // of the user
	Step   Step   // Whole is the user as a whole
	Target string // Target.ID; "" is the user
}

// Items are a step at each of the users.
func Items(s Step, users ...User) []Item {
	items := make([]Item, len(users))
	for i, u := range users {
		items[i] = Item{User: u, Step: s}
	}
	return items
}

// Mark names the item's write.
func (it Item) Mark() Mark { return Mark{it.User.Seq, it.Step, it.Target.ID} }

// Shown is what a read-back says of an item's target.
type Shown struct {
	ID    string // object id of the user or device that the answer names, in lower case
	State string // one of the states above; "" is not told
}
