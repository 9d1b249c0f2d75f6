package main

import (
	"bytes"
	"database/sql"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var from = flag.String("from", "", "TestUpgrade and TestNights: another version of offboard, as a commit, such as HEAD~1, or a program that was built of it")

// otherVersion is the program of the flag from, built of its commit without a trace in the repository.
func otherVersion(t *testing.T) string {
	t.Helper()
	if info, err := os.Stat(*from); err == nil && info.Mode().IsRegular() {
		path, err := filepath.Abs(*from)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "offboard")
	for _, c := range []struct {
		in   string
		args []string
	}{
		{"../..", []string{"git", "archive", "--format=tar", "-o", dir + "/source.tar", *from}},
		{dir, []string{"tar", "-xf", "source.tar"}},
		{dir, []string{"go", "build", "-buildvcs=false", "-o", program, "./cmd/offboard"}},
	} {
		cmd := exec.Command(c.args[0], c.args[1:]...)
		cmd.Dir = c.in
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(c.args, " "), err, out)
		}
	}
	return program
}

// TestUpgrade has one version of offboard begin a run, which is killed in the middle, and
// another go on with it, after an upgrade and after a way back. Where the form of journals differs
// between them, the other one says so and leaves the journal as it is.
func TestUpgrade(t *testing.T) {
	if *from == "" {
		t.Skip("builds another version; -from HEAD~1")
	}
	const users, concurrency = 400, 4
	other := otherVersion(t)
	forms := map[string]int{} // of the journals that each makes
	for _, first := range []string{other, "offboard"} {
		s := newScene(t, users)
		s.program = first
		run := s.run(concurrency)
		if code, out := s.offboard(os.Kill, users/2, run...); code != -1 {
			t.Fatalf("%s: exit code %d\n%s", first, code, out)
		}
		path := filepath.Join(s.dir, "journal.db")
		forms[first] = formOf(t, path)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if s.program = other; first == other {
			s.program = ""
		}
		code, out := s.offboard(nil, 0, run...)
		if second := formMade(t, s); second != forms[first] {
			after, err := os.ReadFile(path)
			if code != 1 || !strings.Contains(out, "journal was made by another version of offboard") || err != nil || !bytes.Equal(after, before) {
				t.Errorf("%s after %s, whose journals have another form: exit code %d, journal changed: %v\n%s", s.program, first, code, !bytes.Equal(after, before), out)
			}
			continue
		}
		if code != 0 || !strings.Contains(out, "resuming run") {
			t.Fatalf("%s after %s: exit code %d\n%s", s.program, first, code, out)
		}
		if twice := s.twice("out"); twice > concurrency*20 {
			t.Errorf("%d users were sent twice, more than one kill x %d calls x 20", twice, concurrency)
		}
	}
}

// formMade is the number of the form of a journal that the scene's program makes.
func formMade(t *testing.T, s *scene) int {
	t.Helper()
	if code, out := s.offboard(nil, 0, "run", "in.csv", "--simulate", "--no-simulate-quota", "--no-verify", "--yes", "--max-percent=0", "--journal=new.db", "--report-dir=new"); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	defer os.Remove(filepath.Join(s.dir, "new.db")) // the scene has one journal
	return formOf(t, filepath.Join(s.dir, "new.db"))
}

// formOf reads it, whatever became of those who wrote the file.
func formOf(t *testing.T, path string) (form int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err == nil {
		err = errors.Join(db.QueryRow("PRAGMA user_version").Scan(&form), db.Close())
	}
	if err != nil || form == 0 {
		t.Fatalf("%s: form %d, error %v", path, form, err)
	}
	return form
}
