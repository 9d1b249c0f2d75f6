package graph

import (
	"slices"
	"strings"

	"offboard/batch"
)

// Need is what an app wants to do, with the permissions that each allow it, the
// least of them first.
type Need struct {
	Do          string // in words
	Permissions []string
}

// The permissions are those of the Microsoft Graph permissions reference, and
// Directory.AccessAsUser.All, with which an app may do what its user may. A token
// with a permission that is missing here would be refused wrongly, and one with a
// permission too many only gets its 403 from Graph: the lists are the longer ones.
var (
	NeedRevoke = Need{"revoke", []string{
		batch.NeedsWrite, "User.ReadWrite.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All",
		"AgentIdUser.ReadWrite.All", "AgentIdUser.ReadWrite.IdentityParentedBy",
	}}
	NeedRead = Need{"read users", []string{
		batch.NeedsRead, "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All", "Directory.AccessAsUser.All",
	}}
)

// Lacks reports whether the token says what its bearer may do, and that this is
// not among it. A token that cannot be read, or that names no permission, says
// nothing.
func (i Identity) Lacks(n Need) bool {
	has := strings.Fields(i.Can)
	return len(has) > 0 && !slices.ContainsFunc(has, func(p string) bool {
		return slices.ContainsFunc(n.Permissions, func(q string) bool { return strings.EqualFold(p, q) })
	})
}
