package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch/intake"
)

// hinted is an error with the command line that was meant.
type hinted struct {
	error
	next []string // its words
}

func (h hinted) Unwrap() error { return h.error }

// naming is a command line in which words name users, and no files.
func naming(line []string, names ...string) []string {
	var all []string
	for _, word := range line {
		if slices.Contains(names, word) {
			all = append(all, "--user")
		}
		all = append(all, word)
	}
	return all
}

// instead is a command line with other words in the place of one.
func instead(line []string, word string, words ...string) []string {
	if at := slices.Index(line, word); at >= 0 {
		return slices.Replace(line, at, at+1, words...)
	}
	return line
}

// cmdlet is a parameter or a cmdlet of PowerShell, and what stands here in its place.
type cmdlet struct {
	name string // in small letters, without hyphens
	flag string // or the command, for the first word; "" is none
	why  string
}

var cmdlets = []cmdlet{
	{"whatif", "--dry-run", "the rehearsal is --dry-run"},
	{"dryrun", "--dry-run", "the rehearsal is --dry-run"},
	{"userid", "--user", "a user is named with --user"},
	{"user", "--user", "a user is named with --user"},
	{"userprincipalname", "--user", "a user is named with --user"},
	{"verbose", "--verbose", "flags have two hyphens: --verbose"},
	{"tenantid", "--tenant", "the tenant is named with --tenant"},
	{"force", "--yes", "what does not ask is --yes"},
	{"help", "--help", "help is --help"},
	{"?", "--help", "help is --help"},
	{"/?", "--help", "help is --help"},
	{"gethelp", "help", "the command is help"},
	{"revokemgusersigninsession", "run", "the command is run"},
	{"confirm", "", "offboard asks by itself before the first write"},
	{"confirm:$false", "--yes", "what does not ask is --yes"},
	{"confirm:false", "--yes", "what does not ask is --yes"},
}

// meant adds the command that was meant to an error of a command line that could not be
// read.
func meant(err error, args []string) error { return severalUsers(fromPowerShell(err, args), args) }

// severalUsers is for users who stand beside a run as words.
func severalUsers(err error, args []string) error {
	if _, known := errors.AsType[hinted](err); known || len(args) == 0 {
		return err
	}
	at := childOf(grammar(&cli{}, io.Discard, func(int) {}).Model.Node, args[0])
	if at == nil || !slices.ContainsFunc(at.Flags, func(f *kong.Flag) bool { return f.Name == "user" }) {
		return err
	}
	line := args[:1:1]
	for i, word := range args[1:] {
		switch isWord := !strings.HasPrefix(word, "-") && takesValue(at, args[i]) == nil; {
		case isWord && intake.WhyNobody(word) == "":
			line = append(line, "--user")
		case isWord && at.Name != "undo": // which takes a run beside users
			return err
		}
		line = append(line, word)
	}
	if len(line) == len(args) {
		return err
	}
	return hinted{fmt.Errorf("each user is named with --user (%w)", err), line}
}

// fromPowerShell adds the flag and the command to an error of a command line that has
// parameters as PowerShell's cmdlets have them. err is why it could not be read.
func fromPowerShell(err error, args []string) error {
	var why []string
	meant := slices.Clone(args)
	for i := 0; i < len(meant); i++ {
		word := strings.ToLower(strings.ReplaceAll(meant[i], "-", ""))
		at := slices.IndexFunc(cmdlets, func(c cmdlet) bool { return c.name == word })
		if at < 0 || cmdlets[at].flag == meant[i] {
			continue
		}
		c := cmdlets[at]
		command := c.flag != "" && !strings.HasPrefix(c.flag, "-")
		if command && i > 0 || !command && !strings.HasPrefix(meant[i], "-") && word != "/?" {
			continue
		}
		why = append(why, meant[i]+" is PowerShell's: "+c.why)
		if c.flag == "" {
			meant = slices.Delete(meant, i, i+1)
			i--
		} else {
			meant[i] = c.flag
		}
	}
	if why == nil {
		return err
	}
	return hinted{fmt.Errorf("%s (%w)", strings.Join(why, "; "), err), meant}
}
