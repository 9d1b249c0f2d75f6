package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"offboard/batch/graphsim"
	"offboard/cmd/flagfile"
)

// A secret in the place of a path, or in an address, is refused by every flag, variable and file
// that takes values, and no output has any of it. What is a path is named, also where it leads nowhere.
func TestSecretsAreNotRepeated(t *testing.T) {
	d := newBooth(t, 1, graphsim.Config{NoQuota: true})
	kinds := map[string]string{
		"xY18Q~HUSHabcdefghijklmnopqrstuvwxyz0": "looks like a client secret (37 characters",
		"eyJhbGciOiJub25lIn0.eyJIVVNIIjoxfQ.c2": "looks like a token (37 characters",
		"-----BEGIN PRIVATE KEY-----\nHUSH":     "looks like a private key or certificate (32 characters",
		"https://user:HUSH@db.example":          "has a user and password in an address (28 characters",
		"postgres://u:HUSH@db.example/x":        "give the whole address by the variable OFFBOARD_JOURNAL",
		"https://x.example/c?sig=HUSH":          "has a password or key in an address (28 characters",
	}
	const random = "HushR4nd0mLettersAndDigits"
	hidden := func(what, out string, code exitCode, value, names, says string) {
		t.Helper()
		for _, part := range []string{value, "HUSH", "Hush", "HVVNI", "eyJIV", "8Q~"} {
			if strings.Contains(out, part) {
				t.Errorf("%s: %q is shown\n%s", what, part, out)
			}
		}
		if code != 2 || !strings.Contains(out, names) || !strings.Contains(strings.Join(strings.Fields(out), " "), says) {
			t.Errorf("%s: exit code %d, want 2, %q and %q\n%s", what, code, names, says, out)
		}
	}
	flagfile.EachFlag(grammar(&cli{}, nil, func(int) {}).Model.Node, "", func(command string, f *kong.Flag) {
		if f.IsBool() || command != "run" && command != "" && command != "approve" && command != "campaign" {
			return
		}
		at := strings.Fields(command)
		if command == "" {
			at = []string{"run"}
		}
		for value, says := range kinds {
			code, out := d.offboard(append(at, "--"+f.Name, value)...)
			hidden(command+" --"+f.Name, out, code, value, "--"+f.Name, says)
		}
		if made := f.Name == "journal" || f.Name == "debug-http" || f.Name == "report-dir" || f.Name == "metrics-file"; f.Tag.Type == "path" && !made {
			code, out := d.offboard(append(at, "--"+f.Name+"="+random)...)
			hidden(command+" --"+f.Name, out, code, random, "--"+f.Name, "names no file that exists, and may be a secret itself (26 characters")
		}
	})
	for value, says := range kinds {
		code, out := d.offboard("run", value)
		hidden("a word", out, code, value, "a word of the command line", says)
		if strings.Contains(value, "\n") {
			continue
		}
		for _, name := range []string{"OFFBOARD_APP", "OFFBOARD_GRAPH_URL", "OFFBOARD_RUNS_PRUNE_REPORTS", "OFFBOARD_AUTH", "AZURE_CLIENT_ID"} {
			t.Setenv(name, value)
			code, out := d.offboard("run", "DIR/in.csv")
			hidden(name, out, code, value, "the variable "+name, says)
			os.Unsetenv(name)
		}
		for name, text := range map[string]string{"config.yaml": "app: " + value + "\n", "campaign.yaml": "tenants:\n  - name: a\n    tenant: contoso.com\n    file: in.csv\n    ca-file: '" + value + "'\n"} {
			path := filepath.Join(d.dir, name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			args := []string{"campaign", path, "--dry-run"}
			if name == "config.yaml" {
				args = []string{"run", "DIR/in.csv", "--config", path}
			}
			code, out := d.offboard(args...)
			hidden(name, out, code, value, "line ", says)
		}
	}
	for _, c := range []struct{ flag, value string }{
		{"--ca-file", "corporate-root"}, {"--ca-file", "corporate-root-2026.pem"}, {"--app", "no/Such4Directory/SecondApp1.env"}, {"--sign-in", "./HushR4nd0mLettersAndDigits"}, {"--protect", "breakglass-accounts-2026"}, {"--notify-file", "hook"},
	} {
		if code, out := d.offboard("run", "DIR/in.csv", "--yes", c.flag, c.value); code == 0 || !strings.Contains(out, filepath.Base(c.value)) {
			t.Errorf("%s %s: exit code %d\n%s", c.flag, c.value, code, out)
		}
	}
}

// A journal's address with a password stands in no command line that is printed to be pasted:
// that takes it from the variable.
func TestJournalOfTheVariable(t *testing.T) {
	const address = "postgres://ada:HUSH@db.example/offboard"
	c := &command{cli: &cli{Journal: address}, facts: &facts{}}
	c.parsed, _, _ = parse(c.cli, nil, "runs")
	c.cli.Journal = address
	c.args = []string{"runs", "--journal", address}
	for _, got := range []string{c.Typed("resume", "R"), c.onceMore()} {
		if !strings.HasPrefix(got, `OFFBOARD_JOURNAL="$OFFBOARD_JOURNAL" offboard r`) || strings.Contains(got, "--journal") || strings.Contains(got, "HUSH") {
			t.Errorf("to be pasted: %s", got)
		}
	}
	t.Setenv("OFFBOARD_JOURNAL", address)
	t.Setenv("OFFBOARD_SIGN_IN", "/run/app.env")
	t.Setenv("OFFBOARD_APP", "xY18Q~HUSHabcdefghijklmnopqrstuvwxyz0") // help helps all the same
	d := newBooth(t, 1, graphsim.Config{})
	if _, out := d.offboard("help", "environment"); strings.Contains(out, "HUSH") || !strings.Contains(out, "OFFBOARD_JOURNAL is set") || !strings.Contains(out, "OFFBOARD_APP is set") || !strings.Contains(out, "OFFBOARD_SIGN_IN=/run/app.env") {
		t.Errorf("what is set: %s", out)
	}
}
