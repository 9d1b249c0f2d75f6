package intake

import (
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
)

// chooseKeys picks the columns that name the users, and those that are recognised
// beside them: what they say, the users must have.
func chooseKeys(header []string, w wants) ([]column, *HeaderError) {
	ignored, bad := ignored(header, w.ignore)
	if bad != nil {
		return nil, bad
	}
	var known []column
	for i, h := range header {
		if a, ok := recogniseAny(h); ok && !ignored[i] {
			known = append(known, column{i, h, a.kind, false, "alias " + a.name + ": the users must have what it says"})
		}
	}
	switch {
	case w.column != "":
		return chooseNamed(header, known, w)
	case w.kind != noKind:
		return chooseKind(header, known, w.kind)
	}
	return chooseAuto(header, known)
}

// ignored tells for each column whether --ignore-column names it.
func ignored(header, names []string) ([]bool, *HeaderError) {
	is := make([]bool, len(header))
	for _, name := range names {
		at, bad := find(header, name, "with --ignore-column NAME")
		if bad != nil {
			return nil, bad
		}
		is[at] = true
	}
	return is, nil
}

// chooseNamed takes the column that --column names.
func chooseNamed(header []string, known []column, w wants) ([]column, *HeaderError) {
	at, bad := find(header, w.column, "with --column NAME")
	if bad != nil {
		return nil, bad
	}
	key := column{at, header[at], w.kind, true, "--column"}
	if key.kind == noKind {
		key.kind = eitherKind
	}
	others := slices.DeleteFunc(known, func(c column) bool { return c.index == at })
	return append([]column{key}, others...), nil
}

// unsaid refuses a column of another kind, by its name, than ids and user principal
// names, until the person says of which kind its cells are. A mail address is not a
// user principal name, even where the two are alike for most people.
func (r *Reader) unsaid() *HeaderError {
	if r.wants.column == "" || r.wants.kind != noKind {
		return nil
	}
	a, _ := recogniseAny(r.named[0].name)
	if a.kind.property() == "" {
		return nil
	}
	return &HeaderError{Columns: r.header, Reason: fmt.Sprintf("the column %q holds %s, by its name: say so with --key %s, or with --key upn or --key id what it holds instead", r.named[0].name, a.kind.words(), a.kind)}
}

// chooseAuto lets the headers decide: object ids and user principal names name
// users, if need be several columns of them, which must agree.
func chooseAuto(header []string, known []column) ([]column, *HeaderError) {
	var keys int
	var upns bool
	for i := range known {
		if c := &known[i]; c.kind.property() == "" {
			c.key, c.why = true, "alias "+aliases[normalise(c.name)].name
			keys++
			upns = upns || c.kind != idKind
		}
	}
	services := slices.ContainsFunc(header, func(h string) bool { return normalise(h) == "serviceprincipalid" })
	switch {
	case services && !upns:
		return nil, &HeaderError{Columns: header, Reason: "these are sign-ins of service principals, and no column names users: export the sign-ins of users"}
	case keys == 0 && looksLikeData(header):
		return nil, &HeaderError{Reason: "this looks like a row, and the header is missing: put a line with the names of the columns above it, such as userPrincipalName"}
	case len(known) > 0 && keys == 0:
		return nil, &HeaderError{Columns: header, Reason: "no column is known to hold object ids or user principal names: give " + keysFor(known) + ", or choose a column with --column NAME"}
	case keys == 0:
		return nil, &HeaderError{Columns: header, Reason: "no column is known to name users: choose the one that holds object ids or user principal names with --column NAME"}
	}
	return known, nil
}

// keysFor are the flags that look users up by what the columns hold.
func keysFor(known []column) string {
	var flags []string
	for _, k := range []kind{mailKind, employeeKind, onPremisesKind} {
		if i := slices.IndexFunc(known, func(c column) bool { return c.kind == k }); i >= 0 {
			flags = append(flags, fmt.Sprintf("--key %s (column %q)", k, known[i].name))
		}
	}
	return strings.Join(flags, " or ")
}

// chooseKind picks the columns of the kind that --key asks for; if there are
// several, they must agree.
func chooseKind(header []string, known []column, k kind) ([]column, *HeaderError) {
	keys := 0
	for i := range known {
		c := &known[i]
		if c.kind == k || c.kind == eitherKind && k.property() == "" {
			a, _ := recogniseAny(c.name)
			c.kind, c.key, c.why = k, true, "alias "+a.name+", --key"
			keys++
		}
	}
	switch {
	case keys > 0:
		return known, nil
	case looksLikeData(header):
		return nil, &HeaderError{Reason: "this looks like a row, and the header is missing: put a line with the names of the columns above it"}
	}
	e := &HeaderError{Columns: header, Matched: alike(header, k), Reason: fmt.Sprintf("no column is known to hold the users' %s: choose one with --column NAME", k.words())}
	if len(e.Matched) > 0 {
		e.Reason = fmt.Sprintf("no column surely holds the users' own %s, and those matched may hold private or other people's: choose one with --column NAME", k.words())
	}
	return nil, e
}

// looksLikeData reports whether a header holds what names a user. Such a line
// is not shown: its other cells may be anything.
func looksLikeData(header []string) bool {
	for _, h := range header {
		if batch.IsGUID(h) || checkUPN(h) == "" {
			return true
		}
	}
	return false
}

func names(columns []column) []string {
	var all []string
	for _, c := range columns {
		all = append(all, c.name)
	}
	return all
}
