package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// version is set by the release build.
var version = "dev"

// build says which program this is.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision"` // of the source; "" when it is not built in
	Modified bool   `json:"modified"` // the source was not exactly that revision
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func thisBuild() build {
	b := build{Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// String is what people are told.
func (b build) String() string {
	changed := ""
	if b.Modified {
		changed = " and changes"
	}
	return fmt.Sprintf("offboard %s (revision %s%s, %s, %s/%s)", b.Version, cmp.Or(b.Revision, "unknown"), changed, b.Go, b.OS, b.Arch)
}

// versionOptions are those of version, which has none.
type versionOptions struct{}

func (*versionOptions) tell(c *command) error { return c.answer(thisBuild(), "%s\n", thisBuild()) }

// showVersion is --version, which people try first.
type showVersion bool

// BeforeReset is called by kong before anything is checked, as for --help.
func (showVersion) BeforeReset(app *kong.Kong) error {
	_, err := fmt.Fprintln(app.Stdout, thisBuild())
	app.Exit(0)
	return err
}
