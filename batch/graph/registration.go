package graph

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// Registration is an app registration, read from a file or from the environment:
// the names are the same. Only the environment has SendChain.
type Registration struct {
	Tenant      string // AZURE_TENANT_ID
	Client      string // AZURE_CLIENT_ID
	Secret      string // AZURE_CLIENT_SECRET
	Certificate string // AZURE_CLIENT_CERTIFICATE_PATH
	Password    string // AZURE_CLIENT_CERTIFICATE_PASSWORD, may be empty
	SendChain   bool   // AZURE_CLIENT_SEND_CERTIFICATE_CHAIN is 1 or true
}

// ParseRegistration reads lines of NAME=VALUE; "#" begins a comment line. An
// error names the line or what is missing, and never a value.
func ParseRegistration(r io.Reader) (Registration, error) {
	var reg Registration
	fields := map[string]*string{
		"AZURE_TENANT_ID": &reg.Tenant, "AZURE_CLIENT_ID": &reg.Client, "AZURE_CLIENT_SECRET": &reg.Secret,
		"AZURE_CLIENT_CERTIFICATE_PATH": &reg.Certificate, "AZURE_CLIENT_CERTIFICATE_PASSWORD": &reg.Password,
	}
	in := bufio.NewScanner(r)
	for no := 1; in.Scan(); no++ {
		text := strings.TrimSpace(strings.TrimPrefix(in.Text(), "\ufeff"))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		name, value, ok := strings.Cut(text, "=")
		field := fields[strings.TrimSpace(name)]
		if !ok || field == nil {
			return reg, fmt.Errorf("line %d is no NAME=VALUE with a name such as AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH", no)
		}
		*field = strings.Trim(strings.TrimSpace(value), `"`)
	}
	if err := in.Err(); err != nil {
		return reg, fmt.Errorf("read app registration: %w", err)
	}
	switch {
	case reg.Tenant == "":
		return reg, fmt.Errorf("AZURE_TENANT_ID is missing")
	case reg.Client == "":
		return reg, fmt.Errorf("AZURE_CLIENT_ID is missing")
	case (reg.Secret == "") == (reg.Certificate == ""):
		return reg, fmt.Errorf("give one of AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH")
	}
	return reg, nil
}

// At returns what makes the credential of the app at an authority. No call is made.
func (r Registration) At(a Authority) NewCredential {
	return func() (azcore.TokenCredential, error) {
		if r.Secret != "" {
			return azidentity.NewClientSecretCredential(r.Tenant, r.Client, r.Secret, &azidentity.ClientSecretCredentialOptions{
				ClientOptions: a.options(), DisableInstanceDiscovery: a.Own,
			})
		}
		certs, key, err := readCertificate(r.Certificate, r.Password)
		if err != nil {
			return nil, err
		}
		return azidentity.NewClientCertificateCredential(r.Tenant, r.Client, certs, key, &azidentity.ClientCertificateCredentialOptions{
			ClientOptions: a.options(), DisableInstanceDiscovery: a.Own, SendCertificateChain: r.SendChain,
		})
	}
}
