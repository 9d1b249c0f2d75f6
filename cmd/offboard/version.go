package main

import (
	"fmt"

	"offboard/batch/job"

	"github.com/alecthomas/kong"
)

// version is set by the release build.
var version = "dev"

// versionOptions are those of version, which has none.
type versionOptions struct{}

func (*versionOptions) tell(c *command) error {
	b := job.ThisBuild(version)
	return c.answer(b, "offboard %s\n", b)
}

// showVersion is --version, which people try first.
type showVersion bool

// BeforeReset is called by kong before anything is checked, as for --help.
func (showVersion) BeforeReset(app *kong.Kong) error {
	_, err := fmt.Fprintln(app.Stdout, "offboard", job.ThisBuild(version))
	app.Exit(0)
	return err
}
