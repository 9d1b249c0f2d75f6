package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/pkg/browser"
)

// person is the sign-in of a person at the terminal. They are asked where what they said
// before is not enough, and not where the network or the service is in trouble.
type person struct {
	interactive
	way  Way
	tell func(string)
	told *bool // a code was shown, or a browser opened
}

type interactive interface {
	azcore.TokenCredential
	Authenticate(context.Context, *policy.TokenRequestOptions) (azidentity.AuthenticationRecord, error)
}

// personTimeout is how long a person may take: a device code is good for 15 minutes.
const personTimeout = 15 * time.Minute

// GetToken asks the person if need be.
func (p person) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	within, cancel := context.WithTimeout(ctx, signInTimeout)
	defer cancel()
	t, err := p.interactive.GetToken(within, o)
	met, _ := ctx.Value(troubleKey{}).(*trouble)
	if _, asks := errors.AsType[*azidentity.AuthenticationRequiredError](err); !asks {
		return t, err
	} else if met != nil && (met.err != nil || met.busy) {
		return t, later{errors.New("the sign-in service is in trouble")}
	}
	if *p.told = p.way == ByBrowser; *p.told {
		p.tell("a browser opens at the sign-in page: sign in there")
	}
	waited, stop := context.WithTimeout(ctx, personTimeout)
	defer stop()
	_, err = p.Authenticate(waited, &o)
	failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](err)
	switch {
	case err == nil:
	case ctx.Err() == nil && waited.Err() != nil:
		return t, fmt.Errorf("no person signed in within %v; do the same again", personTimeout)
	case ok && failed.RawResponse == nil && p.way == ByBrowser && ctx.Err() == nil && (met == nil || met.err == nil && !met.post):
		return t, errors.New("the browser gave no sign-in: none can be opened here, or the person or the sign-in page ended it; try again, or give --auth device-code")
	case *p.told:
		return t, asked{err}
	default:
		return t, err
	}
	return p.interactive.GetToken(ctx, policy.TokenRequestOptions{Scopes: o.Scopes}) // the one that was just given
}

// person is the choice of a person's sign-in.
func (e Environment) person(way Way, at Place) (Choice, error) {
	tenant := cmp.Or(e.Tenant(), at.Tenant)
	if at.Tell == nil {
		return Choice{}, fmt.Errorf("--auth %s asks a person, and there is no terminal; without one an app signs in: set %s, %s and %s, or %s", way, envTenantID, envClientID, envSecret, envCertificate)
	}
	if err := e.missing(tenant, ""); err != nil {
		return Choice{}, fmt.Errorf("--auth %s: %w", way, err)
	}
	browser.Stdout = os.Stderr // stdout is for results
	told := new(bool)
	if way == ByBrowser {
		return Choice{Words: "a person in a browser", newCredential: func() (azcore.TokenCredential, error) {
			cred, err := azidentity.NewInteractiveBrowserCredential(&azidentity.InteractiveBrowserCredentialOptions{
				ClientOptions: at.Authority.options(), DisableInstanceDiscovery: at.Authority.Own, DisableAutomaticAuthentication: true, ClientID: e.Client(), TenantID: tenant,
			})
			return person{cred, way, at.Tell, told}, err
		}}, nil
	}
	return Choice{Words: "a person with a device code", newCredential: func() (azcore.TokenCredential, error) {
		cred, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
			ClientOptions: at.Authority.options(), DisableInstanceDiscovery: at.Authority.Own, DisableAutomaticAuthentication: true, ClientID: e.Client(), TenantID: tenant,
			UserPrompt: func(_ context.Context, m azidentity.DeviceCodeMessage) error {
				*told = true
				at.Tell(fmt.Sprintf("open %s in any browser, and enter the code %s", m.VerificationURL, m.UserCode))
				return nil
			},
		})
		return person{cred, way, at.Tell, told}, err
	}}, nil
}
