package graph

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// ReadCAs reads certificates in PEM, such as the root of a proxy that opens TLS, and gives
// them together with those that this machine trusts.
func ReadCAs(text []byte) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the certificates that this machine trusts: %w", err)
	}
	if len(text) == 0 {
		return nil, errors.New("it is empty")
	}
	read := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		read++
		ca, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d in it cannot be read: %w", read, err)
		}
		pool.AddCert(ca)
	}
	if read == 0 {
		return nil, errors.New("it has no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----; a DER file becomes one by openssl x509 -inform der -in FILE -out ca.pem")
	}
	return pool, nil
}
