package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"offboard/batch"
)

// get makes one read that is no batch.
func (c *Client) get(ctx context.Context, info *abstractions.RequestInformation) (body []byte, m meta, err error) {
	var answered error
	err = c.v1.SendNoContent(withHandler(ctx, func(resp *http.Response) {
		body, m, answered = c.readAnswer(resp)
	}), info, nil)
	if err != nil {
		return nil, m, c.unanswered(err)
	}
	return body, m, answered
}

// page reads one page of a list, at a path below the root and its version or at
// the link to a next page, and returns the link to the one after it.
func page[T any](ctx context.Context, c *Client, path, next string, header map[string]string) ([]T, string, error) {
	link := c.v1URL + path
	if next != "" {
		link = next
	}
	info, err := c.request(link, header)
	if err != nil {
		return nil, "", unsendable(err)
	}
	body, m, err := c.get(ctx, info)
	if err != nil {
		return nil, "", err
	}
	values, more, err := c.values(body, link)
	if err != nil {
		return nil, "", m.unreadable(err)
	}
	found := make([]T, len(values))
	for i, v := range values {
		if err := json.Unmarshal(v, &found[i]); err != nil {
			return nil, "", m.unreadable(fmt.Errorf("read list: %w", err))
		}
	}
	return found, more, nil
}

// request is a read of a link that leads to where the client's own calls go.
func (c *Client) request(link string, header map[string]string) (*abstractions.RequestInformation, error) {
	at, err := c.own(link)
	if err != nil {
		return nil, err
	}
	info := abstractions.NewRequestInformation()
	info.Method = abstractions.GET
	info.SetUri(*at)
	info.Headers.Add("Accept", "application/json")
	for name, value := range header {
		info.Headers.Add(name, value)
	}
	return info, nil
}

// values takes a page apart. An empty page with a next one is none the worse.
func (c *Client) values(body []byte, link string) ([]json.RawMessage, string, error) {
	var list struct {
		Value *[]json.RawMessage `json:"value"`
		Next  string             `json:"@odata.nextLink"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, "", fmt.Errorf("read list: %w", err)
	}
	switch {
	case list.Value == nil:
		return nil, "", errors.New("read list: the answer holds none")
	case list.Next == "":
		return *list.Value, "", nil
	case list.Next == link:
		return nil, "", errors.New("read list: a page names itself as the next one")
	}
	if _, err := c.own(list.Next); err != nil {
		return nil, "", fmt.Errorf("read list: %w", err)
	}
	return *list.Value, list.Next, nil
}

// readPage takes a page of a list of a user apart, which an item of a batch brought. More
// leads to the next page of the same list of the same user.
func (c *Client) readPage(u batch.User, body []byte, url, list string) (values []json.RawMessage, more string, err error) {
	if values, more, err = c.values(body, c.v1URL+url); err == nil && more != "" {
		_, _, err = c.ofUser(u, more, list)
	}
	return values, more, err
}

// ofUser takes a link that leads to one of these lists of the user. It gives the link
// without the root and its version, and the list.
func (c *Client) ofUser(u batch.User, link string, lists ...string) (at, list string, err error) {
	to, err := c.own(link)
	if err != nil {
		return "", "", err
	}
	for _, list := range lists {
		at := "/users/" + u.ID + "/" + list
		if own, err := c.own(c.v1URL + at); err == nil && strings.EqualFold(to.Path, own.Path) {
			return at + "?" + to.RawQuery, list, nil
		}
	}
	return "", "", fmt.Errorf("the link to the next page leads to %s, and not to the %s of the user; it was not followed", to.Path, strings.Join(lists, " or "))
}

// own parses a link that leads to where the client's own calls go. A token must
// not follow any other.
func (c *Client) own(link string) (*url.URL, error) {
	root, err := url.Parse(c.v1URL)
	if err != nil {
		return nil, fmt.Errorf("parse root: %w", err)
	}
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return nil, errors.New("the link to the next page is no URL")
	case u.Scheme != root.Scheme, !strings.EqualFold(u.Host, root.Host):
		return nil, fmt.Errorf("the link to the next page leads to %s://%s and not to %s://%s; it was not followed", u.Scheme, u.Host, root.Scheme, root.Host)
	case u.User != nil, u.Fragment != "", !strings.HasPrefix(u.Path, root.Path+"/"), strings.Contains(u.Path, "/.."):
		return nil, fmt.Errorf("the link to the next page leads out of %s; it was not followed", c.v1URL)
	}
	return u, nil
}
