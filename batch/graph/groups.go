package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	core "github.com/microsoftgraph/msgraph-sdk-go-core"

	"offboard/batch"
)

// membersOf is the path of a group's members, and of the membership of a user among them.
// Nothing else makes such a path; mayLeave looks at it again.
func membersOf(group, user string) string {
	if user == "" {
		return "/groups/" + group + "/members/$ref"
	}
	return "/groups/" + group + "/members/" + user + "/$ref"
}

// leaveGroup removes a user from a group.
func leaveGroup(_ *Client, it batch.Item) (request, error) {
	_, noUser := ownerByID(it)
	group, noGroup := targetID(it)
	return request{method: "DELETE", url: membersOf(group, it.User.ID)}, errors.Join(noUser, noGroup)
}

// joinGroup adds a user to a group.
func joinGroup(c *Client, it batch.Item) (request, error) {
	_, noUser := ownerByID(it)
	group, noGroup := targetID(it)
	return request{method: "POST", url: membersOf(group, ""), body: core.RequestBody{
		"@odata.id": c.v1URL + "/directoryObjects/" + it.User.ID,
	}}, errors.Join(noUser, noGroup)
}

const (
	memberOf    = "memberOf"
	groupFields = "?$select=id,displayName,groupTypes,mailEnabled,securityEnabled,isAssignableToRole,onPremisesSyncEnabled,onPremisesSamAccountName,onPremisesDomainName,membershipRule,assignedLicenses,isManagementRestricted&$top=999"
)

// showMembership reads whether a user is in a group directly. The list of a group's
// members may be long, and a filter asks an index that lags. A list that goes on shows a
// user who is in the group; the reply of any other has More, for follow.
func showMembership(c *Client, it batch.Item) (request, error) {
	at, noUser := ownerByID(it)
	group, noGroup := targetID(it)
	url := at + "/" + memberOf + "?$select=id&$top=999"
	return request{method: "GET", url: url, read: func(body json.RawMessage, r *batch.Reply) error {
		objects, more, err := c.readPage(it.User, body, url, memberOf)
		if err != nil {
			return err
		}
		in, err := holds(objects, group, r)
		r.Shown, r.More = membership(it, in, more)
		return err
	}}, errors.Join(noUser, noGroup)
}

// membership is what a page shows that the group is in or not, with more to come or not.
func membership(it batch.Item, in bool, more string) (*batch.Shown, string) {
	switch {
	case in:
		return shownUser(it, batch.StateThere), ""
	case more != "":
		return nil, more
	}
	return shownUser(it, batch.StateGone), ""
}

// holds reports whether a page of objects has the one of that id, and adds all of them to
// the reply.
func holds(objects []json.RawMessage, id string, r *batch.Reply) (bool, error) {
	in := false
	for _, raw := range objects {
		var b struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(raw, &b); err != nil {
			return false, fmt.Errorf("a group of the list cannot be read: %w", err)
		}
		has, err := idOf(b.ID)
		if err != nil {
			return false, fmt.Errorf("a group of the list has %w", err)
		}
		in = in || strings.EqualFold(has, id)
		r.Groups = append(r.Groups, has)
	}
	return in, nil
}

// maxPages is far above what the groups of one user fill.
const maxPages = 100

// follow reads on in a list of memberships that the batch has begun. A list that is not
// read to its end proves nothing.
func (c *Client) follow(ctx context.Context, it batch.Item, r batch.Reply) batch.Reply {
	unread := func(err error) batch.Reply {
		r.Status, r.Shown, r.More, r.Message = 0, nil, "", "the list of the user's groups is not whole: "+err.Error()
		if e, ok := errors.AsType[*batch.CallError](err); ok {
			r.RetryAfter = e.RetryAfter
		}
		return r
	}
	for range maxPages {
		if r.More == "" {
			return r
		}
		if _, _, err := c.ofUser(it.User, r.More, memberOf); err != nil {
			return unread(err)
		}
		objects, more, err := page[json.RawMessage](ctx, c, "", r.More, nil)
		if err != nil {
			return unread(err)
		}
		in, err := holds(objects, it.Target.ID, &r)
		if err != nil {
			return unread(err)
		}
		r.Shown, r.More = membership(it, in, more)
	}
	if r.More != "" {
		return unread(fmt.Errorf("it has more than %d pages", maxPages))
	}
	return r
}

