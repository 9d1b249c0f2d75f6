package batch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Step is one thing that a run does to each of its users. What a step is stands in one
// table, [stepRules]; how Graph is asked for it stands in package graph.
type Step string

const (
	Disable    Step = "disable"    // PATCH /users/{id}: accountEnabled false
	Password   Step = "password"   // PATCH /users/{id}: a new random password that nobody keeps
	Revoke     Step = "revoke"     // POST /v1.0/users/{id}/revokeSignInSessions
	Invalidate Step = "invalidate" // POST /beta/users/{id}/invalidateAllRefreshTokens, proven by either stamp
	Devices    Step = "devices"    // PATCH /devices/{id}: accountEnabled false, for each device of the user
	Groups     Step = "groups"     // DELETE /groups/{id}/members/{id}/$ref, for each group that the user is in
	Licences   Step = "licences"   // POST /users/{id}/assignLicense for the direct ones, then the groups that give licences

	// What undoes a step. These are the steps of offboard undo alone.
	Enable        Step = "enable"         // PATCH /users/{id}: accountEnabled true
	EnableDevices Step = "enable-devices" // PATCH /devices/{id}: accountEnabled true
	JoinGroups    Step = "join-groups"    // POST /groups/{id}/members/$ref
	AddLicences   Step = "add-licences"   // POST /users/{id}/assignLicense, then the groups that gave licences
)

// Whole stands in the place of a step where the user as a whole is meant, who ended
// before any step.
const Whole Step = ""

// stepRule is what the engine knows of a step.
type stepRule struct {
	step  Step
	words string // what it does, for people: "disable accounts"
	write string // the least Graph permission of an app that writes it, besides that of reading users
	reads string // what listing and reading back its targets takes
	role  string // the least directory role that an app needs besides, for ordinary users; "" is none

	userRole  string // the least directory role of a user who signs in, for ordinary users
	userWrite string // the least permission to write it as a user; "" is that of an app

	// urgent steps are those that keep an intruder out. Holders of privileged roles go
	// through all of them before anybody else is sent.
	urgent bool

	// listed steps write to what the plan lists, which may be nothing. Any other step
	// writes to every user.
	listed bool

	// proof is the state that a read-back must show; "" is proof by a time that moved.
	proof string

	// rereads says that an exact repeat is refused or not known to be safe: where a
	// write may have arrived already, the target is read before it is sent again.
	rereads bool

	// doneWhen are refusals of a write which may mean that its target is so already: it
	// is read before they are believed.
	doneWhen []int

	// stoppedBy are the steps that must have ended in success for the user before this
	// one is sent. All other steps go on whatever became of the ones before.
	stoppedBy []Step

	// spacing is the least time between two writes of the step for one user: Graph
	// takes 25 writes to devices per 10 s and user (throttling limits).
	spacing time.Duration

	undo Step // "" where nothing undoes it
}

// stepRules are all steps in the order in which a run takes them, whatever the order in
// which they are typed: nobody can sign in anew before sessions are revoked, and no
// licence goes before the account is closed (Microsoft Entra documentation, revoke user
// access in an emergency).
var stepRules = []stepRule{
	{step: Disable, words: "disable accounts", write: "User.EnableDisableAccount.All", reads: NeedsRead, userRole: "User Administrator", urgent: true, proof: StateDisabled, undo: Enable},
	{step: Password, words: "replace passwords", write: "User-PasswordProfile.ReadWrite.All", reads: NeedsRead, userRole: "User Administrator", role: "User Administrator", urgent: true, listed: true},
	{step: Revoke, words: "revoke sessions", write: NeedsWrite, reads: NeedsRead, userRole: "Helpdesk Administrator", urgent: true},
	{step: Invalidate, words: "invalidate refresh tokens", write: NeedsWrite, reads: NeedsRead, userRole: "Helpdesk Administrator", urgent: true},
	{step: Devices, words: "disable devices", write: "Device.ReadWrite.All", reads: "Device.Read.All", userRole: "Cloud Device Administrator", userWrite: "Directory.AccessAsUser.All", urgent: true, listed: true, proof: StateDisabled,
		doneWhen: []int{404}, spacing: 400 * time.Millisecond, undo: EnableDevices},
	{step: Groups, words: "remove group memberships", write: "GroupMember.ReadWrite.All", reads: "Directory.Read.All", userRole: "Groups Administrator", listed: true, proof: StateGone,
		rereads: true, doneWhen: []int{404}, stoppedBy: []Step{Disable}, undo: JoinGroups},
	{step: Licences, words: "remove licences", write: "LicenseAssignment.ReadWrite.All", reads: "Directory.Read.All", userRole: "License Administrator", listed: true, proof: StateGone,
		rereads: true, doneWhen: []int{400, 404}, stoppedBy: []Step{Disable}, undo: AddLicences},
	{step: Enable, words: "enable accounts", write: "User.EnableDisableAccount.All", reads: NeedsRead, userRole: "User Administrator", listed: true, proof: StateEnabled},
	{step: EnableDevices, words: "enable devices", write: "Device.ReadWrite.All", reads: "Device.Read.All", userRole: "Cloud Device Administrator", userWrite: "Directory.AccessAsUser.All", listed: true, proof: StateEnabled,
		spacing: 400 * time.Millisecond},
	{step: JoinGroups, words: "restore group memberships", write: "GroupMember.ReadWrite.All", reads: "Directory.Read.All", userRole: "Groups Administrator", listed: true, proof: StateThere, rereads: true, doneWhen: []int{400}},
	{step: AddLicences, words: "restore licences", write: "LicenseAssignment.ReadWrite.All", reads: "Directory.Read.All", userRole: "License Administrator", listed: true, proof: StateThere, rereads: true, doneWhen: []int{400}},
}

