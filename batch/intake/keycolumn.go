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
	switch {
	case opt.Column != "":
		at, bad := findColumn(header, opt.Column, "with --column NAME")
		if bad != nil {
			return bad
		}
		all[at] = column{index: at, name: header[at], key: cmp.Or(opt.Key, idOrUPN), names: true, why: "--column"}
		return nil
	case opt.Key != "":
		return chooseByKey(all, header, opt.Key)
	}
	return chooseByHeaders(all, header)
}

// chooseByKey picks the columns of the key that --key asks for. If there are several,
// they must agree.
func chooseByKey(all []column, header []string, key batch.Key) *InputError {
	found := false
	for i := range all {
		c := &all[i]
		if c.key == key || c.key == idOrUPN && !key.Searched() {
			c.key, c.names, c.why = key, true, "alias "+recognise(c.name).name+", --key"
			found = true
		}
	}
	if found {
		return nil
	}
	if looksLikeData(header) {
		return &InputError{Reason: "this looks like a row, and the header is missing: put a line with the names of the columns above it"}
	}
	e := &InputError{Columns: header, Matched: hinted(header, key), Reason: fmt.Sprintf("no column is known to hold the users' %s: choose one with --column NAME", cellsOf(key))}
	if len(e.Matched) > 0 {
		e.Reason = fmt.Sprintf("no column surely holds the users' own %s, and those matched may hold private or other people's: choose one with --column NAME", cellsOf(key))
	}
	return e
}

// chooseByHeaders lets the headers decide: object ids and user principal names name
// users, if need be several columns of them, which must agree. Mail addresses do not:
// a mail address is not a user principal name, even where the two are alike for most
// people.
func chooseByHeaders(all []column, header []string) *InputError {
	var ids, upns bool
	for i := range all {
		if c := &all[i]; c.key != "" && !c.key.Searched() {
			c.names, c.why = true, "alias "+recognise(c.name).name
			ids = ids || c.key == batch.ByID
			upns = upns || c.key != batch.ByID
		}
	}
	servicePrincipals := slices.ContainsFunc(header, func(h string) bool { return normalise(h) == "serviceprincipalid" })
	flags := keyFlags(all)
	switch {
	case servicePrincipals && !upns:
		return &InputError{Columns: header, Reason: "these are sign-ins of service principals, and no column names users: export the sign-ins of users"}
	case ids || upns:
		return nil
	case looksLikeData(header):
		return &InputError{Reason: "this looks like a row, and the header is missing: put a line with the names of the columns above it, such as userPrincipalName"}
	case flags != "":
		return &InputError{Columns: header, Reason: "no column is known to hold object ids or user principal names: give " + flags + ", or choose a column with --column NAME"}
	}
	return &InputError{Columns: header, Reason: "no column is known to name users: choose the one that holds object ids or user principal names with --column NAME"}
}

// keyFlags are the flags that look users up by what the recognised columns hold.
func keyFlags(all []column) string {
	var flags []string
	for _, k := range keys {
		if i := slices.IndexFunc(all, func(c column) bool { return c.key == k }); k.Searched() && i >= 0 {
			flags = append(flags, fmt.Sprintf("--key %s (column %q)", k, all[i].name))
		}
	}
	return strings.Join(flags, " or ")
}
