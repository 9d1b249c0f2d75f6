package batch

import "slices"

// FollowedUp reports whether one of the steps may leave something for others to do: see
// [Line.Followups].
func FollowedUp(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool {
		return slices.Contains([]Step{Disable, Password, Devices, Groups, Licences, Enable, EnableDevices}, s)
	})
}

// Where somebody else does what Graph cannot do, or cannot do for long.
const (
	InAD       = "ad"       // Active Directory, the directory on premises
	InExchange = "exchange" // Exchange Online PowerShell
	InIntune   = "intune"
	InEntra    = "entra" // the Entra admin center, by hand
)

// Followup is what is left for somebody else to do. Target is the device or group that it
// is done to; without an ID it is the user.
type Followup struct {
	Where, ToDo string
	Target      Target
}

// Followups are what is left for others to do for the line's user, of a run with these
// steps: another system is the master of what could not be written, or takes it back, or
// may take back what was so before the run.
func (l *Line) Followups(steps []Step) []Followup {
	var all []Followup
	for _, w := range l.AllWrites(steps) {
		if where, toDo := w.followup(l.User); toDo != "" {
			all = append(all, Followup{where, toDo, w.Target})
		}
	}
	return all
}

// followup is where somebody does what became of the write at the user's, and what; or "".
func (w Write) followup(u User) (where, toDo string) {
	o, t := w.Record.Outcome, w.Target
	undone := o == Ineffective || o == NotPossible || (o == Failed || o == Unverified) && w.MayReturn(u)
	switch group := (t.Step == Groups || t.Step == Licences) && t.ID != ""; {
	case o == Already && w.MayReturn(u):
		if t.Step == Disable {
			return InAD, "check that the account is disabled"
		}
		return InAD, "check that the computer is disabled"
	case t.Step == Devices && o == Skipped && w.Record.Reason == whyRegistered:
		return InEntra, "disable the device if nobody else uses it"
	case !undone:
	case t.Step == Disable && u.Synced:
		return InAD, "disable account"
	case t.Step == Enable && w.Record.Reason == whyAccountUnknown:
		return InEntra, "enable the account if it was enabled before the run"
	case t.Step == EnableDevices && w.Record.Reason == whyDeviceUnknown:
		return InEntra, "enable the device if it was enabled before the run"
	case t.Step == Enable && u.Synced:
		return InAD, "enable account"
	case t.Step == EnableDevices && t.OnPremises:
		return InAD, "enable computer"
	case t.Step == Password && u.Synced && !u.External():
		return InAD, "reset password twice"
	case t.Step == Devices && t.OnPremises:
		return InAD, "disable computer"
	case t.Step == Devices && o == NotPossible:
		return InIntune, "retire device"
	case group && w.Record.Reason == whyDynamic:
		return InEntra, "change the rule of the group, or what of the user it asks for"
	case group && t.OnPremises:
		return InAD, "remove from group"
	case group && (t.Kind == MailSecurityGroup || t.Kind == DistributionList):
		return InExchange, "remove from group"
	}
	return "", ""
}
