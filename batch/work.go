package batch

import (
	"strings"
	"time"
)

// lists are what was listed of a user for the steps of a plan.
type lists struct {
	devices, groups     []Target
	noDevices, noGroups *Record // why they could not be listed
	appOnly             bool    // an app of its own signs in, and no person
}

// work is what the steps are to do to a user: the targets of listed steps, in the order
// of sending, and the records of what need not or cannot be done. Every record of a
// listed step is of one of the targets.
type work struct {
	steps   []Step
	targets []Target
	records []Record
}

// has reports whether the step is one of the plan's.
func (w *work) has(s Step) bool {
	for _, t := range w.steps {
		if t == s {
			return true
		}
	}
	return false
}

// end records what becomes of a target without anything being sent.
func (w *work) end(t Target, o Outcome, reason string) {
	w.records = append(w.records, Record{Step: t.Step, Target: t.ID, Outcome: o, Reason: reason})
}

// add lists a target, with the record that it ends with, if there is one.
func (w *work) add(t Target, o Outcome, reason string) {
	w.targets = append(w.targets, t)
	if o != "" {
		w.end(t, o, reason)
	}
}

// workOf plans the steps of one user.
func workOf(steps []Step, u User, l lists) work {
	w := work{steps: steps}
	for _, s := range steps {
		switch s {
		case Disable:
			if u.Disabled {
				w.end(Target{Step: s}, Already, whyAlready("account", u.Synced))
			}
		case Password:
			w.password(u)
		case Devices:
			w.devices(l)
		case Groups:
			w.groups(l)
		case Licences:
			w.licences(u, l)
		}
	}
	return w
}

func (w *work) password(u User) {
	t := Target{Step: Password}
	if !u.PasswordSet.IsZero() {
		t.Before = u.PasswordSet.UTC().Format(time.RFC3339)
	}
	switch {
	case u.External():
		w.add(t, NotPossible, "a guest's password is one of the home tenant")
	case u.Synced:
		w.add(t, NotPossible, "the password is mastered on premises; reset it in Active Directory, twice")
	default:
		w.add(t, "", "")
	}
}

func (w *work) devices(l lists) {
	if l.noDevices != nil {
		w.add(Target{Step: Devices}, l.noDevices.Outcome, "the devices could not be listed: "+l.noDevices.Reason)
	}
	for _, t := range l.devices {
		switch {
		case t.Before == StateDisabled:
			w.add(t, Already, whyAlready("device", t.OnPremises))
		case t.RegisteredOnly && !t.OnPremises:
			w.add(t, Skipped, whyRegistered)
		case l.appOnly && t.Kind != "" && !strings.HasPrefix(strings.ToLower(t.Kind), "windows"):
			w.add(t, NotPossible, "Graph lets no app disable a device that does not run Windows; retire it in Intune")
		default:
			w.add(t, "", "")
		}
	}
}

// caution says what will come of a write to the target where that is known when it is
// planned, or "".
func (t Target) caution() string {
	devices := t.Step == Devices || t.Step == EnableDevices
	switch {
	case t.Restricted:
		return "in a restricted administrative unit, and refused with 403, unless the app holds a role in that unit"
	case devices && t.OnPremises:
		return "mastered on premises, ends ineffective: the next sync enables them again; disable these computers in Active Directory"
	case !devices && t.Kind == RoleAssignable:
		return WhyRoleAssignable
	}
	return ""
}

// WhyRoleAssignable is what will come of a membership in a group that may hold roles.
const WhyRoleAssignable = "only with RoleManagement.ReadWrite.Directory, too (a signed-in user: Privileged Role Administrator), and refused with 403 without"

// What others can do is told by these reasons, too: see [Line.Followups].
const (
	whyRegistered = "the user has registered the device and does not own it, so that others may use it; disable it by hand if nobody else does"
	whyDynamic    = "a rule decides who is in the group; change the rule, or what of the user it asks for"
)

// whyAlready is why an account or a device need not be disabled. Whether the directory on
// premises has it disabled, too, Graph does not tell.
func whyAlready(what string, onPremises bool) string {
	why := "the " + what + " was disabled before the run"
	if onPremises {
		why += ", and stays so only as long as Active Directory says so, too; check that it is disabled there"
	}
	return why
}

// whyKept says why Graph cannot take a user out of the group, or "".
func whyKept(t Target) string {
	switch {
	case t.Dynamic:
		return whyDynamic
	case t.OnPremises:
		return "the group is mastered on premises; remove the user in Active Directory"
	case t.MailOnly:
		return "Exchange keeps this group; remove the user with Remove-DistributionGroupMember in Exchange Online PowerShell"
	}
	return ""
}

func (w *work) groups(l lists) {
	if l.noGroups != nil {
		w.add(Target{Step: Groups}, l.noGroups.Outcome, "the groups could not be listed: "+l.noGroups.Reason)
	}
	for _, t := range l.groups {
		t.Step = Groups
		why := whyKept(t)
		switch {
		case t.GivesLicences && w.has(Licences): // after the direct licences
		case why != "":
			w.add(t, NotPossible, why)
		case t.GivesLicences:
			w.add(t, Skipped, "the group gives licences: the step licences removes it")
		default:
			w.add(t, "", "")
		}
	}
}

func (w *work) licences(u User, l lists) {
	direct := Target{Step: Licences}
	switch {
	case u.Licences == "":
		w.add(direct, Failed, "the directory did not tell which licences the user has")
	case u.Licences != "[]":
		direct.Kind, direct.Before = DirectLicences, u.Licences
		w.add(direct, "", "")
	}
	if l.noGroups != nil {
		w.add(Target{Step: Licences, ID: "groups", Kind: "groups that give licences"}, l.noGroups.Outcome, "the groups that give licences could not be listed: "+l.noGroups.Reason)
	}
	for _, t := range l.groups {
		if !t.GivesLicences {
			continue
		}
		t.Step = Licences
		if why := whyKept(t); why != "" {
			w.add(t, NotPossible, why)
			continue
		}
		w.add(t, "", "")
	}
}
