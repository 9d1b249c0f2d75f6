package graph

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"software.sslmate.com/src/go-pkcs12"

	"offboard/batch/durable"
)

// readCertificate reads a certificate with its key, in PEM or PKCS#12 (PFX), and
// the rest of its chain after it. No error holds the password or the key.
func readCertificate(ctx context.Context, from, with Secret) ([]*x509.Certificate, crypto.PrivateKey, error) {
	path := strings.TrimSpace(from.said)
	file := path
	var data []byte
	var err error
	if from.how == asCommand {
		var text string
		text, err = from.run(ctx)
		data, path = []byte(text), "of "+from.Variable
		file = "FILE.pem"
	} else {
		var text string
		text, err = durable.ReadSecret(path)
		data = []byte(text)
	}
	if err != nil {
		if from.how != asCommand {
			err = asPath(from.Variable, path, err)
		}
		return nil, nil, fmt.Errorf("read certificate: %w", err)
	}
	password, err := with.read(ctx)
	if err != nil {
		return nil, nil, err
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, nil, fmt.Errorf("read certificate %s: it is in UTF-16, as PowerShell writes it; save it as UTF-8", path)
	}
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		if bytes.Contains(data, []byte("ENCRYPTED")) {
			return nil, nil, fmt.Errorf("read certificate %s: its key is encrypted, which is read from PFX files only; make one: openssl pkcs12 -export -in %s -out certificate.pfx", path, durable.Quoted(file))
		}
		if bytes.Contains(data, []byte("-----BEGIN EC PRIVATE KEY")) {
			return nil, nil, fmt.Errorf("read certificate %s: its key is %s", path, notRSA)
		}
		certs, key, err := azidentity.ParseCertificates(data, nil)
		if err != nil {
			return nil, nil, fmt.Errorf("read certificate %s: %w", path, err)
		}
		return certs, key, cmp.Or(usable(path, key), expired(path, certs, key, time.Now()))
	}
	// azidentity reads neither AES encryption nor SHA-256 MACs, which are what
	// OpenSSL 3 and current Windows write.
	key, cert, chain, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && password == "":
		return nil, nil, fmt.Errorf("read certificate %s: it has a password; set %[2]s, %[2]s%[3]s or %[2]s%[4]s", path, envPassword, asFile, asCommand)
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, nil, fmt.Errorf("read certificate %s: the password of %s does not open it", path, with.Variable)
	case err != nil:
		return nil, nil, fmt.Errorf("read certificate %s: neither PEM nor a PFX file that can be read: %w", path, err)
	}
	certs := append([]*x509.Certificate{cert}, chain...)
	return certs, key, cmp.Or(usable(path, key), expired(path, certs, key, time.Now()))
}

// notRSA is a key with which the sign-in library signs nothing.
const notRSA = "of an elliptic curve or another kind, and a sign-in takes RSA keys only; make a certificate with an RSA key, and upload its public part to the app registration (Certificates & secrets)"

func usable(path string, key crypto.PrivateKey) error {
	if _, ok := key.(*rsa.PrivateKey); !ok {
		return fmt.Errorf("read certificate %s: its key is %s", path, notRSA)
	}
	return nil
}

// expired refuses the certificate of the key when its time is over, since every sign-in
// service does, and in fewer words.
func expired(path string, certs []*x509.Certificate, key crypto.PrivateKey, now time.Time) error {
	for _, c := range certs {
		known, ok := c.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
		switch {
		case !ok || !known.Equal(publicOf(key)): // of its chain
		case !now.After(c.NotAfter): // the sign-in library takes the first one of the key
			return nil
		default:
			return fmt.Errorf("the certificate %s expired at %s, and it is %s by this machine's clock; make a new one, and upload its public part to the app registration (Certificates & secrets)",
				path, c.NotAfter.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

func publicOf(key crypto.PrivateKey) crypto.PublicKey {
	if signer, ok := key.(crypto.Signer); ok {
		return signer.Public()
	}
	return nil
}
