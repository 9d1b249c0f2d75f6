package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"offboard/batch"
)

// Organization is what a tenant is called.
type Organization struct {
	ID     string // the tenant's, in lower case
	Name   string
	Domain string // the default one
}

// String gives the name and the default domain; "" when neither is known.
func (o Organization) String() string {
	if o.Name == "" || o.Domain == "" {
		return cmp.Or(o.Name, o.Domain)
	}
	return o.Name + " (" + o.Domain + ")"
}

// Organization reads what the tenant is called. An app needs Organization.Read.All,
// a user's sign-in User.Read (Microsoft Graph documentation, list organizations).
// Errors are those of a Sender's call; nothing is retried.
func (c *Client) Organization(ctx context.Context) (Organization, error) {
	found, _, err := page[struct {
		ID      string `json:"id"`
		Name    string `json:"displayName"`
		Domains []struct {
			Name    string `json:"name"`
			Default bool   `json:"isDefault"`
		} `json:"verifiedDomains"`
	}](ctx, c, "/organization", "", nil)
	if err != nil {
		return Organization{}, err
	}
	if len(found) != 1 {
		return Organization{}, meta{}.unreadable(fmt.Errorf("read organization: %d where one is expected", len(found)))
	}
	id, err := idOf(found[0].ID)
	if err != nil {
		return Organization{}, meta{}.unreadable(fmt.Errorf("read organization: it has %w", err))
	}
	o := Organization{ID: id, Name: found[0].Name}
	for _, d := range found[0].Domains {
		if d.Default {
			o.Domain = d.Name
		}
	}
	return o, nil
}

// Information reads what a tenant is called in the way that is open to other
// tenants' apps. It needs CrossTenantInformation.ReadBasic.All (Microsoft Graph
// documentation, findTenantInformationByTenantId). Errors are as Organization's.
func (c *Client) Information(ctx context.Context, tenant string) (Organization, error) {
	if !batch.IsGUID(tenant) {
		return Organization{}, unsendable(fmt.Errorf("the tenant %q is no GUID", tenant))
	}
	info, err := c.request(c.v1URL+"/tenantRelationships/findTenantInformationByTenantId(tenantId='"+tenant+"')", nil)
	if err != nil {
		return Organization{}, unsendable(err)
	}
	body, m, err := c.get(ctx, info)
	if err != nil {
		return Organization{}, err
	}
	var found struct {
		ID     string `json:"tenantId"`
		Name   string `json:"displayName"`
		Domain string `json:"defaultDomainName"`
	}
	if err := json.Unmarshal(body, &found); err != nil {
		return Organization{}, m.unreadable(fmt.Errorf("read tenant information: %w", err))
	}
	id, err := idOf(found.ID)
	if err != nil {
		return Organization{}, m.unreadable(fmt.Errorf("read tenant information: it has %w", err))
	}
	return Organization{ID: id, Name: found.Name, Domain: found.Domain}, nil
}
