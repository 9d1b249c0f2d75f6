package batch

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// seenUser is what is kept of a user to find rows that name it again.
type seenUser struct {
	seq  uint32
	name uint32 // see nameOf
}

// nameOf is a part of the SHA-256 of the user's name; 0 when it has none. The names
// themselves would take too much memory, and two that differ look alike once in
// four thousand million.
func nameOf(u User) uint32 {
	if u.UPN == "" {
		return 0
	}
	h := hashOf(ByUPN, u.UPN)
	return binary.BigEndian.Uint32(h[:])
}

// twoNames is the reason of a row whose user has the object id of another.
func (p *Planner) twoNames(u User) string {
	who := "the directory"
	if p.Directory == nil {
		who = "the file"
	}
	return fmt.Sprintf("%s gave one object id to two names: %s is that of %s, and an earlier row has it under another name", who, u.ID, u.UPN)
}

// hash is the part of a key's SHA-256 that tells users apart. With 12 bytes two of
// a million are taken for one once in 10^17 plans, and a plan of a million takes 40
// MB less than with the keys themselves.
type hash [12]byte

// hashOf is the hash of a name in the form in which such names are compared.
func hashOf(k Key, value string) hash {
	sum := sha256.Sum256([]byte(string(k) + "\x00" + compared(k, value)))
	return hash(sum[:])
}
