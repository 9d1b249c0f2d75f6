package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"offboard/batch"
)

// This file says of a plan what will be sent and what will not, and what will come of it
// as far as planning can tell: for the person who is asked, and for those who approve.

// ofSteps says of each step what it will write, with a line for each reason why something
// is not sent, or will be in vain.
func ofSteps(p batch.Plan, n batch.Count) []string {
	var lines []string
	for _, s := range p.Steps {
		kinds := map[batch.Kinds]int{}
		ended := 0
		for k, count := range n.Kinds {
			if k.Step == s {
				kinds[k] = count
				if k.Outcome != "" {
					ended += count
				}
			}
		}
		head := fmt.Sprintf("step     %s: %s", s, s.Words())
		switch {
		case p.Writes == p.Users && len(n.Kinds) == 0: // each user is written once
		case !s.Listed():
			head += ": " + batch.Plural(p.Users-ended, "user")
		case len(kinds) == 0:
			head += ": none, since nothing is listed for any user"
		default:
			head += ": " + ofKinds(kinds, func(k batch.Kinds) bool { return k.Outcome == "" })
		}
		lines = append(lines, head)
		lines = append(lines, ofReasons(kinds, n.RoleGroups)...)
		if s == batch.Licences && len(kinds) > 0 {
			lines = append(lines, "         out of office, forwarding and a shared mailbox are not offboard's: set them before the licences go")
		}
	}
	return lines
}

// ofReasons has a line for each reason why targets are not sent, or are sent in vain.
func ofReasons(kinds map[batch.Kinds]int, roleGroups map[batch.Mark]int) []string {
	var lines []string
	told := map[batch.Kinds]bool{}
	for _, k := range slices.SortedFunc(maps.Keys(kinds), func(a, b batch.Kinds) int {
		return cmp.Or(strings.Compare(string(a.Outcome), string(b.Outcome)), strings.Compare(a.Why, b.Why))
	}) {
		reason := batch.Kinds{Outcome: k.Outcome, Why: k.Why}
		if told[reason] || k.Outcome == "" && k.Why == "" {
			continue
		}
		told[reason] = true
		these := ofKinds(kinds, func(other batch.Kinds) bool { return other.Outcome == k.Outcome && other.Why == k.Why })
		if k.Why == batch.WhyRoleAssignable {
			these = inRoleGroups(k.Step, roleGroups)
		}
		switch {
		case k.Outcome == "":
			lines = append(lines, "         among them "+these+": "+k.Why)
		case k.Why == "":
			lines = append(lines, fmt.Sprintf("         not sent %s: %s", these, k.Outcome))
		default:
			lines = append(lines, fmt.Sprintf("         not sent %s: %s, %s", these, k.Outcome, k.Why))
		}
	}
	return lines
}

// inRoleGroups counts the memberships that the step changes in groups that may hold roles,
// and these groups.
func inRoleGroups(s batch.Step, roleGroups map[batch.Mark]int) string {
	memberships, groups := 0, 0
	for m, n := range roleGroups {
		if m.Step == s {
			memberships, groups = memberships+n, groups+1
		}
	}
	return fmt.Sprintf("%s in %s", batch.Plural(memberships, "membership"), batch.Plural(groups, batch.RoleAssignable))
}

// ofKinds counts the targets for which is is true, by kind: "31, 20 iOS and 11 macOS".
func ofKinds(kinds map[batch.Kinds]int, is func(batch.Kinds) bool) string {
	all, by := 0, map[string]int{}
	for k, n := range kinds {
		if is(k) {
			all += n
			by[k.Kind] += n
		}
	}
	unnamed := "" // the only kind, as passwords are
	if len(by) > 1 {
		unnamed = "of no known kind"
	}
	var words []string
	for _, kind := range slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Or(by[b]-by[a], strings.Compare(a, b)) }) {
		words = append(words, strings.TrimSpace(batch.Thousands(by[kind])+" "+cmp.Or(kind, unnamed)))
	}
	if len(words) < 2 {
		return cmp.Or(strings.Join(words, ""), "0")
	}
	return fmt.Sprintf("%s (%s)", batch.Thousands(all), strings.Join(words, ", "))
}

// ofAccounts says what will come of the steps for users of some kinds.
func ofAccounts(p batch.Plan, n batch.Count) []string {
	var lines []string
	who := "the app"
	if p.Terms.User != "" {
		who = "the user who signed in"
	}
	has := func(steps ...batch.Step) bool {
		return slices.ContainsFunc(steps, func(s batch.Step) bool { return slices.Contains(p.Steps, s) })
	}
	say := func(count int, one, more, what string) {
		lines = append(lines, fmt.Sprintf("         %s of them %s%s", batch.Thousands(count), batch.Agree(count, one, more), what))
	}
	if n.External > 0 && has(batch.Revoke, batch.Invalidate) {
		what := ": Graph will say 200 and revoke nothing; " + batch.Agree(n.External, "it ends", "they end") + " ineffective"
		if len(p.Steps) > 1 {
			what += ", whatever the other steps do here"
		}
		say(n.External, "is a guest", "are guests", what)
	}
	if n.Synced > 0 && has(batch.Disable) {
		say(n.Synced, "is mastered on premises", "are mastered on premises", ": the next sync enables "+batch.Agree(n.Synced, "it", "them")+" again, and the step disable ends ineffective; disable "+batch.Agree(n.Synced, "it", "them")+" in Active Directory, too")
	}
	if n.Restricted > 0 {
		say(n.Restricted, "is in a restricted administrative unit", "are in restricted administrative units", ": Graph denies every step, unless "+who+" holds a role in that unit")
	}
	if n.Privileged > 0 {
		what := " privileged roles: " + batch.SomeOf(n.Admins, n.Privileged)
		if has(batch.Disable, batch.Password) {
			what += "; Graph denies disable and password, unless " + who + " holds Privileged Authentication Administrator"
		}
		say(n.Privileged, "holds", "hold", what)
	}
	return lines
}

