package intake

import "fmt"

// chooseKeys picks the columns that name the users, and those kept beside them.
func chooseKeys(header []string, w wants) ([]column, *HeaderError) {
	switch {
	case w.column != "":
		at, bad := find(header, w.column, "with --column NAME")
		if bad != nil {
			return nil, bad
		}
		k := w.kind
		if k == noKind {
			k = eitherKind
		}
		return []column{{at, header[at], k, true, "--column"}}, nil
	case w.kind != noKind:
		return chooseKind(header, w.kind)
	}
	return chooseAuto(header)
}

// chooseAuto lets the headers decide.
func chooseAuto(header []string) ([]column, *HeaderError) {
	var found []column
	var kinds [eitherKind + 1]int
	services := false
	for i, h := range header {
		services = services || normalise(h) == "serviceprincipalid"
		if a, ok := recognise(h); ok {
			found = append(found, column{i, h, a.kind, true, "alias " + a.name})
			kinds[a.kind]++
		}
	}
	switch {
	case services && kinds[upnKind] == 0 && kinds[eitherKind] == 0:
		return nil, &HeaderError{Columns: header, Reason: "these are sign-ins of service principals, and no column names users: export the sign-ins of users"}
	case len(found) == 0 && looksLikeData(header):
		return nil, &HeaderError{Reason: "this looks like a row, and the header is missing: put a line with the names of the columns above it, such as userPrincipalName"}
	case len(found) == 0:
		return nil, &HeaderError{Columns: header, Reason: "no column is known to name users: choose the one that holds object ids or user principal names with --column NAME"}
	case kinds[idKind] > 1 || kinds[upnKind] > 1 || kinds[eitherKind] > 0 && len(found) > 1:
		return nil, &HeaderError{Columns: header, Matched: names(found), Reason: "more than one column could name the users: choose one with --column NAME"}
	}
	return found, nil
}

// chooseKind picks the one column of the kind that --key asks for. The columns
// of ids and user principal names beside it are kept, and name nobody.
func chooseKind(header []string, k kind) ([]column, *HeaderError) {
	var found, kept []column
	for i, h := range header {
		a, known := recognise(h)
		own := known && (a.kind == k || a.kind == eitherKind)
		if k.property() != "" {
			a, own = among(properties[k], h)
		}
		switch {
		case own:
			found = append(found, column{i, h, k, true, "alias " + a.name + ", --key"})
		case known:
			kept = append(kept, column{i, h, kindOf(h), false, "names nobody with --key"})
		}
	}
	switch {
	case len(found) == 1:
		return append(found, kept...), nil
	case len(found) > 1:
		return nil, &HeaderError{Columns: header, Matched: names(found), Reason: fmt.Sprintf("more than one column could hold the users' %s: choose one with --column NAME", k.words())}
	case looksLikeData(header):
		return nil, &HeaderError{Reason: "this looks like a row, and the header is missing: put a line with the names of the columns above it"}
	}
	e := &HeaderError{Columns: header, Matched: alike(header, k), Reason: fmt.Sprintf("no column is known to hold the users' %s: choose one with --column NAME", k.words())}
	if len(e.Matched) > 0 {
		e.Reason = fmt.Sprintf("no column surely holds the users' own %s, and those matched may be private or somebody else's: choose one with --column NAME", k.words())
	}
	return nil, e
}

// looksLikeData reports whether a header holds what names a user. Such a line
// is not shown: its other cells may be anything.
func looksLikeData(header []string) bool {
	for _, h := range header {
		if isGUID(h) || checkUPN(h) == "" {
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
