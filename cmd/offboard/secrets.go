package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"offboard/batch/job"
	"offboard/batch/trace"
)

// A secret is often put in the place of the path of its file, or into an address. It is refused
// before anything can repeat it, and no message has any of it. One alone is taken: the address of
// a journal with a password in OFFBOARD_JOURNAL, which [command.shell] leaves out of command lines.

// journalURL is the variable that may hold an address with a password.
const journalURL = "OFFBOARD_JOURNAL"

// writes are the flags of paths that need not be there.
var writes = []string{"journal", "debug-http", "report-dir", "metrics-file", "log", "reports"}

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
		if why := notShown(value, reads[name]); why != "" {
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
		ours := strings.HasPrefix(name, "OFFBOARD_") && !strings.HasPrefix(name, "OFFBOARD_TEST_") && !secret.MatchString(strings.ReplaceAll(name, "_", "-"))
		if !ours && !slices.Contains(plainVariables, name) || name == journalURL && databaseURL.MatchString(value) {
			continue
		}
		if why := notShown(value, reads[name]); why != "" {
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
	eachFlag(grammar(&cli{}, io.Discard, func(int) {}).Model.Node, "", func(_ string, f *kong.Flag) {
		if f.Tag.Type == "path" && !slices.Contains(writes, f.Name) {
			reads["--"+f.Name] = true
			for _, name := range f.Envs {
				reads[name] = true
			}
		}
	})
	return reads
})

// databaseURL matches the address of a journal that is no file.
var databaseURL = regexp.MustCompile(`^(?i)postgres(ql)?://`)

// notShown says why a value that was given is not taken, and not shown; "" takes it. File is
// whether it is to be the path of a file.
func notShown(value string, file bool) string {
	kind := trace.Kind(value)
	length := fmt.Sprintf("(%d characters, which are not shown)", utf8.RuneCountInString(value))
	switch {
	case databaseURL.MatchString(value) && kind != "":
		return fmt.Sprintf("has %s %s: give the whole address by the variable %s, or leave the password to PGPASSFILE", kind, length, journalURL)
	case strings.Contains(kind, "address"):
		return fmt.Sprintf("has %s %s: give it without", kind, length)
	case exists(value):
		return ""
	case kind != "":
		return fmt.Sprintf("looks like %s %s: if it is one, put it into a file that not everybody may read, and give the path of that", kind, length)
	case file && drawn(value):
		return fmt.Sprintf("names no file that exists, and may be a secret itself %s: give the path of a file; one in this directory as ./NAME", length)
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// ending is that of a file's name, and digits are many of base 16.
var (
	ending = regexp.MustCompile(`\.[A-Za-z][A-Za-z0-9]{0,6}$`)
	digits = regexp.MustCompile(`^[0-9a-f]{32,}$`)
)

// drawn reports whether a name looks as if it had been drawn by chance: 16 characters or
// more without a directory, with small letters, capitals and digits, or 32 digits of base 16.
func drawn(name string) bool {
	if len(name) < 16 || name != filepath.Base(name) || ending.MatchString(name) {
		return false
	}
	return strings.ContainsAny(name, "0123456789") && strings.ToLower(name) != name && strings.ToUpper(name) != name || digits.MatchString(name)
}
