package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"offboard/batch"
)

// typed is a command line that does the same wherever it is pasted: the program,
// the words, and the journal unless it is the user's own.
func (c *command) typed(words ...string) string {
	if c.cli.Journal != "" {
		words = append(slices.Clone(words), "--journal", c.cli.Journal)
	}
	return c.shell(words...)
}

// shell is the program, as it was called, with these words and no more. A program
// that was named by a relative path is named by the whole one.
func (c *command) shell(words ...string) string {
	program := cmp.Or(c.program, "offboard")
	if filepath.Base(program) != program {
		if whole, err := filepath.Abs(program); err == nil {
			program = whole
		}
	}
	line := append([]string{program}, words...)
	for i, w := range line {
		line[i] = quoted(w, runtime.GOOS)
	}
	return strings.Join(line, " ")
}

// resumeLine is the command that goes on with the plan's run, with more flags
// behind it.
func (c *command) resumeLine(p batch.Plan, more ...string) string {
	return c.typed(slices.Concat([]string{"resume", p.Run}, rootFlag(p), more)...)
}

// retryLine is the command that runs the rows in the file as the plan's run was. The
// report gets a directory of its own.
func (c *command) retryLine(p batch.Plan, file string) string {
	words := []string{"run", file}
	for _, f := range slices.Concat(p.Terms.Choice, p.Terms.Flags) {
		switch {
		case f.Name == "report-dir":
		case f.Value == "true", f.Value == "false", strings.HasPrefix(f.Value, "-"):
			words = append(words, "--"+f.Name+"="+f.Value) // right for switches, too
		default:
			words = append(words, "--"+f.Name, f.Value)
		}
	}
	if p.Cloud == simulatedCloud {
		words = append(words, "--simulate")
	}
	return c.typed(append(words, rootFlag(p)...)...)
}

// rootFlag names the plan's service root, unless that is the usual one.
func rootFlag(p batch.Plan) []string {
	if p.Cloud == "" || p.Cloud == globalGraph || p.Cloud == simulatedCloud {
		return nil
	}
	return []string{"--graph-url", p.Cloud}
}

// resumeFlags are those of this process that hold for a resume, too, and that the
// run does not keep by itself.
func (j *job) resumeFlags() []string {
	flags := j.guards.typed()
	add := func(given bool, words ...string) {
		if given {
			flags = append(flags, words...)
		}
	}
	add(j.Tenant != "" && j.target.identity().Tenant == "", "--tenant", j.Tenant) // which the plan has not
	add(j.ReportDir != "", "--report-dir", j.ReportDir)
	add(j.maxAge != mostAge, "--max-age", j.maxAge.String())
	add(j.AsCaller && j.caller != "", "--as-caller")
	add(j.Yes, "--yes")
	return flags
}

// typed are the guards as flags.
func (g guards) typed() []string {
	var flags []string
	for _, name := range g.Protect {
		flags = append(flags, "--protect", name)
	}
	for _, id := range g.ProtectGroup {
		flags = append(flags, "--protect-group", id)
	}
	for _, f := range []struct {
		name string
		on   bool
	}{{"--protect-privileged", g.ProtectPrivileged}, {"--allow-empty-pattern", g.AllowEmptyPattern}, {"--include-caller", g.IncludeCaller}} {
		if f.on {
			flags = append(flags, f.name)
		}
	}
	for _, f := range g.limits() {
		if f.n != nil {
			flags = append(flags, f.flag, strconv.Itoa(*f.n))
		}
	}
	return flags
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
