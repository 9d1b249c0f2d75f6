package signature

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// The namespaces of signatures. A signature that was made for one of them means
// nothing in another (ssh-keygen(1), -n).
const (
	PlanNamespace   = "offboard-plan"
	ReportNamespace = "offboard-report"
	RunNamespace    = "offboard-run" // of a run's name and the digest of its plan in the journal
)

// Sign signs a text as "ssh-keygen -Y sign -n NAMESPACE -f KEY" does, and returns
// the armored signature. An RSA key signs with SHA-512.
func Sign(key ssh.Signer, namespace string, text io.Reader) ([]byte, error) {
	s, err := sshsig.Sign(text, key, sshsig.HashSHA512, namespace)
	if err != nil {
		return nil, fmt.Errorf("sign with the key %s: %w", ssh.FingerprintSHA256(key.PublicKey()), err)
	}
	return sshsig.Armor(s), nil
}

// Fingerprint names a key as ssh-keygen does: "SHA256:...".
func Fingerprint(key ssh.Signer) string { return ssh.FingerprintSHA256(key.PublicKey()) }

// matchesBytes checks that an armored signature was made of a text, by the key that it
// holds. It does NOT check for what namespace, nor whether such a key may sign: its
// caller does, with isFor and acceptable.
func matchesBytes(armored []byte, text io.Reader) (*sshsig.Signature, error) {
	s, err := parseSignature(armored)
	if err != nil {
		return nil, err
	}
	if err := sshsig.Verify(text, s, s.PublicKey, s.HashAlgorithm, s.Namespace); err != nil {
		return nil, fmt.Errorf("it is no signature of these bytes by the key %s", ssh.FingerprintSHA256(s.PublicKey))
	}
	return s, nil
}

// isFor is an error for a signature that was made for another namespace.
func isFor(s *sshsig.Signature, namespace string) error {
	if s.Namespace != namespace {
		return fmt.Errorf("it was made for the namespace %q, and not for %q (ssh-keygen -Y sign -n %s)", s.Namespace, namespace, namespace)
	}
	return nil
}

// parseSignature takes a signature in the one form that OpenSSH accepts: it allows
// no bytes before or behind the parts, since nothing signs those.
func parseSignature(armored []byte) (*sshsig.Signature, error) {
	blob, err := dearmor(armored)
	if err != nil {
		return nil, err
	}
	s, err := sshsig.ParseSignature(blob)
	switch {
	case err != nil:
		return nil, fmt.Errorf("it is damaged: %w", err)
	case !bytes.Equal(s.Marshal(), blob):
		return nil, errors.New("it is damaged: it holds bytes that belong to no part of a signature")
	case !isSecurityKey(s.PublicKey) && len(s.Signature.Rest) > 0:
		return nil, errors.New("it is damaged: bytes follow the signature")
	}
	return s, nil
}

// dearmor is strict where pem.Decode is not: text around the signature, headers,
// blanks and bits that do not count are errors.
func dearmor(armored []byte) ([]byte, error) {
	text := strings.ReplaceAll(string(armored), "\r\n", "\n")
	text, begins := strings.CutPrefix(text, "-----BEGIN "+sshsig.PEMType+"-----\n")
	text, ends := strings.CutSuffix(strings.TrimSuffix(text, "\n"), "\n-----END "+sshsig.PEMType+"-----")
	if !begins || !ends || strings.Contains(text, "\r") {
		return nil, fmt.Errorf("it is no %s from its first line to its last", sshsig.PEMType)
	}
	blob, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("it is damaged: %w", err)
	}
	return blob, nil
}

// keyTypes are the types of keys that may sign. Certificates and DSA keys are not
// among them.
var keyTypes = []string{
	ssh.KeyAlgoED25519, ssh.KeyAlgoSKED25519,
	ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKECDSA256,
	ssh.KeyAlgoRSA,
}

// acceptable is an error for a type of keys that may not sign.
func acceptable(kind string) error {
	switch {
	case slices.Contains(keyTypes, kind):
		return nil
	case strings.Contains(kind, "-cert-"):
		return fmt.Errorf("a certificate (%s) is not supported; use the plain key, which is the file without -cert", kind)
	}
	return fmt.Errorf("a key of type %s may not sign; use ed25519, ecdsa or rsa", kind)
}

// isSecurityKey reports whether the key lives in a FIDO token. Its signatures end
// with the flags and the counter of the token.
func isSecurityKey(key ssh.PublicKey) bool {
	return key.Type() == ssh.KeyAlgoSKED25519 || key.Type() == ssh.KeyAlgoSKECDSA256
}
