package graph

import (
	"context"
	"fmt"
	"strings"

	"offboard/batch"
)

// This file reads what a sign-in may rely on beside its permissions: directory roles, and
// what the tenant has bought.

// HeldRole is a directory role that a principal holds.
type HeldRole struct {
	ID    string // of the definition, in lower case; that of the template for a built-in role
	Name  string // for people; may be empty
	Scope string // "/" is the whole tenant
}

// RolesOf reads the directory roles that are assigned to a principal itself, at any scope. What a
// group gives is not among them. It needs RoleManagement.Read.Directory; a page
// costs two resource units. Errors are those of a Sender's call; nothing is retried.
func (c *Client) RolesOf(ctx context.Context, principal string) (held []HeldRole, err error) {
	if !batch.IsGUID(principal) {
		return nil, unsendable(fmt.Errorf("the principal %q is no object id, which is a GUID", principal))
	}
	const path = "/roleManagement/directory/roleAssignments?$expand=roleDefinition&$filter="
	for next := ""; ; {
		found, more, err := page[struct {
			Principal  string `json:"principalId"`
			Role       string `json:"roleDefinitionId"`
			Scope      string `json:"directoryScopeId"`
			Definition struct {
				Name string `json:"displayName"`
			} `json:"roleDefinition"`
		}](ctx, c, path+escape("principalId eq '"+principal+"'"), next, nil)
		if err != nil {
			return nil, err
		}
		for _, a := range found {
			if strings.EqualFold(a.Principal, principal) { // a query option may be ignored in silence
				held = append(held, HeldRole{strings.ToLower(a.Role), a.Definition.Name, a.Scope})
			}
		}
		if next = more; next == "" {
			return held, nil
		}
	}
}

// Holds are the directory roles that the token itself names: those of groups are among them
// (Microsoft identity platform, access token claims). One that is missing there may be held all the same.
func (i Identity) Holds() (held []HeldRole) {
	for id := range strings.FieldsSeq(strings.ToLower(i.Roles)) {
		for name, of := range roleIDs {
			if of == id {
				held = append(held, HeldRole{id, name, "/"})
			}
		}
	}
	return held
}

// Subscription is what a tenant has bought: a SKU.
type Subscription struct {
	Name   string   // skuPartNumber, such as SPE_E5
	Status string   // capabilityStatus: Enabled, Warning, Suspended, Deleted or LockedOut
	Plans  []string // its service plans, such as AAD_PREMIUM_P2
}

// Subscriptions reads what the tenant has bought. It needs LicenseAssignment.Read.All or
// Organization.Read.All. Errors are those of a Sender's call; nothing is retried.
func (c *Client) Subscriptions(ctx context.Context) ([]Subscription, error) {
	found, _, err := page[struct {
		Name   string `json:"skuPartNumber"`
		Status string `json:"capabilityStatus"`
		Plans  []struct {
			Name string `json:"servicePlanName"`
		} `json:"servicePlans"`
	}](ctx, c, "/subscribedSkus?$select=skuPartNumber,capabilityStatus,servicePlans", "", nil)
	if err != nil {
		return nil, err
	}
	all := make([]Subscription, len(found))
	for i, f := range found {
		all[i] = Subscription{Name: f.Name, Status: f.Status}
		for _, p := range f.Plans {
			all[i].Plans = append(all[i].Plans, p.Name)
		}
	}
	return all, nil
}
