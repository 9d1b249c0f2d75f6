package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
)

// chooseKeys marks the columns that name the users, and those that are recognised
// beside them: what they say, the users must have.
func (l *layout) chooseKeys(opt parsedOptions) {
	for _, c := range l.all {
		if c.known != "" && !c.ignored {
			c.key, c.why = c.known, "alias "+c.spelled+": the users must have what it says"
		}
	}
	name, key, why, how := opt.Column, cmp.Or(opt.Key, idOrUPN), opt.preset.who(true, "--column"), "with --column NAME"
	if name == "" && opt.Key == "" && opt.preset.Name != "" {
		name, key = opt.preset.naming(l.header)
		why, how = opt.preset.who(false, ""), how+", or leave --preset "+opt.preset.Name+" out"
	}
	switch {
	case name != "":
		c := l.find(name, how)
		c.key, c.names, c.ignored, c.why = key, true, false, why
	case opt.Key != "":
		l.chooseByKey(opt)
	default:
		l.chooseByHeaders(opt.decided)
	}
}

// chooseByKey picks the columns of the key that --key asks for. If there are several,
// they must agree.
func (l *layout) chooseByKey(opt parsedOptions) {
	key, found := opt.Key, false
	for _, c := range l.all {
		if c.key == key || c.key == idOrUPN && !key.Searched() {
			c.key, c.names, c.why = key, true, "alias "+c.spelled+", "+opt.preset.who(true, "--key")
			found = true
		}
	}
	if found {
		return
	}
	reason, matched := "no column is known to hold the users' "+cellsOf[key], hinted(l.header, key)
	if len(matched) > 0 {
		reason = "no column surely holds the users' own " + cellsOf[key] + ", and those matched may hold private or other people's"
	}
	l.refuse(columnError(reason+": choose one with --column NAME", l.header, matched))
}

// chooseByHeaders lets the headers decide, and the cells where these say otherwise: object ids
// and user principal names name users, if need be several columns of them, which must agree.
// Mail addresses do not: a mail address is not a user principal name, even where the two are
// alike for most people.
func (l *layout) chooseByHeaders(decided map[int]decision) {
	var named, users bool // by any header, and by one that the ids of other things never have
	var passed []string   // columns that name nobody
	what := ""            // a cell of theirs is
	others := ""
	for i, c := range l.all {
		others = cmp.Or(others, otherLists[c.normal])
		if c.key == "" || c.key.Searched() {
			continue
		}
		c.names, c.why = true, "alias "+c.spelled
		if d, is := decided[i]; is {
			c.key, c.names, c.why = d.key, d.key != "", "all its cells are "+cellsOf[d.key]
			if !c.names {
				c.why, passed, what = "", append(passed, c.name), cmp.Or(what, d.what)
			}
		}
		named = named || c.names
		users = users || c.names && (c.key != batch.ByID || c.normal != "id" && c.normal != "objectid")
	}
	const choose = ", or choose a column with --column NAME"
	flags, reason := keyFlags(l.all), ""
	switch {
	case others != "" && !users:
		reason = "these are " + others + ", and no column names users: export the users, or choose a column of users with --column NAME"
	case named:
		return
	case passed != nil:
		next := "another file, since a cell is " + what
		if what == "" {
			next = strings.TrimPrefix(strings.Join(flags, " or ")+fmt.Sprintf(", --key employee-id --column %q if it holds employee ids", passed[0]), ", ")
		}
		reason = "no cell of " + columnList(passed) + " is an object id or user principal name, and no other column is known to name users: give " + next + choose
	case flags != nil:
		reason = "no column is known to hold object ids or user principal names: give " + strings.Join(flags, " or ") + choose
	default:
		reason = "no column is known to name users: choose the one that holds object ids or user principal names with --column NAME"
	}
	l.refuse(columnError(reason, l.header, nil))
}

// otherLists are lists of other things than users, by headers that such a list has. The ids in
// it are theirs.
var otherLists = map[string]string{
	"serviceprincipalid": "sign-ins of service principals", "serviceprincipaltype": "applications", "appid": "applications",
	"deviceid": "devices", "securityenabled": "groups", "grouptype": "groups", "grouptypes": "groups",
}

// keyFlags are the flags that look users up by what the recognised columns hold.
func keyFlags(all []*column) (flags []string) {
	for _, k := range keys {
		if i := slices.IndexFunc(all, func(c *column) bool { return c.key == k }); k.Searched() && i >= 0 {
			flags = append(flags, fmt.Sprintf("--key %s (column %q)", k, all[i].name))
		}
	}
	return flags
}
