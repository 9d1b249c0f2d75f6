package job

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"offboard/batch/journal"
	"offboard/batch/planfile"
)

// Build says which program this is, and what it opens that another one wrote.
type Build struct {
	Version  string        `json:"version"`
	Revision string        `json:"revision"` // of the source; "" when it is not built in
	Date     string        `json:"date"`     // of the revision, RFC 3339
	Modified bool          `json:"modified"` // the source was not exactly that revision
	Go       string        `json:"go"`
	OS       string        `json:"os"`
	Arch     string        `json:"arch"`
	Journal  journal.Forms `json:"journal"`   // of the journals that it opens
	PlanFile int           `json:"plan_file"` // the newest version of plan files that it reads, and the one that it writes
}

// ThisBuild is that of a program with a version.
func ThisBuild(version string) Build {
	b := Build{Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Journal: journal.ItsForms, PlanFile: planfile.Version}
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// String is what people are told, behind the name of the program.
func (b Build) String() string {
	of, changed := "", ""
	if b.Date != "" {
		of = " of " + b.Date
	}
	if b.Modified {
		changed = " and changes"
	}
	return fmt.Sprintf("%s (revision %s%s%s, %s, %s/%s; journal %d, on PostgreSQL %d; plan file %d)", b.Version, cmp.Or(b.Revision, "unknown"), of, changed, b.Go, b.OS, b.Arch,
		b.Journal.SQLite, b.Journal.PostgreSQL, b.PlanFile)
}
