package batch

import (
	"encoding/json"
	"fmt"
	"slices"
)

// What undoes a run: each write of it that changed something, of which the value before
// is known, is taken back where the directory still shows what the write left. A value
// that somebody changed since is theirs, and stays.

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
	case Verified, Accepted, Revoked, Unverified:
		return true
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
// them.
func (w Write) Undo(before User) (back Target, why string, ok bool) {
	t, undo := w.Target, w.Record.Step.Undo()
	elsewhere := undo == Enable && before.Synced || undo == EnableDevices && t.OnPremises
	switch {
	case w.Record.Outcome == Ineffective && undo != "", elsewhere && w.Record.Changed():
		return t, "mastered on premises: Active Directory decides, and there it is taken back", false
	case !w.Record.Changed():
		return t, "", false
	case undo == "" && w.Record.Step == Password:
		return t, "passwords stay replaced: the help desk sets new ones", false
	case undo == "":
		return t, "sessions are not restored: people sign in again", false
	}
	back = Target{Step: undo, ID: t.ID, Name: t.Name, Kind: t.Kind, Before: StateDisabled}
	known := t.Before == StateEnabled
	switch {
	case undo == Enable:
		known = before.Enabled
	case undo == JoinGroups, undo == AddLicences && t.ID != "":
		known, back.Before = t.Before == StateThere, StateGone
	case undo == AddLicences: // what is given back stands there
		known, back.Before = t.Before != "", t.Before
	}
	if !known {
		return t, "it is not known that it was otherwise before the run", false
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
			o, why = undoAccount(u)
		case t.Step == EnableDevices:
			o, why = undoDevice(t, l)
		case t.ID != "":
			o, why = undoMembership(t, l)
		default:
			t.Before, o, why = undoLicences(t.Before, u)
		}
		w.add(t, o, why)
	}
}

func undoAccount(u User) (Outcome, string) {
	switch {
	case u.Enabled:
		return Already, "the account is enabled already"
	case !u.Disabled:
		return Failed, "the directory does not tell whether the account is disabled, so it is left as it is"
	case u.Synced:
		return NotPossible, "the account is mastered on premises by now; enable it in Active Directory"
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

func undoDevice(t Target, l lists) (Outcome, string) {
	is, listed := find(l.devices, t.ID)
	switch {
	case l.noDevices != nil:
		return l.noDevices.Outcome, "the devices could not be listed: " + l.noDevices.Reason
	case !listed:
		return NotFound, "the device is no more, or is no longer one of this user's"
	case is.Before == StateEnabled:
		return Already, "the device is enabled already"
	case is.Before != StateDisabled:
		return Failed, "the directory does not tell whether the device is disabled, so it is left as it is"
	}
	return "", ""
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
