package graph

import (
	"slices"
	"strings"

	"offboard/batch"
)

// Need is what somebody wants to do, with the permissions of which each one allows it.
type Need struct {
	Do          string   // in words; of a step those that the step has
	Permissions []string // for an app of its own or a user's sign-in, the least first
	OfUsers     []string // for a user's sign-in alone
}

// The permissions are those of the Microsoft Graph permissions reference, and
// Directory.AccessAsUser.All, with which an app may do what its user may. The lists are
// rather too long than too short: a token whose permission is missing here would be
// refused wrongly, and one with a permission too many gets its 403 from Graph.
var (
	NeedRead = Need{"read users", []string{
		batch.NeedsRead, "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
	}, asUser}
	needRevoke = Need{"", []string{
		batch.NeedsWrite, "User.ReadWrite.All", "Directory.ReadWrite.All",
		"AgentIdUser.ReadWrite.All", "AgentIdUser.ReadWrite.IdentityParentedBy",
	}, asUser}
	needInvalidate = Need{"", []string{batch.NeedsWrite}, []string{"Directory.ReadWrite.All", "Directory.AccessAsUser.All"}}
	needAccount    = Need{"", []string{
		"User.EnableDisableAccount.All", "User.ReadUpdate.All", "User.ReadWrite.All", "Directory.ReadWrite.All",
		"AgentIdUser.ReadWrite.All", "AgentIdUser.ReadWrite.IdentityParentedBy",
	}, asUser}
	needPassword = Need{"", []string{
		"User-PasswordProfile.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All",
	}, asUser}
	needDevices  = Need{"", []string{"Device.ReadWrite.All", "Directory.ReadWrite.All"}, asUser}
	needGroups   = Need{"", []string{"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}, asUser}
	needLicences = Need{"", []string{"LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}, asUser}

	// NeedRoles is what the guards need to know who is an administrator, and NeedMembers
	// who is in a group.
	NeedRoles = Need{"read who holds directory roles", []string{
		"RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory", "Directory.Read.All", "Directory.ReadWrite.All",
	}, []string{"RoleManagement.Read.All", "Directory.AccessAsUser.All"}}
	NeedMembers = Need{"read who is in a group", []string{
		"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
	}, asUser}

	needListDevices = Need{"read devices", []string{
		"Device.Read.All", "Device.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All",
	}, asUser}
	needListGroups = Need{"read group memberships", []string{
		"Directory.Read.All", "GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.ReadWrite.All",
	}, asUser}
)

var asUser = []string{"Directory.AccessAsUser.All"}

// NeedTo is what a step needs to write. Groups that give licences, which the licence steps
// may be at, need what NeedTo(batch.Groups) says: see [batch.ToDo].
func NeedTo(s batch.Step) Need {
	n := stepCalls[s].need
	n.Do = s.Words()
	return n
}

// NeedList is what a step needs to list what it is at.
func NeedList(s batch.Step) Need { return stepCalls[s].needList }

// NeedShow is what a step needs to read back what it is at. Licences by direct assignment
// are properties of the user.
func NeedShow(s batch.Step) Need {
	if s == batch.Licences || s == batch.AddLicences {
		return NeedRead
	}
	return NeedList(s)
}

// Allowing are the permissions of which each one allows the need to this bearer, the
// least first.
func (i Identity) Allowing(n Need) []string {
	switch {
	case i.User == "":
		return n.Permissions
	case PermissionID(n.Permissions[0], true) == "" && PermissionID(n.Permissions[0], false) != "": // for apps alone
		return slices.Concat(n.OfUsers, n.Permissions)
	}
	return slices.Concat(n.Permissions, n.OfUsers)
}

// Lacks reports whether the token says what its bearer may do, and that this is
// not among it. A token that cannot be read, or that names no permission, says
// nothing.
func (i Identity) Lacks(n Need) bool {
	has := strings.Fields(i.Can)
	return len(has) > 0 && !slices.ContainsFunc(has, func(p string) bool {
		return slices.ContainsFunc(i.Allowing(n), func(q string) bool { return strings.EqualFold(p, q) })
	})
}
