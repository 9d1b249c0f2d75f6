package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/alecthomas/kong"

	"offboard/batch/job"
	"offboard/cmd/flagfile"
)

// A secret is often put in the place of the path of its file, or into an address. It is refused
// before anything can repeat it, and no message has any of it. One alone is taken: the address of
// a journal with a password in OFFBOARD_JOURNAL, which [command.shell] leaves out of command lines.

// secretTyped refuses secrets among the words of a command line, before a message can repeat one.
func secretTyped(args []string) error {
	reads, before := readers(), ""
	for _, word := range args {
		name, value, valued := strings.Cut(word, "=")
		if !strings.HasPrefix(word, "-") || strings.HasPrefix(word, "-----") {
			name, value, valued = before, word, true
		}
		if before = ""; !valued {
			before = word
			continue
		}
		if why := flagfile.NotShown(value, reads[name]); why != "" {
			return fmt.Errorf("%w: %s %s; other users of this machine see command lines, so have the secret renewed if it is one", job.ErrUsage, cmp.Or(name, "a word of the command line"), why)
		}
	}
	return nil
}

// secretSet refuses secrets in variables that are to hold none.
func secretSet(environ []string) error {
	reads := readers()
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		ours := strings.HasPrefix(name, "OFFBOARD_") && !strings.HasPrefix(name, "OFFBOARD_TEST_") && !flagfile.Secret.MatchString(strings.ReplaceAll(name, "_", "-"))
		if !ours && !slices.Contains(plainVariables, name) || name == flagfile.JournalURL && flagfile.DatabaseURL.MatchString(value) {
			continue
		}
		if why := flagfile.NotShown(value, reads[name]); why != "" {
			return fmt.Errorf("%w: the variable %s %s", job.ErrUsage, name, why)
		}
	}
	return nil
}

// plainVariables are those of the sign-in that stand beside a secret, and are shown.
var plainVariables = []string{"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_AUTHORITY_HOST"}

// readers are the flags, and their variables, that name a file which is to be there.
var readers = sync.OnceValue(func() map[string]bool {
	reads := map[string]bool{}
	flagfile.EachFlag(grammar(&cli{}, io.Discard, func(int) {}).Model.Node, "", func(_ string, f *kong.Flag) {
		if f.Tag.Type == "path" && !slices.Contains(flagfile.Writes, f.Name) {
			reads["--"+f.Name] = true
			for _, name := range f.Envs {
				reads[name] = true
			}
		}
	})
	return reads
})
