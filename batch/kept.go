package batch

import "crypto/sha256"

// Kept are the users that rows of the input keep, by everything that the rows name
// them by, with the line of the first such row. Other rows may let the same users
// go: then the rows contradict each other, and nobody can say which of them is right.
//
// A hash of 12 bytes stands for each name: a file of a million people, of whom a few
// leave, keeps nearly all.
type Kept map[hash]int32 // the line; negative when the row has no cells to write again

// Add keeps the users whom the claims name. Without claims it keeps no user.
func (k Kept) Add(named []Claim, row Row) {
	line := int32(row.Line)
	if row.Cells == nil {
		line = -line
	}
	for _, c := range named {
		if h := hashOf(c.Key, c.Value); k[h] == 0 || k[h] < 0 && line > 0 {
			k[h] = line
		}
	}
}

// line gives the line of a row that keeps the user named by one of the claims, or 0,
// and whether that row has cells.
func (k Kept) line(named []Claim) (line int, cells bool) {
	for _, c := range named {
		switch l := int(k[hashOf(c.Key, c.Value)]); {
		case l > 0:
			return l, true
		case line == 0:
			line = -l
		}
	}
	return line, false
}

// names are all the names by which a row could mean the user.
func (u User) names() []Claim {
	var all []Claim
	for _, k := range []Key{ByID, ByUPN, ByMail, ByEmployeeID, ByOnPremisesUPN} {
		if v := u.property(k); v != "" {
			all = append(all, Claim{Key: k, Value: v})
		}
	}
	return all
}

// hashOf is the hash of a name in the form in which such names are compared.
func hashOf(k Key, value string) hash {
	sum := sha256.Sum256([]byte(string(k) + "\x00" + compared(k, value)))
	return hash(sum[:])
}
