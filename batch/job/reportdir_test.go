package job

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"offboard/batch"
)

func TestReportDir(t *testing.T) {
	p := batch.Plan{Run: "r1", Created: time.Date(2026, 11, 26, 12, 0, 0, 0, time.Local)}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{
		"":                    filepath.Join(here, "offboard-r1"),
		"out":                 filepath.Join(here, "out"),
		"{date}/of-{run}":     filepath.Join(here, "2026-11-26", "of-r1"),
		"{run}-{run}/{other}": filepath.Join(here, "r1-r1", "{other}"),
	} {
		if got, err := alone().reportDir(flag, p); got != want || err != nil {
			t.Errorf("%q is %s, error %v; want %s", flag, got, err, want)
		}
	}
}
