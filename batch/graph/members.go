package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"offboard/batch"
)

// idOf is an object id of an answer in lower case. It goes into the paths of later
// requests, so that anything but a GUID makes the answer unreadable.
func idOf(s string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("no object id")
	case !batch.IsGUID(s):
		return "", fmt.Errorf("%q for an object id, which is a GUID", s)
	}
	return strings.ToLower(s), nil
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
	found, more, err := page[itemBody](ctx, c, path, next, map[string]string{"ConsistencyLevel": "eventual"})
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
	found, more, err := page[itemBody](ctx, c, "/users?$filter="+escape(filter)+"&$select=id,userPrincipalName&$top=999", next, nil)
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
