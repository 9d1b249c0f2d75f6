package graph

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"offboard/batch"
)

// Place is where a sign-in is to be made.
type Place struct {
	Authority Authority
	Tenant    string       // that was named beside the environment: an id or a domain, or ""
	Tell      func(string) // tells the person at the terminal, as one line; nil where there is none
}

// Choice is the one way to sign in that was named, ready to be used.
type Choice struct {
	Way           Way
	Words         string        // what is used and why, for people
	Files         []string      // with secrets, that the sign-in reads
	newCredential NewCredential // nil for a token
	token         Secret
}

// Check refuses a given token that says itself that the service would refuse it. The token of a command
// is looked at when the command is run. The error is batch.ErrSignIn.
func (c Choice) Check(s Service, now time.Time) error {
	if c.Way != ByToken || c.token.how == asCommand {
		return nil
	}
	token, err := c.token.read(context.Background())
	if err == nil {
		err = checkToken(token, c.token.Variable, s, now)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", batch.ErrSignIn, err)
	}
	return nil
}

// Until is when a token ends that nothing can renew; zero of every other way, and of a token
// that does not say it.
func (c Choice) Until() time.Time {
	if c.Way != ByToken || c.token.how != "" {
		return time.Time{}
	}
	return claimsOf(c.token.said).expiry()
}

// Auth makes the Auth of the choice, for the service. No call is made.
func (c Choice) Auth(s Service) *Auth {
	switch {
	case c.Way == ByToken && c.token.how == "":
		return FixedToken(c.token.said)
	case c.Way == ByToken:
		return NewAuth(s, func() (azcore.TokenCredential, error) { return given{c.token, s}, nil })
	}
	a := NewAuth(s, c.newCredential)
	a.person = c.Way == ByDeviceCode || c.Way == ByBrowser
	return a
}

// Choose gives the one way to sign in that is asked for, or that the environment
// names. What is set is used, or is an error that names what is missing; there is
// no second way that it falls through to. No call is made; files are read, and commands
// are not run. Every error is batch.ErrSignIn.
func (e Environment) Choose(asked Way, at Place) (Choice, error) {
	way, why, err := asked, ", as --auth says", e.misspelt(spellChecked[asked])
	if err == nil && asked == Auto {
		way, why, err = e.way(at.Tell != nil)
	}
	var c Choice
	if err == nil {
		c, err = e.choose(way, at)
	}
	if err == nil && c.newCredential != nil {
		_, err = c.newCredential()
	}
	if err != nil {
		return c, fmt.Errorf("%w: %w", batch.ErrSignIn, err)
	}
	c.Way = way
	c.Words += why
	return c, nil
}

func (e Environment) choose(way Way, at Place) (c Choice, err error) {
	switch way {
	case ByToken:
		if c.token, err = e.secret(envAccessToken); err == nil && !c.token.set() {
			err = fmt.Errorf("--auth token needs an access token: set %[1]s, %[1]s%[2]s or %[1]s%[3]s", envAccessToken, asFile, asCommand)
		}
		c.Words, c.Files = "the token in "+c.token.Variable, filesOf(c.token)
	case ByCLI:
		if _, err := exec.LookPath("az"); err != nil {
			return c, errNoCLI
		}
		tenant := at.Tenant
		if !batch.IsGUID(tenant) {
			tenant = ""
		}
		c.Words, c.newCredential = "the Azure CLI's login", func() (azcore.TokenCredential, error) {
			cred, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: tenant})
			return cliCredential{cred, tenant}, err
		}
	case ManagedIdentity:
		if err := e.emptied([]string{envClientID}); err != nil {
			return c, err
		}
		o := &azidentity.ManagedIdentityCredentialOptions{}
		o.Retry.MaxRetries = -1
		c.Words = "this machine's managed identity"
		if id := e.Client(); id != "" {
			o.ID, c.Words = azidentity.ClientID(id), "the managed identity of "+envClientID
		}
		c.newCredential = func() (azcore.TokenCredential, error) {
			cred, err := azidentity.NewManagedIdentityCredential(o)
			return managedCredential{cred}, err
		}
	case ByWorkload:
		return e.workload(at)
	case ByDeviceCode, ByBrowser:
		return e.person(way, at)
	case BySecret, ByCertificate:
		r, err := e.registration(way, at.Tenant)
		if err != nil {
			return c, err
		}
		c.Words, c.Files, c.newCredential = "the secret of "+r.Secret.Variable, r.Files(), r.At(at.Authority)
		if way == ByCertificate {
			c.Words = "the certificate of " + r.Certificate.Variable
		}
	}
	return c, err
}

