package graph

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"offboard/batch"
)

// itemTemplate is what all items of a call share: the SDK's request for one user, with
// the user left out.
type itemTemplate struct {
	method string
	suffix string // what follows the user in the URL
	header core.RequestHeader
	body   core.RequestBody
	reads  bool   // a lookup, whose reply holds the user
	fields string // of a lookup, for $select
	beta   bool   // the fields are those of beta
}

// prefix is the part of the SDK's URL templates that names the user.
const prefix = "{+baseurl}/users/{user%2Did}"

// revoke is the SDK's request to end the sessions of a user.
func revoke(ctx context.Context, a abstractions.RequestAdapter) (itemTemplate, error) {
	info, err := users.NewItemRevokeSignInSessionsRequestBuilderInternal(noUser(), a).ToPostRequestInformation(ctx, nil)
	if err != nil {
		return itemTemplate{}, fmt.Errorf("build revoke request: %w", err)
	}
	return write(info), nil
}

// invalidate is built by hand: the action exists in beta only, and the beta SDK
// is no dependency.
func invalidate() itemTemplate {
	return write(abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(
		abstractions.POST, prefix+"/invalidateAllRefreshTokens", noUser()))
}

// lookup is the SDK's request to read a user. In beta it asks for both stamps.
func lookup(ctx context.Context, a abstractions.RequestAdapter, beta bool) (itemTemplate, error) {
	info, err := users.NewUserItemRequestBuilderInternal(noUser(), a).ToGetRequestInformation(ctx, nil)
	if err != nil {
		return itemTemplate{}, fmt.Errorf("build lookup request: %w", err)
	}
	fields := selected
	if beta {
		fields += "," + refreshStamp
	}
	return itemTemplate{
		method: info.Method.String(), suffix: "?$select=" + fields, header: core.RequestHeader{"Accept": "application/json"},
		reads: true, fields: fields, beta: beta,
	}, nil
}

func noUser() map[string]string { return map[string]string{} }

// write is a template with what Graph wants of a POST: without a Content-Type and a
// body that is not null it refuses the whole batch with 400
// (msgraph-sdk-dotnet#2628).
func write(info *abstractions.RequestInformation) itemTemplate {
	return itemTemplate{
		method: info.Method.String(), suffix: strings.TrimPrefix(info.UrlTemplate, prefix),
		header: core.RequestHeader{"Content-Type": "application/json"}, body: core.RequestBody{},
	}
}

// item is the item for one user, under the number by which its reply is matched. It is
// written here, with its URL: the SDK's own way to make an item of a request would pass
// the URL through a table of replacements that turns a user named "me-token-to-replace"
// into "/me", the operator. An error means that the user
// must not be sent.
func (t itemTemplate) item(id int, u batch.User) (core.BatchItem, error) {
	url, err := t.url(u)
	if err != nil {
		return nil, err
	}
	n, method := strconv.Itoa(id), t.method
	it := core.NewBatchItem()
	it.SetId(&n)
	it.SetMethod(&method)
	it.SetUrl(&url)
	it.SetHeaders(t.header)
	it.SetBody(t.body)
	return it, nil
}

// url is the item's URL for one user. A user without a key is an error, since "/users/"
// is the list of everybody. A user who is known by a property alone can be looked up and
// not written to, since several users may have the property.
func (t itemTemplate) url(u batch.User) (string, error) {
	switch {
	case u.ByProperty() && t.reads:
		return findPath(u, t.fields)
	case u.ByProperty():
		return "", fmt.Errorf("user %d is not resolved; look it up by its %s first", u.Seq, u.By)
	case u.Address() == "":
		return "", fmt.Errorf("user %d has neither object id nor user principal name", u.Seq)
	}
	return userPath(u.Address()) + t.suffix, nil
}

// expects is what to read of the reply for one user.
func (t itemTemplate) expects(u batch.User) expected {
	switch {
	case u.ByProperty():
		return expected{hits: u.By, beta: t.beta}
	case t.reads:
		return expected{user: true, beta: t.beta}
	}
	return expected{}
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
