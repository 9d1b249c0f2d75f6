package graph

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"software.sslmate.com/src/go-pkcs12"
)

// readCertificate reads a certificate with its key, in PEM or PKCS#12 (PFX), and
// the rest of its chain after it. No error holds the password or the key.
func readCertificate(path, password string) ([]*x509.Certificate, crypto.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read certificate: %w", err)
	}
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		if bytes.Contains(data, []byte("ENCRYPTED")) {
			return nil, nil, fmt.Errorf("read certificate %s: its key is encrypted, which is read from PFX files only; make one: openssl pkcs12 -export -in %s -out certificate.pfx", path, path)
		}
		certs, key, err := azidentity.ParseCertificates(data, nil)
		if err != nil {
			return nil, nil, fmt.Errorf("read certificate %s: %w", path, err)
		}
		return certs, key, nil
	}
	// azidentity reads neither AES encryption nor SHA-256 MACs, which are what
	// OpenSSL 3 and current Windows write.
	key, cert, chain, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && password == "":
		return nil, nil, fmt.Errorf("read certificate %s: it has a password; set AZURE_CLIENT_CERTIFICATE_PASSWORD", path)
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, nil, fmt.Errorf("read certificate %s: the password of AZURE_CLIENT_CERTIFICATE_PASSWORD does not open it", path)
	case err != nil:
		return nil, nil, fmt.Errorf("read certificate %s: neither PEM nor a PFX file that can be read: %w", path, err)
	}
	return append([]*x509.Certificate{cert}, chain...), key, nil
}
