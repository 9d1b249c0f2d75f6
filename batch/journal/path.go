package journal

import (
	"errors"
	"strings"
)

// DefaultPath is where the journal lies when nobody says otherwise: under the
// user's own state directory, as the system has it. On Windows that is the
// part of the profile that does not roam: see Caveats.
func DefaultPath(getenv func(string) string, goos string) (string, error) {
	home := getenv("HOME")
	switch goos {
	case "windows":
		if dir := getenv("LocalAppData"); dir != "" {
			return dir + `\offboard\journal.db`, nil
		}
		return "", errors.New("find state directory: %LocalAppData% is not set")
	case "darwin", "ios":
		if home != "" {
			return home + "/Library/Application Support/offboard/journal.db", nil
		}
	default:
		if dir := getenv("XDG_STATE_HOME"); strings.HasPrefix(dir, "/") { // its specification has relative paths ignored
			return strings.TrimRight(dir, "/") + "/offboard/journal.db", nil
		}
		if home != "" {
			return home + "/.local/state/offboard/journal.db", nil
		}
	}
	return "", errors.New("find state directory: $HOME is not set")
}
