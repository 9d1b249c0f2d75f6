package planfile

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

const makeKey = "make one with: openssl genpkey -algorithm ed25519 -out key.pem"

// ParseKey reads an Ed25519 private key: one PEM block of PKCS#8, without a
// passphrase, as OpenSSL makes it. No error holds any part of the text.
func ParseKey(text []byte) (ed25519.PrivateKey, error) {
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, errors.New("read key: there is no PEM block; " + makeKey)
	}
	if more, _ := pem.Decode(rest); more != nil {
		return nil, errors.New("read key: there is more than one PEM block; keep the private key alone")
	}
	switch block.Type {
	case "PRIVATE KEY":
	case "ENCRYPTED PRIVATE KEY":
		return nil, errors.New("read key: it has a passphrase; take it off into a file of your own with: openssl pkey -in FILE -out key.pem")
	case "OPENSSH PRIVATE KEY":
		return nil, errors.New("read key: it is in OpenSSH's own format, and ssh-keygen cannot write an Ed25519 key in any other; " + makeKey)
	default:
		return nil, fmt.Errorf("read key: it is a %.40q, and not a PRIVATE KEY in PKCS#8; %s", block.Type, makeKey)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("read key: it is damaged, or of a kind unknown here; " + makeKey)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("read key: it is no Ed25519 key; " + makeKey)
	}
	return private, nil
}
