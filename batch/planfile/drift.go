package planfile

import (
	"fmt"
	"strings"

	"offboard/batch"
)

// Drift says in words in what a user, looked up again, is no longer the one who
// was planned and approved; "" when nothing has changed that tells who or what
// the user is: object id, UPN (its case too), user type, enabled, synced,
// privileged. It is about users who were resolved.
//
// The Stamp does not count. It moves when a password is changed or
// somebody else revokes, and revoking once more harms nobody.
func Drift(planned, now batch.User) string {
	var d drift
	d.text("object id", planned.ID, now.ID)
	d.text("UPN", planned.UPN, now.UPN)
	d.text("user type", planned.Type, now.Type)
	d.flag("enabled", planned.Enabled, now.Enabled)
	d.flag("synced from on-premises", planned.Synced, now.Synced)
	d.flag("privileged", planned.Privileged, now.Privileged)
	return strings.Join(d, "; ")
}

type drift []string

func (d *drift) text(what, was, is string) {
	if was != is {
		*d = append(*d, fmt.Sprintf("%s was %q and is %q", what, was, is))
	}
}

func (d *drift) flag(what string, was, is bool) {
	switch {
	case was && !is:
		*d = append(*d, "no longer "+what)
	case is && !was:
		*d = append(*d, "now "+what)
	}
}
