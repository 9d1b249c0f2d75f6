package main

import (
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
)

// A reader that closes the pipe, as head does, is no error of the command line.
func TestHelpIntoAClosedPipe(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"run", "--help"}} {
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reader.Close()
		c := &child{Cmd: exec.Command("offboard", args...)}
		c.Cmd.Stdout, c.Cmd.Stderr = writer, &c.stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		writer.Close()
		if code, out := c.end(t); code != 0 || out != "" {
			t.Errorf("%q: exit code %d, want 0 and no word of it\n%s", args, code, out)
		}
	}
}

// Each topic has a text, each file of texts is used, and what a text or the README names
// by "offboard help" is there.
func TestTopicsAreThere(t *testing.T) {
	known := slices.Collect(maps.Keys(abouts))
	c := newCommand(world{}, &cli{})
	c.parsed, _, _ = parse(c.cli, io.Discard, "version")
	var told string
	for _, topic := range topics {
		known = append(known, topic.name)
		told += topic.text(c)
	}
	files, err := texts.ReadDir("topics")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if text := prose(strings.TrimSuffix(f.Name(), ".txt")); !strings.Contains(told, text) && !slices.ContainsFunc(slices.Collect(maps.Values(abouts)), func(a about) bool { return strings.Contains(a.text, text) }) {
			t.Errorf("topics/%s is told by no topic and no command", f.Name())
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`offboard\s+help\s+([a-z-]+)`).FindAllStringSubmatch(told+string(readme), -1) {
		if !slices.Contains(known, m[1]) {
			t.Errorf("the help or the README names offboard help %s, which is not there", m[1])
		}
	}
}

// Why a run stops for proofs that come late, and what to do, is told with the same words
// where the run ends, in the help and in the README.
func TestLateProofIsToldAlike(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"README.md": string(readme), "the help": exitCodes} {
		if text = strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "`", ""); !strings.Contains(text, "also when groups and licences wait for "+batch.LateProof) {
			t.Errorf("%s does not say that exit 6 comes when groups and licences wait for %s", where, batch.LateProof)
		}
	}
}
