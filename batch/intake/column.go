package intake

import (
	"fmt"
)

// column is a column of the input that is read.
type column struct {
	index int
	name  string // its header, trimmed
	kind  kind
	why   string // how it was chosen
}

// choose picks the columns to read. The error has no line yet.
func choose(header []string, want string) ([]column, *HeaderError) {
	if trim(want) != "" {
		return chooseNamed(header, trim(want))
	}
	var found []column
	var kinds [eitherKind + 1]int
	services := false
	for i, h := range header {
		services = services || normalise(h) == "serviceprincipalid"
		if a, ok := recognise(h); ok {
			found = append(found, column{i, h, a.kind, "alias " + a.name})
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

// chooseNamed picks the one column that the person named: by the very header,
// or else by one that differs only in what normalising takes away.
func chooseNamed(header []string, want string) ([]column, *HeaderError) {
	var exact, alike []column
	for i, h := range header {
		c := column{i, h, eitherKind, "--column"}
		if h == want {
			exact = append(exact, c)
		}
		if n := normalise(want); n != "" && n == normalise(h) {
			alike = append(alike, c)
		}
	}
	found := exact
	if len(found) == 0 {
		found = alike
	}
	switch {
	case len(found) == 1:
		return found, nil
	case len(found) == 0 && looksLikeData(header):
		return nil, &HeaderError{Reason: fmt.Sprintf("no column %q: this looks like a row, and the header is missing", want)}
	case len(found) == 0:
		return nil, &HeaderError{Columns: header, Reason: fmt.Sprintf("no column %q: name one of those seen with --column NAME", want)}
	}
	return nil, &HeaderError{Columns: header, Matched: names(found), Reason: fmt.Sprintf("more than one column %q: give them different headers", want)}
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
