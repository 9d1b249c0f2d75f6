package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A person is asked about people who stay, with the counts, before anything is
// planned; --yes is no answer, and what was answered stands in the plan.
func TestPeopleWhoStayAreAskedAbout(t *testing.T) {
	for _, c := range []struct {
		answer string
		flags  []string
		code   exitCode
		asked  bool
	}{
		{"y\n", []string{"--yes"}, exitDone, true},
		{"n\n", []string{"--yes"}, exitRefused, true},
		{"\n", nil, exitRefused, true},
		{"n\n", []string{"--yes", "--all-rows"}, exitDone, false},
		{"n\n", []string{"--yes", "--where", "Status=Left"}, exitDone, false},
	} {
		dir := t.TempDir()
		in := filepath.Join(dir, "in.csv")
		if err := os.WriteFile(in, []byte("upn,Status\nada@contoso.example,Active\nbob@contoso.example,Left\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, said bytes.Buffer
		code := execute(t.Context(), world{
			args:  append([]string{"run", in, "--simulate", "--journal", filepath.Join(dir, "j.db"), "--report-dir", filepath.Join(dir, "out")}, c.flags...),
			stdin: strings.NewReader(c.answer), stdout: &out, stderr: &said, asks: true, width: func() int { return 80 },
			getenv: func(string) string { return "" }, environ: func() []string { return nil },
		})
		asked := strings.Contains(said.String(), "note     by the file, some of its people stay: column \"Status\", 1 of 2 rows (Active; line 2: ada@contoso.example)\n") &&
			strings.Contains(said.String(), "\nTake all rows, of people who stay too? [y/N] ")
		planned := strings.Contains(said.String(), "\nstep     revoke")
		if code != c.code || asked != c.asked || planned != (code == exitDone) {
			t.Errorf("%q %q: exit code %d, asked %v, planned %v\n%s%s", c.answer, c.flags, code, asked, planned, said.String(), out.String())
		}
		if c.asked && code == exitDone && !strings.Contains(said.String(), "people who stay: column \"Status\", 1 of 2 rows (Active; line 2: ada@contoso.example) (taken all the same, by the person asked)") {
			t.Errorf("the plan does not say so:\n%s", out.String())
		}
	}
}
