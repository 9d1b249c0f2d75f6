package graph

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"offboard/batch"
)

// request is one item of a batch. It is written here, with its URL: the SDK's own way to
// make an item of a request would pass the URL through a table of replacements that turns
// a user named "me-token-to-replace" into "/me", the operator.
type request struct {
	method string
	url    string // below the root and its version

	// body is what Graph wants of a POST or PATCH: without a Content-Type and a body that
	// is not null it refuses the whole batch with 400 (msgraph-sdk-dotnet#2628). It is nil
	// for all others.
	body   core.RequestBody
	secret password // the one that the body holds, or ""

	read   func(body json.RawMessage, r *batch.Reply) error // takes what a 2xx must hold; nil for a write, of which nothing is read
	absent *batch.Shown                                     // what a 404 of the object shows; nil: nothing, it is a refusal
}

// item is the item, under the number by which its reply is matched.
func (q request) item(id int) core.BatchItem {
	n, header := strconv.Itoa(id), core.RequestHeader{}
	switch {
	case q.body != nil:
		header["Content-Type"] = "application/json"
	case q.read != nil:
		header["Accept"] = "application/json"
	}
	it := core.NewBatchItem()
	it.SetId(&n)
	it.SetMethod(&q.method)
	it.SetUrl(&q.url)
	it.SetHeaders(header)
	it.SetBody(q.body)
	return it
}

// mayLeave is the last look at an item before its batch leaves: the only thing that
// offboard deletes is a membership. The same URL without /$ref would delete the user
// (Microsoft Graph documentation, remove member).
func mayLeave(it core.BatchItem) error {
	method, url := *it.GetMethod(), *it.GetUrl()
	switch method {
	case "GET", "POST", "PATCH":
		return nil
	case "DELETE":
		p := strings.Split(url, "/")
		if len(p) == 6 && p[0] == "" && p[1] == "groups" && batch.IsGUID(p[2]) && p[3] == "members" && batch.IsGUID(p[4]) && p[5] == "$ref" {
			return nil
		}
	}
	return fmt.Errorf("%s %s removes no membership, and nothing else is ever deleted", method, url)
}

// userAddress addresses the user of a step that may be sent to a name, too. A user
// without a key is an error, since "/users/" is the list of everybody. So is one who is
// known by a property alone, which several users may have.
func userAddress(it batch.Item) (string, error) {
	u := it.User
	switch {
	case it.Target.ID != "":
		return "", fmt.Errorf("user %d: the step %s is at the user, and not at the target %q", u.Seq, it.Step, it.Target.ID)
	case u.ByProperty():
		return "", fmt.Errorf("user %d is not resolved; look it up by its %s first", u.Seq, u.By)
	case u.Address() == "":
		return "", fmt.Errorf("user %d has neither object id nor user principal name", u.Seq)
	}
	return userPath(u.Address()), nil
}

// userByID addresses the user of a step at the user.
func userByID(it batch.Item) (string, error) {
	if it.Target.ID != "" {
		return userAddress(it)
	}
	return ownerByID(it)
}

// ownerByID addresses the user whose target a step is at.
func ownerByID(it batch.Item) (string, error) {
	if !batch.IsGUID(it.User.ID) {
		return "", fmt.Errorf("user %d: the step %s needs an object id, which is a GUID, and not %q", it.User.Seq, it.Step, it.User.Address())
	}
	return "/users/" + it.User.ID, nil
}

// targetID is the object id of the device or group that a step is at.
func targetID(it batch.Item) (string, error) {
	if !batch.IsGUID(it.Target.ID) {
		return "", fmt.Errorf("user %d: the target %q of the step %s is no object id, which is a GUID", it.User.Seq, it.Target.ID, it.Step)
	}
	return it.Target.ID, nil
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
