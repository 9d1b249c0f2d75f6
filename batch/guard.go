package batch

import (
	"fmt"
	"time"
)

// Guards are what a plan was held against. They stay with it, so that a run that
// goes on, or a plan that is carried out later, is held against the same.
type Guards struct {
	IDs           map[string]string `json:"ids,omitempty"`    // object ids that protect lists named, in lower case: why, in words
	Names         []string          `json:"names,omitempty"`  // patterns of user principal names, as in Spare
	Lists         []List            `json:"lists,omitempty"`  // the files of both, as they were read
	Groups        []string          `json:"groups,omitempty"` // object ids of groups; who is in them is read each time
	Admin         bool              `json:"admin,omitempty"`  // holders of privileged roles are spared
	IncludeCaller bool              `json:"caller,omitempty"` // the user in Terms.User is not spared
	Roles         bool              `json:"roles,omitempty"`  // who holds a privileged role was known at planning
	Limits        Limits            `json:"limits,omitzero"`
}

// List is a protect list that was read: a later change of the file can be seen.
type List struct {
	Name   string `json:"name"`   // of the file, absolute
	Digest string `json:"digest"` // SHA-256 of its bytes, hex
}

// Limits are counted before the first write. A limit of 0 does not limit.
type Limits struct {
	MaxUsers      int `json:"max_users,omitempty"`
	MaxPercent    int `json:"max_percent,omitempty"`    // of the tenant's users
	MaxPrivileged int `json:"max_privileged,omitempty"` // holders of privileged directory roles
	MinUsers      int `json:"min_users,omitempty"`      // found in the directory, those who are not sent included
}

// Finding is what a guard says of a plan.
type Finding struct {
	Name    string // of the guard, as its flag
	Limit   int    // 0 is no limit, or a guard that counts nothing
	Counted int    // what the plan has
	Refusal string // why the plan must not be carried out, in words; "" when it may
	Lift    string // what lifts the refusal, a flag and its value as one word, not quoted: "--max-users 600"; several with a line for each; "" when no flag does
}

// Error is why the plan must not be carried out.
func (k Finding) Error() string { return k.Refusal }

// Findings holds a plan against every limit. A plan that one refuses is refused
// whole. Tenant is how many users the tenant has. A negative number means that
// it is not known, and holds no plan back: the caller makes sure that it is known
// where the limit is set. A tenant of 0 users holds back every plan that has any.
func (l Limits) Findings(c Count, tenant int) []Finding {
	percent := 0
	if tenant > 0 {
		percent = (c.Users*100 + tenant - 1) / tenant
	}
	found := c.Users + c.Ended[Already] + c.Ended[Protected]
	checks := []Finding{
		{Name: "--max-users", Limit: l.MaxUsers, Counted: c.Users},
		{Name: "--max-percent", Limit: l.MaxPercent, Counted: percent},
		{Name: "--max-privileged", Limit: l.MaxPrivileged, Counted: c.Privileged},
	}
	const raise = "raise it if that is meant (0 is no limit)"
	refuse := func(k *Finding, lift int, why string) {
		k.Refusal, k.Lift = why, fmt.Sprintf("%s %d", k.Name, lift)
	}
	if l.MinUsers > 0 {
		checks = append(checks, Finding{Name: "--min-users", Limit: l.MinUsers, Counted: found})
	}
	if l.MaxUsers > 0 && c.Users > l.MaxUsers {
		refuse(&checks[0], c.Users, fmt.Sprintf("the plan has %d users, and --max-users is %d; %s", c.Users, l.MaxUsers, raise))
	}
	if l.MaxPercent > 0 && tenant >= 0 && c.Users*100 > l.MaxPercent*tenant {
		refuse(&checks[1], percent, fmt.Sprintf("the plan has %d of the tenant's %d users, and --max-percent is %d; %s", c.Users, tenant, l.MaxPercent, raise))
	}
	if l.MaxPrivileged > 0 && c.Privileged > l.MaxPrivileged {
		refuse(&checks[2], c.Privileged, fmt.Sprintf("the plan has %d holders of privileged roles, and --max-privileged is %d; %s, or leave them out with --protect-privileged", c.Privileged, l.MaxPrivileged, raise))
	}
	if found < l.MinUsers {
		users := "users were"
		if found == 1 {
			users = "user was"
		}
		refuse(&checks[3], found, fmt.Sprintf("%d %s found, and --min-users is %d; see whether the file is whole and --where right, or lower it if that is meant", found, users, l.MinUsers))
	}
	return checks
}

// CheckAge refuses what is older than most, which is a flag's; 0 allows any age.
// What says in words what happened at that time, and advice what to do. What is of
// a time after now is not old.
func CheckAge(flag, what string, at, now time.Time, most time.Duration, advice string) Finding {
	k := Finding{Name: flag}
	if age := now.Sub(at); most > 0 && age > most {
		k.Lift = fmt.Sprintf("%s %dh", flag, int(age/time.Hour)+1)
		k.Refusal = fmt.Sprintf("%s at %s, %s ago, and %s is %s; %s",
			what, at.UTC().Format(time.RFC3339), age.Round(time.Second), flag, most, advice)
	}
	return k
}
