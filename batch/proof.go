package batch

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Slack is how far a stamp may lie before the Date of the call that moved it:
// Graph's servers have clocks of their own, and stamps have whole seconds.
const Slack = 60 * time.Second

// proves reports whether a stamp read back proves a revocation: it is later
// than the stamp before, no earlier than the server's own Date of the call less
// the slack, and not incredible (see WhyIncredible). This machine's clock has no say. A call without a Date
// proves nothing.
func proves(before time.Time, seen User, accepted time.Time) bool {
	return !accepted.IsZero() && seen.Stamp.After(before) && !seen.Stamp.Before(accepted.Add(-Slack)) && seen.WhyIncredible() == ""
}

// WhyIncredible says why the user's stamp cannot be what a revocation left, or "": it
// must be no later than the server's own Date of the answer that showed it, and the
// slack. No revocation so far set a stamp from the future, and without a Date there
// is nothing to tell one by.
func (u User) WhyIncredible() string {
	switch {
	case u.AsOf.IsZero():
		return "the answer that showed the stamp carried no Date to hold it against"
	case u.Stamp.After(u.AsOf.Add(Slack)):
		return "the stamp " + u.Stamp.UTC().Format(time.RFC3339) + " is later than the answer that showed it, of " + u.AsOf.UTC().Format(time.RFC3339)
	}
	return ""
}

// Judge holds what the directory showed, when it was asked for the user u,
// against a 2xx of that date to u. Why is empty when it proves the revocation.
// Trouble means that the answer says nothing of u, and is no better than none.
// The run's own proof and the command verify both ask here.
//
// Of a run that invalidates, both users have the later one of their two stamps. It
// is later than before only if its own property moved, so either that moved is
// proof. A stamp from the future hides the other one: such a user stays unproven,
// the stricter reading.
func (u User) Judge(accepted time.Time, seen *User) (why string, trouble bool) {
	switch {
	case seen == nil || !u.is(*seen):
		return whyOther(seen), true
	case proves(u.Stamp, *seen, accepted):
		return "", false
	case accepted.IsZero():
		return "the reply carried no Date to hold the stamp against", false
	case seen.Stamp.IsZero():
		return "the directory has no stamp", false
	case !seen.Stamp.After(u.Stamp):
		return "the stamp has not moved", false
	case seen.WhyIncredible() != "":
		return seen.WhyIncredible(), false
	}
	return "the stamp is earlier than the revocation of " + accepted.UTC().Format(time.RFC3339), false
}

// judge holds an answer that reads back what the item changes against a 2xx of that date
// to it. Why is empty when it proves the write; shown and after are what it shows. Trouble
// means that the answer says nothing of the target.
func (it Item) judge(accepted time.Time, reply Reply) (why string, after time.Time, shown string, trouble bool) {
	rule := it.Step.rule()
	if rule.proof != "" {
		return it.judgeState(rule.proof, reply.Shown)
	}
	if reply.User == nil {
		why, trouble = it.User.Judge(accepted, nil)
		return why, after, "", trouble
	}
	before, seen := it.User, *reply.User
	seen.AsOf = reply.Date
	reply.User.AsOf = reply.Date
	if it.Step == Password { // what proves it is another time of the same user
		before.Stamp, _ = time.Parse(time.RFC3339, it.Target.Before) // zero when it was not told
		seen.Stamp, seen.StampOf = seen.PasswordSet, ""
	}
	why, trouble = before.Judge(accepted, &seen)
	if it.Step == Password && !trouble && why != "" {
		why = strings.ReplaceAll(why, "the stamp", "lastPasswordChangeDateTime")
	}
	return why, seen.Stamp, "", trouble
}

// judgeState holds a state against the one that proves the write.
func (it Item) judgeState(want string, seen *Shown) (why string, after time.Time, shown string, trouble bool) {
	about := it.User.ID
	if it.Step.ofDevices() {
		about = it.Target.ID
	}
	switch {
	case seen == nil:
		return "the answer holds nothing of it", after, "", true
	case seen.ID != about:
		return "the directory answered about another object, " + cmp.Or(seen.ID, "which it does not name"), after, "", true
	case seen.State == "":
		return "the directory does not tell its state", after, "", false
	case seen.State != want && !(want == StateDisabled && seen.State == StateGone):
		return "the directory still shows it " + seen.State, after, seen.State, false
	}
	return "", after, seen.State, false
}

// again is the state in which an answer to another question shows what the item changed,
// where that is not the state that was proven; "" where it is, or the answer does not tell.
// Stamps are told to their own step alone: they only move forward.
func (it Item) again(reply Reply) string {
	shown := ""
	switch u := reply.User; {
	case it.Step == Disable && u != nil && it.User.is(*u) && u.Enabled:
		shown = StateEnabled
	case it.Step == Enable && u != nil && it.User.is(*u) && u.Disabled:
		shown = StateDisabled
	case it.inGroup() && slices.Contains(reply.Groups, LowerASCII(it.Target.ID)):
		shown = StateThere
	case it.Step.ofDevices() && it.Target.ID != "" && reply.Shown != nil && reply.Shown.ID == it.Target.ID &&
		(reply.Shown.State == StateEnabled || reply.Shown.State == StateDisabled) && reply.Shown.State != it.Step.rule().proof:
		shown = reply.Shown.State
	}
	return shown
}

// inGroup reports whether the item takes the user out of a group.
func (it Item) inGroup() bool {
	return (it.Step == Groups || it.Step == Licences) && it.Target.ID != ""
}

// tells reports whether an answer may show of the user what a write of the steps other than
// the item changed, in the state that it was in before.
func (it Item) tells(steps []Step, reply Reply) bool {
	account := func(s Step, shown bool) bool { return shown && it.Step != s && slices.Contains(steps, s) }
	u := reply.User
	return u != nil && (account(Disable, u.Enabled) || account(Enable, u.Disabled)) ||
		slices.ContainsFunc(reply.Groups, func(id string) bool { return id != LowerASCII(it.Target.ID) })
}

// WithoutEffect says why a 2xx to the item has no effect, or one that does not last; "" where
// it has.
func (it Item) WithoutEffect() string {
	switch {
	case (it.Step == Revoke || it.Step == Invalidate) && it.User.External():
		return "a guest's sessions live in the home tenant; Graph answered 2xx and revoked nothing"
	case it.Step == Disable && it.User.Synced:
		return "the account is mastered on premises, and the next sync enables it again; disable it in Active Directory"
	case it.Step == Devices && it.Target.OnPremises:
		return "the device is mastered on premises, and the next sync enables it again; disable the computer in Active Directory"
	}
	return ""
}

// shownBy says which property the user's stamp is of, when it could have been
// another one; else it is "".
func (u User) shownBy() string {
	if u.StampOf == "" {
		return ""
	}
	return "shown by " + u.StampOf
}

// whyOther names the user an answer was wrongly about.
func whyOther(seen *User) string {
	if seen == nil || seen.ID == "" {
		return "the answer names no user"
	}
	return "the directory answered with another user, " + seen.Name()
}
