package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/report"
)

// topics are what all commands share, told once.
var topics = []struct {
	name, about string
	tell        func(*command) string
}{
	{"exit-codes", "what each exit code means", func(*command) string { return exitCodes }},
	{"permissions", "what an app needs in Graph, step by step", func(*command) string { return permissions() }},
	{"outcomes", "how a row can end, and what that is worth", func(*command) string { return outcomes() }},
	{"environment", "all variables, those of the sign-in too, and what is set now", (*command).environment},
	{"configuration", "the config file: what stands in it, and what holds before it", func(*command) string { return configurationHelp }},
	{"report", "a data dictionary: every column and key of the report's files", func(*command) string { return dictionary() }},
}

// ofTopics ends the help of the whole program.
var ofTopics = func() string {
	s := "Topics, each of offboard help TOPIC:\n\n"
	for _, t := range topics {
		s += fmt.Sprintf("    %-14s %s\n", t.name, t.about)
	}
	return s
}()

// helpOptions are those of help.
type helpOptions struct {
	Words []string `arg:"" optional:"" name:"command|topic" help:"A command such as runs prune, or a topic: exit-codes, permissions, outcomes, environment, configuration or report."`
}

// tell implements [teller].
func (h *helpOptions) tell(c *command) error {
	asked := strings.Join(h.Words, " ")
	for _, t := range topics {
		if t.name == asked {
			_, err := io.WriteString(c.stdout, t.tell(c))
			return err
		}
	}
	known := slices.Sorted(maps.Keys(abouts))
	if asked != "" && !slices.Contains(known, asked) {
		for _, t := range topics {
			known = append(known, t.name)
		}
		return fmt.Errorf("%w: there is no command or topic %q%s; offboard help lists them", job.ErrUsage, asked, perhaps(asked, known))
	}
	if _, told, err := parse(&cli{}, c.stdout, append(slices.Clone(h.Words), "--help")...); !told {
		return err
	}
	return nil // kong goes on after --help, and misses the rest of the line
}

// perhaps is the one of these names that a misspelt one may mean, in words; "" if none is near.
func perhaps(name string, of []string) string {
	best, least := "", max(2, len(name)/3)+1
	for _, other := range of {
		if d := distance(name, other); d < least {
			best, least = other, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// distance is how many letters differ between two words (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			differ := 1
			if a[i] == b[j] {
				differ = 0
			}
			before, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, before+differ)
		}
	}
	return row[len(b)]
}

var exitCodes = `Exit codes:
  0  every user ended in success, or was left alone on purpose; also: nothing to do.
     Of verify: all of it holds
  1  the run could not go on
  2  usage, or the input as a whole cannot be read; also: offboard without a command
  3  finished, or rehearsed; some users did not, or would not, end in success
  4  refused by a guard or by the person asked; nothing was written, or nothing more of
     a run that was to go on
  5  sign-in or permission
  6  stopped before the end; the command that goes on is printed: resume, or the same
     again if nothing was planned yet; also when groups and licences wait for
     ` + strings.Replace(batch.LateProof, ": ", ":\n     ", 1) + `
  7  locked: somebody else works on this run or input; who and since when is printed
`

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
	return s + `
undo needs the permissions of the steps that it takes back, and verify what they read.

For licences that come from groups also that of groups, and
RoleManagement.ReadWrite.Directory for groups that may hold roles. User.Read.All is not
needed with --no-resolve. RoleManagement.Read.Directory to know who holds a privileged
role (not needed with --max-privileged 0), GroupMember.Read.All for --protect-group and
for roles that groups hold. To disable holders of privileged roles, or to replace their
passwords, the app itself must hold the directory role Privileged Authentication
Administrator. How to sign in: offboard help environment.
`
}

// dictionary tells every column and key of the files of a report.
func dictionary() string {
	s := `Times are RFC 3339 in UTC. What is not known is empty in CSV and null in JSON. Where a cell
would be a formula, CSV has an apostrophe before it. A report has the columns of its own
steps and options alone; new ones come at the end. report.jsonl has the columns of
report.csv as keys, and in its key steps the columns of report.targets.csv.
`
	file := ""
	for _, c := range slices.Concat(report.Dictionary(), report.Keys()) {
		if c.File != file {
			file = c.File
			s += "\n" + file + "\n\n"
		}
		s += fmt.Sprintf("    %-23s  %s\n", c.Name, c.Meaning+emptyWhen(c))
	}
	return s + `
retry.csv has the input's own columns, as far as they were recognised, and the rows that
another run may change. report.sha256 lists the files as sha256sum does, and
report.sha256.sig signs it.
`
}

// emptyWhen says when a column is empty.
func emptyWhen(c report.Column) string {
	if c.Empty == "" {
		return ""
	}
	return "; empty: " + c.Empty
}

// outcomes are all outcomes with what they mean.
func outcomes() string {
	worth := map[batch.Kind]string{batch.Success: "success", batch.Neutral: "neutral", batch.Failure: "not done"}
	s := "How a row ends, and a user in each step; of several steps the worst counts.\n\n"
	for _, o := range batch.Outcomes {
		s += fmt.Sprintf("    %-12s %-9s %s\n", o, worth[o.Kind()], report.Meaning(o))
	}
	return s + `
Rows that are not done make the exit code 3. Neutral ones were left alone on purpose.
resume goes on with those that are unsettled, not_sent or unverified; retry.csv has those
that another run may change.
`
}

