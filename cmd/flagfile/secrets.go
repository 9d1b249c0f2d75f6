package flagfile

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"offboard/batch/trace"
)

// JournalURL is the variable that may hold an address with a password.
const JournalURL = "OFFBOARD_JOURNAL"

// Writes are the flags of paths that need not be there.
var Writes = []string{"journal", "debug-http", "report-dir", "metrics-file", "log", "reports"}

// DatabaseURL matches the address of a journal that is no file.
var DatabaseURL = regexp.MustCompile(`^(?i)postgres(ql)?://`)

// NotShown says why a value that was given is not taken, and not shown; "" takes it. File is
// whether it is to be the path of a file.
func NotShown(value string, file bool) string {
	kind := trace.Kind(value)
	length := fmt.Sprintf("(%d characters, which are not shown)", utf8.RuneCountInString(value))
	switch {
	case DatabaseURL.MatchString(value) && kind != "":
		return fmt.Sprintf("has %s %s: give the whole address by the variable %s, or leave the password to PGPASSFILE", kind, length, JournalURL)
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
