package graph

import (
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// SignIn makes the credentials that an Auth signs in with.
type SignIn func() (azcore.TokenCredential, error)

// Environment signs in as the AZURE_* variables say: secret, certificate,
// workload identity, managed identity, Azure CLI, in azidentity's order.
func Environment() (azcore.TokenCredential, error) {
	return azidentity.NewDefaultAzureCredential(nil)
}

// Secret signs an app in with its secret at an authority of one's own, an https
// URL, which is trusted without asking Microsoft whether it is one of theirs.
func Secret(authority, tenant, app, secret string, hc *http.Client) SignIn {
	return func() (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(tenant, app, secret, &azidentity.ClientSecretCredentialOptions{
			ClientOptions: policy.ClientOptions{
				Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: authority},
				Transport: hc,
			},
			DisableInstanceDiscovery: true,
		})
	}
}