// obstacleWords say of users with an obstacle who they are, and what is to be done.
var obstacleWords = map[batch.Obstacle]struct{ who, next string }{
	batch.SyncedComputer:  {"with a computer mastered on premises", "disable it in Active Directory"},
	batch.RoleHolder:      {"with a privileged role", "unless the app or user that signs in holds Privileged Authentication Administrator: give it that first"},
	batch.RoleGroupMember: {"in a role-assignable group", "unless the app or user that signs in holds Privileged Authentication Administrator: give it that first"},
	batch.RestrictedUnit:  {"in a restricted administrative unit", "unless the app or user that signs in holds a role in that unit: give it that first"},
	batch.OtherSystem:     {"with a device that no app can disable", "retire it in Intune"},
	batch.SharedDevice:    {"with a registered device that others may use", "disable it by hand if nobody else does"},
	batch.UnlistedDevices: {"with devices that could not be listed", "run it again for them"},
}

// ofContainment says how many people the run alone will not contain, why, and what is to be
// done for them; "" where it may contain all of them, or is not made for that.
func ofContainment(p batch.Plan, n batch.Count) string {
	disables, resets, revokes := slices.Contains(p.Steps, batch.Disable), slices.Contains(p.Steps, batch.Password), p.Revokes()
	var why []string
	all := 0
	for _, o := range batch.Obstacles {
		some, words := n.Obstacles[o], obstacleWords[o]
		if some.Count == 0 {
			continue
		}
		switch {
		case o == batch.SyncedAccount && disables && resets:
			words.who, words.next = "synced", "disable the account in Active Directory, and reset the password there, twice"
		case o == batch.SyncedAccount && disables:
			words.who, words.next = "synced", "disable the account in Active Directory"
		case o == batch.SyncedAccount:
			words.who, words.next = "synced", "reset the password in Active Directory, twice"
		case o == batch.HomeTenant && revokes && resets:
			words.who, words.next = "from another tenant", "only that tenant ends their sessions and resets their passwords"
		case o == batch.HomeTenant && revokes:
			words.who, words.next = "from another tenant", "only that tenant ends their sessions"
		case o == batch.HomeTenant:
			words.who, words.next = "from another tenant", "only that tenant resets their passwords"
		}
		named := ""
		if some.Count <= batch.MostShown {
			named = ", " + strings.Join(slices.Sorted(slices.Values(some.Names)), ", ")
		}
		why = append(why, fmt.Sprintf("%s %s%s (%s)", batch.Thousands(some.Count), words.who, named, words.next))
		all += some.Count
	}
	if n.Uncontained == 0 {
		return ""
	}
	twice := ""
	if all > n.Uncontained {
		twice = ", some for several reasons"
	}
	return fmt.Sprintf("         %s of %s will not be contained by this run alone%s: %s",
		batch.Thousands(n.Uncontained), batch.Agree(n.Containable, "1 person", batch.Thousands(n.Containable)+" people"), twice, strings.Join(why, "; "))
}

// fewPeople is up to how many people are all named before the question.
const fewPeople = 20

// firstPeople is how many are named of more.
const firstPeople = 5

// wide is how many characters of names stand on a line, so that it fits most terminals.
const wide = 100

// ofPeople names those to whom something would be sent: all of a few, in lines, or else the
// first, and those who deserve a second look. Holders of roles are named elsewhere.
func ofPeople(n batch.Count) []string {
	people, all := n.People, n.Users-n.Idle
	if all > fewPeople {
		lines := []string{"people   " + batch.SomeOf(people.Names[:min(firstPeople, len(people.Names))], all)}
		if people.Caller != "" {
			lines = append(lines, "         among them "+people.Caller+", the account that is signed in")
		}
		for _, k := range []struct {
			some     batch.Some
			one, all string
		}{{people.Guests, "guest", "guests"}, {people.Found, "user found by another value than the name", "users found by another value than the name"}} {
			if k.some.Count > 0 {
				lines = append(lines, fmt.Sprintf("         among them %s %s: %s", batch.Thousands(k.some.Count), batch.Agree(k.some.Count, k.one, k.all), batch.SomeOf(k.some.Names, k.some.Count)))
			}
		}
		return lines
	}
	var lines []string
	line := "people   "
	for i, name := range people.Names {
		if i < len(people.Names)-1 {
			name += ", "
		}
		if len(line)+len(name) > wide && i > 0 {
			lines, line = append(lines, strings.TrimRight(line, " ")), "         "
		}
		line += name
	}
	if len(people.Names) > 0 {
		lines = append(lines, line)
	}
	return lines
}