// signInVariables are those of the sign-in, which have no flags.
const signInVariables = `Sign-in, in the one way that these name; what is set is used, or is an error. --auth
chooses the way.

    OFFBOARD_ACCESS_TOKEN                an access token for Graph (--auth token)
    AZURE_TENANT_ID                      the tenant, as --tenant says it
    AZURE_CLIENT_ID                      the app, or the managed identity
    AZURE_CLIENT_SECRET                  the app's secret (--auth env)
    AZURE_CLIENT_CERTIFICATE_PATH        the app's certificate and key, PEM or PFX (--auth env)
    AZURE_CLIENT_CERTIFICATE_PASSWORD    of that file
    AZURE_CLIENT_SEND_CERTIFICATE_CHAIN  true sends the chain, for names of issuers
    AZURE_FEDERATED_TOKEN_FILE           a token of Kubernetes (--auth workload-identity)
    IDENTITY_ENDPOINT                    set by Azure where there is a managed identity
    AZURE_TOKEN_CREDENTIALS              a way that other tools of Azure use, too
    AZURE_AUTHORITY_HOST                 another sign-in service
    (none of them)                       the Azure CLI's login (--auth cli)

Another secret:

    OFFBOARD_NOTIFY_URL                  the webhook that is told of the end of a run, as --notify-file has it

Secrets come from these alone: no flag has one. HTTPS_PROXY and NO_PROXY name a proxy,
SSH_AUTH_SOCK the ssh agent, TZ the zone of this machine.
`

const configurationHelp = `A config file holds values of flags, so that they need not be typed: offboard/config.yaml
in the user's config directory ($XDG_CONFIG_HOME or ~/.config; on Windows %AppData%, on
macOS ~/Library/Application Support), or --config FILE. The command line holds before
variables, variables before the file. What a run was begun with holds before the file, too.

    # flags by their names; of a flag that has a variable with a command in its name, such
    # as OFFBOARD_APPROVE_KEY, that name in small letters: approve-key
    tenant: contoso.com
    max-users: 200
    protect: [breakglass.txt, board.txt]    # paths begin at this file
    report-dir: /srv/offboard/{run}

What protect and protect-group name there is added to what the command line names. Every
other flag on the command line takes the place of the one in the file.

A line that is no flag, stands there twice or has a value that the flag does not take is
an error, whatever the command. Secrets are refused there, and so are flags without a
variable, such as --despite-later and --user. A file that other users can write is
refused. Commands that write say what the file gave them; offboard help environment
shows what is in it.
`

// environment tells of every variable, and which flags are not as they were made.
func (c *command) environment() string {
	names, about := []string{}, map[string]string{}
	eachFlag(c.parsed.Model.Node, "", func(command string, f *kong.Flag) {
		for _, name := range f.Envs {
			if about[name] == "" {
				names = append(names, name)
				about[name] = "--" + f.Name
				if name != "OFFBOARD_"+envWord(f.Name) {
					about[name] += " of " + command
				}
			}
		}
	})
	slices.Sort(names)
	s := "Each flag has a variable. It holds unless the flag is on the command line. One that is set\nand empty is an error, and so is an OFFBOARD_ variable of no flag. The --yes of commands\nthat approve, delete or undo has none, nor have --user of run,\n--despite-later and --include-undone.\n\n"
	for _, name := range names {
		s += fmt.Sprintf("    %-36s %s\n", name, about[name])
	}
	return s + "\n" + signInVariables + "\n" + c.setNow(names)
}

// envWord is a name as variables have it.
func envWord(name string) string {
	return strings.ToUpper(strings.NewReplacer("-", "_", " ", "_").Replace(name))
}

// setNow tells what is set, and by what.
func (c *command) setNow(known []string) string {
	s := ""
	names := slices.SortedFunc(maps.Keys(c.cli.config.values), func(a, b string) int { return c.cli.config.values[a].line - c.cli.config.values[b].line })
	for _, name := range names {
		v := c.cli.config.values[name]
		s += fmt.Sprintf("    %s: %s (%s, line %d)\n", name, strings.Join(v.values, ", "), c.cli.config.path, v.line)
	}
	if c.cli.wrong != nil {
		s += fmt.Sprintf("    %v\n", c.cli.wrong)
	}
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		switch {
		case !strings.HasPrefix(name, "OFFBOARD_") || strings.HasPrefix(name, "OFFBOARD_TEST_"):
		case secret.MatchString(strings.ReplaceAll(name, "_", "-")):
			s += "    " + name + " is set\n"
		case slices.Contains(known, name):
			s += fmt.Sprintf("    %s=%s\n", name, value)
		default:
			s += fmt.Sprintf("    %s is that of no flag: it is refused, so unset it%s\n", name, perhaps(name, known))
		}
	}
	if s == "" {
		s = "    nothing\n"
	}
	return "Set now:\n\n" + s
}

// eachFlag visits every flag of a command and of those below it. The command of the
// global flags is "", and of runs prune "runs prune".
func eachFlag(n *kong.Node, command string, visit func(command string, f *kong.Flag)) {
	for _, f := range n.Flags {
		visit(command, f)
	}
	for _, child := range n.Children {
		eachFlag(child, strings.TrimSpace(command+" "+child.Name), visit)
	}
}
