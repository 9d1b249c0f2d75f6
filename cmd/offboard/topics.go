package main

import (
	"embed"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/trace"
	"offboard/cmd/flagfile"
	"offboard/report"
)

// texts are the prose of the topics, and of the commands that need much of it.
//
//go:embed topics/*.txt
var texts embed.FS

// prose is the text in the file topics/NAME.txt.
func prose(name string) string {
	text, err := texts.ReadFile("topics/" + name + ".txt")
	if err != nil {
		panic(err) // no such file was built in
	}
	return string(text)
}

// topic is what commands share. tell tells it; nil stands for the prose of its name.
type topic struct {
	name, about string
	tell        func(*command) string
}

// text is the whole topic.
func (t topic) text(c *command) string {
	if t.tell == nil {
		return prose(t.name)
	}
	return t.tell(c)
}

// topics are what all commands share, told once.
var topics = []topic{
	{"sign-in", "ways to sign in, and how the tenant is made sure of", nil},
	{"network", "clouds, and what calls go through", nil},
	{"permissions", "what an app needs in Graph, step by step", func(*command) string { return permissions() }},
	{"input", "files, columns, keys, gates and dates: who is meant", nil},
	{"guards", "who is never touched, and when a plan is refused", nil},
	{"steps", "what is done, in which order, and what it does not do", nil},
	{"outcomes", "how a row can end, and what that is worth", func(*command) string { return outcomes() }},
	{"exit-codes", "what each exit code means", func(*command) string { return exitCodes }},
	{"interruptions", "stops, outages and kills, and how a run goes on", nil},
	{"campaign", "several tenants at once: the file, the quota, the end", nil},
	{"proof", "what shows each step done, and reading it again", nil},
	{"report", "each file of a report, and every column and key", func(*command) string { return dictionary() }},
	{"four-eyes", "plans that people approve: plan, approve, apply", nil},
	{"pace", "quotas, refusals, and how to go slower or faster", nil},
	{"journal", "what is kept, looking back, deleting, and damage", nil},
	{"automation", "events, webhooks and metrics; systemd and Kubernetes", nil},
	{"environment", "all variables, those of the sign-in too, and what is set now", (*command).environment},
	{"configuration", "the config file: what stands in it, and what holds before it", nil},
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
	Words []string `arg:"" optional:"" name:"command|topic" help:"A command such as runs prune, or a topic, such as exit-codes; offboard help lists them."`
}

// tell implements [teller].
func (h *helpOptions) tell(c *command) error {
	asked := strings.Join(h.Words, " ")
	for _, t := range topics {
		if t.name == asked {
			_, err := io.WriteString(c.stdout, t.text(c))
			return err
		}
	}
	known := slices.Sorted(maps.Keys(abouts))
	if asked != "" && !slices.Contains(known, asked) {
		for _, t := range topics {
			known = append(known, t.name)
		}
		return fmt.Errorf("%w: there is no command or topic %q%s; offboard help lists them", job.ErrUsage, asked, flagfile.Nearest(asked, known))
	}
	if _, told, err := parse(&cli{}, c.stdout, append(slices.Clone(h.Words), "--help")...); !told {
		return err
	}
	return nil // kong goes on after --help, and misses the rest of the line
}

