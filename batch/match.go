package batch

import (
	"cmp"
	"fmt"
	"strings"
)

// match holds the directory's answer against all that the row says. An empty
// outcome is a user.
func match(row Row, reply Reply, allowRenamed bool) (User, Outcome, string) {
	u, outcome, why := matchKey(row, reply, allowRenamed)
	if outcome == "" {
		if why = disagreement(row, u, allowRenamed); why != "" {
			outcome = Invalid
		}
	}
	return u, outcome, why
}

// disagreement says how the user found differs from what the row's other columns
// name, or "". A property that the directory does not have says nothing.
func disagreement(row Row, u User, allowRenamed bool) string {
	for _, c := range row.Claims {
		has := u.property(c.Key)
		renamed := c.Key == ByUPN && row.ID != ""
		switch {
		case has == "" || SameValue(c.Key, has, c.Value) || renamed && allowRenamed:
		case renamed:
			return fmt.Sprintf("%s is that of %s, and the file says %s; a shifted column, or a renamed user (--allow-renamed)", row.named(), u.UPN, c.Value)
		case c.Key == ByUPN:
			return fmt.Sprintf("%s is that of %s, and the file says %s; correct the one that is wrong", row.named(), u.UPN, c.Value)
		case c.Key == ByID:
			return fmt.Sprintf("%s is that of object id %s, and the file says %s; correct the one that is wrong", row.named(), u.ID, c.Value)
		default:
			return fmt.Sprintf("%s is that of a user whose %s is %s, and the file says %s; correct the one that is wrong, or leave the column out with --ignore-column %q", row.named(), properties[c.Key], has, c.Value, c.Column)
		}
	}
	return ""
}

// named says in words how the row names its user.
func (r Row) named() string {
	switch {
	case r.By.Searched():
		return "the " + properties[r.By] + " " + r.Value
	case r.ID != "":
		return "the object id " + r.ID
	}
	return "the user principal name " + r.UPN
}

// matchKey takes the user that the key names. The directory must name the very
// user asked for: a lookup that was misread on the way could bring another one.
func matchKey(row Row, reply Reply, allowRenamed bool) (User, Outcome, string) {
	if row.By.Searched() {
		return matchProperty(row, reply.Hits)
	}
	if reply.User == nil || reply.User.ID == "" {
		return User{}, Failed, "lookup: the answer names no user"
	}
	u := *reply.User
	u.ID = strings.ToLower(u.ID)
	switch {
	case row.ID != "" && u.ID != row.ID:
		return u, Invalid, fmt.Sprintf("the directory answered with another object id, %s", u.ID)
	case row.ID == "" && !sameUPN(row.UPN, u.UPN):
		return u, Invalid, fmt.Sprintf("the directory answered with another user, %s", u.UPN)
	case row.ID != "" && row.UPN != "" && !sameUPN(row.UPN, u.UPN) && !allowRenamed:
		return u, Invalid, fmt.Sprintf("the object id belongs to %s, and the file says %s; a shifted column, or a renamed user (--allow-renamed)", u.UPN, row.UPN)
	}
	return u, "", ""
}

// strayLooks is how often a row is looked up before an answer about another
// user is believed to be the directory's last word. A service may mix two
// answers up; one that folds letters of a name does so every time.
const strayLooks = 3

// stray reports whether the answer is about another user than the row asked for.
func stray(row Row, reply Reply) bool {
	switch {
	case row.By.Searched():
		return len(reply.Hits) == 1 && !row.has(reply.Hits[0])
	case reply.User == nil || reply.User.ID == "":
		return true
	}
	return !User{ID: row.ID, UPN: row.UPN}.is(*reply.User)
}

// has reports whether the user has the property that the row names.
func (r Row) has(u User) bool { return SameValue(r.By, r.Value, u.Value) }

// properties are the words for the properties that several users may share.
var properties = map[Key]string{
	ByMail: "mail", ByEmployeeID: "employee id", ByOnPremisesUPN: "on-premises user principal name",
}

// matchProperty takes the one user that has the property. When several have it, it
// takes none: no rule could say which one was meant.
func matchProperty(row Row, hits []User) (User, Outcome, string) {
	what := properties[row.By]
	switch len(hits) {
	case 0:
		return User{}, NotFound, fmt.Sprintf("no user has the %s %s", what, row.Value)
	case 1:
	default:
		names := make([]string, len(hits))
		for i, u := range hits {
			names[i] = cmp.Or(u.UPN, "a user without a name") + " (" + strings.ToLower(u.ID) + ")"
		}
		return User{}, Ambiguous, fmt.Sprintf("the %s %s is that of %s", what, row.Value, strings.Join(names, ", "))
	}
	u := hits[0]
	u.ID = strings.ToLower(u.ID)
	switch {
	case u.ID == "":
		return User{}, Failed, "lookup: the answer names no user"
	case !row.has(u):
		return u, Invalid, fmt.Sprintf("the directory answered with another user, %s, whose %s is %s", u.UPN, what, cmp.Or(u.Value, "not set"))
	}
	return u, "", ""
}
