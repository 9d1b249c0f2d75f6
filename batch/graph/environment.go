package graph

import (
	"runtime"
	"slices"
	"strings"
)

// Way is how to sign in. The words are those of the flag --auth.
type Way string

// Auto is the one way that the environment names. ByDeviceCode and ByBrowser ask a person.
const (
	Auto            Way = "auto"
	BySecret        Way = "secret"
	ByCertificate   Way = "certificate"
	ByWorkload      Way = "workload"
	ManagedIdentity Way = "managed-identity"
	ByCLI           Way = "cli"
	ByDeviceCode    Way = "device-code"
	ByBrowser       Way = "browser"
	ByToken         Way = "token"
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
	envCertificateCommand = "AZURE_CLIENT_CERTIFICATE_COMMAND"
	envPassword           = "AZURE_CLIENT_CERTIFICATE_PASSWORD"
	envSendChain          = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"
	envFederatedTokenFile = "AZURE_FEDERATED_TOKEN_FILE"
	envAuthority          = "AZURE_AUTHORITY_HOST"
	envUsername           = "AZURE_USERNAME"
	envTokenCredentials   = "AZURE_TOKEN_CREDENTIALS"
	envIdentityEndpoint   = "IDENTITY_ENDPOINT" // set where a managed identity can be had
	envMSIEndpoint        = "MSI_ENDPOINT"      // set by older hosts
)

// proofOf is the variable that proves the app, by way.
var proofOf = map[Way]string{BySecret: envSecret, ByCertificate: envCertificate, ByWorkload: envFederatedTokenFile}

// The variables that a way reads and whose names are checked for slips; see misspelt.
var (
	ofSecret       = slices.Concat([]string{envTenantID, envClientID}, secretNames(envSecret))
	ofCertificate  = slices.Concat([]string{envTenantID, envClientID}, secretNames(envCertificate), secretNames(envPassword), []string{envSendChain})
	ofToken        = append(secretNames(envAccessToken), envTenantID)
	ofRegistration = slices.Concat(ofSecret, ofCertificate[2:]) // of a file
	spellChecked   = map[Way][]string{
		Auto:            slices.Concat(ofToken, ofRegistration, []string{envFederatedTokenFile, envAuthority}),
		BySecret:        append(ofSecret, envAuthority),
		ByCertificate:   append(ofCertificate, envAuthority),
		ByCLI:           {envTenantID},
		ManagedIdentity: {envTenantID, envClientID},
		ByWorkload:      {envTenantID, envClientID, envFederatedTokenFile, envAuthority},
		ByDeviceCode:    {envTenantID, envClientID, envAuthority},
		ByBrowser:       {envTenantID, envClientID, envAuthority},
		ByToken:         ofToken,
	}
)

// Tenant is AZURE_TENANT_ID: a tenant's id or domain, or "".
func (e Environment) Tenant() string { return strings.TrimSpace(e[envTenantID]) }

// Client is AZURE_CLIENT_ID: an app, or "".
func (e Environment) Client() string { return strings.TrimSpace(e[envClientID]) }

// Secrets are those that the process has at hand: of its variables, and of its proxies.
func (e Environment) Secrets() []string {
	return append(proxySecrets(), e[envSecret], e[envPassword], e[envAccessToken])
}

// Authority is where to sign in for a service.
func (e Environment) Authority(s Service) (Authority, error) {
	return authorityOf(e[envAuthority], s)
}