var exitCodes = `Exit codes:
  0  every user ended in success, or was left alone on purpose; also: nothing to do.
     Of verify: all of it holds. An account that Active Directory masters and that was
     disabled already is a success, and does not count as contained: the last line says
     NOT CONTAINED then
     Of check: every row names somebody, or a gate holds it back
  1  the run could not go on
  2  usage, or the input as a whole cannot be read; also: offboard without a command
  3  finished, or rehearsed; some users did not, or would not, end in success. Of check:
     rows cannot be read or contradict others, or people stay by the file
  4  refused by a guard or by the person asked; nothing was written, or nothing more of
     a run that was to go on
  5  sign-in or permission; also where guards or a missing --yes refuse besides, which
     are told with it. Of doctor: something is in trouble
  6  stopped before the end; the command that goes on is printed: resume, or the same
     again if nothing was planned yet; also when groups and licences wait for
     ` + strings.Replace(batch.LateProof, ": ", ":\n     ", 1) + `
  7  locked: somebody else works on this run or input; who and since when is printed
Of a campaign: the worst of its tenants', in this order: 1, 6, 7, 5, 4, 2, 3, 0
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
	return s + "\n" + prose("permissions")
}

// dictionary tells every column and key of the files of a report.
func dictionary() string {
	s := prose("report")
	file := ""
	for _, c := range slices.Concat(report.Dictionary(), report.Keys()) {
		if c.File != file {
			file = c.File
			s += "\n" + file + "\n\n"
		}
		s += fmt.Sprintf("    %-23s  %s\n", c.Name, c.Meaning+emptyWhen(c))
	}
	return s
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
	return s + "\n" + prose("outcomes")
}

// signInVariables are those of the sign-in, which have no flags.
const signInVariables = `Sign-in, in the one way that these name; what is set is used, or is an error. --auth
chooses the way.

    OFFBOARD_ACCESS_TOKEN                an access token for Graph (--auth token); *
    AZURE_TENANT_ID                      the tenant, as --tenant says it
    AZURE_CLIENT_ID                      the app, or the managed identity
    AZURE_CLIENT_SECRET                  the app's secret (--auth secret); *
    AZURE_CLIENT_CERTIFICATE_PATH        the app's certificate and key, PEM or PFX (--auth certificate)
    AZURE_CLIENT_CERTIFICATE_COMMAND     a command that prints it
    AZURE_CLIENT_CERTIFICATE_PASSWORD    of a PFX file; *
    AZURE_CLIENT_SEND_CERTIFICATE_CHAIN  true sends the chain, for names of issuers
    AZURE_FEDERATED_TOKEN_FILE           a token of Kubernetes (--auth workload)
    IDENTITY_ENDPOINT                    set by Azure where there is a managed identity
    AZURE_TOKEN_CREDENTIALS              a way that other tools of Azure use, too
    AZURE_AUTHORITY_HOST                 another sign-in service of the cloud
    (none of them)                       at a terminal the Azure CLI's login (--auth cli)

    * and in its place NAME_FILE, a file that not everybody may read, or NAME_COMMAND,
      a command that prints it; see offboard help sign-in

Another secret:

    OFFBOARD_NOTIFY_URL                  the webhook that is told of the end of a run, as --notify-file has it

Secrets come from these alone: no flag has one. HTTPS_PROXY and NO_PROXY name a proxy,
SSH_AUTH_SOCK the ssh agent, TZ the zone of this machine.
`

// environment tells of every variable, and which flags are not as they were made.
func (c *command) environment() string {
	names, about := []string{}, map[string]string{}
	flagfile.EachFlag(c.parsed.Model.Node, "", func(command string, f *kong.Flag) {
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
	s := "Each flag has a variable. It holds unless the flag is on the command line. One that is set\nand empty is an error, and so are a flag that is given empty and an OFFBOARD_ variable of no flag. The --yes of commands\nthat approve, delete or undo has none, nor have --user of run,\n--despite-later and --include-undone. OFFBOARD_DRY_RUN is refused for apply and resume, which\nhave no dry run. A command that is printed to be pasted carries what the variables gave.\n\n"
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
	names := slices.SortedFunc(maps.Keys(c.cli.config.Of), func(a, b string) int { return c.cli.config.Of[a].Line - c.cli.config.Of[b].Line })
	for _, name := range names {
		v := c.cli.config.Of[name]
		s += fmt.Sprintf("    %s: %s (%s, line %d)\n", name, strings.Join(v.Values, ", "), c.cli.config.Path, v.Line)
	}
	if c.cli.wrong != nil {
		s += fmt.Sprintf("    %v\n", c.cli.wrong)
	}
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		switch {
		case !strings.HasPrefix(name, "OFFBOARD_") || strings.HasPrefix(name, "OFFBOARD_TEST_"):
		case flagfile.Secret.MatchString(strings.ReplaceAll(name, "_", "-")), trace.Kind(value) != "":
			s += "    " + name + " is set\n"
		case slices.Contains(known, name):
			s += fmt.Sprintf("    %s=%s\n", name, value)
		case slices.Contains(flagfile.OfWorkers, name):
			s += fmt.Sprintf("    %s=%s, which is for offboard-temporal alone\n", name, value)
		default:
			s += fmt.Sprintf("    %s is that of no flag: it is refused, so unset it%s\n", name, flagfile.Nearest(name, known))
		}
	}
	if s == "" {
		s = "    nothing\n"
	}
	return "Set now:\n\n" + s
}
