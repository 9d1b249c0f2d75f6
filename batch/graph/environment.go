package graph

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"offboard/batch"
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

// The variables that a sign-in may read, and no others.
const (
	accessToken = "OFFBOARD_ACCESS_TOKEN"
	tenantID    = "AZURE_TENANT_ID"
	clientID    = "AZURE_CLIENT_ID"
	secret      = "AZURE_CLIENT_SECRET"
	certificate = "AZURE_CLIENT_CERTIFICATE_PATH"
	password    = "AZURE_CLIENT_CERTIFICATE_PASSWORD"
	sendChain   = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"
	federated   = "AZURE_FEDERATED_TOKEN_FILE"
	authority   = "AZURE_AUTHORITY_HOST"
	username    = "AZURE_USERNAME"
	chosen      = "AZURE_TOKEN_CREDENTIALS"
)

// variables are the variables that a way reads.
var variables = map[Way][]string{
	Auto:             {accessToken, tenantID, clientID, secret, certificate, password, sendChain, federated, authority},
	ByEnvironment:    {tenantID, clientID, secret, certificate, password, sendChain, authority},
	ByCLI:            {tenantID},
	ManagedIdentity:  {tenantID, clientID},
	WorkloadIdentity: {tenantID, clientID, federated, authority},
	ByToken:          {accessToken, tenantID},
}

// Tenant is AZURE_TENANT_ID: a tenant's id or domain, or "".
func (e Environment) Tenant() string { return strings.TrimSpace(e[tenantID]) }

func (e Environment) client() string { return strings.TrimSpace(e[clientID]) }

// Authority is where to sign in for a service root.
func (e Environment) Authority(root string) (Authority, error) {
	return AuthorityOf(e[authority], root)
}

// Choice is the one way to sign in that was named, ready to be used.
type Choice struct {
	Way   Way
	Words string // what is used, for people
	sign  SignIn
	token string
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
			batch.ErrSignIn, accessToken, expiry.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case Microsofts(root) && !is.forGraph():
		return fmt.Errorf("%w: the token in %s is for %v, not for Microsoft Graph; get one for %s", batch.ErrSignIn, accessToken, is.Audience, root)
	}
	return nil
}

// Auth signs in for the Graph at root.
func (c Choice) Auth(root string) *Auth {
	if c.Way == ByToken {
		return FixedToken(c.token)
	}
	return NewAuth(root, c.sign)
}

// Choose gives the one way to sign in that is asked for, or that the environment
// names. What is set is used, or is an error that names what is missing; there is
// no second way that it falls through to. Tenant is what the Azure CLI is asked
// for, or "". No call is made; files are read. Every error is batch.ErrSignIn.
func (e Environment) Choose(way Way, a Authority, tenant string) (Choice, error) {
	c, err := e.choose(way, a, tenant)
	if err == nil && c.sign != nil {
		_, err = c.sign()
	}
	if err != nil {
		return c, fmt.Errorf("%w: %w", batch.ErrSignIn, err)
	}
	return c, nil
}

