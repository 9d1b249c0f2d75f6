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

// step is what all items of a call share: the SDK's request for one user, with
// the user left out.
type step struct {
	method string
	suffix string // what follows the user in the URL
	header core.RequestHeader
	body   core.RequestBody
	fields string // for $select, when the answer's body is wanted; else ""
	beta   bool   // the fields are those of beta
}

// prefix is the part of the SDK's URL templates that names the user.
const prefix = "{+baseurl}/users/{user%2Did}"

// revoke is the SDK's request to end the sessions of a user.
func revoke(ctx context.Context, a abstractions.RequestAdapter) (step, error) {
	info, err := users.NewItemRevokeSignInSessionsRequestBuilderInternal(noUser(), a).ToPostRequestInformation(ctx, nil)
	if err != nil {
		return step{}, fmt.Errorf("build revoke request: %w", err)
	}
	return write(info), nil
}

// invalidate is built by hand: the action exists in beta only, and the beta SDK
// is no dependency.
func invalidate() step {
	return write(abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(
		abstractions.POST, prefix+"/invalidateAllRefreshTokens", noUser()))
}

// lookup is the SDK's request to read a user. In beta it asks for both stamps.
func lookup(ctx context.Context, a abstractions.RequestAdapter, beta bool) (step, error) {
	info, err := users.NewUserItemRequestBuilderInternal(noUser(), a).ToGetRequestInformation(ctx, nil)
	if err != nil {
		return step{}, fmt.Errorf("build lookup request: %w", err)
	}
	fields := selected
	if beta {
		fields += "," + refreshStamp
	}
	return step{method: info.Method.String(), suffix: "?$select=" + fields, header: core.RequestHeader{"Accept": "application/json"}, fields: fields, beta: beta}, nil
}

func noUser() map[string]string { return map[string]string{} }

// write is a step with what Graph wants of a POST: without a Content-Type and a
// body that is not null it refuses the whole batch with 400
// (msgraph-sdk-dotnet#2628).
func write(info *abstractions.RequestInformation) step {
	return step{
		method: info.Method.String(), suffix: strings.TrimPrefix(info.UrlTemplate, prefix),
		header: core.RequestHeader{"Content-Type": "application/json"}, body: core.RequestBody{},
	}
}

// item is the step for one user, under the number by which its answer is
// matched. The URL is written here: the SDK's own way to make an item of a
// request would pass it through a table of replacements that turns a user named
// "me-token-to-replace" into "/me", the operator. An error means that the user
// must not be sent.
func (s step) item(id int, u batch.User) (core.BatchItem, error) {
	url, err := s.url(u)
	if err != nil {
		return nil, err
	}
	n, method := strconv.Itoa(id), s.method
	it := core.NewBatchItem()
	it.SetId(&n)
	it.SetMethod(&method)
	it.SetUrl(&url)
	it.SetHeaders(s.header)
	it.SetBody(s.body)
	return it, nil
}

// url is the step's URL for one user. "/users/" without a key would be the list
// of everybody, and a user who is known by a property only may yet turn out to
// be several.
func (s step) url(u batch.User) (string, error) {
	switch {
	case u.ByProperty() && s.fields != "":
		return findPath(u, s.fields)
	case u.ByProperty():
		return "", fmt.Errorf("user %d is not resolved; look it up by its %s first", u.Seq, u.By)
	case u.Address() == "":
		return "", fmt.Errorf("user %d has neither object id nor user principal name", u.Seq)
	}
	return userPath(u.Address()) + s.suffix, nil
}

// wants is what to read of the answer for one user.
func (s step) wants(u batch.User) want {
	switch {
	case u.ByProperty():
		return want{hits: u.By, beta: s.beta}
	case s.fields != "":
		return want{user: true, beta: s.beta}
	}
	return want{}
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
