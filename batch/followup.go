package batch

// Followup is what an administrator of the directory on premises is to do, since that
// directory is the master of what the user's write is at: it could not be made, or the next
// sync takes it back. computer is the name of a device. Of any other write both are "".
func (w Write) Followup(u User) (toDo, computer string) {
	if w.Record.Outcome != Ineffective && w.Record.Outcome != NotPossible {
		return "", ""
	}
	switch step := w.Target.Step; {
	case step == Disable && u.Synced:
		return "disable account", ""
	case step == Password && u.Synced && !u.External():
		return "reset password twice", ""
	case step == Devices && w.Target.OnPremises:
		return "disable computer", w.Target.Name
	}
	return "", ""
}
