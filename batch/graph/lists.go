package graph

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"offboard/batch"
)

// CountUsers says how many users the tenant has. The number comes from an index
// that lags behind the directory (Microsoft Graph documentation, advanced query
// capabilities). It needs User.Read.All and costs one resource unit. Errors are
// those of a Sender's call; nothing is retried.
func (c *Client) CountUsers(ctx context.Context) (int, error) {
	info, err := users.NewCountRequestBuilderInternal(noUser(), c.v1).ToGetRequestInformation(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("build count request: %w", err)
	}
	info.Headers.Add("ConsistencyLevel", "eventual") // without it Graph answers 400
	body, m, err := c.get(ctx, info)
	if err != nil {
		return 0, err
	}
	// A byte order mark may precede plain text (oasis-tcs/odata-specs#325).
	digits := strings.TrimSpace(strings.TrimPrefix(string(body), "\ufeff"))
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return 0, m.unreadable(fmt.Errorf("read the number of users: %w", err))
	}
	return int(n), nil
}

// Members reads one page of the users who are in a group, directly or through
// groups within it. It begins with next empty, and goes on with what it
// returned as more until that is empty. Of the users it knows ID and, if the
// app may read users, UPN.
//
// It needs GroupMember.Read.All; a group with hidden membership needs
// Member.Read.Hidden beside it, and may look empty without. A page costs four
// resource units (five, less one for $select). A group that does not exist is
// a 404. Errors are those of a Sender's call; nothing is retried.
func (c *Client) Members(ctx context.Context, group, next string) (members []batch.User, more string, err error) {
	if !batch.IsGUID(group) {
		return nil, "", unsendable(fmt.Errorf("the group %q is no object id, which is a GUID", group))
	}
	// A cast of transitive members is documented for advanced queries only:
	// with this header and $count (Microsoft Graph documentation, list group
	// transitive members). The answer may lag behind the directory.
	path := "/groups/" + group + "/transitiveMembers/microsoft.graph.user?$count=true&$select=id,userPrincipalName&$top=999"
	found, more, err := page[userBody](ctx, c, path, next, map[string]string{"ConsistencyLevel": "eventual"})
	if err != nil {
		return nil, "", err
	}
	for _, b := range found {
		id, err := idOf(b.ID)
		if err != nil {
			return nil, "", meta{}.unreadable(fmt.Errorf("read members of %s: one of them has %w", group, err))
		}
		members = append(members, batch.User{ID: id, UPN: b.UPN})
	}
	return members, more, nil
}

// Named reads one page of the users whose user principal name begins so, without
// regard to case. It goes from page to page as Members does, and knows ID and UPN.
//
// It needs User.Read.All. A page costs one resource unit (two, less one for
// $select). startsWith on this property is no advanced query (Microsoft Graph
// documentation, user resource type, properties that support $filter), so that
// the answer comes from the directory itself. Errors are those of a Sender's
// call; nothing is retried.
func (c *Client) Named(ctx context.Context, begin, next string) (users []batch.User, more string, err error) {
	if begin == "" || !utf8.ValidString(begin) || strings.ContainsFunc(begin, unicode.IsControl) {
		return nil, "", unsendable(fmt.Errorf("no user principal name begins with %q", begin))
	}
	filter := "startswith(userPrincipalName,'" + strings.ReplaceAll(begin, "'", "''") + "')"
	found, more, err := page[userBody](ctx, c, "/users?$filter="+escape(filter)+"&$select=id,userPrincipalName&$top=999", next, nil)
	if err != nil {
		return nil, "", err
	}
	for _, b := range found {
		id, err := idOf(b.ID)
		if err != nil {
			return nil, "", meta{}.unreadable(fmt.Errorf("read users by name: one of them has %w", err))
		}
		users = append(users, batch.User{ID: id, UPN: b.UPN})
	}
	return users, more, nil
}
