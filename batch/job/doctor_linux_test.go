package job

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"offboard/batch"
)

// A directory whose disk has no room is in trouble, although a file can be made in it; so is one with
// less room than the report of so many rows needs.
func TestDoctorOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("a small disk needs a privilege: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	d := &doctor{job: alone().newJob(&Connection{}, &Execution{Reporting: Reporting{ReportDir: filepath.Join(dir, "out")}}), steps: []batch.Step{batch.Revoke}}
	look := func(want Health, words string) {
		t.Helper()
		if got := d.reports(t.Context()); got.State != want || !strings.Contains(got.Seen, words) {
			t.Errorf("with %d rows: %+v, want %s with %q", d.rows, got, want, words)
		}
	}
	look(Well, "can be written")
	d.rows = 1000
	look(Trouble, "256 KB left on its disk, and 1,000 rows in 1 step needs about")
	d.rows = 1
	for _, n := range []int{1 << 20, 1} { // every page is taken
		_ = os.WriteFile(filepath.Join(dir, strings.Repeat("x", n%9+1)), make([]byte, n), 0o600)
	}
	look(Trouble, "could not be written")
}
