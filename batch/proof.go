package batch

import (
	"cmp"
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
	return "the directory answered with another user, " + cmp.Or(seen.UPN, seen.ID)
}
