package graph

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"offboard/batch"
)

// Choice is the one way to sign in that was named, ready to be used.
type Choice struct {
	Way           Way
	Words         string        // what is used, for people
	newCredential NewCredential // nil for a token
	token         string
}

// Check refuses a token that Graph at root would refuse, as far as the token says so
// itself. The error is batch.ErrSignIn.
func (c Choice) Check(root string, now time.Time) error {
	if c.Way != ByToken {
		return nil
	}
	is := claimsOf(c.token)
	switch expiry := is.expiry(); {
	case !expiry.IsZero() && !now.Before(expiry):
		return fmt.Errorf("%w: the token in %s expired at %s, and it is %s by this machine's clock; get a new one",
			batch.ErrSignIn, envAccessToken, expiry.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case Microsofts(root) && !is.forGraph():
		return fmt.Errorf("%w: the token in %s is for %v, not for Microsoft Graph; get one for %s", batch.ErrSignIn, envAccessToken, is.Audience, root)
	}
	return nil
}

// Auth makes the Auth of the choice, for the Graph at root. No call is made.
func (c Choice) Auth(root string) *Auth {
	if c.Way == ByToken {
		return FixedToken(c.token)
	}
	return NewAuth(root, c.newCredential)
}

// Choose gives the one way to sign in that is asked for, or that the environment
// names. What is set is used, or is an error that names what is missing; there is
// no second way that it falls through to. Tenant is what the Azure CLI is asked
// for, or "". No call is made; files are read. Every error is batch.ErrSignIn.
func (e Environment) Choose(way Way, a Authority, tenant string) (Choice, error) {
	c, err := e.choose(way, a, tenant)
	if err == nil && c.newCredential != nil {
		_, err = c.newCredential()
	}
	if err != nil {
		return c, fmt.Errorf("%w: %w", batch.ErrSignIn, err)
	}
	return c, nil
}

func (e Environment) choose(asked Way, a Authority, tenant string) (Choice, error) {
	if err := e.misspelt(spellChecked[asked]); err != nil {
		return Choice{}, err
	}
	way := asked
	if way == Auto {
		if err := e.emptied([]string{envAccessToken}); err != nil {
			return Choice{}, err
		}
		var err error
		if way, err = e.way(); err != nil {
			return Choice{}, err
		}
	}
	if err := e.emptied(outranked(asked, way)); err != nil {
		return Choice{}, err
	}
	switch way {
	case ByToken:
		token := strings.TrimSpace(e[envAccessToken])
		if token == "" {
			return Choice{}, fmt.Errorf("--auth token needs an access token in %s", envAccessToken)
		}
		return Choice{Way: way, Words: "the token in " + envAccessToken, token: token}, nil
	case ByCLI:
		words := "the Azure CLI's login"
		if asked == Auto {
			words += ", since no AZURE_ variable names another way"
		}
		return Choice{Way: way, Words: words, newCredential: func() (azcore.TokenCredential, error) {
			cred, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: tenant})
			return cliCredential{cred}, err
		}}, nil
	case ManagedIdentity:
		o := &azidentity.ManagedIdentityCredentialOptions{}
		words := "this machine's managed identity"
		if id := e.client(); id != "" {
			o.ID, words = azidentity.ClientID(id), "the managed identity of "+envClientID
		}
		return Choice{Way: way, Words: words, newCredential: func() (azcore.TokenCredential, error) {
			cred, err := azidentity.NewManagedIdentityCredential(o)
			return managedCredential{cred}, err
		}}, nil
	case WorkloadIdentity:
		return e.workload(a)
	}
	return e.registration(a)
}

