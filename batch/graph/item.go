package graph

import (
	"context"
	"net/url"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// itemBuilder adds the item for one key to a batch.
type itemBuilder func(ctx context.Context, req core.BatchRequest, a abstractions.RequestAdapter, id, key string) error

// userID is the SDK's name for the path parameter that holds the key.
const userID = "user%2Did"

// selected are the properties that a lookup asks for. The stamp comes only when
// it is asked for (Microsoft Graph documentation, user resource).
const selected = "id,userPrincipalName,userType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime"

func revokeItem(ctx context.Context, req core.BatchRequest, a abstractions.RequestAdapter, id, key string) error {
	b := users.NewItemRevokeSignInSessionsRequestBuilderInternal(parameters(a, key), a)
	info, err := b.ToPostRequestInformation(ctx, nil)
	if err != nil {
		return err
	}
	return addPost(req, info, id, userPath(key)+"/revokeSignInSessions")
}

// invalidateItem is built by hand: the action exists in beta only, and the beta
// SDK is no dependency.
func invalidateItem(_ context.Context, req core.BatchRequest, a abstractions.RequestAdapter, id, key string) error {
	info := abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(
		abstractions.POST, "{+baseurl}/users/{user%2Did}/invalidateAllRefreshTokens", parameters(a, key))
	return addPost(req, info, id, userPath(key)+"/invalidateAllRefreshTokens")
}

func lookupItem(ctx context.Context, req core.BatchRequest, a abstractions.RequestAdapter, id, key string) error {
	info, err := users.NewUserItemRequestBuilderInternal(parameters(a, key), a).ToGetRequestInformation(ctx, nil)
	if err != nil {
		return err
	}
	_, err = add(req, info, id, userPath(key)+"?$select="+selected)
	return err
}

func parameters(a abstractions.RequestAdapter, key string) map[string]string {
	return map[string]string{"baseurl": a.GetBaseUrl(), userID: key}
}

// addPost adds a write. Without a Content-Type and a body that is not null,
// Graph refuses the whole batch with 400 (msgraph-sdk-dotnet#2628).
func addPost(req core.BatchRequest, info *abstractions.RequestInformation, id, url string) error {
	item, err := add(req, info, id, url)
	if err != nil {
		return err
	}
	item.SetHeaders(core.RequestHeader{"Content-Type": "application/json"})
	item.SetBody(core.RequestBody{})
	return nil
}

// add adds the item under a plain number, by which its answer is matched, and
// with the URL as we write it: the SDK's own would pass through a table of
// replacements that turns a user named "me-token-to-replace" into "/me", the
// operator.
func add(req core.BatchRequest, info *abstractions.RequestInformation, id, url string) (core.BatchItem, error) {
	item, err := req.AddBatchRequestStep(*info)
	if err != nil {
		return nil, err
	}
	item.SetId(&id)
	item.SetUrl(&url)
	return item, nil
}

// userPath addresses one user. "/users/$x" would be read as a system resource,
// encoded or not; the quoted form, where an apostrophe is doubled, is not
// (Microsoft Graph, known issues).
func userPath(key string) string {
	if strings.HasPrefix(key, "$") {
		return "/users('" + escape(strings.ReplaceAll(key, "'", "''")) + "')"
	}
	return "/users/" + escape(key)
}

// escape percent-encodes everything that is not unreserved (RFC 3986).
// url.PathEscape would leave $ & + = : @ alone.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
