package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offboard/batch/job"
)

// acting are characters that no text from a file may bring to a terminal.
func acting() []rune {
	rs := []rune{0x061c, 0x200e, 0x200f, 0x2028, 0x2029}
	for _, span := range [][2]rune{{0, 8}, {0x0b, 0x1f}, {0x7f, 0x9f}, {0x202a, 0x202e}, {0x2066, 0x2069}} {
		for r := span[0]; r <= span[1]; r++ {
			rs = append(rs, r)
		}
	}
	return rs
}

func TestVisible(t *testing.T) {
	for _, r := range acting() {
		var b bytes.Buffer
		fmt.Fprintf(&visible{w: &b}, "a%cb\n", r)
		if want := fmt.Sprintf("a\\u%04xb\n", r); b.String() != want {
			t.Errorf("%U comes out as %q, want %q", r, b.String(), want)
		}
		if s := printable("a" + string(r) + "b"); s != "a b" {
			t.Errorf("%U is printed as %q", r, s)
		}
	}
	for _, text := range []string{"plain\tand\nlines\n", "Zoë Désactivé 田中 👩\u200d💻 \u200c", "עברית"} {
		var b bytes.Buffer
		v := &visible{w: &b}
		for i := range len(text) { // cut in the middle of characters
			if n, err := v.Write([]byte{text[i]}); n != 1 || err != nil {
				t.Fatal(n, err)
			}
		}
		if b.String() != text {
			t.Errorf("%q comes out as %q", text, b.String())
		}
	}
	var b bytes.Buffer
	v := &visible{w: &b}
	io.WriteString(v, "a\xffb\x9bc\xc3")
	v.end()
	v.end()
	if want := "a\ufffdb\ufffdc\ufffd"; b.String() != want { // 9b alone is a control sequence to some terminals
		t.Errorf("bytes that are no text come out as %q, want %q", b.String(), want)
	}
}

// JSON says the same behind it as before it.
func TestVisibleJSON(t *testing.T) {
	for _, r := range acting() {
		want := "x" + string(r) + "é"
		var b bytes.Buffer
		if err := json.NewEncoder(&visible{w: &b}).Encode(map[string]string{"a": want}); err != nil {
			t.Fatal(err)
		}
		var got map[string]string
		if err := json.Unmarshal(b.Bytes(), &got); err != nil || got["a"] != want {
			t.Errorf("%U: %s, error %v", r, b.Bytes(), err)
		}
		if strings.ContainsRune(b.String(), r) {
			t.Errorf("%U is in %q", r, b.Bytes())
		}
	}
}

// An error is one line, whatever is in it.
func TestErrorIsOneLine(t *testing.T) {
	var b bytes.Buffer
	c := newCommand(world{stderr: &b, getenv: func(string) string { return "" }}, &cli{})
	c.fail(errors.Join(errors.New("open x\nDone: all of 3 rows"), job.ErrRefused))
	if want := "offboard: open x; Done: all of 3 rows; refused\n"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}

// Whatever a file, its name or a flag holds, no command brings it to the terminal
// as it is, on any way out, and no line of it stands alone there.
func TestNothingTalksToTheTerminal(t *testing.T) {
	const forged = "Done: all of 9 rows ended in success."
	evil := "\x1b[2J\x1b]0;t\a\u202egpj\u2066\u200f\u061c\u009b5m\u0085\x7f\r\n" + forged
	s := newScene(t, 2)
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cell := `"` + evil + `"`
	write("columns.csv", "colour,"+cell+"\nred,blue\n")
	write("cells.csv", "upn,note\nuser0@contoso.example,x\n"+cell+",y\n"+evil+"@contoso.example,z\nuser1@contoso.example,z\n")
	write("good.csv", "upn,Status\nuser0@contoso.example,"+cell+"\n")
	write("protect.txt", evil+"\n")
	write("bad.quota", evil+" 1 1s\n")
	write("bad.json", evil)
	write("two.csv", "upn\nuser0@contoso.example\n")
	at := []string{"--graph-url", s.url, "--max-percent", "0", "--yes", "--no-verify"}
	for _, args := range [][]string{
		append([]string{"run", "columns.csv"}, at...),
		append([]string{"run", "cells.csv", "--report-dir", "a"}, at...),
		append([]string{"run", "cells.csv", "--report-dir", "b", "--new", "--log-format", "json", "--verbose"}, at...),
		append([]string{"run", "cells.csv", "--report-dir", "c", "--new", "-o", "json"}, at...),
		append([]string{"run", evil}, at...),
		append([]string{"run", "good.csv", "--where", "Status=" + evil, "--report-dir", "d"}, at...),
		append([]string{"run", "good.csv", "--where", evil + "=x"}, at...),
		append([]string{"run", "good.csv", "--column", evil}, at...),
		append([]string{"run", "good.csv", "--since", evil}, at...),
		append([]string{"run", "good.csv", "--protect-group", evil}, at...),
		append([]string{"run", "good.csv", "--protect", "protect.txt"}, at...),
		append([]string{"run", "good.csv", "--quota-file", "bad.quota"}, at...),
		append([]string{"run", "good.csv", "--app", "bad.quota"}, at...),
		append([]string{"run", "good.csv", "--report-dir", "e" + evil}, at...),
		{"run", "good.csv", "--graph-url", "http://" + evil},
		{"run", "good.csv", "--" + evil},
		{"run", "good.csv", "--max-users", evil},
		{evil},
		{"apply", "bad.json", "--yes"},
		{"approve", "bad.json", "--key", "bad.json"},
		{"plan", "two.csv", "-o", "p" + evil, "--graph-url", s.url, "--max-percent", "0"},
		{"verify", "cells.csv", "--since", "2000-01-01T00:00:00Z", "--graph-url", s.url},
		{"verify", evil, "--graph-url", s.url},
		{"show", evil}, {"show", "--outcome", evil}, {"show", "--outcome", "failure"}, {"show", "--outcome", "failure", "-o", "json"},
		{"resume", evil}, {"report", evil},
		{"runs"}, {"runs", "-o", "json"}, {"runs", "--in-state", evil}, {"runs", "--older-than", evil}, {"runs", "--journal", evil + "/x"},
		{"history", evil}, {"history", "user0@contoso.example"}, {"history", "user0@contoso.example", "-o", "json"},
		{"simulate", evil}, {"simulate", "--listen", evil}, {"simulate", "two.csv", "--faults", evil},
	} {
		c := s.start(nil, args...)
		_, out := c.end(t)
		for _, r := range acting() {
			if strings.ContainsRune(out, r) {
				t.Errorf("%q: %U comes out in %q", args, r, out)
			}
		}
		for line := range strings.Lines(out) {
			if strings.HasPrefix(strings.TrimSpace(line), forged) {
				t.Errorf("%q: a line of the file's own in %q", args, out)
			}
		}
		if slices.Contains(args, "json") && !slices.Contains(args, "--log-format") && !json.Valid(c.stdout.Bytes()) {
			t.Errorf("%q: no JSON: %s", args, c.stdout.Bytes())
		}
	}
}
