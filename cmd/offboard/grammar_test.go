package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"offboard/cmd/flagfile"
)

// Every command has a group and two examples that can be typed, and every flag of run
// is in a group.
func TestHelpOfEachCommand(t *testing.T) {
	model := grammar(&cli{}, io.Discard, func(int) {}).Model
	commands := map[string]bool{"runs": true}
	for _, leaf := range model.Leaves(true) {
		commands[strings.TrimPrefix(leaf.FullPath(), model.Name+" ")] = true
	}
	for command := range commands {
		a := abouts[command]
		if a.group == "" {
			t.Errorf("%s is in no group of help.go", command)
		}
		for _, example := range a.examples {
			words := strings.Fields(strings.ReplaceAll(strings.Split(example, " > ")[0], `"Last day"`, "Last_day"))
			if len(words) < 2 || words[0] != "offboard" || words[1] != strings.Fields(command)[0] {
				t.Errorf("%s: the example %q is of no such command", command, example)
				continue
			}
			if _, _, err := parse(&cli{}, io.Discard, words[1:]...); err != nil {
				t.Errorf("%s: %v", example, err)
			}
		}
	}
	for command := range abouts {
		if !commands[command] {
			t.Errorf("help.go tells of %s, which is no command", command)
		}
	}
	flags := map[string]bool{}
	flagfile.EachFlag(model.Node, "", func(command string, f *kong.Flag) {
		if flags[f.Name] = true; f.Group == nil && (command == "" || command == "run") {
			t.Errorf("%s --%s is in no group of help.go", command, f.Name)
		}
	})
	for _, g := range flagGroups {
		for _, name := range strings.Fields(g.names) {
			if !flags[name] {
				t.Errorf("the group %q of help.go has --%s, which is no flag", g.title, name)
			}
		}
	}
}

func TestCandidates(t *testing.T) {
	model := grammar(&cli{}, io.Discard, func(int) {}).Model
	for _, c := range []struct{ typed, begun, want string }{
		{"", "r", "run resume runs report"},
		{"runs", "p", "prune"},
		{"run x.csv", "--max-p", "--max-percent --max-privileged"},
		{"run --key", "m", "mail"},
		{"run --key =", "m", "mail"}, // as bash parts it
		{"run", "--key=m", "--key=mail"},
		{"run --yes", "--auth=cl", "--auth=cli"},
		{"-o json sh", "", "run check doctor campaign resume undo verify plan approve apply runs show history report simulate help completion man version"},
		{"run --report-dir run", "", ""}, // the file of run
		{"completion", "p", "powershell"},
		{"help", "exit", "exit-codes"},
		{"help", "ru", "run runs"},
		{"run", "/", ""},
	} {
		got := map[string]bool{}
		for _, found := range candidates(model.Node, strings.Fields(c.typed), c.begun) {
			got[found[0]] = true
		}
		want := strings.Fields(c.want)
		for _, w := range want {
			if !got[w] {
				t.Errorf("%q and %q: %q is missing in %v", c.typed, c.begun, w, got)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%q and %q: %v, want %v", c.typed, c.begun, got, want)
		}
	}
}

// The shells that are there take what completion prints, and get the candidates.
func TestCompletionInShells(t *testing.T) {
	for shell, script := range map[string]string{
		"bash": `source FILE; COMP_WORDS=(offboard run --max-p); COMP_CWORD=2; _offboard offboard --max-p run; echo "${COMPREPLY[@]}"
			COMP_WORDS=(offboard run --key = ""); COMP_CWORD=4; _offboard offboard "" =; echo "${COMPREPLY[@]}"; complete -p offboard`,
		"zsh": `autoload -U compinit; compinit -u -D; source FILE; _describe() { print -l -- $found }
			words=(offboard run --max-p) CURRENT=3; _offboard; words=(offboard run --key "") CURRENT=4; _offboard`,
		"fish": `source FILE; complete -C 'offboard run --max-p'; complete -C 'offboard run --key '`,
	} {
		t.Run(shell, func(t *testing.T) {
			program, err := exec.LookPath(shell)
			if err != nil {
				t.Skipf("%s is not installed", shell)
			}
			out, err := exec.Command("offboard", "completion", shell).Output()
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "completion")
			if err := os.WriteFile(file, out, 0o600); err != nil {
				t.Fatal(err)
			}
			out, err = exec.Command(program, "-c", strings.ReplaceAll(script, "FILE", file)).CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			for _, want := range []string{"--max-percent", "--max-privileged", "employee-id"} {
				if !bytes.Contains(out, []byte(want)) {
					t.Errorf("no %s in\n%s", want, out)
				}
			}
			if bytes.Contains(out, []byte("--max-users")) {
				t.Errorf("--max-users does not begin so:\n%s", out)
			}
		})
	}
}

// regexpEscapes are bold and underlined text of a terminal.
var regexpEscapes = regexp.MustCompile("\x1b\\[[0-9;]*m|.\x08")

// groff finds nothing to complain about in the manual page, and shows text as it is.
func TestManual(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed")
	}
	page, err := exec.Command("offboard", "man").Output()
	if err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	c := exec.Command(groff, "-man", "-Tascii", "-ww", "-rLL=300n")
	c.Stdin, c.Stderr = bytes.NewReader(page), &complaints
	shown, err := c.Output()
	if err != nil || complaints.Len() > 0 {
		t.Errorf("%v\n%s", err, complaints.Bytes())
	}
	plain := strings.Join(strings.Fields(regexpEscapes.ReplaceAllString(string(shown), "")), " ")
	for _, want := range []string{
		"offboard - contain Microsoft Entra users in bulk", `offboard run hr.csv --steps leaver --where Status=Terminated --date-column "Last day"`,
		"...#EXT#...@ is a guest", "--max-users=N Refuse a plan with more users", "7 locked: somebody else works", "AZURE_CLIENT_ID", "valid_from_after",
	} {
		if !strings.Contains(plain, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
}
