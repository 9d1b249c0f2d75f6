package batch

import "fmt"

// Limits are counted before the first write. A limit of 0 does not limit.
type Limits struct {
	MaxUsers      int
	MaxPercent    int // of the tenant's users
	MaxPrivileged int // holders of privileged directory roles
}

// Check is what a limit says of a plan.
type Check struct {
	Name    string // of the limit, as its flag
	Limit   int    // 0 is no limit
	Counted int    // what the plan has
	Refusal string // why the plan must not be carried out, in words; "" when it may
}

// Checks holds a plan against every limit. A plan that one refuses is refused
// whole. Tenant is how many users the tenant has; a negative number means that
// nobody asked, and holds no plan back: whoever sets the limit makes sure that it
// is known. A tenant that says it has none holds back every plan that has any.
func (l Limits) Checks(c Count, tenant int) []Check {
	checks := []Check{
		{Name: "--max-users", Limit: l.MaxUsers, Counted: c.Users},
		{Name: "--max-percent", Limit: l.MaxPercent},
		{Name: "--max-privileged", Limit: l.MaxPrivileged, Counted: c.Privileged},
	}
	users, percent, privileged := &checks[0], &checks[1], &checks[2]
	const raise = "raise it if that is meant (0 is no limit)"
	if l.MaxUsers > 0 && c.Users > l.MaxUsers {
		users.Refusal = fmt.Sprintf("the plan has %d users, and --max-users is %d; %s", c.Users, l.MaxUsers, raise)
	}
	if tenant > 0 {
		percent.Counted = (c.Users*100 + tenant - 1) / tenant
	}
	if l.MaxPercent > 0 && tenant >= 0 && c.Users*100 > l.MaxPercent*tenant {
		percent.Refusal = fmt.Sprintf("the plan has %d of the tenant's %d users, and --max-percent is %d; %s", c.Users, tenant, l.MaxPercent, raise)
	}
	if l.MaxPrivileged > 0 && c.Privileged > l.MaxPrivileged {
		privileged.Refusal = fmt.Sprintf("the plan has %d holders of privileged roles, and --max-privileged is %d; %s, or leave them out with --protect-privileged", c.Privileged, l.MaxPrivileged, raise)
	}
	return checks
}
