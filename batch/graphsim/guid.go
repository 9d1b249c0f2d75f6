package graphsim

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"
)

// parseGUID reads the one form that Graph takes as an object id, 8-4-4-4-12
// hexadecimal digits in any case, and gives it in lower case: Entra compares object
// ids without regard to case. Braces or missing dashes make a name of it.
func parseGUID(s string) (string, bool) {
	if len(s) != 36 {
		return "", false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return "", false
			}
		case strings.IndexByte("0123456789abcdefABCDEF", c) < 0:
			return "", false
		}
	}
	return strings.ToLower(s), true
}

// guid makes an id of 16 bytes, which looks like a UUID of the version.
func guid(b []byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// IDFor is the object id that [Tenant.Add] gives to a user that has none. It
// depends on the user principal name alone (not on its case), so that two
// processes agree on it.
func IDFor(upn string) string {
	sum := sha1.Sum([]byte("graphsim user " + strings.ToLower(upn)))
	return guid(sum[:16], 5)
}
