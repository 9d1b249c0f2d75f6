package graph

import (
	"bufio"
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path/filepath"
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

// ParseRegistration reads lines of NAME=VALUE; "#" begins a comment line. Paths in them begin at dir,
// where the file is. An error names the line or what is missing, and never a value.
func ParseRegistration(r io.Reader, dir string) (Registration, error) {
	e, err := readLines(r, dir, ofRegistration)
	if err != nil {
		return Registration{}, err
	}
	ways, _ := e.proofs()
	if len(ways) != 1 {
		return Registration{}, alsoTold(e.missing(e.Tenant(), ""), fmt.Errorf("give one of %s and %s", envSecret, envCertificate))
	}
	return e.registration(ways[0], "")
}

// ParseSignIn reads a file in place of the environment, as ParseRegistration does. It takes
// every variable that says how to sign in.
func ParseSignIn(r io.Reader, dir string) (Environment, error) {
	return readLines(r, dir, spellChecked[Auto])
}

// within is the path in a file of a directory. One that leads to no file may be a secret that was put in
// its place: with the NUL it is that of no file, and is shown by no error.
func within(dir, path string) string {
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
		if _, err := os.Stat(path); err != nil {
			path += "\x00"
		}
	}
	return path
}

func readLines(r io.Reader, dir string, names []string) (Environment, error) {
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
		if name == envCertificate || strings.HasSuffix(name, asFile) {
			e[name] = within(dir, e[name])
		}
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
	if way == BySecret {
		r.Secret, err = e.secret(envSecret)
	} else if r.Certificate, err = e.secret(envCertificate); err == nil {
		r.Password, err = e.secret(envPassword)
	}
	proof := ""
	if err == nil && !r.Secret.set() && !r.Certificate.set() {
		proof = proofOf[way]
	}
	if lacks := e.missing(r.Tenant, proof); lacks != nil {
		if err == nil {
			err = r.Check()
		}
		err = alsoTold(lacks, err)
	}
	return r, err
}

// missing finds all that the environment does not say of an app and its tenant. Proof is the variable
// of what proves the app, where that is missing, too.
func (e Environment) missing(tenant, proof string) (err error) {
	var names []string
	if tenant == "" {
		names = append(names, envTenantID)
	} else if !batch.IsGUID(tenant) && !domainName.MatchString(tenant) {
		err = fmt.Errorf("%q is no tenant's id, which is a GUID, and no domain", tenant)
	}
	if e.Client() == "" {
		names = append(names, envClientID)
	}
	if proof != "" {
		names = append(names, proof)
	}
	if len(names) == 0 {
		return err
	}
	return alsoTold(err, fmt.Errorf("%s %s missing%s", strings.Join(names, ", "), batch.Agree(len(names), "is", "are"), e.strange()))
}

// alsoTold is both errors in one sentence; either may be nil.
func alsoTold(one, more error) error {
	if one == nil || more == nil {
		return cmp.Or(one, more)
	}
	return fmt.Errorf("%w; %w", one, more)
}

// Files are those of the secret, or of the certificate and its password.
func (r Registration) Files() []string { return filesOf(r.Secret, r.Certificate, r.Password) }

// Check reads what proves the app, if no command is to print it.
func (r Registration) Check() error {
	if r.commands() {
		return nil
	}
	_, _, _, err := r.proof(context.Background())
	return err
}

func (r Registration) commands() bool {
	return slices.ContainsFunc([]Secret{r.Secret, r.Certificate, r.Password}, func(s Secret) bool { return s.how == asCommand })
}

// proof reads the secret, or the certificate with its chain and its key.
func (r Registration) proof(ctx context.Context) (secret string, certs []*x509.Certificate, key crypto.PrivateKey, err error) {
	if r.Certificate.set() {
		certs, key, err = readCertificate(ctx, r.Certificate, r.Password)
	} else {
		secret, err = r.Secret.read(ctx)
	}
	return secret, certs, key, err
}

// At returns what makes the credential of the app at an authority. It reads files. A
// command is run when the first token is asked for.
func (r Registration) At(a Authority) NewCredential {
	if r.commands() {
		return func() (azcore.TokenCredential, error) { return &commanded{r: r, a: a}, nil }
	}
	return func() (azcore.TokenCredential, error) { return r.credential(context.Background(), a) }
}

func (r Registration) credential(ctx context.Context, a Authority) (azcore.TokenCredential, error) {
	secret, certs, key, err := r.proof(ctx)
	if err != nil {
		return nil, err
	}
	if r.Secret.set() {
		return azidentity.NewClientSecretCredential(r.Tenant, r.Client, secret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: a.options(), DisableInstanceDiscovery: a.Own,
		})
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
