package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// With -o jsonl stdout has the lines of report.jsonl, each once, and last the end.
func TestLinesAsTheySettle(t *testing.T) {
	for _, c := range []struct {
		args string
		code exitCode
		rows int
	}{
		{mayRun, 0, 3},
		{strings.ReplaceAll(mayRun, "in.csv", "more.csv"), 3, 2},
		{mayRun + " --steps=disable,revoke", 0, 3},
		{strings.ReplaceAll(mayRun, "in.csv", "more.csv") + " --dry-run", 3, 2},
		{mayRun + " --max-users=1", 4, 0},
		{mayRun + " --nosuch", 2, -1},
		{"runs", 2, 0},
	} {
		d, _ := newHook(t, 200)
		code, stdout, stderr := d.streams(append(strings.Fields(c.args), "-o", "jsonl")...)
		lines := strings.SplitAfter(strings.TrimSuffix(stdout, "\n"), "\n")
		if code != c.code || len(lines) != max(1, c.rows+1) {
			t.Errorf("%s: exit code %d, %d lines\n%s\n%s", c.args, code, len(lines), stdout, stderr)
			continue
		}
		if c.rows < 0 { // its words could not be read
			continue
		}
		if report, err := os.ReadFile(filepath.Join(d.dir, "out", "report.jsonl")); c.code != 4 && c.rows > 1 {
			if err != nil || len(report) != len(strings.Join(lines[:c.rows], "")) {
				t.Errorf("%s: the report is %s, %v, and the lines are\n%s", c.args, report, err, stdout)
			}
			for _, l := range lines[:c.rows] {
				if !bytes.Contains(report, []byte(l)) {
					t.Errorf("%s: the report has no %s", c.args, l)
				}
			}
		}
		var end struct {
			Event string
			Exit  int
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &end); err != nil || end.Event != "finished" || end.Exit != int(code) {
			t.Errorf("%s: the end is %s, %v", c.args, lines[len(lines)-1], err)
		}
	}
}

// broken is a reader that goes after the first line.
type broken struct{ wrote int }

func (b *broken) Write(p []byte) (int, error) {
	if b.wrote++; b.wrote > 1 {
		return 0, errors.New("broken pipe")
	}
	return len(p), nil
}

// A reader who goes stops no write, and changes no exit code; one who takes nothing holds
// up no write and no report.
func TestReaderOfLines(t *testing.T) {
	d, bodies := newHook(t, 200)
	var said bytes.Buffer
	w := world{stdin: strings.NewReader(""), stderr: &said, network: d.network, getenv: func(string) string { return "" }, environ: func() []string { return d.environ }}
	w.args = strings.Fields(strings.ReplaceAll(mayRun+" -o jsonl --journal=DIR/journal.db --notify-file=DIR/hook", "DIR/", d.dir+"/"))
	w.stdout = &broken{}
	if code := execute(t.Context(), w); code != 0 || !strings.Contains(<-bodies, `"success":3`) || !strings.Contains(said.String(), "note     standard output was not read to its end, and the run went on") {
		t.Errorf("exit code %d\n%s", code, said.String())
	}

	d, _ = newHook(t, 200)
	never, full := io.Pipe()
	defer never.Close()
	w.network, w.stdout, w.stderr = d.network, full, d
	w.args = strings.Fields(strings.ReplaceAll(mayRun+" -o jsonl --journal=DIR/journal.db", "DIR/", d.dir+"/"))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan exitCode)
	go func() { ended <- execute(ctx, w) }()
	for { // until the report is complete
		if _, err := os.Stat(filepath.Join(d.dir, "out", "report.sha256")); err == nil {
			break
		}
		select {
		case code := <-ended:
			t.Fatalf("exit code %d before its lines were read", code)
		default:
		}
	}
	stop()
	if code := <-ended; code != 0 || d.writes() != 3 {
		t.Errorf("exit code %d, %d writes", code, d.writes())
	}

	// A dry run, which has no other writes, can be stopped as well.
	d, _ = newHook(t, 200)
	slow, full := io.Pipe()
	defer slow.Close()
	w.network, w.stdout, w.stderr = d.network, full, d
	w.args = strings.Fields(strings.ReplaceAll(mayRun+" --dry-run -o jsonl --journal=DIR/journal.db", "DIR/in.csv", d.dir+"/more.csv"))
	w.args = strings.Fields(strings.ReplaceAll(strings.Join(w.args, " "), "DIR/", d.dir+"/"))
	ctx, stop = context.WithCancel(t.Context())
	defer stop()
	go func() { ended <- execute(ctx, w) }()
	if _, err := slow.Read(make([]byte, 1)); err != nil { // its first line, and no more
		t.Fatal(err)
	}
	stop()
	<-ended
}
