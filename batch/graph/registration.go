package graph

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"offboard/batch"
)

// Registration is an app registration, read from a file or from the environment: the names
// are the same. It has a secret or a certificate, not both.
type Registration struct {
	Tenant, Client string
	Secret         Secret
	Certificate    Secret // PEM or PFX
	Password       Secret // of the certificate; may be none
	SendChain      bool
}

// ParseRegistration reads lines of NAME=VALUE; "#" begins a comment line. An
// error names the line or what is missing, and never a value.
func ParseRegistration(r io.Reader) (Registration, error) {
	e, err := readLines(r, ofRegistration)
	if err != nil {
		return Registration{}, err
	}
	ways, _ := e.proofs()
	if len(ways) != 1 {
		return Registration{}, fmt.Errorf("give one of %s and %s", envSecret, envCertificate)
	}
	return e.registration(ways[0], "")
}

// ParseSignIn reads a file in place of the environment, as ParseRegistration does. It takes
// every variable that says how to sign in.
func ParseSignIn(r io.Reader) (Environment, error) { return readLines(r, spellChecked[Auto]) }

func readLines(r io.Reader, names []string) (Environment, error) {
	e, at := Environment{}, map[string]int{}
	in := bufio.NewScanner(r)
	for no := 1; in.Scan(); no++ {
		text := strings.TrimSpace(strings.TrimPrefix(in.Text(), "\ufeff"))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		name, value, ok := strings.Cut(text, "=")
		if name = strings.TrimSpace(name); !ok || !slices.Contains(names, name) {
			return nil, fmt.Errorf("line %d is no NAME=VALUE with one of the names %s", no, strings.Join(names, ", "))
		}
		if was := at[name]; was != 0 {
			return nil, fmt.Errorf("lines %d and %d both give %s; take one of them out", was, no, name)
		}
		at[name] = no
		e[name] = strings.Trim(strings.TrimSpace(value), `"`)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("read app registration: %w", err)
	}
	return e, nil
}

// registration is the app of the environment, with the proof of one way. Tenant is what
// was named besides, or "".
func (e Environment) registration(way Way, tenant string) (r Registration, err error) {
	send := strings.ToLower(e[envSendChain])
	r = Registration{Tenant: cmp.Or(e.Tenant(), tenant), Client: e.Client(), SendChain: send == "1" || send == "true"}
	if err := e.missing(r.Tenant); err != nil {
		return r, err
	}
	if way == BySecret {
		r.Secret, err = e.secret(envSecret)
	} else if r.Certificate, err = e.secret(envCertificate); err == nil {
		r.Password, err = e.secret(envPassword)
	}
	if err == nil && !r.Secret.set() && !r.Certificate.set() {
		err = fmt.Errorf("%s is missing%s", proofOf[way], e.strange())
	}
	return r, err
}

// missing finds that the environment does not name an app and its tenant.
func (e Environment) missing(tenant string) error {
	switch {
	case tenant == "":
		return fmt.Errorf("%s is missing%s", envTenantID, e.strange())
	case !batch.IsGUID(tenant) && !domainName.MatchString(tenant):
		return fmt.Errorf("%q is no tenant's id, which is a GUID, and no domain", tenant)
	case e.Client() == "":
		return fmt.Errorf("%s is missing%s", envClientID, e.strange())
	}
	return nil
}

// At returns what makes the credential of the app at an authority. It reads files. A
// command is run when the first token is asked for.
func (r Registration) At(a Authority) NewCredential {
	for _, s := range []Secret{r.Secret, r.Certificate, r.Password} {
		if s.how == asCommand {
			return func() (azcore.TokenCredential, error) { return &commanded{r: r, a: a}, nil }
		}
	}
	return func() (azcore.TokenCredential, error) { return r.credential(context.Background(), a) }
}

func (r Registration) credential(ctx context.Context, a Authority) (azcore.TokenCredential, error) {
	if r.Secret.set() {
		secret, err := r.Secret.read(ctx)
		if err != nil {
			return nil, err
		}
		return azidentity.NewClientSecretCredential(r.Tenant, r.Client, secret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: a.options(), DisableInstanceDiscovery: a.Own,
		})
	}
	certs, key, err := readCertificate(ctx, r.Certificate, r.Password)
	if err != nil {
		return nil, err
	}
	return azidentity.NewClientCertificateCredential(r.Tenant, r.Client, certs, key, &azidentity.ClientCertificateCredentialOptions{
		ClientOptions: a.options(), DisableInstanceDiscovery: a.Own, SendCertificateChain: r.SendChain,
	})
}

// commanded is the credential of an app whose secret a command prints.
type commanded struct {
	r    Registration
	a    Authority
	cred azcore.TokenCredential // once the command was run
}

// GetToken runs the command the first time. Its caller lets one call be made at a time.
func (c *commanded) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if c.cred == nil {
		var err error
		if c.cred, err = c.r.credential(ctx, c.a); err != nil {
			return azcore.AccessToken{}, unready{err}
		}
	}
	return c.cred.GetToken(ctx, o)
}