// listGroups lists the groups that a user is in directly. The list without a cast comes
// from the directory itself, and has roles and administrative units among the groups. The
// one with a cast comes from an index that lags (Microsoft Graph documentation, list
// memberOf).
func listGroups(c *Client, it batch.Item) (request, error) {
	at, err := ownerByID(it)
	if err != nil {
		return request{}, err
	}
	url := at + "/" + memberOf + groupFields
	if it.Target.ID != "" {
		if url, _, err = c.ofUser(it.User, it.Target.ID, memberOf); err != nil {
			return request{}, err
		}
	}
	return request{method: "GET", url: url, read: func(body json.RawMessage, r *batch.Reply) error {
		objects, more, err := c.readPage(it.User, body, url, memberOf)
		if err != nil {
			return err
		}
		for _, raw := range objects {
			if err := addGroup(r, it.Step, raw); err != nil {
				return err
			}
		}
		r.More = more
		return nil
	}}, nil
}

// groupBody is a group as a list has it.
type groupBody struct {
	Type       string            `json:"@odata.type"`
	ID         string            `json:"id"`
	Name       string            `json:"displayName"`
	Types      []string          `json:"groupTypes"`
	Mail       *bool             `json:"mailEnabled"`
	Security   bool              `json:"securityEnabled"`
	Roles      bool              `json:"isAssignableToRole"`
	Synced     bool              `json:"onPremisesSyncEnabled"`
	SAM        string            `json:"onPremisesSamAccountName"`
	Domain     string            `json:"onPremisesDomainName"`
	Rule       string            `json:"membershipRule"`
	Licences   []json.RawMessage `json:"assignedLicenses"`
	Restricted bool              `json:"isManagementRestricted"`
}

// addGroup adds what a list says of a group, and leaves out what is none.
func addGroup(r *batch.Reply, s batch.Step, raw json.RawMessage) error {
	var b groupBody
	if err := json.Unmarshal(raw, &b); err != nil {
		return fmt.Errorf("a group of the list cannot be read: %w", err)
	}
	id, err := idOf(b.ID)
	switch {
	case b.Type == "":
		return errors.New("the list does not say which of its objects are groups")
	case b.Type != "#microsoft.graph.group":
		return nil
	case err != nil:
		return fmt.Errorf("a group of the list has %w", err)
	}
	if !b.Synced { // of a group that was synced once both may still be told
		b.SAM, b.Domain = "", ""
	}
	r.Targets = append(r.Targets, batch.Target{
		Step: s, ID: id, Name: b.Name, Kind: b.kind(), Before: batch.StateThere, OnPremises: b.Synced, SAM: b.SAM, Domain: b.Domain,
		Dynamic:  slices.Contains(b.Types, "DynamicMembership") || b.Types == nil && b.Rule != "",
		MailOnly: b.mail() && !b.unified(), GivesLicences: len(b.Licences) > 0, Restricted: b.Restricted,
	})
	return nil
}

func (b groupBody) mail() bool    { return b.Mail != nil && *b.Mail }
func (b groupBody) unified() bool { return slices.Contains(b.Types, "Unified") }

// kind says what the group is, for people; "" where that was not told.
func (b groupBody) kind() string {
	switch {
	case b.Roles:
		return batch.RoleAssignable
	case b.unified():
		return "Microsoft 365 group"
	case b.mail() && b.Security:
		return batch.MailSecurityGroup
	case b.mail():
		return batch.DistributionList
	case b.Mail == nil:
		return ""
	}
	return "security group"
}
