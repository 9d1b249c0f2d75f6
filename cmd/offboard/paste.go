package main

import (
	"cmp"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/alecthomas/kong"

	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/batch/trace"
	"offboard/cmd/flagfile"
)

// Typed implements [job.Console]: a command line that does the same wherever it is pasted: the program,
// the words, and the journal unless it is the user's own.
// The run of a campaign goes on with all of it.
func (c *command) Typed(words ...string) string {
	if run := c.facts.about().Run; c.member != nil && run != "" && len(words) > 1 && words[0] == "resume" && words[1] == run {
		yes := slices.Contains(words, "--yes")
		if words = c.member.all.GoOn(); yes {
			words = append(words, "--yes")
		}
	}
	words = append(slices.Clone(words), c.overConfig(words)...)
	if path := c.otherJournal(); path != "" {
		words = append(words, "--journal", path)
	}
	if c.cli.Config != "" {
		words = append(words, "--config", c.cli.Config)
	}
	return c.before(words) + c.shell(words...)
}

// before is what stands in front of a command line that is to be pasted: where one registration
// signs in to several tenants, the variable that names the one.
func (c *command) before(words []string) string {
	command := words[0]
	if c.member == nil || c.member.home == "" || command == "resume" && job.NamesCampaign(words[1]) || command == "show" || command == "report" || command == "campaign" || runtime.GOOS == "windows" {
		return ""
	}
	return "env AZURE_TENANT_ID=" + flagfile.Quoted(c.member.home, runtime.GOOS) + " "
}

// otherJournal is the journal, unless it is the user's own: the file that was named, or
// that of a systemd service, which a shell would not find.
func (c *command) otherJournal() string {
	if c.cli.Journal == "" && runtime.GOOS == "linux" && journal.ServiceState(c.getenv) != "" {
		path, _ := c.host.JournalPath() // which has no error then
		return path
	}
	return c.cli.Journal
}

// overConfig are the limits of this command in place of which the one that goes on would
// find those of the config file.
func (c *command) overConfig(words []string) (more []string) {
	if words[0] != "resume" && words[0] != "apply" {
		return nil
	}
	for _, f := range c.flags() {
		_, there := c.cli.config.Of[flagfile.Key(f)]
		name := "--" + f.Name
		if there && f.Tag.Has("guard") && !f.IsCumulative() && c.said(f) && !slices.ContainsFunc(words, func(w string) bool { return w == name || strings.HasPrefix(w, name+"=") }) {
			more = append(more, name+"="+flagfile.ValuesOf(f)[0])
		}
	}
	return more
}

// switches are the names of flags that take no value, in any command.
var switches = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	flagfile.EachFlag(grammar(&cli{}, io.Discard, func(int) {}).Model.Node, "", func(_ string, f *kong.Flag) {
		was, known := all[f.Name]
		all[f.Name] = f.IsBool() && (was || !known)
	})
	return all
})

// shell is the program, as it was called, with these words and no more. A program
// that was named by a relative path is named by the whole one, and a switch that is on by its name alone.
func (c *command) shell(words ...string) string {
	words = slices.Clone(words)
	for i, word := range words {
		if name, on := strings.CutSuffix(word, "=true"); on && switches()[strings.TrimPrefix(name, "--")] {
			words[i] = name
		}
	}
	program := cmp.Or(c.program, "offboard")
	if filepath.Base(program) != program {
		if whole, err := filepath.Abs(program); err == nil {
			program = whole
		}
	}
	from := ""
	if trace.Kind(c.cli.Journal) != "" { // its password stands in no command line; the shell has the variable, or the command says that it is empty
		if words = without(words, "--journal", true); runtime.GOOS != "windows" {
			from = flagfile.JournalURL + `="$` + flagfile.JournalURL + `" `
		}
	}
	return from + c.Pasted(append([]string{program}, words...)...)
}

// Pasted implements [job.Console].
func (*command) Pasted(words ...string) string {
	return flagfile.Pasted(words, runtime.GOOS)
}

// approveLine is what the next person who approves the plan types, who has the usual
// key. A shell fills in the directory.
func (c *command) approveLine(plan string) string {
	return c.shell("approve", plan, "--key") + ` "$HOME/.ssh/id_ed25519"`
}

// approvedLine applies a plan that so many people of the usual trusted set have approved.
func (c *command) approvedLine(apply []string, people int) string {
	return c.Typed(slices.Concat(apply, []string{"--approvals", strconv.Itoa(people), "--trusted", "allowed_signers"})...)
}

// moveLine moves a journal away, with the files that stand beside it.
func moveLine(path, goos string) string {
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	to := flagfile.Quoted(filepath.Join(filepath.Dir(path), "before-"+filepath.Base(path)), goos)
	if goos == "windows" {
		return "mkdir " + to + " && move " + flagfile.Quoted(path+"*", goos) + " " + to
	}
	return "mkdir " + to + " && mv " + flagfile.Quoted(path, goos) + "* " + to
}
