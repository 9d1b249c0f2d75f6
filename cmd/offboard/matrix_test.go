package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEveryEndingInEveryForm walks each command through its endings in each form of output:
// stdout is what was asked for and nothing else, and nothing is said twice.
func TestEveryEndingInEveryForm(t *testing.T) {
	for _, form := range []string{"", "--quiet", "-o json", "-o jsonl", "--log-format json", "-o json --log-format json", "-o jsonl --log-format json", "-o json --quiet"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, text := range map[string]string{"clean": "user1 user2", "some": "user1 nobody", "slow": "user1 user2 user4"} {
				text = "upn\n" + strings.ReplaceAll(text, " ", "@contoso.example\n") + "@contoso.example\n"
				if err := os.WriteFile(filepath.Join(dir, name+".csv"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			ran := func(line string) (exitCode, string, string) {
				var out, said bytes.Buffer
				args := append(strings.Fields(strings.ReplaceAll(line, "DIR", dir)), "--journal="+dir+"/journal.db")
				code := execute(t.Context(), world{args: args, stdin: strings.NewReader(""), stdout: &out, stderr: &said,
					getenv: func(string) string { return "" }, environ: func() []string { return nil }, width: func() int { return 80 }})
				return code, out.String(), said.String()
			}
			newest := func() string {
				_, out, _ := ran("runs -o json")
				var runs []struct{ Run string }
				if err := json.Unmarshal([]byte(out), &runs); err != nil || len(runs) == 0 {
					t.Fatalf("%v of %s", err, out)
				}
				return runs[0].Run
			}
			run := ""
			const simulated = " --simulate --no-simulate-quota --max-percent=0 --report-dir=DIR/out-{run}"
			for _, step := range []struct {
				line string
				code exitCode
			}{
				{"run DIR/clean.csv --yes" + simulated, 0},
				{"show", 0},
				{"history user1@contoso.example", 0},
				{"verify RUN", exitUsage},
				{"run DIR/some.csv --yes --steps=emergency" + simulated, 3},
				{"show", 0},
				{"undo RUN --dry-run" + simulated, 0},
				{"undo RUN --yes --max-users=1 --max-privileged=0 --protect=DIR/none" + simulated, exitUsage},
				{"undo RUN" + simulated, exitRefused},
				{"undo RUN --yes" + simulated, 0},
				{"show", 0},
				{"undo RUN --yes" + simulated, exitUsage}, // which names the undo
				{"run DIR/clean.csv --dry-run --new --include-undone" + simulated, 0},
				{"run DIR/some.csv --dry-run --new" + simulated, exitRefused}, // they got something back
				{"run DIR/some.csv --dry-run --new --include-undone" + simulated, 3},
				{"run DIR/clean.csv --yes --new --max-users=1" + simulated, exitRefused},
				{"run DIR/clean.csv --new" + simulated, exitRefused},
				{"run DIR/slow.csv --yes --deadline=1ns --include-undone" + simulated, exitStopped},
				{"show", 0},
				{"resume RUN --simulate --yes", exitUsage}, // which was refused
				{"show nosuch", exitUsage},
				{"runs", 0},
				{"runs --in-state=planned", 0},
				{"history nobody@contoso.com", 0},
				{"check DIR/clean.csv", 0},
				{"check DIR/clean.csv --column=nosuch", exitUsage},
				{"doctor DIR/clean.csv" + simulated, 0},
				{"doctor DIR/clean.csv --steps=disable" + simulated, exitSignIn},
				{"doctor --steps=nosuch" + simulated, exitUsage},
				{"nosuch", exitUsage},
				{"run", exitUsage},
			} {
				if strings.Contains(step.line, "RUN") && run == "" || strings.HasPrefix(step.line, "show") {
					run = newest()
				}
				line := strings.ReplaceAll(step.line, "RUN", run)
				code, out, said := ran(line + " " + form)
				run = ""
				jsonl := strings.Contains(form, "jsonl")
				carries := slices.Contains([]string{"run", "undo", "resume", "apply"}, strings.Fields(line)[0])
				if jsonl && !carries {
					step.code = exitUsage
				}
				if code != step.code {
					t.Errorf("%s: exit code %d, want %d\n%s\n%s", line, code, step.code, out, said)
				}
				if why := wrongForm(form, out, said, code); why != "" {
					t.Errorf("%s: %s\nSTDOUT\n%s\nSTDERR\n%s", line, why, out, said)
				}
			}
		})
	}
}

// wrongForm is what is wrong with the output of a command in a form; "" is nothing.
func wrongForm(form, out, said string, code exitCode) string {
	lines := func(text string) []string { return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }) }
	finished := func(text string) string {
		var last struct {
			Event string
			Exit  *exitCode
		}
		for _, line := range lines(text) {
			last.Event = ""
			if err := json.Unmarshal([]byte(line), &last); err != nil {
				return fmt.Sprintf("no JSON: %s", line)
			}
		}
		if last.Event != "finished" || last.Exit == nil || *last.Exit != code {
			return "it does not end with the event finished"
		}
		return ""
	}
	if strings.Contains(form, "--log-format json") {
		if why := finished(said); why != "" {
			return "stderr: " + why
		}
		said = ""
	}
	switch {
	case strings.Contains(form, "jsonl"):
		if why := finished(out); why != "" {
			return "stdout: " + why
		}
		out = ""
	case strings.Contains(form, "-o json"):
		d := json.NewDecoder(strings.NewReader(out))
		if err := d.Decode(new(any)); err != nil {
			return "stdout: " + err.Error()
		}
		if err := d.Decode(new(any)); err != io.EOF {
			return "stdout has more than one document"
		}
		out = ""
	}
	if strings.Contains(form, "--quiet") {
		for _, line := range lines(said) {
			if !strings.HasPrefix(line, "offboard: ") {
				return "said although it should be quiet: " + line
			}
		}
	}
	seen := map[string]bool{}
	for _, line := range lines(said + out) {
		if line = strings.TrimSpace(line); len(line) > 25 && seen[line] {
			return "said twice: " + line
		}
		seen[line] = true
	}
	return ""
}
