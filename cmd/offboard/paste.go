package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"

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
	return "env AZURE_TENANT_ID=" + quoted(c.member.home, runtime.GOOS) + " "
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
		_, there := c.cli.config.Of[configKey(f)]
		name := "--" + f.Name
		if there && f.Tag.Has("guard") && !f.IsCumulative() && c.said(f) && !slices.ContainsFunc(words, func(w string) bool { return w == name || strings.HasPrefix(w, name+"=") }) {
			more = append(more, name+"="+values(f)[0])
		}
	}
	return more
}

// switches are the names of flags that take no value, in any command.
var switches = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	eachFlag(grammar(&cli{}, io.Discard, func(int) {}).Model.Node, "", func(_ string, f *kong.Flag) {
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
	line := slices.Clone(words)
	for i, w := range line {
		line[i] = quoted(w, runtime.GOOS)
	}
	return strings.Join(line, " ")
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
	to := quoted(filepath.Join(filepath.Dir(path), "before-"+filepath.Base(path)), goos)
	if goos == "windows" {
		return "mkdir " + to + " && move " + quoted(path+"*", goos) + " " + to
	}
	return "mkdir " + to + " && mv " + quoted(path, goos) + "* " + to
}

// quoted is a word that a shell takes as it stands: sh, or on Windows cmd and
// PowerShell alike.
func quoted(word, goos string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,"
	safe := plain
	if goos == "windows" {
		safe = strings.NewReplacer("@", "", "%", "", ",", "").Replace(plain) + `\`
	}
	if word != "" && strings.Trim(word, safe) == "" {
		return word
	}
	if goos == "windows" {
		return `"` + spelled(word) + `"`
	}
	if printable(word) != word { // what acts on a terminal is not printed to be pasted
		return `"$(printf '` + octal(word) + `')"`
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// spelled is a word that may stand between double quotes: in PowerShell it is the word,
// and cmd carries out nothing in it. What either would act on there is spelled as
// PowerShell takes it; the quotation marks of typographers end a word in PowerShell, too.
func spelled(word string) string {
	var b strings.Builder
	for _, r := range word {
		if !strings.ContainsRune("\"$`%\u201c\u201d\u201e", r) && printable(string(r)) == string(r) {
			b.WriteRune(r)
			continue
		}
		for _, half := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, "$([char]%d)", half)
		}
	}
	return b.String()
}

// octal is the word as printf(1) takes it.
func octal(word string) string {
	var b strings.Builder
	for i := range len(word) {
		fmt.Fprintf(&b, `\%03o`, word[i])
	}
	return b.String()
}
