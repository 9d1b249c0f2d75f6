package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch/job"
	"offboard/cmd/flagfile"
)

// BeforeResolve is called by kong once the command line and the variables were read.
// Commands that tell of offboard itself do so with a config file that is wrong, too.
func (c *cli) BeforeResolve(k *kong.Context) error {
	c.config, c.wrong = flagfile.Config(k, c.Config)
	if at := k.Selected(); c.wrong != nil && at != nil {
		if _, tells := at.Target.Addr().Interface().(teller); !tells {
			return hinted{c.wrong, []string{"help", "configuration"}}
		}
	}
	return nil
}

// byConfig reports whether a flag has its value from the config file.
func (c *command) byConfig(f *kong.Flag) bool { return flagfile.ByFile(c.parsed.Path, f) }

// heedConfig has what the file protects protected, too, and tells what the file gives to a command that writes.
func (c *command) heedConfig() error {
	command := c.parsed.Selected().Name
	if s, ok := c.cli.config.Of["dry-run"]; ok && !isFalse(s.Values[0]) && (command == "apply" || command == "resume") {
		return fmt.Errorf("%w: dry-run is set in %s, line %d, and %s has no dry run: it would write; take it out", job.ErrUsage, c.cli.config.Path, s.Line, command)
	}
	flags := c.flags()
	told := c.cli.config.Heed(c.parsed.Path, flags)
	if writes := slices.ContainsFunc(flags, func(f *kong.Flag) bool { return f.Tag.Has("guard") }); writes && len(told) > 0 {
		c.Say("config   %s: %s", c.cli.config.Path, strings.Join(told, "; "))
	}
	return nil
}
