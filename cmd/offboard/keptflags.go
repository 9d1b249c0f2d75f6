package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"

	"offboard/batch/job"

	"github.com/alecthomas/kong"

	"offboard/batch"
)

// A run that goes on goes on as it was begun: at the same rate, with the same
// report directory. Flags that are kept so have the tag keep. Those that say whom a
// run is for, and what is done to them, have the tag choice: the command that runs
// retry.csv repeats them.

// tagged are those of the command's flags that have the tag.
func (c *command) tagged(tag string) []*kong.Flag {
	if c.parsed == nil {
		return nil
	}
	return slices.DeleteFunc(c.parsed.Flags(), func(f *kong.Flag) bool { return !f.Tag.Has(tag) })
}

// given reports whether a flag was given, on the command line or by its variable.
func (c *command) given(f *kong.Flag) bool {
	return slices.ContainsFunc(c.parsed.Path, func(p *kong.Path) bool { return p.Flag == f }) ||
		slices.ContainsFunc(f.Tag.Envs, func(env string) bool { _, ok := os.LookupEnv(env); return ok })
}

// Flags implements [job.Console].
func (c *command) Flags(tag string) []batch.Flag {
	var all []batch.Flag
	for _, f := range c.tagged(tag) {
		if !c.given(f) {
			continue
		}
		if list, ok := f.Target.Interface().([]string); ok {
			for _, v := range list {
				all = append(all, batch.Flag{Name: f.Name, Value: v})
			}
			continue
		}
		all = append(all, batch.Flag{Name: f.Name, Value: fmt.Sprint(f.Target.Interface())})
	}
	return all
}

// Keep implements [job.Console].
func (c *command) Keep(run batch.Plan) error {
	for _, f := range c.tagged("keep") {
		if c.given(f) {
			continue
		}
		for _, k := range run.Terms.Flags {
			if k.Name != f.Name {
				continue
			}
			if _, ok := f.Target.Interface().([]string); ok {
				f.Target.Set(reflect.Append(f.Target, reflect.ValueOf(k.Value)))
			} else if err := f.Parse(kong.ScanFromTokens(kong.Token{Type: kong.FlagValueToken, Value: k.Value}), f.Target); err != nil {
				return fmt.Errorf("%w: run %s was begun with --%s %s: %w", job.ErrUsage, run.Run, k.Name, k.Value, err)
			}
			c.Say("         --%s %s, as run %s was begun", k.Name, k.Value, run.Run)
		}
	}
	return nil
}
