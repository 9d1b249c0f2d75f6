package journal

import (
	"strings"
	"testing"
)

// What is pasted around a URL does not make a file of it, and the error tells no password.
func TestURLIsBare(t *testing.T) {
	for path, wrong := range map[string]bool{
		"postgres://u:hunter2@db/x?sslmode=verify-full": false,
		"postgres://db/x?options='y'":                   false,
		"/var/lib/offboard/journal.db ":                 false,
		" postgres://u:hunter2@db/x":                    true,
		"postgres://u:hunter2@db/x\n":                   true,
		`"postgres://u:hunter2@db/x"`:                   true,
		"'postgresql://u:hunter2@db/x'":                 true,
		" 'postgres://u:hunter2@db/x' ":                 true,
		"\u201cpostgres://u:hunter2@db/x\u201d":         true,
		"<postgres://u:hunter2@db/x>":                   true,
	} {
		err := CheckURL(path)
		if (err != nil) != wrong || wrong && (!strings.HasSuffix(err.Error(), "://u@db/x") || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%q: %v", path, err)
		}
	}
}
