package batch

import (
	"fmt"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Spare says which users are left alone although the input names them. It is
// asked after resolution, with what the directory says of the user, so that
// neither an alias nor another form of an id slips past.
type Spare struct {
	IDs       map[string]string    // object id in lower case: why, in words
	Names     []string             // patterns of user principal names, see Named
	Roles     map[string]string    // object id of a holder of a privileged role: the role's name; not spared by itself. nil when roles were not read
	Admin     bool                 // spare the holders of Roles, too
	Since     time.Time            // spare users whose stamp is later; zero spares none
	GivenBack map[string]string    // object id in lower case of a user to whom an undo gave something back: by which; counted, and not spared
	Last      map[string]time.Time // spare users by object id whose stamp is this one or later; nil spares none
}

// Named reports whether a user principal name fits a pattern, as [path.Match]
// reads it, without regard to the case of ASCII letters. An unreadable pattern
// fits every name.
func Named(pattern, upn string) bool {
	ok, err := path.Match(LowerASCII(pattern), LowerASCII(upn))
	return ok || err != nil
}

// record is the end of a user who is spared. From is the moment from which a date
// gate lets the user's rows through, or zero: a stamp from before says nothing of
// the time until then.
func (s Spare) record(u User, from time.Time) (Record, bool) {
	if why := s.protected(u); why != "" {
		return Record{Outcome: Protected, Reason: why}, true
	}
	if why := s.already(u, from); why != "" {
		if by := u.shownBy(); by != "" {
			why += "; " + by
		}
		return Record{Outcome: Already, After: u.Stamp, Reason: why}, true
	}
	return Record{}, false
}

// protected says why a user must never be sent, or "".
func (s Spare) protected(u User) string {
	if why, ok := s.IDs[LowerASCII(u.ID)]; ok {
		return why
	}
	for _, p := range s.Names {
		if Named(p, u.UPN) {
			return "protected as " + p
		}
	}
	if role := s.Roles[u.ID]; s.Admin && role != "" {
		return "holds the role " + role + " (--protect-privileged)"
	}
	return ""
}

// already says why a user need not be sent, or "". For an invalidation either stamp
// counts; for a revocation only the one that it moves is read. It never says so of a guest: a
// stamp that has moved says nothing of sessions in the home tenant. Nor does it
// believe an incredible stamp.
func (s Spare) already(u User, from time.Time) string {
	seen, known := s.Last[u.ID]
	switch {
	case u.External(), !u.Stamp.After(from), u.WhyIncredible() != "":
		return ""
	case known && !u.Stamp.Before(seen):
		return "the last run ended in success, and the stamp is the one that it saw, or later (--since last)"
	case s.Since.IsZero() || !u.Stamp.After(s.Since):
		return ""
	case from.After(s.Since):
		return "revoked since " + from.UTC().Format(time.RFC3339) + ", from when the date lets the row through"
	}
	return "revoked since " + s.Since.UTC().Format(time.RFC3339)
}

// Keys are the object ids and user principal names, in lower case, of everybody whom
// the Spare knows by one; nil when a pattern may fit others, too. Spare looks at nobody
// else when a run goes on.
func (s Spare) Keys() []string {
	keys := slices.Concat(slices.Collect(maps.Keys(s.IDs)), slices.Collect(maps.Keys(s.Roles)), s.Names)
	if slices.ContainsFunc(s.Names, func(p string) bool { return strings.ContainsAny(p, `*?[\`) }) {
		return nil
	}
	lower := make([]string, len(keys))
	for i, k := range keys {
		lower[i] = LowerASCII(k)
	}
	return lower
}

// Again asks once more, of a run that goes on. Users is how many of its users were sent
// or are still to be sent; lines are one of each user, or at least of those with one of
// the Keys. It gives the records of the users who were still to be sent and are spared
// now: one of the user as a whole, or where something was sent before, one of each write
// that was not. Writes is how many writes that leaves out. It counts the other users, and
// the holders of Roles among them.
func (s Spare) Again(users int, lines iter.Seq2[Line, error]) (count Count, spared []Record, writes int, err error) {
	count.Users = users
	for l, err := range lines {
		if err != nil {
			return count, nil, 0, err
		}
		all := l.Writes
		if all == nil || l.Whole {
			all = []Write{{Record: l.Record}}
		}
		var open []Record
		sent := false
		for _, w := range all {
			sent = sent || !w.Record.SentAt.IsZero()
			if w.Record.Outcome.Open() {
				open = append(open, w.Record)
			}
		}
		if len(open) == 0 && !sent {
			continue // ended before it was sent
		}
		why := ""
		if len(open) > 0 {
			why = s.protected(l.User)
		}
		if role := s.Roles[l.User.ID]; why == "" && role != "" {
			count.Privileged++
			count.nameAdmin(l.User, role)
		}
		if why == "" {
			continue
		}
		writes += len(open)
		if l.Writes == nil || !sent {
			open = open[:1]
			open[0].Step, open[0].Target = Whole, ""
		}
		for _, rec := range open {
			rec.Reason = why
			if rec.Outcome == Unsettled {
				rec.Reason = fmt.Sprintf("%s; sent at %s, before this was known, and whether that took effect is not known", why, rec.SentAt.UTC().Format(time.RFC3339))
			}
			rec.Outcome, rec.SettledAt = Protected, time.Now()
			spared = append(spared, rec)
		}
		count.Users--
		count.addProtected(l.User, why)
	}
	return count, spared, writes, nil
}
