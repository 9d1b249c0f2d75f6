package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/cmd/flagfile"
)

// Every flag has an environment variable: OFFBOARD_ and its name. Where a name means
// two things, run has that variable, and the tag env gives the other command one with
// the command before it: OFFBOARD_APPROVE_KEY. A flag with the tag env:"-" has none.
// The other tags are told in job/options.go.

// flags are those that the command takes; none before the command line was read.
func (c *command) flags() []*kong.Flag {
	if c.parsed == nil {
		return nil
	}
	return c.parsed.Flags()
}

// typed is how often a flag stands on the command line.
func (c *command) typed(f *kong.Flag) int { return flagfile.Typed(c.parsed, f) }

// byVariable reports whether a flag is given by its variable alone.
func (c *command) byVariable(f *kong.Flag) bool { return c.typed(f) == 0 && flagfile.ByVariable(f) }

// said reports whether a flag is given on the command line or by its variable.
func (c *command) said(f *kong.Flag) bool { return c.typed(f) > 0 || c.byVariable(f) }

// given reports whether a flag is given, on the command line, by its variable or in the
// config file.
func (c *command) given(f *kong.Flag) bool { return c.said(f) || c.byConfig(f) }

// unheard refuses variables that would not be heeded: one of no flag at all, which may
// be a misspelt guard, and that of a dry run for a command that has none and writes.
func unheard(k *kong.Context, environ []string) error {
	if name := flagfile.Unheard(k.Model.Node, environ, slices.Concat(flagfile.Tokens, flagfile.OfWorkers, []string{notifyURL})...); name != "" {
		return fmt.Errorf("%w: the variable %s is that of no flag; see --help for their names, and unset it", job.ErrUsage, name)
	}
	command := k.Selected().Name
	if value, set := os.LookupEnv("OFFBOARD_DRY_RUN"); set && !isFalse(value) && (command == "apply" || command == "resume") {
		return fmt.Errorf("%w: OFFBOARD_DRY_RUN is set, and %s has no dry run: it would write; unset it", job.ErrUsage, command)
	}
	return nil
}

// isFalse reports whether a value turns a flag off, as kong reads it.
func isFalse(v string) bool { return slices.Contains([]string{"false", "no", "0"}, strings.ToLower(v)) }

// Flags implements [job.Console].
func (c *command) Flags(tag string) []batch.Flag {
	var all []batch.Flag
	for _, f := range c.flags() {
		if !f.Tag.Has(tag) || !c.given(f) {
			continue
		}
		for _, v := range flagfile.ValuesOf(f) {
			all = append(all, batch.Flag{Name: f.Name, Value: v})
		}
	}
	return all
}

// Keep implements [job.Console]. What the run was begun with holds before the config file.
func (c *command) Keep(run batch.Plan) error {
	for _, f := range c.flags() {
		kept := func(k batch.Flag) bool { return k.Name == f.Name && f.Tag.Has("keep") && !c.said(f) }
		if c.byConfig(f) && slices.ContainsFunc(run.Terms.Flags, kept) {
			f.Target.SetZero()
		}
		for _, k := range run.Terms.Flags {
			if !kept(k) {
				continue
			}
			if _, several := f.Target.Interface().([]string); several {
				f.Target.Set(reflect.Append(f.Target, reflect.ValueOf(k.Value)))
			} else if err := f.Parse(kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: k.Value}), f.Target); err != nil {
				return fmt.Errorf("%w: run %s was begun with --%s %s: %w", job.ErrUsage, run.Run, k.Name, k.Value, err)
			}
			c.Say("         --%s %s, as run %s was begun", k.Name, k.Value, run.Run)
		}
	}
	return nil
}
