package planfile

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

// opensslKey is nobody's key, as "openssl genpkey -algorithm ed25519" wrote it.
// Its public half is pemAda.
const opensslKey = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIEbr58j/rKU4T93M5bw2t0xkHa2pWxYmpVfdfCNoVQt0\n-----END PRIVATE KEY-----\n"

func TestParseKey(t *testing.T) {
	key, err := ParseKey([]byte("Key of Ada\r\n" + strings.ReplaceAll(opensslKey, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	set, err := ParseTrusted(strings.NewReader("# ada\n" + pemAda))
	if err != nil || set[public(key)] != "ada" {
		t.Errorf("its public half is %x, of %v, error %v", key.Public().(ed25519.PublicKey), set, err)
	}
}

func TestParseKeyFails(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	typed := func(name string) string { return strings.ReplaceAll(opensslKey, "PRIVATE KEY", name) }
	cases := []struct{ name, text, want string }{
		{"empty", "", "there is no PEM block; make one with: openssl genpkey"},
		{"cut", opensslKey[:70], "there is no PEM block"},
		{"two", opensslKey + opensslKey, "more than one PEM block"},
		{"passphrase", typed("ENCRYPTED PRIVATE KEY"), "openssl pkey -in FILE -out key.pem"},
		{"OpenSSH", typed("OPENSSH PRIVATE KEY"), "OpenSSH's own format"},
		{"public", pemAda, `it is a "PUBLIC KEY"`},
		{"damaged", strings.Replace(opensslKey, "MC4C", "MC4D", 1), "it is damaged"},
		{"other kind", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "it is no Ed25519 key"},
	}
	for _, c := range cases {
		key, err := ParseKey([]byte(c.text))
		if key != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "Ebr58j") {
			t.Errorf("%s: the error holds the key: %v", c.name, err)
		}
	}
}
