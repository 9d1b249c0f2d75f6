package batch

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// People are the people of a plan by name, for the person who is asked: all of them where
// they are few, and else the first, with those who deserve a second look.
type People struct {
	Names  []string         // of those to whom something is sent, with what makes them special; the first few
	Caller string           // the account that is signed in, if something is sent to it
	Guests Some             // who sign in elsewhere
	Found  Some             // who were searched for by a value that is not their name
	Ended  map[Outcome]Some // rows that are not sent, but for protected ones: as the input has them, with the reason
}

// addPerson names one more user to whom something is sent.
func (c *People) addPerson(row Row, u User, role, caller string) {
	name := u.Name()
	var marks []string
	if caller != "" && LowerASCII(caller) == u.ID {
		c.Caller = name
		marks = append(marks, "the account that is signed in")
	}
	if u.Privileged {
		marks = append(marks, cmp.Or(role, "privileged"))
	}
	if u.External() {
		c.Guests.add(name, MostShown)
		marks = append(marks, "guest")
	}
	if row.By.Searched() && LowerASCII(row.Value) != LowerASCII(u.UPN) {
		found := "found by " + properties[row.By] + " " + row.Value
		c.Found.add(name+" ("+found+")", MostShown)
		marks = append(marks, found)
	}
	if len(c.Names) < mostNamed {
		if len(marks) > 0 {
			name += " (" + strings.Join(marks, ", ") + ")"
		}
		c.Names = append(c.Names, name)
	}
}

// longReason is as much of a reason as people are told before the question, in bytes.
const longReason = 80

// addEnded names one more row that is not sent.
func (c *People) addEnded(row Row, u User, rec Record) {
	name, reason := cmp.Or(u.Name(), row.Input, "a row without a name"), rec.Reason
	if len(reason) > longReason {
		cut := longReason
		for !utf8.RuneStart(reason[cut]) {
			cut--
		}
		reason = reason[:cut] + "..."
	}
	if reason != "" && rec.Outcome != NotFound { // which says it
		name += " (" + reason + ")"
	}
	if c.Ended == nil {
		c.Ended = map[Outcome]Some{}
	}
	some := c.Ended[rec.Outcome]
	some.add(name, MostShown)
	c.Ended[rec.Outcome] = some
}