// rule is what the engine knows of the step. An unknown step is a mistake of the caller.
func (s Step) rule() *stepRule {
	for i := range stepRules {
		if stepRules[i].step == s {
			return &stepRules[i]
		}
	}
	return &stepRule{step: s, words: string(s), listed: true}
}

// Known reports whether there is such a step.
func (s Step) Known() bool {
	return slices.ContainsFunc(stepRules, func(r stepRule) bool { return r.step == s })
}

// AllSteps are all steps, those that take others back included, in the order of a run.
func AllSteps() []Step {
	all := make([]Step, len(stepRules))
	for i := range stepRules {
		all[i] = stepRules[i].step
	}
	return all
}

// Words say what the step does: "disable accounts".
func (s Step) Words() string { return s.rule().words }

// Needs is the least Graph permission of an app that writes the step, and Reads that of
// listing its targets and reading them back.
func (s Step) Needs() string { return s.rule().write }
func (s Step) Reads() string { return s.rule().reads }

// Role is the least directory role that an app needs besides its permission, for
// ordinary users, too; "" is none.
func (s Step) Role() string { return s.rule().role }

// Lacking is what may be missing where every write of the step is denied.
func (s Step) Lacking() string {
	if role := s.Role(); role != "" {
		return s.Needs() + ", or the directory role " + role
	}
	return s.Needs()
}

// Missing says what may be missing where every write of the step is denied, to an app of its own or to a
// user who signed in. What the token of either names was looked at before, so that a user mostly lacks a role.
func (s Step) Missing(user bool) string {
	if r := s.rule(); user {
		return fmt.Sprintf("the user who signed in lacks a directory role such as %s, or the app the delegated Graph permission %s", r.userRole, cmp.Or(r.userWrite, r.write))
	}
	return "the app lacks the Graph permission " + s.Lacking()
}

// missingToRead says so of reads.
func missingToRead(needs string, user bool) string {
	if user {
		return "the user who signed in lacks a directory role such as Directory Readers, or the app the delegated Graph permission " + needs
	}
	return "the app lacks the Graph permission " + needs
}

// Urgent reports whether the step keeps an intruder out: holders of privileged roles go
// through all urgent steps before anybody else is sent.
func (s Step) Urgent() bool { return s.rule().urgent }

// Listed reports whether the step writes to what the plan lists, and not to every user.
func (s Step) Listed() bool { return s.rule().listed }

// ByState reports whether a read-back proves the step by the state that it shows, and not
// by a time that moved.
func (s Step) ByState() bool { return s.rule().proof != "" }

// ofDevices reports whether the step writes to devices, which several users may have.
func (s Step) ofDevices() bool { return s == Devices || s == EnableDevices }

// movesStamp reports whether the step is proven, and may be done already, by a stamp.
func (s Step) movesStamp() bool { return s == Revoke || s == Invalidate }

// StoppedBy are the steps without whose success this one is not sent.
func (s Step) StoppedBy() []Step { return s.rule().stoppedBy }

// Undo is the step that takes this one back; "" where there is none.
func (s Step) Undo() Step { return s.rule().undo }

// Several reports whether a user of a run with these steps may have more than one write.
func Several(steps []Step) bool { return len(steps) > 1 || len(steps) == 1 && steps[0].Listed() }

// StepList is steps as --steps takes them: "disable,revoke".
func StepList(steps []Step) string {
	words := make([]string, len(steps))
	for i, s := range steps {
		words[i] = string(s)
	}
	return strings.Join(words, ",")
}

// InOrder sorts steps into the order in which a run takes them, each once.
func InOrder(steps []Step) []Step {
	var ordered []Step
	for _, r := range stepRules {
		if slices.Contains(steps, r.step) {
			ordered = append(ordered, r.step)
		}
	}
	return ordered
}

// The presets of --steps.
var (
	Emergency = []Step{Disable, Revoke, Devices}
	Leaver    = []Step{Disable, Password, Revoke, Devices, Groups, Licences}
)
