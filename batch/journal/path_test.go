package journal

import "testing"

func TestDefaultPath(t *testing.T) {
	for _, tt := range []struct {
		goos string
		env  map[string]string
		want string // "" is an error
	}{
		{"linux", map[string]string{"HOME": "/home/u"}, "/home/u/.local/state/offboard/journal.db"},
		{"linux", map[string]string{"HOME": "/home/u", "XDG_STATE_HOME": "/s/"}, "/s/offboard/journal.db"},
		{"linux", map[string]string{"HOME": "/home/u", "XDG_STATE_HOME": "rel"}, "/home/u/.local/state/offboard/journal.db"},
		{"freebsd", map[string]string{"XDG_STATE_HOME": "/s"}, "/s/offboard/journal.db"},
		{"linux", map[string]string{"HOME": "/home/u", "XDG_STATE_HOME": "/s/", "STATE_DIRECTORY": "/var/lib/offboard/:/var/lib/more"}, "/var/lib/offboard/journal.db"},
		{"linux", map[string]string{"HOME": "/home/u", "STATE_DIRECTORY": "rel"}, "/home/u/.local/state/offboard/journal.db"},
		{"darwin", map[string]string{"HOME": "/Users/u", "STATE_DIRECTORY": "/s"}, "/Users/u/Library/Application Support/offboard/journal.db"},
		{"linux", nil, ""},
		{"darwin", map[string]string{"HOME": "/Users/u", "XDG_STATE_HOME": "/s"},
			"/Users/u/Library/Application Support/offboard/journal.db"},
		{"darwin", nil, ""},
		{"windows", map[string]string{"LocalAppData": `C:\Users\u\AppData\Local`, "HOME": "/home/u"},
			`C:\Users\u\AppData\Local\offboard\journal.db`},
		{"windows", map[string]string{"HOME": "/home/u"}, ""},
	} {
		got, err := DefaultPath(func(k string) string { return tt.env[k] }, tt.goos)
		if got != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s, %v: %q, %v; want %q", tt.goos, tt.env, got, err, tt.want)
		}
	}
}
