package graphsim

import (
	"slices"
	"strings"
)

// endpoint is a request that the tenant answers, a row of [endpoints]. A new one is a row
// and the function that serves it.
type endpoint struct {
	method string
	path   string // below the version; {user} stands for the id or UPN of a user, {id} and the like for another key
	action string // as an [Event] names it
	beta   bool   // v1.0 does not have it
	cost   int    // resource units before the query counts; 0 means 1

	roles  []string // permissions, any one of which suffices
	denied *failure // what is answered without; nil means errDenied

	of      kind                         // what $select chooses from; nil for nothing
	takes   string                       // query options, apart by spaces
	lacks   string                       // query options that Graph takes and the simulator does not
	check   func(op *operation) *failure // what else the router refuses; nil for nothing
	filters string                       // the one property that $filter takes; "" is those of users

	about func(t *Tenant, c *call, op *operation) about // nil means the user of the path

	// serve carries it out, under the lock, and returns the body of the answer; nil
	// is a 204. User is whom {user} means, who is there, or nil when the path has none.
	serve func(t *Tenant, c *call, op *operation, user *entry) (any, *failure)

	segments []string        // of path
	options  map[string]bool // true for what it takes, false for what it lacks
}

// The actions that an [Event] can name.
const (
	actRevoke        = "revokeSignInSessions"
	actInvalidate    = "invalidateAllRefreshTokens"
	actRead          = "read"
	actFind          = "find"  // users by a property's value
	actNamed         = "named" // users by how their UPN begins
	actCount         = "count"
	actOrganization  = "organization"
	actMembers       = "members"
	actAssignments   = "assignments"
	actRoles         = "roles"
	actDisable       = "disable"
	actEnable        = "enable"
	actPassword      = "password"
	actDevice        = "device"
	actDisableDevice = "disableDevice"
	actEnableDevice  = "enableDevice"
	actRegistered    = "registeredDevices"
	actOwned         = "ownedDevices"
	actMemberOf      = "memberOf"
	actLeave         = "leaveGroup"
	actJoin          = "joinGroup"
	actDeleteUser    = "deleteUser"
	actLicences      = "assignLicense"
	actSKUs          = "subscribedSkus"
	actDomains       = "domains"
	actUpdate        = "update" // of a user, that changes nothing known
	actOther         = "other"  // refused before it meant anything
)

