package planfile

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// sshType is the only kind of OpenSSH key that approves plans.
const sshType = "ssh-ed25519"

// sshHead is what stands before the 32 bytes of such a key: its type, and both
// lengths in four bytes (RFC 8709, section 4; RFC 4251, section 5).
const sshHead = "\x00\x00\x00\x0b" + sshType + "\x00\x00\x00\x20"

// parseSSH reads "ssh-ed25519 AAAA... name", or "name ssh-ed25519 AAAA... comment".
func parseSSH(line string) (ed25519.PublicKey, string, error) {
	fields := strings.Fields(line)
	at := slices.Index(fields, sshType)
	switch {
	case at < 0:
		return nil, "", fmt.Errorf("this is no %s key: %.40q; only those approve plans", sshType, line)
	case at > 1 || at == 1 && !isPrincipal(fields[0]):
		return nil, "", errors.New("an option or a pattern stands before the key, which offboard cannot heed; keep one name with an @, or the key and a name behind it")
	case len(fields) == at+1:
		return nil, "", errors.New("the key itself is missing")
	}
	blob, err := base64.StdEncoding.DecodeString(fields[at+1])
	if err != nil || len(blob) != len(sshHead)+ed25519.PublicKeySize || string(blob[:len(sshHead)]) != sshHead {
		return nil, "", fmt.Errorf("the %s key is damaged; copy the line again", sshType)
	}
	key := ed25519.PublicKey(blob[len(sshHead):])
	if at == 1 {
		return key, fields[0], nil
	}
	return key, strings.Join(fields[2:], " "), nil
}

// isPrincipal tells one plain name of allowed_signers from patterns, lists and
// options (ssh-keygen(1), "ALLOWED SIGNERS").
func isPrincipal(s string) bool {
	return strings.Contains(s, "@") && !strings.ContainsAny(s, `*?!,="`)
}
