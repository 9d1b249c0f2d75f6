package main

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/job"
)

const overview = "Contains the Microsoft Entra ID (Microsoft 365) users named in a file (CSV, workbook, JSON or a list), through Microsoft Graph: revokes their sign-in sessions and, when asked, disables accounts and devices, replaces passwords, and takes groups and licences away. It proves each write."

// about is what the help of a command says beside its flags.
type about struct {
	group    string // of commands
	text     string
	examples [2]string
}

var abouts = map[string]about{
	"run": {"Contain", prose("run") + "\n" + seeds, [2]string{
		`offboard run leavers.csv --dry-run`,
		`offboard run hr.csv --steps leaver --where Status=Terminated --date-column "Last day"`}},
	"check": {"Contain", prose("check"), [2]string{
		`offboard check leavers.csv`,
		`offboard check hr.csv --where Status=Terminated --date-column "Last day" -o json`}},
	"doctor": {"Contain", prose("doctor"), [2]string{
		`offboard doctor leavers.csv --steps leaver --protect breakglass.txt`,
		`offboard doctor --tenant contoso.com -o json`}},
	"campaign": {"Contain", prose("campaign"), [2]string{
		`offboard campaign customers.yaml --dry-run`,
		`offboard campaign customers.yaml --yes --report-dir "reports/{date}"`}},
	"resume": {"Contain", "A campaign goes on as a whole: tenants that are at their end stay so, and those that never began begin.", [2]string{
		`offboard resume`,
		`offboard resume 20261126-234340-9e39 --yes`}},
	"undo": {"Contain", prose("undo"), [2]string{
		`offboard undo 20261126-234340-9e39 --dry-run`,
		`offboard undo 20261126-234340-9e39 --user anna@contoso.com`}},
	"verify": {"Contain", "What is mastered on premises holds only once the next sync is over: --watch 40m waits for that.", [2]string{
		`offboard verify 20261126-234340-9e39 --watch 40m`,
		`offboard verify leavers.csv --since 24h`}},
	"plan": {"Four eyes", "The file has the users with their object ids, what the guards say, and a digest that finds any change.", [2]string{
		`offboard plan leavers.csv -o plan.jsonl`,
		`offboard plan breach.csv --steps emergency --protect breakglass.txt -o plan.jsonl --overwrite`}},
	"approve": {"Four eyes", "", [2]string{
		`offboard approve plan.jsonl --key ~/.ssh/id_ed25519`,
		`offboard approve plan.jsonl --key token.pub --name ada`}},
	"apply": {"Four eyes", "", [2]string{
		`offboard apply plan.jsonl --approvals 2 --trusted allowed_signers`,
		`offboard apply plan.jsonl --max-age 2d --yes`}},
	"runs": {"Look back", "Alone it lists, and takes the filters that offboard runs list --help tells.", [2]string{
		`offboard runs`,
		`offboard runs prune --older-than 365d --dry-run`}},
	"runs list": {"Look back", "The states are " + job.Listed(job.States) + ".", [2]string{
		`offboard runs list --in-state stopped`,
		`offboard runs list --newer-than 7d -o json`}},
	"runs prune": {"Look back", ofPrune, [2]string{
		`offboard runs prune --older-than 365d --dry-run`,
		`offboard runs prune --older-than 52w --reports /var/lib/offboard/reports --yes`}},
	"show": {"Look back", "The outcomes are " + job.Listed(batch.Outcomes[:]) + ".", [2]string{
		`offboard show`,
		`offboard show plan.jsonl --trusted allowed_signers`}},
	"history": {"Look back", "The newest run comes first. Runs that were pruned are not in the journal any more.", [2]string{
		`offboard history ada@contoso.com`,
		`offboard history 0b3f2a64-6f0e-4c55-9d5a-3e7f7f6a1d01 -o json`}},
	"report": {"Look back", "", [2]string{
		`offboard report`,
		`offboard report 20261126-234340-9e39 --report-dir audit --sign-key ~/.ssh/id_ed25519`}},
	"simulate": {"Try and learn", seeds, [2]string{
		`offboard simulate leavers.csv`,
		`offboard simulate leavers.csv --listen 127.0.0.1:8080`}},
	"help": {"Try and learn", "", [2]string{
		`offboard help outcomes`,
		`offboard help runs prune`}},
	"completion": {"Try and learn", ofCompletion, [2]string{
		`offboard completion bash > ~/.local/share/bash-completion/completions/offboard`,
		`offboard completion fish > ~/.config/fish/completions/offboard.fish`}},
	"man": {"Try and learn", "", [2]string{
		`offboard man > ~/.local/share/man/man1/offboard.1`,
		`offboard man > offboard.1`}},
	"version": {"Try and learn", "", [2]string{
		`offboard version`,
		`offboard version -o json`}},
}

