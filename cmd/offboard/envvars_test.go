package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"offboard/cmd/flagfile"
)

// Every flag of the whole grammar has the variable that the rule gives it, no
// variable means two things, and none approves, deletes or undoes unasked.
func TestEnvironmentVariables(t *testing.T) {
	k, err := kong.New(&cli{}, kong.DefaultEnvars("OFFBOARD"))
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]string{}        // by command and flag
	means := map[string]*kong.Flag{} // by variable
	yes := map[string]bool{"run": true, "doctor": true, "resume": true, "apply": true}
	flagfile.EachFlag(k.Model.Node, "", func(command string, f *kong.Flag) {
		at := strings.TrimSpace(command + " --" + f.Name)
		switch n := len(f.Envs); {
		case f.Name == "help", f.Name == "user" && command != "undo", f.Name == "version", f.Name == "despite-later", f.Name == "include-undone", f.Name == "yes" && !yes[command]:
			if n > 0 {
				t.Errorf("%s has %v, and must have none", at, f.Envs)
			}
			return
		case n != 1:
			t.Errorf("%s has the variables %v", at, f.Envs)
			return
		}
		name := f.Envs[0]
		plain := "OFFBOARD_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		prefixed := "OFFBOARD_" + strings.ToUpper(strings.NewReplacer("-", "_", " ", "_").Replace(command+" "+f.Name))
		if name != plain && (name != prefixed || command == "" || command == "run") {
			t.Errorf("%s has %s", at, name)
		}
		if other := means[name]; other != nil && (other.Help != f.Help || other.Target.Type() != f.Target.Type() || other.Default != f.Default) {
			t.Errorf("%s means %q, and as %s %q", name, other.Help, at, f.Help)
		}
		of[at], means[name] = name, f
	})
	for at, want := range map[string]string{
		"--journal":            "OFFBOARD_JOURNAL",
		"run --yes":            "OFFBOARD_YES",
		"resume --yes":         "OFFBOARD_YES",
		"run --key":            "OFFBOARD_KEY",
		"verify --key":         "OFFBOARD_KEY",
		"approve --key":        "OFFBOARD_APPROVE_KEY",
		"run --since":          "OFFBOARD_SINCE",
		"plan --since":         "OFFBOARD_SINCE",
		"verify --since":       "OFFBOARD_VERIFY_SINCE",
		"run --dry-run":        "OFFBOARD_DRY_RUN",
		"runs prune --dry-run": "OFFBOARD_RUNS_PRUNE_DRY_RUN",
		"simulate --column":    "OFFBOARD_SIMULATE_COLUMN",
		"report --report-dir":  "OFFBOARD_REPORT_DIR",
		"apply --approvals":    "OFFBOARD_APPROVALS",
	} {
		if of[at] != want {
			t.Errorf("%s has %q, want %s", at, of[at], want)
		}
	}
}
