package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"offboard/batch/graphsim"
	"offboard/batch/journal"
)

// offboardWithin runs the program where no file may grow beyond so many blocks of
// 512 bytes, which is a full disk to everything but the report. It gives the exit
// code and what was printed.
func (s *scene) offboardWithin(blocks int, args ...string) (code int, out string) {
	s.t.Helper()
	sh := []string{"-c", fmt.Sprintf(`trap "" XFSZ; ulimit -f %d; exec offboard "$@"`, blocks), "sh"}
	cmd := exec.Command("sh", append(sh, args...)...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "OFFBOARD_ACCESS_TOKEN=T", "OFFBOARD_JOURNAL="+filepath.Join(s.dir, "journal.db"))
	text, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// written is how many users the tenant has executed a write for.
func (s *scene) written() (n int) {
	for _, p := range s.cast {
		id := graphsim.IDFor(p.upn)
		if u, _ := s.tenant.User(id); u.Writes > 0 {
			n++
		}
	}
	return n
}

// outcomes are the report's, by object id.
func (s *scene) outcomes() map[string]string {
	s.t.Helper()
	f, err := os.Open(filepath.Join(s.dir, "out", "report.csv"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	by := map[string]string{}
	for _, r := range rows[1:] {
		by[r[2]] = r[5]
	}
	return by
}

// A disk that fills up while users are sent: the run ends, says which file and
// what to do, and claims nothing that is not so. With room again the same command
// goes on.
func TestFullDisk(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no ulimit there")
	}
	s := newScene(t, 1000)
	journal := filepath.Join(s.dir, "journal.db")
	run := []string{"run", "in.csv", "--yes", "--max-users", "0", "--graph-url", s.url, "--concurrency", "4", "--report-dir", "out"}
	code, out := s.offboardWithin(1200, run...)
	if code != 1 || !strings.Contains(out, journal) || !strings.Contains(out, "next: free space on the journal's disk") || !strings.Contains(out, "Resume with: offboard resume") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	if n := s.written(); n == 0 || n == len(s.cast) {
		t.Fatalf("%d users were written; the disk should fill up in the middle\n%s", n, out)
	}
	told := s.outcomes()
	for _, p := range s.cast {
		id := graphsim.IDFor(p.upn)
		u, _ := s.tenant.User(id)
		if o := told[id]; u.Writes == 0 && o != "not_sent" && o != "unsettled" || u.Writes > 0 && o == "not_sent" {
			t.Errorf("%s was written %d times and is told as %q", u.UPN, u.Writes, o)
		}
	}
	if code, out = s.offboard(nil, 0, run...); code != 0 || !strings.Contains(out, "resuming run") {
		t.Fatalf("with room again: exit code %d\n%s", code, out)
	}
	if n := s.twice("out"); n > 4*20 {
		t.Errorf("%d users were sent twice, more than 4 calls x 20", n)
	}
}

// A disk that is full from the start: nobody is written to.
func TestFullDiskAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no ulimit there")
	}
	for _, blocks := range []int{0, 40, 300} { // no file, half a schema, half a plan
		s := newScene(t, 1000)
		s.refused(s.offboardWithin(blocks, "run", "in.csv", "--yes", "--max-users", "0", "--graph-url", s.url))
	}
}

// refused holds what a journal that cannot be used comes to: exit code 1, the
// file, the next step, and nothing written to the tenant.
func (s *scene) refused(code int, out string) {
	s.t.Helper()
	if code != 1 || !strings.Contains(out, filepath.Join(s.dir, "journal.db")) || !strings.Contains(out, "offboard: next: ") {
		s.t.Errorf("exit code %d\n%s", code, out)
	}
	if n := s.written(); n > 0 {
		s.t.Errorf("%d users were written to", n)
	}
}

// A journal that cannot be written, or is not this program's.
func TestUnusableJournal(t *testing.T) {
	for name, spoil := range map[string]func(s *scene, journal string) error{
		"read-only file": func(s *scene, journal string) error {
			return errors.Join(os.WriteFile(journal, nil, 0o400), s.unprivileged())
		},
		"read-only directory": func(s *scene, journal string) error {
			return errors.Join(s.unprivileged(), os.Chmod(s.dir, 0o500))
		},
		"directory in its place":            func(_ *scene, journal string) error { return os.Mkdir(journal, 0o700) },
		"directory in the place of its log": func(_ *scene, journal string) error { return os.Mkdir(journal+"-wal", 0o700) },
		"another format": func(_ *scene, journal string) error {
			return os.WriteFile(journal, []byte("upn\nkim@contoso.example\n"), 0o600)
		},
		"another version": func(_ *scene, path string) error {
			store, err := journal.Open(t.Context(), path)
			if err != nil {
				return err
			}
			if err := store.Close(); err != nil {
				return err
			}
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt([]byte{0, 0, 0, 99}, 60) // user_version (sqlite.org/fileformat2.html, 1.3)
			return errors.Join(err, f.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 20)
			if err := spoil(s, filepath.Join(s.dir, "journal.db")); err != nil {
				t.Fatal(err)
			}
			defer os.Chmod(s.dir, 0o700) // so that it can be removed
			s.refused(s.offboard(nil, 0, "run", "in.csv", "--yes", "--graph-url", s.url))
		})
	}
}

// unprivileged skips where modes do not hold.
func (s *scene) unprivileged() error {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		s.t.Skip("modes do not hold here")
	}
	return nil
}