// everywhere is the group of the flags that all commands take.
const everywhere = "Everywhere"

// flagGroups are the groups in which --help lists flags, in this order.
var flagGroups = []struct {
	title string
	names string
}{
	{"Input: whom the file names", "column preset ignore-column key date-format time-zone allow-renamed max-input-age user keep encoding sheet header-line no-header"},
	{"Choice: which of them, and what is done", "steps where rows-of date-column as-of start-of-day all-rows since order no-resolve no-verify new only watch again sla"},
	{"Guards: when nothing is done", "protect protect-group protect-privileged allow-empty-pattern include-caller max-users max-percent max-privileged min-users max-age approvals trusted include-undone despite-later yes"},
	{"Sign-in", "tenant sign-in auth cloud graph-url ca-file debug-http as-caller"},
	{"Pace and patience", "rate quota-share quota-file concurrency at-once app verify-timeout deadline outage"},
	{"Report", "report-dir sign-key overwrite notify-file notify-format metrics-file"},
	{"Rehearsal", "dry-run simulate simulate-faults simulate-frozen simulate-quota"},
	{everywhere, "journal output log-format verbose quiet config version help"},
}

// describe gives each command its text and examples, and puts its flags in groups. What
// all commands share stands in the topics once.
func describe(k *kong.Kong) error {
	k.Model.Detail = ofTopics
	return kong.Visit(k.Model, func(v kong.Visitable, next kong.Next) error {
		switch v := v.(type) {
		case *kong.Flag:
			for _, g := range flagGroups {
				if slices.Contains(strings.Fields(g.names), v.Name) {
					v.Group = &kong.Group{Key: g.title, Title: g.title + ":"}
				}
			}
		case *kong.Node:
			if v.Type != kong.CommandNode {
				break
			}
			command := strings.TrimPrefix(v.FullPath(), k.Model.Name+" ")
			a := abouts[command]
			v.Group = &kong.Group{Key: a.group, Title: a.group + ":"}
			v.Detail = a.text + "\n\nExamples:\n\n    " + strings.Join(a.examples[:], "\n    ") + "\n\n" + readsAlone(command) +
				"Exit codes, permissions, variables, files and more: offboard help exit-codes, permissions, environment or report; offboard help lists the topics."
		}
		return next(nil)
	})
}

// inOrder sorts flags by their groups, and leaves them in their order within one.
func inOrder(flags []*kong.Flag) []*kong.Flag {
	place := func(f *kong.Flag) int {
		return slices.IndexFunc(flagGroups, func(g struct{ title, names string }) bool {
			return slices.Contains(strings.Fields(g.names), f.Name)
		})
	}
	return slices.SortedStableFunc(slices.Values(flags), func(a, b *kong.Flag) int { return place(a) - place(b) })
}

// ownFlagsFirst prints help as kong does, with the flags of all commands behind those of
// the command.
func ownFlagsFirst(o kong.HelpOptions, k *kong.Context) error {
	out := k.Stdout
	var b strings.Builder
	k.Stdout = &b
	if at := k.Selected(); at != nil {
		at.Flags = inOrder(at.Flags)
	}
	err := kong.DefaultHelpPrinter(o, k)
	k.Stdout = out
	text := b.String()
	if from := strings.Index(text, "\n"+everywhere+":\n"); from >= 0 && k.Selected() != nil {
		if n := strings.Index(text[from:], "\n\n"); n >= 0 {
			text = text[:from] + text[from+n+1:] + text[from:from+n+1]
		}
	}
	_, written := io.WriteString(out, text)
	return errors.Join(err, written)
}

// readsAlone says of a command that talks to no tenant that it needs no permission.
func readsAlone(command string) string {
	switch command {
	case "check", "approve", "runs", "runs list", "runs prune", "show", "history", "report", "simulate":
		return "Graph permissions: none; nothing is sent.\n\n"
	}
	return ""
}

// seeds are what the simulated tenant makes of a name, so that a rehearsal can show
// more than success.
const seeds = `In a simulated tenant every row of the input is a user, except that

    nobody...@    does not exist        (ends not_found)
    admin...@     is a protected admin  (holds a privileged role; ends denied)
    ...#EXT#...@  is a guest            (ends ineffective)`

const ofPrune = `Deletes runs with everything that the journal has of them; report files stay, but for
--reports. Runs that somebody
works on are kept, and so are, without --unfinished, those that could still be resumed (planned, running
or stopped). It can be stopped at any point; the same command goes on.

Then the journal gives the space back, a little at a time: others who use it go on meanwhile.`
