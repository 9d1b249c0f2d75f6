package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"offboard/batch"
)

// maxHits is how many users a lookup by property asks for: more than one is
// ambiguous however many they are, and a person wants to see some of them.
const maxHits = 5

// property is the OData name of what a user can be looked up by, or "". All of
// them take eq without the advanced query parameters, so that the answer comes
// from the directory and not from an index behind it (Microsoft Graph
// documentation, advanced query capabilities, table of filters). For
// onPremisesUserPrincipalName there are reports to the contrary: 400
// (microsoft-graph-docs-contrib#7646, of 2018), and with ConsistencyLevel an
// empty list (msgraph-sdk-powershell#1869).
func property(k batch.Key) string {
	switch k {
	case batch.ByMail:
		return "mail"
	case batch.ByEmployeeID:
		return "employeeId"
	case batch.ByOnPremisesUPN:
		return "onPremisesUserPrincipalName"
	}
	return ""
}

// lookup reads a user, or all users who have the property that this one names.
func (c *Client) lookup(u batch.User) (request, error) {
	if !u.ByProperty() {
		at, err := userAddress(batch.Item{User: u})
		return c.readUser(at, c.fields, c.both), err
	}
	path, err := findPath(u, c.fields)
	return request{method: "GET", url: path, read: func(body json.RawMessage, r *batch.Reply) (err error) {
		r.Hits, err = hits(body, u.By, c.both)
		return err
	}}, err
}

// findPath looks users up by a property. It costs one resource unit, as a read
// of one user does: a list costs two, less one for $select and one for $top
// below 20, and never less than one (Microsoft Graph, throttling limits).
func findPath(u batch.User, fields string) (string, error) {
	switch {
	case u.Value == "":
		return "", fmt.Errorf("user %d has no %s to look up", u.Seq, u.By)
	case !utf8.ValidString(u.Value), strings.ContainsFunc(u.Value, unicode.IsControl):
		return "", fmt.Errorf("user %d: the %s %q holds a control character or is no UTF-8", u.Seq, u.By, u.Value)
	}
	prop := property(u.By)
	filter := prop + " eq '" + strings.ReplaceAll(u.Value, "'", "''") + "'"
	return "/users?$filter=" + escape(filter) + "&$select=" + fields + "&$top=" + strconv.Itoa(maxHits), nil
}

// hits reads the list that a lookup by property brought; nobody found is an
// empty list that is not nil. A list that cannot be believed whole is an error:
// one hit out of a list that goes on is no single hit, and none is not nobody.
func hits(body []byte, by batch.Key, beta bool) ([]batch.User, error) {
	var list struct {
		Value *[]userBody `json:"value"`
		Next  string      `json:"@odata.nextLink"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("the list of hits cannot be read: %w", err)
	}
	if list.Value == nil {
		return nil, errors.New("the answer holds no list of hits")
	}
	if list.Next != "" && len(*list.Value) < 2 {
		return nil, errors.New("the list of hits is not whole")
	}
	found := make([]batch.User, 0, len(*list.Value))
	for _, b := range *list.Value {
		u, err := b.user(beta)
		if err != nil {
			return nil, fmt.Errorf("a hit has %w", err)
		}
		u.By, u.Value = by, b.value(by)
		found = append(found, u)
	}
	return found[:min(len(found), maxHits)], nil
}
