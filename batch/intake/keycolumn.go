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
func chooseKeys(all []column, header []string, opt parsedOptions) *InputError {
	for i := range all {
		c := &all[i]
		if a := recognise(c.name); a.key != "" && !c.ignored {
			c.key, c.why = a.key, "alias "+a.name+": the users must have what it says"
		}
	}
	name, key, why, how := opt.Column, cmp.Or(opt.Key, idOrUPN), opt.preset.who(true, "--column"), "with --column NAME"
	if name == "" && opt.Key == "" && opt.preset.Name != "" {
		name, key = opt.preset.naming(header)
		why, how = opt.preset.who(false, ""), how+", or leave --preset "+opt.preset.Name+" out"
	}
	switch {
	case name != "":
		at, bad := findColumn(header, name, how)
		if bad != nil {
			return bad
		}
		all[at] = column{index: at, name: header[at], key: key, names: true, why: why}
		return nil
	case opt.Key != "":
		return chooseByKey(all, header, opt)
	}
	return chooseByHeaders(all, header, opt.decided)
}

// chooseByKey picks the columns of the key that --key asks for. If there are several,
// they must agree.
func chooseByKey(all []column, header []string, opt parsedOptions) *InputError {
	key, found := opt.Key, false
	for i := range all {
		c := &all[i]
		if c.key == key || c.key == idOrUPN && !key.Searched() {
			c.key, c.names, c.why = key, true, "alias "+recognise(c.name).name+", "+opt.preset.who(true, "--key")
			found = true
		}
	}
	if found {
		return nil
	}
	reason, matched := "no column is known to hold the users' "+cellsOf[key], hinted(header, key)
	if len(matched) > 0 {
		reason = "no column surely holds the users' own " + cellsOf[key] + ", and those matched may hold private or other people's"
	}
	return columnError(reason+": choose one with --column NAME", header, matched)
}

// chooseByHeaders lets the headers decide, and the cells where these say otherwise: object ids
// and user principal names name users, if need be several columns of them, which must agree.
// Mail addresses do not: a mail address is not a user principal name, even where the two are
// alike for most people.
func chooseByHeaders(all []column, header []string, decided map[int]decision) *InputError {
	var named, users bool // by any header, and by one that the ids of other things never have
	var passed []string   // columns that name nobody
	what := ""            // a cell of theirs is
	for i := range all {
		c := &all[i]
		if c.key == "" || c.key.Searched() {
			continue
		}
		c.names, c.why = true, "alias "+recognise(c.name).name
		if d, is := decided[i]; is {
			c.key, c.names, c.why = d.key, d.key != "", "all its cells are "+cellsOf[d.key]
			if !c.names {
				c.why, passed, what = "", append(passed, c.name), cmp.Or(what, d.what)
			}
		}
		named = named || c.names
		users = users || c.names && (c.key != batch.ByID || normalise(c.name) != "id" && normalise(c.name) != "objectid")
	}
	others := ""
	for _, h := range header {
		others = cmp.Or(others, otherLists[normalise(h)])
	}
	const choose = ", or choose a column with --column NAME"
	flags, reason := keyFlags(all), ""
	switch {
	case others != "" && !users:
		reason = "these are " + others + ", and no column names users: export the users, or choose a column of users with --column NAME"
	case named:
		return nil
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
	return columnError(reason, header, nil)
}

// otherLists are lists of other things than users, by headers that such a list has. The ids in
// it are theirs.
var otherLists = map[string]string{
	"serviceprincipalid": "sign-ins of service principals", "serviceprincipaltype": "applications", "appid": "applications",
	"deviceid": "devices", "securityenabled": "groups", "grouptype": "groups", "grouptypes": "groups",
}

// keyFlags are the flags that look users up by what the recognised columns hold.
func keyFlags(all []column) (flags []string) {
	for _, k := range keys {
		if i := slices.IndexFunc(all, func(c column) bool { return c.key == k }); k.Searched() && i >= 0 {
			flags = append(flags, fmt.Sprintf("--key %s (column %q)", k, all[i].name))
		}
	}
	return flags
}
