package graph

import (
	"runtime"
	"strings"
)

// Way is how to sign in. The words are those of the flag --auth.
type Way string

// Auto is the one way that the environment names.
const (
	Auto             Way = "auto"
	ByEnvironment    Way = "env"
	ByCLI            Way = "cli"
	ManagedIdentity  Way = "managed-identity"
	WorkloadIdentity Way = "workload-identity"
	ByToken          Way = "token"
)

// Environment is what the process's environment says of signing in. A variable that is
// set and empty is in it.
type Environment map[string]string

// ParseEnvironment takes NAME=VALUE pairs, as os.Environ gives them.
func ParseEnvironment(pairs []string) Environment {
	e := Environment{}
	for _, p := range pairs {
		name, value, ok := strings.Cut(p, "=")
		if runtime.GOOS == "windows" { // where capitals do not matter
			name = strings.ToUpper(name)
		}
		if ok {
			e[name] = value
		}
	}
	return e
}

// The names of the variables that are read here. The sign-in library reads more of its
// own about the managed identity that it finds.
const (
	envAccessToken        = "OFFBOARD_ACCESS_TOKEN"
	envTenantID           = "AZURE_TENANT_ID"
	envClientID           = "AZURE_CLIENT_ID"
	envSecret             = "AZURE_CLIENT_SECRET"
	envCertificate        = "AZURE_CLIENT_CERTIFICATE_PATH"
	envPassword           = "AZURE_CLIENT_CERTIFICATE_PASSWORD"
	envSendChain          = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"
	envFederatedTokenFile = "AZURE_FEDERATED_TOKEN_FILE"
	envAuthority          = "AZURE_AUTHORITY_HOST"
	envUsername           = "AZURE_USERNAME"
	envTokenCredentials   = "AZURE_TOKEN_CREDENTIALS"
	envIdentityEndpoint   = "IDENTITY_ENDPOINT" // set where a managed identity can be had
	envMSIEndpoint        = "MSI_ENDPOINT"      // set by older hosts
)

// spellChecked are the variables that a way reads and whose names are checked for slips;
// see misspelt.
var spellChecked = map[Way][]string{
	Auto:             {envAccessToken, envTenantID, envClientID, envSecret, envCertificate, envPassword, envSendChain, envFederatedTokenFile, envAuthority},
	ByEnvironment:    {envTenantID, envClientID, envSecret, envCertificate, envPassword, envSendChain, envAuthority},
	ByCLI:            {envTenantID},
	ManagedIdentity:  {envTenantID, envClientID},
	WorkloadIdentity: {envTenantID, envClientID, envFederatedTokenFile, envAuthority},
	ByToken:          {envAccessToken, envTenantID},
}

// Tenant is AZURE_TENANT_ID: a tenant's id or domain, or "".
func (e Environment) Tenant() string { return strings.TrimSpace(e[envTenantID]) }

func (e Environment) client() string { return strings.TrimSpace(e[envClientID]) }

// Authority is where to sign in for a service root.
func (e Environment) Authority(root string) (Authority, error) {
	return authorityOf(e[envAuthority], root)
}
