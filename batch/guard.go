package batch

import "fmt"

// Limits are counted before the first write. A limit of 0 does not limit.
type Limits struct {
	MaxUsers int
}

// Refusals says why a plan must not be carried out: every reason at once, none
// when it may. A refused plan is refused whole.
func (l Limits) Refusals(c Count) []string {
	var why []string
	if l.MaxUsers > 0 && c.Users > l.MaxUsers {
		why = append(why, fmt.Sprintf("the plan has %d users, and --max-users is %d; raise it if that is meant (0 is no limit)", c.Users, l.MaxUsers))
	}
	return why
}
