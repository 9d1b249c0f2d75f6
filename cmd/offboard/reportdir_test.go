package main

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// A working directory in which nothing can be made, as cron and containers have
// it: refused before anybody is written to, by run, apply and resume.
func TestUnwritableWorkingDirectory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc there")
	}
	const nowhere = "/proc" // unwritable to root, too
	s := newScene(t, 20)
	in, plan := filepath.Join(s.dir, "in.csv"), filepath.Join(s.dir, "plan.json")
	if code, out := s.offboard(nil, 0, "plan", "in.csv", "-o", plan, "--graph-url", s.url); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	for _, args := range [][]string{{"run", in}, {"apply", plan}} {
		c := s.prepare(nil, append(args, "--yes", "--graph-url", s.url)...)
		c.Dir = nowhere
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if code, out := c.end(t); code != 4 || !strings.Contains(out, "--report-dir") || s.written() > 0 {
			t.Errorf("%s: exit code %d, %d users were written\n%s", args[0], code, s.written(), out)
		}
	}
	if code, out := s.offboard(os.Kill, 10, append(s.run(1), "--report-dir", "out")...); code != -1 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	before := s.tenant.Stats().Writes
	if code, out := s.offboard(nil, 0, "resume", "--yes", "--graph-url", s.url, "--report-dir", "in.csv"); code != 4 || s.tenant.Stats().Writes != before {
		t.Errorf("resume: exit code %d\n%s", code, out)
	}
	if code, out := s.offboard(nil, 0, "resume", "--yes", "--graph-url", s.url, "--report-dir", "out"); code != 0 {
		t.Errorf("resume elsewhere: exit code %d\n%s", code, out)
	}
}

// A report directory that goes bad while users are sent: the run is finished, and
// what is printed writes its report.
func TestReportDirectoryGoneBad(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no sh there")
	}
	s := newScene(t, 40)
	held, release := s.hold()
	c := s.begin(append(s.run(2), "--journal", filepath.Join(s.dir, "our own.db"))...)
	s.await(held, 2)
	dir := filepath.Join(s.dir, "out")
	if err := os.Remove(dir); err != nil { // empty
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	release()
	code, out := c.end(t)
	line := regexp.MustCompile(`this writes it: (.*)`).FindStringSubmatch(out)
	if code != 1 || line == nil || strings.Contains(out, "Resume with") || !strings.Contains(out, "State     finished") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if code, out := s.pasted(strings.Replace(line[1], "DIR", "elsewhere", 1)); code != 0 {
		t.Errorf("%s: exit code %d\n%s", line[1], code, out)
	}
	if n := s.twice("elsewhere"); n != 0 {
		t.Errorf("%d users were sent twice", n)
	}
}

// sealed reports whether a report has its report.sha256, holds the files against it,
// and its digest against the journal's.
func (s *scene) sealed(dir string) bool {
	s.t.Helper()
	manifest, err := os.ReadFile(filepath.Join(s.dir, dir, "report.sha256"))
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(manifest)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		text, err := os.ReadFile(filepath.Join(s.dir, dir, name))
		if is := fmt.Sprintf("%x", sha256.Sum256(text)); err != nil || is != sum {
			s.t.Errorf("%s/%s has the digest %s, error %v, and report.sha256 has %s", dir, name, is, err, sum)
		}
	}
	var journals []string
	err = filepath.WalkDir(s.dir, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".db" {
			journals = append(journals, path)
		}
		return err
	})
	if err != nil || len(journals) != 1 {
		s.t.Fatalf("journals %q, error %v", journals, err)
	}
	db, err := sql.Open("sqlite", journals[0])
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	var runs int
	if err := db.QueryRow("SELECT count(*) FROM reports JOIN runs ON runs.id = reports.run WHERE sha256 = ?", fmt.Sprintf("%x", sha256.Sum256(manifest))).Scan(&runs); err != nil || runs != 1 {
		s.t.Errorf("the digest of %s/report.sha256 stands in the journal %d times, error %v", dir, runs, err)
	}
	return true
}

// The report of a resumed run says who carried out each session, and keeps the key of
// the first.
func TestSessions(t *testing.T) {
	s := newScene(t, 40)
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("no ssh-keygen here")
	}
	key := filepath.Join(s.dir, "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if code, out := s.offboard(os.Kill, 20, append(s.run(1), "--sign-key", key)...); code != -1 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if s.sealed("out") {
		t.Error("a killed run has a whole report")
	}
	if code, out := s.offboard(nil, 0, "resume", "--yes", "--graph-url", s.url); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if !s.sealed("out") {
		t.Error("a finished run has no whole report")
	}
	if _, err := os.Stat(filepath.Join(s.dir, "out", "report.sha256.sig")); err != nil {
		t.Errorf("the resumed run is not signed: %v", err)
	}
	var doc struct {
		Operator map[string]*string
		Sessions []struct{ By string }
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "out", "run.json"))
	if err := errors.Join(err, json.Unmarshal(text, &doc)); err != nil {
		t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	osUser := me.Username
	by := "; " + osUser + " on " + host
	if len(doc.Sessions) != 2 || !strings.HasSuffix(doc.Sessions[0].By, by) || !strings.HasSuffix(doc.Sessions[1].By, by) {
		t.Errorf("the sessions are %+v", doc.Sessions)
	}
	if u, h := doc.Operator["os_user"], doc.Operator["host"]; u == nil || h == nil || *u != osUser || *h != host {
		t.Errorf("the operator is %v", doc.Operator)
	}
}
