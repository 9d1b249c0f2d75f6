package batch

import (
	"encoding/json"
	"fmt"
	"slices"
)

// What undoes a run: each write of it that changed something is a target of the undo. It is
// taken back where the value before is known, Graph can write it, and the directory still
// shows what the write left. A value that somebody changed since is theirs, and stays. What
// only others can take back ends not_possible, so that no undo passes for a whole one.

// Undoes is the step that this one takes back; "" where it takes none back.
func (s Step) Undoes() Step {
	for i := range stepRules {
		if s != "" && stepRules[i].undo == s {
			return stepRules[i].step
		}
	}
	return ""
}

// Part is what of a run is to be taken back. Zero is all of it.
type Part struct {
	Steps []Step   `json:"steps,omitempty"` // of that run; none is all of them
	Users []string `json:"users,omitempty"` // their [User.Key]; none is all of them
}

// Whole reports whether nothing of the run is left out.
func (p Part) Whole() bool { return len(p.Steps) == 0 && len(p.Users) == 0 }

// Has reports whether the step of the user is in the part.
func (p Part) Has(s Step, user string) bool {
	return (len(p.Steps) == 0 || slices.Contains(p.Steps, s)) && (len(p.Users) == 0 || slices.Contains(p.Users, user))
}

// Changed reports whether a call of the run changed the target, or may have done so: its
// answer was not seen, or left that open. The directory is asked before anything is taken
// back.
func (r Record) Changed() bool {
	switch r.Outcome {
	case Verified, Accepted, Revoked:
		return true
	case Unverified:
		return !r.wasSo()
	case Failed: // accepted, and taken back since
		return !r.Accepted.IsZero() || r.Uncertain()
	}
	return r.Uncertain()
}

// Uncertain reports whether a call of the run may have changed the target, and no answer
// tells: whatever became of the write then, as where its repeat was denied, or its user is
// spared by now.
func (r Record) Uncertain() bool {
	return r.Doubt && r.Outcome != Unverified && r.Outcome != Ineffective && r.Outcome.Kind() != Success
}

// Undo is the target that takes a write back, and true; or why there is none: in words,
// or "" where the write changed nothing. Before is the user as the plan of the write had
// them. Whether Graph can take it back is known when the undo is planned.
func (w Write) Undo(before User) (back Target, why string, ok bool) {
	t, undo := w.Target, w.Record.Step.Undo()
	switch {
	case !w.Record.Changed() && !(w.Record.Outcome == Ineffective && undo != ""):
		return t, "", false
	case undo == "" && w.Record.Step == Password:
		return t, "passwords stay replaced: the help desk sets new ones", false
	case undo == "":
		return t, "sessions are not restored: people sign in again", false
	}
	back = Target{Step: undo, ID: t.ID, Name: t.Name, Kind: t.Kind, Before: StateDisabled, OnPremises: t.OnPremises}
	switch {
	case undo == Enable:
		back.Unknown = !before.Enabled
	case undo == EnableDevices:
		back.Unknown = t.Before != StateEnabled
	case undo == JoinGroups, undo == AddLicences && t.ID != "":
		back.Before = StateGone
	default: // licences by direct assignment: what is given back stands there
		back.Before = t.Before
	}
	return back, "", true
}

// undo plans what takes a user's targets back: each of them only where it is still as the
// run left it.
func (w *work) undo(targets []Target, u User, l lists) {
	for _, t := range targets {
		o, why := Outcome(""), ""
		switch {
		case t.Step == Enable:
			o, why = undoAccount(t, u)
		case t.Step == EnableDevices:
			t, o, why = undoDevice(t, l)
		case t.ID != "":
			o, why = undoMembership(t, l)
		default:
			t.Before, o, why = undoLicences(t.Before, u)
		}
		w.add(t, o, why)
	}
}

// What others can do is told by these reasons, too: see [Line.Followups].
const (
	whyAccountUnknown = "it is not known whether the account was enabled before the run; if it was, enable it in the Entra admin center"
	whyDeviceUnknown  = "it is not known whether the device was enabled before the run; if it was, enable it in the Entra admin center"
)

func undoAccount(t Target, u User) (Outcome, string) {
	switch {
	case u.Enabled:
		return Already, "the account is enabled already"
	case !u.Disabled:
		return Failed, "the directory does not tell whether the account is disabled, so it is left as it is"
	case t.Unknown:
		return NotPossible, whyAccountUnknown
	case u.Synced:
		return NotPossible, "the account is mastered on premises; enable it in Active Directory, or wait for the next sync if it is enabled there"
	}
	return "", ""
}

// find is the target of that id.
func find(targets []Target, id string) (Target, bool) {
	i := slices.IndexFunc(targets, func(t Target) bool { return t.ID == id })
	if i < 0 {
		return Target{}, false
	}
	return targets[i], true
}

// undoDevice holds a device against the list: what that says of its master counts, and not
// what was so before the run.
func undoDevice(t Target, l lists) (Target, Outcome, string) {
	is, listed := find(l.devices, t.ID)
	if listed {
		t.OnPremises = is.OnPremises
	}
	switch {
	case l.noDevices != nil:
		return t, l.noDevices.Outcome, "the devices could not be listed: " + l.noDevices.Reason
	case !listed:
		return t, NotFound, "the device is no more, or is no longer one of this user's"
	case is.Before == StateEnabled:
		return t, Already, "the device is enabled already"
	case is.Before != StateDisabled:
		return t, Failed, "the directory does not tell whether the device is disabled, so it is left as it is"
	case t.Unknown:
		return t, NotPossible, whyDeviceUnknown
	case t.OnPremises:
		return t, NotPossible, "the computer is mastered on premises; enable it in Active Directory, or wait for the next sync if it is enabled there"
	}
	return t, "", ""
}

func undoMembership(t Target, l lists) (Outcome, string) {
	_, in := find(l.groups, t.ID)
	switch {
	case l.noGroups != nil:
		return l.noGroups.Outcome, "the groups could not be listed: " + l.noGroups.Reason
	case in:
		return Already, "the user is in the group again"
	}
	return "", ""
}

// undoLicences leaves of the licences to give back those that the user does not have: one
// that somebody gave back since keeps the service plans that it has now.
func undoLicences(before string, u User) (give string, o Outcome, why string) {
	var had, has []Licence
	if err := json.Unmarshal([]byte(before), &had); err != nil {
		return before, Failed, fmt.Sprintf("the licences before the run cannot be read: %v", err)
	}
	if u.Licences == "" || json.Unmarshal([]byte(u.Licences), &has) != nil {
		return before, Failed, "the directory did not tell which licences the user has, so they are left as they are"
	}
	missing := slices.DeleteFunc(had, func(l Licence) bool {
		return slices.ContainsFunc(has, func(h Licence) bool { return LowerASCII(h.SKU) == LowerASCII(l.SKU) })
	})
	if len(missing) == 0 {
		return before, Already, "the user has the licences again"
	}
	told, _ := json.Marshal(missing) // texts and lists of them cannot fail
	return string(told), "", ""
}