func (e Environment) choose(asked Way, a Authority, tenant string) (Choice, error) {
	if err := e.misspelt(variables[asked]); err != nil {
		return Choice{}, err
	}
	way := asked
	if way == Auto {
		if err := e.emptied([]string{accessToken}); err != nil {
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
		token := strings.TrimSpace(e[accessToken])
		if token == "" {
			return Choice{}, fmt.Errorf("--auth token needs an access token in %s", accessToken)
		}
		return Choice{Way: way, Words: "the token in " + accessToken, token: token}, nil
	case ByCLI:
		words := "the Azure CLI's login"
		if asked == Auto {
			words += ", since no AZURE_ variable names another way"
		}
		return Choice{Way: way, Words: words, sign: func() (azcore.TokenCredential, error) {
			cred, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: tenant})
			return cliCredential{cred}, err
		}}, nil
	case ManagedIdentity:
		o := &azidentity.ManagedIdentityCredentialOptions{}
		words := "this machine's managed identity"
		if id := e.client(); id != "" {
			o.ID, words = azidentity.ClientID(id), "the managed identity of "+clientID
		}
		return Choice{Way: way, Words: words, sign: func() (azcore.TokenCredential, error) {
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
	app, fed := e[secret] != "" || e[certificate] != "" || e[username] != "", e[federated] != ""
	switch {
	case e[accessToken] != "":
		return ByToken, nil
	case e[chosen] != "":
		return named(e[chosen])
	case app && fed:
		return "", fmt.Errorf("both a secret or certificate and %s are set; say which with --auth env or --auth workload-identity", federated)
	case app:
		return ByEnvironment, nil
	case fed:
		return WorkloadIdentity, nil
	case e[clientID] != "":
		return "", fmt.Errorf("%s is set without %s, %s or %s: set the one that is meant; for a managed identity give --auth managed-identity, for the Azure CLI's login --auth cli%s",
			clientID, secret, certificate, federated, e.strange())
	case e["IDENTITY_ENDPOINT"] != "" || e["MSI_ENDPOINT"] != "":
		return ManagedIdentity, nil
	case e[tenantID] != "":
		return "", fmt.Errorf("%s is set without %s and %s or %s: set them; for the Azure CLI's login give --auth cli, for a managed identity --auth managed-identity%s",
			tenantID, clientID, secret, certificate, e.strange())
	case e.strange() != "":
		return "", fmt.Errorf("the environment names no way to sign in%s; for the Azure CLI's login give --auth cli", e.strange())
	}
	return ByCLI, nil
}

// outranked are the variables that would have named another bearer than the way that
// was found without them. A secret, a certificate and a federated token are of one app,
// so that one of them makes up for the others.
func outranked(asked, way Way) []string {
	switch {
	case asked == ManagedIdentity:
		return []string{clientID}
	case asked == Auto && (way == ManagedIdentity || way == ByCLI):
		return []string{chosen, tenantID, clientID, secret, certificate, federated}
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
	return "", fmt.Errorf("%s=%s names no single way to sign in that offboard has; say which with --auth", chosen, credential)
}

// registration signs in as an app of its own.
func (e Environment) registration(a Authority) (Choice, error) {
	switch {
	case e[username] != "" && e[secret] == "" && e[certificate] == "":
		return Choice{}, fmt.Errorf("%s is set: offboard does not sign in with a user's password, which Microsoft has given up; set %s or %s", username, secret, certificate)
	case e[tenantID] == "":
		return Choice{}, fmt.Errorf("%s is missing%s", tenantID, e.strange())
	case e[clientID] == "":
		return Choice{}, fmt.Errorf("%s is missing%s", clientID, e.strange())
	case e[secret] == "" && e[certificate] == "":
		return Choice{}, fmt.Errorf("%s or %s is missing%s", secret, certificate, e.strange())
	case e[secret] != "" && e[certificate] != "":
		return Choice{}, fmt.Errorf("%s and %s are both set; unset the one that is not meant", secret, certificate)
	}
	send := strings.ToLower(e[sendChain])
	r := Registration{Tenant: e.Tenant(), Client: e.client(), Secret: e[secret], Certificate: e[certificate],
		Password: e[password], SendChain: send == "1" || send == "true"}
	words := "the secret of " + secret
	if r.Secret == "" {
		words = "the certificate of " + certificate
	}
	return Choice{Way: ByEnvironment, Words: words, sign: r.At(a)}, nil
}

// workload signs in with the token that Kubernetes puts into a file.
func (e Environment) workload(a Authority) (Choice, error) {
	for _, name := range []string{tenantID, clientID, federated} {
		if e[name] == "" {
			return Choice{}, fmt.Errorf("%s is missing for a workload identity%s", name, e.strange())
		}
	}
	if _, err := os.ReadFile(e[federated]); err != nil {
		return Choice{}, fmt.Errorf("%s: %w", federated, err)
	}
	return Choice{Way: WorkloadIdentity, Words: "the workload identity of " + federated, sign: func() (azcore.TokenCredential, error) {
		return azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientID: e.client(), TenantID: e.Tenant(), TokenFilePath: e[federated], ClientOptions: a.options(), DisableInstanceDiscovery: a.Own,
		})
	}}, nil
}

// misspelt finds a variable that was surely meant to be one of these: it is not
// set, and one is whose name is a slip or two away.
func (e Environment) misspelt(names []string) error {
	for _, meant := range names {
		if e[meant] != "" {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(e)) {
			if e[name] != "" && name != meant && !slices.Contains(variables[Auto], name) && slips(strings.ToUpper(name), meant) <= 2 {
				return fmt.Errorf("%s is set, and looks like a misspelt %s; rename or unset it", name, meant)
			}
		}
	}
	return nil
}

// strange lists variables that seem to be about signing in and that nothing
// reads, as the end of a message.
func (e Environment) strange() string {
	known := append(slices.Clone(variables[Auto]), username, "AZURE_PASSWORD", chosen)
	var odd []string
	for _, name := range slices.Sorted(maps.Keys(e)) {
		for _, start := range []string{"AZURE_CLIENT", "AZURE_TENANT", "AZURE_CERT", "AZURE_FEDERATED", "AZURE_SECRET", "AZURE_APP_ID"} {
			if e[name] != "" && strings.HasPrefix(strings.ToUpper(name), start) && !slices.Contains(known, name) && !slices.Contains(odd, name) {
				odd = append(odd, name)
			}
		}
	}
	if len(odd) == 0 {
		return ""
	}
	return "; offboard does not read " + strings.Join(odd, ", ")
}

// slips is how many letters were left out, added, changed or swapped with the
// next one between two words (optimal string alignment).
func slips(a, b string) int {
	if len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 3
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