// The permissions are those in the tables of each request's page. That the ones for
// users suffice for reading the organization is unverified; the page lists
// User.Read.All for the delegated case.
var (
	readUsers = []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
	readRoles = []string{"RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory",
		"Directory.Read.All", "Directory.ReadWrite.All"}
	readMembers  = []string{"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"}
	readTenant   = append([]string{"Organization.Read.All", "Organization.ReadWrite.All"}, readUsers...)
	revokeUsers  = []string{"User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All"}
	invalidating = []string{"User.RevokeSessions.All"}

	readWriteUsers = []string{"User.ReadWrite.All", "Directory.ReadWrite.All"}
	switchUsers    = []string{"User.EnableDisableAccount.All"} // with one to read users
	setPasswords   = append([]string{"User-PasswordProfile.ReadWrite.All"}, readWriteUsers...)
	deleteUsers    = append([]string{"User.DeleteRestore.All"}, readWriteUsers...)
	writeDevices   = []string{"Device.ReadWrite.All", "Directory.ReadWrite.All"}
	readDevices    = append([]string{"Device.Read.All", "Directory.Read.All"}, writeDevices...)
	readGroupsOf   = append([]string{"Directory.ReadWrite.All"}, readMembers...)
	writeMembers   = []string{"GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"}
	manageRoles    = []string{"RoleManagement.ReadWrite.Directory"}
	writeLicences  = append([]string{"LicenseAssignment.ReadWrite.All"}, readWriteUsers...)
	readSKUs       = []string{"LicenseAssignment.Read.All", "Organization.Read.All", "Organization.ReadWrite.All",
		"Directory.Read.All", "Directory.ReadWrite.All"}
	readDomains = []string{"Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
)

// endpoints are all that the tenant answers. A path that two rows fit is the first one's.
//
// Of the options of the two lists of roles the pages name $filter, $expand and $select,
// so $top and $count are refused.
var endpoints = []endpoint{
	{method: "POST", path: "users/{user}/revokeSignInSessions", action: actRevoke,
		roles: revokeUsers, denied: errNoRevoke, serve: (*Tenant).revoke},
	{method: "POST", path: "users/{user}/invalidateAllRefreshTokens", action: actInvalidate, beta: true,
		roles: invalidating, denied: errNoRevoke, serve: (*Tenant).revoke},
	{method: "GET", path: "users/$count", action: actCount,
		roles: readUsers, lacks: "$filter $search", check: checkCount, serve: (*Tenant).countUsers},
	{method: "GET", path: "users/{user}", action: actRead,
		roles: readUsers, of: userKind, takes: "$select", lacks: "$expand", serve: (*Tenant).readUser},
	{method: "GET", path: "users", action: actFind, cost: 2,
		roles: readUsers, of: userKind, takes: "$select $filter $top $count $skiptoken", lacks: "$expand $search $orderby", check: checkFind, serve: (*Tenant).findUsers},
	{method: "GET", path: "organization", action: actOrganization,
		roles: readTenant, of: userKind, takes: "$select", lacks: "$expand", serve: (*Tenant).readOrganization},
	{method: "GET", path: "groups/{group}/transitiveMembers/microsoft.graph.user", action: actMembers, cost: 5,
		roles: readMembers, of: userKind, takes: "$select $top $count $skiptoken", lacks: "$filter $expand $search $orderby", check: checkCast, serve: (*Tenant).listMembers},
	{method: "GET", path: "roleManagement/directory/roleAssignments", action: actAssignments,
		roles: readRoles, takes: "$expand $filter $skiptoken", lacks: "$select", filters: "principalId", check: checkExpand, serve: (*Tenant).listAssignments},
	{method: "GET", path: "roleManagement/directory/roleDefinitions", action: actRoles,
		roles: readRoles, of: roleKind, takes: "$select $skiptoken", lacks: "$filter $expand", serve: (*Tenant).listRoles},

	{method: "PATCH", path: "users/{user}", action: actUpdate, about: aboutAccount,
		roles: slices.Concat(switchUsers, setPasswords), serve: (*Tenant).updateUser},
	{method: "GET", path: "users/{user}/registeredDevices", action: actRegistered, cost: 1,
		roles: readUsers, of: deviceKind, takes: "$select $top $skiptoken", lacks: "$filter $expand $count $search $orderby", serve: (*Tenant).listDevices},
	{method: "GET", path: "users/{user}/ownedDevices", action: actOwned, cost: 1,
		roles: readUsers, of: deviceKind, takes: "$select $top $skiptoken", lacks: "$filter $expand $count $search $orderby", serve: (*Tenant).listDevices},
	{method: "GET", path: "devices/{device}", action: actDevice, about: aboutDevice,
		roles: readDevices, of: deviceKind, takes: "$select", lacks: "$expand", serve: (*Tenant).readDevice},
	{method: "PATCH", path: "devices/{device}", action: actDevice, about: aboutDevice,
		roles: writeDevices, of: deviceKind, serve: (*Tenant).updateDevice},
	{method: "GET", path: "users/{user}/memberOf", action: actMemberOf, cost: 2,
		roles: readGroupsOf, of: groupKind, takes: "$select $top $skiptoken", lacks: "$filter $expand $count $search $orderby", serve: (*Tenant).listMemberOf},
	{method: "DELETE", path: "groups/{group}/members/{user}/$ref", action: actLeave, about: aboutMember,
		roles: writeMembers, serve: (*Tenant).removeMember},
	{method: "DELETE", path: "groups/{group}/members/{user}", action: actDeleteUser,
		roles: deleteUsers, serve: (*Tenant).deleteUser},
	{method: "DELETE", path: "users/{user}", action: actDeleteUser,
		roles: deleteUsers, serve: (*Tenant).deleteUser},
	{method: "POST", path: "groups/{group}/members/$ref", action: actJoin, about: aboutMember,
		roles: writeMembers, serve: (*Tenant).addMember},
	{method: "POST", path: "users/{user}/assignLicense", action: actLicences, about: aboutLicences,
		roles: writeLicences, serve: (*Tenant).assignLicense},
	{method: "GET", path: "subscribedSkus", action: actSKUs, cost: 3,
		roles: readSKUs, of: skuKind, takes: "$select", serve: (*Tenant).listSKUs},
	{method: "GET", path: "domains", action: actDomains,
		roles: readDomains, of: domainKind, takes: "$select $skiptoken", lacks: "$top $filter", serve: (*Tenant).listDomains},
}

func init() {
	for i := range endpoints {
		e := &endpoints[i]
		e.segments, e.options = strings.Split(e.path, "/"), make(map[string]bool)
		for name := range strings.FieldsSeq(e.takes) {
			e.options[name] = true
		}
		for name := range strings.FieldsSeq(e.lacks) {
			e.options[name] = false
		}
	}
}

func checkCount(op *operation) *failure {
	if !op.eventual {
		return errCount
	}
	return nil
}

// checkFind refuses lists without a filter, which page through the whole tenant, and
// pages after the first one of a list with eq.
func checkFind(op *operation) *failure {
	q := &op.query
	switch {
	case q.count && !op.eventual:
		return errCount
	case q.prop == "", q.begins && q.count, q.skip > 0 && !q.begins:
		return errNotSimulated
	case q.begins:
		op.action = actNamed
	}
	op.key = q.value
	return nil
}

// checkCast wants the advanced query parameters (Microsoft Graph documentation, list
// group transitive members; that it goes without has been seen,
// microsoft-graph-docs#11881).
func checkCast(op *operation) *failure {
	if !op.eventual || !op.query.count {
		return errCast
	}
	return nil
}

// checkExpand takes one $expand, of the principal or the role. The documentation is silent about
// more than one, and a report says that it fails (microsoft-graph-docs#16186).
func checkExpand(op *operation) *failure {
	switch expand := op.query.expand; {
	case strings.Contains(expand, ","):
		return errQuery
	case expand != "" && expand != "principal" && expand != "roleDefinition":
		return errNotSimulated
	}
	return nil
}
