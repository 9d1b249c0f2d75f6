package main

import (
	"context"

	"offboard/batch/job"
)

// runCmd is the main job.
type runCmd struct{ job.RunOptions }

// Help ends the command's help.
func (runCmd) Help() string {
	return `Graph permissions: User.RevokeSessions.All to revoke, User.Read.All to resolve and verify
(not needed with --no-resolve), RoleManagement.Read.Directory to know who holds a privileged role (not needed
with --max-privileged 0), GroupMember.Read.All for --protect-group and for roles that groups hold.

Sign-in (--auth): in the one way that the environment names. OFFBOARD_ACCESS_TOKEN; or AZURE_TENANT_ID, AZURE_CLIENT_ID
and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and AZURE_FEDERATED_TOKEN_FILE; or a managed identity;
or, if nothing is set, the Azure CLI's login. An incomplete setting is an error.

` + seedHelp + "\n\n" + exitCodeHelp
}

// Run plans and carries out, or goes on with what was begun.
func (r *runCmd) Run(ctx context.Context, c *command) error {
	return job.Run(ctx, c.host, &r.RunOptions)
}