// way is the way that the environment names, and why that one.
func (e Environment) way(terminal bool) (Way, string, error) {
	token, err := e.secret(envAccessToken)
	switch ways, names := e.proofs(); {
	case err != nil:
		return "", "", err
	case token.set():
		return ByToken, ", which is set", nil
	case e.emptied(secretNames(envAccessToken)) != nil:
		return "", "", e.emptied(secretNames(envAccessToken))
	case e[envTokenCredentials] != "":
		way, err := e.named(e[envTokenCredentials])
		return way, ", as " + envTokenCredentials + " says", err
	case len(ways) > 1:
		return "", "", fmt.Errorf("%s and %s are both set; say which with --auth %s or --auth %s", names[0], names[1], ways[0], ways[1])
	case len(ways) == 1:
		return ways[0], ", which is set", nil
	case e[envUsername] != "":
		return "", "", fmt.Errorf("%s is set: offboard does not sign in with a user's password, which Microsoft has given up; set %s or %s", envUsername, envSecret, envCertificate)
	}
	if err := e.emptied(slices.Concat([]string{envTokenCredentials, envFederatedTokenFile}, ofSecret, secretNames(envCertificate))); err != nil {
		return "", "", err
	}
	const others = "for a managed identity give --auth managed-identity, for the Azure CLI's login --auth cli"
	if e[envClientID] != "" {
		return "", "", fmt.Errorf("%s is set without %s, %s or %s: set the one that is meant; a person signs in with --auth device-code or --auth browser; %s%s",
			envClientID, envSecret, envCertificate, envFederatedTokenFile, others, e.strange())
	}
	for _, name := range []string{envIdentityEndpoint, envMSIEndpoint} {
		if e[name] != "" {
			return ManagedIdentity, ", since " + name + " is set", nil
		}
	}
	switch {
	case e[envTenantID] != "":
		return "", "", fmt.Errorf("%s is set without %s and %s or %s: set them; %s%s", envTenantID, envClientID, envSecret, envCertificate, others, e.strange())
	case e.strange() != "":
		return "", "", fmt.Errorf("the environment names no way to sign in%s; for the Azure CLI's login give --auth cli", e.strange())
	case !terminal:
		return "", "", fmt.Errorf("nothing says how to sign in, and there is no terminal at which a person sees whose the Azure CLI's login is: set %s, %s and %s (or %s, or %s), or %s; %s",
			envTenantID, envClientID, envSecret, envCertificate, envFederatedTokenFile, envAccessToken, others)
	}
	return ByCLI, ", since nothing else is set (it may be that of another customer)", nil
}

// proofs are the ways for which something is set that proves an app, with the variables.
func (e Environment) proofs() (ways []Way, names []string) {
	for _, way := range []Way{BySecret, ByCertificate, ByWorkload} {
		for _, name := range secretNames(proofOf[way]) {
			if strings.TrimSpace(e[name]) != "" {
				ways, names = append(ways, way), append(names, name)
				break
			}
		}
	}
	return ways, names
}

// emptied finds a variable that is set and empty, as a failed $(...) leaves it: it is
// half set, and was meant to name the way.
func (e Environment) emptied(names []string) error {
	for _, name := range names {
		if value, set := e[name]; set && strings.TrimSpace(value) == "" {
			return fmt.Errorf("%s is set and empty; give it its value, or unset it", name)
		}
	}
	return nil
}

// named takes what AZURE_TOKEN_CREDENTIALS may say, if it is a single way.
func (e Environment) named(credential string) (Way, error) {
	switch strings.ToLower(credential) {
	case "environmentcredential":
		if ways, _ := e.proofs(); len(ways) > 0 && ways[0] != ByWorkload {
			return ways[0], nil
		}
		return BySecret, nil
	case "workloadidentitycredential":
		return ByWorkload, nil
	case "managedidentitycredential":
		return ManagedIdentity, nil
	case "azureclicredential":
		return ByCLI, nil
	}
	return "", fmt.Errorf("%s=%s names no single way to sign in that offboard has; say which with --auth", envTokenCredentials, credential)
}

// workload is the choice of the token that Kubernetes puts into a file.
func (e Environment) workload(at Place) (Choice, error) {
	tenant, file := cmp.Or(e.Tenant(), at.Tenant), e[envFederatedTokenFile]
	var err error
	if file == "" {
		err = e.missing(tenant, envFederatedTokenFile)
	} else {
		text, unread := os.ReadFile(file)
		if unread = asPath(envFederatedTokenFile, file, unread); unread == nil {
			unread = alone(envFederatedTokenFile, strings.TrimRight(string(text), "\r\n"))
		}
		err = alsoTold(e.missing(tenant, ""), unread)
	}
	return Choice{Words: "the workload identity of " + envFederatedTokenFile, newCredential: func() (azcore.TokenCredential, error) {
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientID: e.Client(), TenantID: tenant, TokenFilePath: file, ClientOptions: at.Authority.options(), DisableInstanceDiscovery: at.Authority.Own,
		})
	}}, err
}
