package main

import (
	"fmt"
	"slices"

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/job"
)

// details end the help of each command.
func details(k *kong.Kong) error {
	text := map[string]string{
		"run":      ofRun,
		"resume":   ofRun,
		"apply":    ofRun,
		"undo":     ofUndo,
		"plan":     "The file has the users with their object ids, what the guards say, and a digest that finds any change.\n\nGraph permissions: User.Read.All, and what the steps and the guards read; see offboard run --help.\n\n" + exitCodeHelp,
		"approve":  noGraph,
		"verify":   "What is mastered on premises holds only once the next sync is over: --watch 40m waits for that.\n\nGraph permissions: User.Read.All, and what the steps of the run read; see offboard run --help.\n\n" + exitCodes("all of it holds"),
		"runs":     "Alone it lists, and takes the filters that offboard runs list --help tells.\n\n" + noGraph,
		"list":     "The states are " + job.Listed(job.States) + ".\n\n" + noGraph,
		"prune":    ofPrune,
		"show":     "The outcomes are " + job.Listed(batch.Outcomes[:]) + ".\n\n" + noGraph,
		"history":  "The newest run comes first. Runs that were pruned are not in the journal any more.\n\n" + noGraph,
		"report":   noGraph,
		"simulate": seeds + "\n\n" + noGraph,
	}
	return kong.Visit(k.Model, func(v kong.Visitable, next kong.Next) error {
		if n, ok := v.(*kong.Node); ok {
			n.Detail = text[n.Name]
		}
		return next(nil)
	})
}

// noGraph ends the help of the commands that only read the journal.
var noGraph = "Graph permissions: none; nothing is sent.\n\n" + exitCodeHelp

var exitCodeHelp = exitCodes("every user ended in success, or was left alone on purpose; also: nothing to do")

// exitCodes tells the exit codes; zero is what 0 means.
func exitCodes(zero string) string {
	return "Exit codes:\n  0  " + zero + `
  1  the run could not go on
  2  usage, or the input as a whole cannot be read
  3  finished, or rehearsed; some users did not, or would not, end in success
  4  refused by a guard or by the person asked; nothing was written, or nothing more of a run that was to go on
  5  sign-in or permission
  6  stopped before the end; the command that goes on is printed: resume, or the same again if nothing was planned yet;
     also when groups and licences wait for ` + batch.LateProof + `
  7  locked: somebody else works on this run or input; who and since when is printed`
}

var ofRun = permissions() + `
For licences that come from groups also that of groups, and RoleManagement.ReadWrite.Directory for groups that
may hold roles. User.Read.All is not needed with --no-resolve. RoleManagement.Read.Directory to know who holds a
privileged role (not needed with --max-privileged 0), GroupMember.Read.All for --protect-group and for roles that
groups hold. To disable holders of privileged roles, or to replace their passwords, the app itself must hold the
directory role Privileged Authentication Administrator.

Sign-in (--auth): in the one way that the environment names. OFFBOARD_ACCESS_TOKEN; or AZURE_TENANT_ID, AZURE_CLIENT_ID
and one of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and AZURE_FEDERATED_TOKEN_FILE; or a managed identity;
or, if nothing is set, the Azure CLI's login. An incomplete setting is an error.

` + seeds + "\n\n" + exitCodeHelp

// permissions are those of an app of its own, step by step, from the table of the steps.
func permissions() string {
	s := fmt.Sprintf("Graph permissions of an app, the least, by step:\n\n    %-11s %-36s %s\n", "step", "to write", "to read, for the plan and as proof")
	for _, step := range append(slices.Clone(batch.Leaver), batch.Invalidate) {
		reads := step.Reads()
		if reads != batch.NeedsRead {
			reads = batch.NeedsRead + " and " + reads
		}
		if step.Role() != "" {
			reads += "; directory role " + step.Role()
		}
		s += fmt.Sprintf("    %-11s %-36s %s\n", step, step.Needs(), reads)
	}
	return s
}

var ofUndo = `Each write of the run is taken back whose value before is known, and that the directory still shows as the run
left it; what somebody changed since is theirs, and ends already. Users keep what the run did not change.

    disable   the account is enabled again      groups    the user joins them again
    devices   they are enabled again            licences  they are given back, with their service plans

Revoked sessions and replaced passwords cannot be taken back, and what Active Directory decides is taken back
there; the report names all of it. The same command again finds nothing to undo, or goes on with an undo that
stopped, as resume does. An undo is refused while a later run of the tenant contained one of its users again, or
found them contained, unless --despite-later is given; one that goes on asks that again.

--steps and --user take back a part: these steps, of these users. The rest stays as the run left it, and a later
undo can take it back. A run that stopped halfway can be undone, too. Any undo ends it for good, also that of a part:
no resume goes on with it. An undo that stopped is given up when another undo of the same run begins.

Graph permissions: those that the run needed.

` + exitCodeHelp

// seeds are what the simulated tenant makes of a name, so that a rehearsal can show
// more than success.
const seeds = `In a simulated tenant every row of the input is a user, except that

    nobody...@    does not exist        (ends not_found)
    admin...@     is a protected admin  (holds a privileged role; ends denied)
    ...#EXT#...@  is a guest            (ends ineffective)`

var ofPrune = `Deletes runs with everything that the journal has of them; report files stay. Runs that somebody
works on are kept, and so are, without --unfinished, those that could still be resumed (planned, running
or stopped). It can be stopped at any point; the same command goes on.

Then the journal gives the space back, a little at a time: others who use it go on meanwhile.

` + noGraph
