package graph

import (
	"context"
	"fmt"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"offboard/batch"
)

// prefix is the part of the SDK's URL templates that names the user.
const prefix = "{+baseurl}/users/{user%2Did}"

func noUser() map[string]string { return map[string]string{} }

// revoke is the SDK's request to end the sessions of a user.
func revoke(c *Client, it batch.Item) (request, error) {
	info, err := users.NewItemRevokeSignInSessionsRequestBuilderInternal(noUser(), c.v1).ToPostRequestInformation(context.Background(), nil)
	if err != nil {
		return request{}, fmt.Errorf("build revoke request: %w", err)
	}
	return action(info, it)
}

// invalidate is built by hand: the action exists in beta only, and the beta SDK
// is no dependency.
func invalidate(_ *Client, it batch.Item) (request, error) {
	return action(abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(
		abstractions.POST, prefix+"/invalidateAllRefreshTokens", noUser()), it)
}

// action is an action of the SDK at the user of the item.
func action(info *abstractions.RequestInformation, it batch.Item) (request, error) {
	at, err := userAddress(it)
	return request{method: info.Method.String(), url: at + strings.TrimPrefix(info.UrlTemplate, prefix), body: core.RequestBody{}}, err
}

// showStamp reads a user back as a lookup for revoking does, and showStamps as one for
// invalidating.
func showStamp(c *Client, it batch.Item) (request, error) {
	at, err := userAddress(it)
	return c.readUser(at, selected, false), err
}

func showStamps(c *Client, it batch.Item) (request, error) {
	at, err := userAddress(it)
	return c.readUser(at, selected+","+refreshStamp, true), err
}
