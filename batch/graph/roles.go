package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// RoleHolder is a user or group that has an Entra role assigned, at any scope.
type RoleHolder struct {
	ID         string // object id of the user or the group, in lower case
	Type       string // "user"; "group", whose members hold the role; "" when Graph does not say, as of another tenant's principals
	Role       string // id of the role definition, in lower case; see Client.Roles for its name
	Privileged bool   // the role makes an administrator
}

// assignment is a unifiedRoleAssignment with its principal.
type assignment struct {
	ID          string `json:"id"`
	PrincipalID string `json:"principalId"`
	RoleID      string `json:"roleDefinitionId"`
	Principal   struct {
		Type string `json:"@odata.type"`
		ID   string `json:"id"`
	} `json:"principal"`
}

// RoleHolders reads one page of the users and groups that hold an Entra role now,
// built-in or custom. People who are only eligible for a role, and service
// principals, are left out. It begins with next empty, and goes on with what it
// returned as more until that is empty; a page may be empty.
//
// It needs RoleManagement.Read.Directory. A page costs two resource units (one,
// and one for $expand). $top is not among what the list takes. Errors are those
// of a Sender's call; nothing is retried.
func (c *Client) RoleHolders(ctx context.Context, next string) (holders []RoleHolder, more string, err error) {
	found, more, err := page[assignment](ctx, c, "/roleManagement/directory/roleAssignments?$expand=principal", next, nil)
	if err != nil {
		return nil, "", err
	}
	for _, a := range found {
		h, err := a.holder()
		if err != nil {
			return nil, "", meta{}.unreadable(fmt.Errorf("read role assignment %q: %w", a.ID, err))
		}
		if h.Type != servicePrincipal {
			holders = append(holders, h)
		}
	}
	return holders, more, nil
}

const servicePrincipal = "service principal"

// holder holds the two mentions of the principal against each other.
func (a assignment) holder() (RoleHolder, error) {
	id, err := idOf(a.PrincipalID)
	switch {
	case err != nil:
		return RoleHolder{}, fmt.Errorf("its principal has %w", err)
	case a.Principal.ID != "" && !strings.EqualFold(a.Principal.ID, a.PrincipalID):
		return RoleHolder{}, errors.New("it names two principals")
	}
	h := RoleHolder{
		ID:   id,
		Role: strings.ToLower(a.RoleID), Privileged: privileged(a.RoleID),
	}
	switch strings.TrimPrefix(a.Principal.Type, "#microsoft.graph.") {
	case "user", "agentUser":
		h.Type = "user"
	case "group":
		h.Type = "group"
	case "servicePrincipal", "agentIdentity": // the second inherits from the first
		h.Type = servicePrincipal
	}
	return h, nil
}

// privileged reports whether a role makes an administrator of its holder: every
// role does but the few whose holders any administrator may sign out (Microsoft
// Entra documentation, "Who can reset passwords"; ids from "Microsoft Entra
// built-in roles"). A role that is new, custom or unknown is privileged.
//
// It goes by the id of the definition, which for a built-in role is that of its
// template. The template id itself can be chosen for a custom role (Microsoft
// Graph documentation, unifiedRoleDefinition).
func privileged(role string) bool {
	switch strings.ToLower(role) {
	case "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", // Directory Readers
		"95e79109-95c0-4d8e-aee3-d01accf2d47b", // Guest Inviter
		"790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b", // Message Center Reader
		"4a5d8f65-41da-4de4-8968-e035b65339cf", // Reports Reader
		"75934031-6c7e-415a-99d7-48dbd49e875e", // Usage Summary Reports Reader
		"27460883-1df1-4691-b032-3b79643e5e63": // User Experience Success Manager
		return false
	}
	return true
}

// Role is an Entra role, built-in or custom.
type Role struct {
	ID   string // of the definition, in lower case
	Name string // for people
}

// Roles reads one page of the tenant's roles, as RoleHolders does and with the
// same permission. They come apart from their holders since one request expands
// one relationship (microsoft-graph-docs#16186).
func (c *Client) Roles(ctx context.Context, next string) (roles []Role, more string, err error) {
	found, more, err := page[struct {
		ID   string `json:"id"`
		Name string `json:"displayName"`
	}](ctx, c, "/roleManagement/directory/roleDefinitions?$select=id,displayName", next, nil)
	if err != nil {
		return nil, "", err
	}
	for _, r := range found {
		roles = append(roles, Role{strings.ToLower(r.ID), r.Name})
	}
	return roles, more, nil
}
