package batch

import "fmt"

// Limits are counted before the first write. A limit of 0 does not limit.
type Limits struct {
	MaxUsers      int
	MaxPercent    int // of the tenant's users
	MaxPrivileged int // holders of privileged directory roles
}

// Refusals says why a plan must not be carried out: every reason at once, none
// when it may. A refused plan is refused whole. Tenant is how many users the
// tenant has; 0 means that nobody could say, and holds no plan back: whoever
// wants the limit makes sure that it is known.
func (l Limits) Refusals(c Count, tenant int) []string {
	var why []string
	if l.MaxUsers > 0 && c.Users > l.MaxUsers {
		why = append(why, fmt.Sprintf("the plan has %d users, and --max-users is %d; raise it if that is meant (0 is no limit)", c.Users, l.MaxUsers))
	}
	if l.MaxPercent > 0 && tenant > 0 && c.Users*100 > l.MaxPercent*tenant {
		why = append(why, fmt.Sprintf("the plan has %d of the tenant's %d users, and --max-percent is %d; raise it if that is meant (0 is no limit)", c.Users, tenant, l.MaxPercent))
	}
	if l.MaxPrivileged > 0 && c.Privileged > l.MaxPrivileged {
		why = append(why, fmt.Sprintf("the plan has %d holders of privileged roles, and --max-privileged is %d; raise it if that is meant (0 is no limit), or leave them out with --protect-privileged", c.Privileged, l.MaxPrivileged))
	}
	return why
}
