package report

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// childDir makes the test's program a process that writes the report of run two there.
const childDir = "OFFBOARD_TEST_REPORT_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		e := leaverRun() // which has files that a report of sessions alone has not
		e.Plan.Run = "two"
		if _, err := Write(dir, &e, seq(leavers(), nil), Seal{}); err != nil {
			panic(err)
		}
		return
	}
	os.Exit(m.Run())
}

// A process that is killed while it writes a report into the directory of another
// run's leaves nothing that passes for a report and is none, and loses no file of the
// other run. Writing again completes it.
func TestKilledReport(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	whole := t.TempDir()
	reportOf(t, whole, "one")
	one := contents(t, whole)
	took, unfinished := time.Second, 0
	for i := 0; i < 30 || unfinished == 0 && i < 300; i++ {
		dir := t.TempDir()
		for name, text := range one {
			place(t, dir, text, name)
		}
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir)
		begun := time.Now()
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		over := make(chan struct{})
		switch {
		case i == 0: // it shows how long it takes
		case i%2 == 0:
			kill := time.AfterFunc(time.Duration(rng.Int64N(int64(took))), func() { _ = child.Process.Kill() })
			defer kill.Stop()
		default: // once the other run's seal is gone, which a random time may never meet
			go killWithout(filepath.Join(dir, manifestName), child.Process, over)
		}
		err := child.Wait()
		close(over)
		if i == 0 && err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			took = time.Since(begun)
		}

		lost := one
		for _, where := range append(asides(t, dir), dir) {
			switch err := check(where); {
			case errors.Is(err, fs.ErrNotExist):
				unfinished++ // without a seal, or with one whose files are not all there: both fail sha256sum -c
			case err != nil:
				t.Errorf("kill %d: %s: %v", i, filepath.Base(where), err)
			}
			for name, text := range contents(t, where) {
				if lost[name] == text {
					lost = without(lost, name)
				}
			}
		}
		if len(lost) > 0 {
			t.Errorf("kill %d: of run one's report %d files are lost", i, len(lost))
		}
		reportOf(t, dir, "two")
		if err := check(dir); err != nil || holder(t, dir) != "two" {
			t.Errorf("kill %d: written again: %v", i, err)
		}
		for _, name := range names(t, dir) {
			if strings.HasSuffix(name, ".tmp") || slices.Contains(sealed, name) || strings.HasPrefix(name, "offboard-") {
				continue
			}
			t.Errorf("kill %d: there is %s", i, name)
		}
	}
	if unfinished == 0 {
		t.Error("no kill came while files were moved or written")
	}
}

// killWithout kills the process as soon as there is no such file, unless it is over.
func killWithout(name string, process *os.Process, over <-chan struct{}) {
	for {
		select {
		case <-over:
			return
		default:
		}
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			_ = process.Kill()
			return
		}
	}
}

// asides are the directories that reports were moved to.
func asides(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "offboard-*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// contents are the texts of a report's files.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, name := range fileNames() {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			all[name] = string(text)
		}
	}
	return all
}

func without(all map[string]string, name string) map[string]string {
	rest := map[string]string{}
	for n, text := range all {
		if n != name {
			rest[n] = text
		}
	}
	return rest
}
