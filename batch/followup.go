package batch

import "slices"

// FollowedUp reports whether one of the steps may leave something to do in a directory on
// premises, for a user who is found there by [User.SAM]: see [Line.Followups].
func FollowedUp(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool { return s == Disable || s == Password || s == Devices })
}

// Followup is what an administrator of the directory on premises is to do. Computer is the
// name of a device.
type Followup struct{ ToDo, Computer string }

// Followups are what is to be done there for the line's user, of a run with these steps:
// that directory is the master of what could not be written, or what its next sync takes
// back.
func (l *Line) Followups(steps []Step) []Followup {
	var all []Followup
	for _, w := range l.AllWrites(steps) {
		step, o := w.Target.Step, w.Record.Outcome
		switch {
		case o != Ineffective && o != NotPossible:
		case step == Disable && l.User.Synced:
			all = append(all, Followup{"disable account", ""})
		case step == Password && l.User.Synced && !l.User.External():
			all = append(all, Followup{"reset password twice", ""})
		case step == Devices && w.Target.OnPremises:
			all = append(all, Followup{"disable computer", w.Target.Name})
		}
	}
	return all
}