// way is the way that the environment names.
func (e Environment) way() (Way, error) {
	app, fed := e[envSecret] != "" || e[envCertificate] != "" || e[envUsername] != "", e[envFederatedTokenFile] != ""
	switch {
	case e[envAccessToken] != "":
		return ByToken, nil
	case e[envTokenCredentials] != "":
		return named(e[envTokenCredentials])
	case app && fed:
		return "", fmt.Errorf("both a secret or certificate and %s are set; say which with --auth env or --auth workload-identity", envFederatedTokenFile)
	case app:
		return ByEnvironment, nil
	case fed:
		return WorkloadIdentity, nil
	case e[envClientID] != "":
		return "", fmt.Errorf("%s is set without %s, %s or %s: set the one that is meant; for a managed identity give --auth managed-identity, for the Azure CLI's login --auth cli%s",
			envClientID, envSecret, envCertificate, envFederatedTokenFile, e.strange())
	case e[envIdentityEndpoint] != "" || e[envMSIEndpoint] != "":
		return ManagedIdentity, nil
	case e[envTenantID] != "":
		return "", fmt.Errorf("%s is set without %s and %s or %s: set them; for the Azure CLI's login give --auth cli, for a managed identity --auth managed-identity%s",
			envTenantID, envClientID, envSecret, envCertificate, e.strange())
	case e.strange() != "":
		return "", fmt.Errorf("the environment names no way to sign in%s; for the Azure CLI's login give --auth cli", e.strange())
	}
	return ByCLI, nil
}

// outranked are the variables that name another bearer than this way does. When one of
// them is set and empty, the way was found only because its value is missing, which is
// an error. A secret, a certificate and a federated token are of one app, so that a way
// that uses one of them does not ask for the others.
func outranked(asked, way Way) []string {
	switch {
	case asked == ManagedIdentity:
		return []string{envClientID}
	case asked == Auto && (way == ManagedIdentity || way == ByCLI):
		return []string{envTokenCredentials, envTenantID, envClientID, envSecret, envCertificate, envFederatedTokenFile}
	}
	return nil
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
func named(credential string) (Way, error) {
	for name, way := range map[string]Way{
		"EnvironmentCredential": ByEnvironment, "WorkloadIdentityCredential": WorkloadIdentity,
		"ManagedIdentityCredential": ManagedIdentity, "AzureCLICredential": ByCLI,
	} {
		if strings.EqualFold(name, credential) {
			return way, nil
		}
	}
	return "", fmt.Errorf("%s=%s names no single way to sign in that offboard has; say which with --auth", envTokenCredentials, credential)
}

// registration is the choice of an app registration's secret or certificate.
func (e Environment) registration(a Authority) (Choice, error) {
	switch {
	case e[envUsername] != "" && e[envSecret] == "" && e[envCertificate] == "":
		return Choice{}, fmt.Errorf("%s is set: offboard does not sign in with a user's password, which Microsoft has given up; set %s or %s", envUsername, envSecret, envCertificate)
	case e[envTenantID] == "":
		return Choice{}, fmt.Errorf("%s is missing%s", envTenantID, e.strange())
	case e[envClientID] == "":
		return Choice{}, fmt.Errorf("%s is missing%s", envClientID, e.strange())
	case e[envSecret] == "" && e[envCertificate] == "":
		return Choice{}, fmt.Errorf("%s or %s is missing%s", envSecret, envCertificate, e.strange())
	case e[envSecret] != "" && e[envCertificate] != "":
		return Choice{}, fmt.Errorf("%s and %s are both set; unset the one that is not meant", envSecret, envCertificate)
	}
	send := strings.ToLower(e[envSendChain])
	r := Registration{Tenant: e.Tenant(), Client: e.client(), Secret: e[envSecret], Certificate: e[envCertificate],
		Password: e[envPassword], SendChain: send == "1" || send == "true"}
	words := "the secret of " + envSecret
	if r.Secret == "" {
		words = "the certificate of " + envCertificate
	}
	return Choice{Way: ByEnvironment, Words: words, newCredential: r.At(a)}, nil
}

// workload is the choice of the token that Kubernetes puts into a file.
func (e Environment) workload(a Authority) (Choice, error) {
	for _, name := range []string{envTenantID, envClientID, envFederatedTokenFile} {
		if e[name] == "" {
			return Choice{}, fmt.Errorf("%s is missing for a workload identity%s", name, e.strange())
		}
	}
	if _, err := os.ReadFile(e[envFederatedTokenFile]); err != nil {
		return Choice{}, fmt.Errorf("%s: %w", envFederatedTokenFile, err)
	}
	return Choice{Way: WorkloadIdentity, Words: "the workload identity of " + envFederatedTokenFile, newCredential: func() (azcore.TokenCredential, error) {
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientID: e.client(), TenantID: e.Tenant(), TokenFilePath: e[envFederatedTokenFile], ClientOptions: a.options(), DisableInstanceDiscovery: a.Own,
		})
	}}, nil
}
