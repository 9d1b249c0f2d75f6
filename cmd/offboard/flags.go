package main

import (
	"fmt"
	"iter"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch"
	"offboard/batch/job"
)

// Every flag has an environment variable: OFFBOARD_ and its name. Where a name means
// two things, run has that variable, and the tag env gives the other command one with
// the command before it: OFFBOARD_APPROVE_KEY. A flag with the tag env:"-" has none.
// The other tags are told in job/options.go.

// typed reports whether a flag stands on the command line.
func typed(k *kong.Context, f *kong.Flag) bool {
	return slices.ContainsFunc(k.Path, func(p *kong.Path) bool { return p.Flag == f })
}

// halfSet refuses a flag's variable that is set and empty, as a failed $(...) leaves it:
// the flag would be taken for one that was not given.
func halfSet(k *kong.Context) error {
	for _, f := range k.Flags() {
		for _, name := range f.Envs {
			if value, set := os.LookupEnv(name); set && value == "" && !typed(k, f) {
				return fmt.Errorf("%w: %s is set and empty; give it the value of --%s, or unset it", job.ErrUsage, name, f.Name)
			}
		}
	}
	return nil
}

// empty refuses a word of the command line that is empty, as "$NAME" leaves it when the
// variable is not set: a guard would be taken for one that was not given, and a run that
// is named so for the newest one.
func empty(args []string) error {
	for i, arg := range args {
		name, value, valued := strings.Cut(arg, "=")
		switch {
		case arg == "" && i > 0 && strings.HasPrefix(args[i-1], "-"):
			name = args[i-1]
		case arg == "":
			name = "a word of the command line"
		case !strings.HasPrefix(arg, "--") || !valued || value != "":
			continue
		}
		return fmt.Errorf("%w: %s is empty; give it a value, or leave it out", job.ErrUsage, name)
	}
	return nil
}

// unheard refuses variables that would not be heeded: one of no flag at all, which may
// be a misspelt guard, and that of a dry run for a command that has none and writes.
func unheard(k *kong.Context, environ []string) error {
	known := map[string]bool{"OFFBOARD_ACCESS_TOKEN": true}
	_ = kong.Visit(k.Model, func(n kong.Visitable, next kong.Next) error {
		if f, ok := n.(*kong.Flag); ok {
			for _, name := range f.Envs {
				known[name] = true
			}
		}
		return next(nil)
	})
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		command := k.Selected().Name
		switch {
		case !strings.HasPrefix(name, "OFFBOARD_"), strings.HasPrefix(name, "OFFBOARD_TEST_"):
		case !known[name]:
			return fmt.Errorf("%w: the variable %s is that of no flag; see --help for their names, and unset it", job.ErrUsage, name)
		case name == "OFFBOARD_DRY_RUN" && value != "false" && (command == "apply" || command == "resume"):
			return fmt.Errorf("%w: OFFBOARD_DRY_RUN is set, and %s has no dry run: it would write; unset it", job.ErrUsage, command)
		}
	}
	return nil
}

// choosesTwice refuses a second value of a flag that says whom the input names: the
// last one would silently take the place of a gate.
func choosesTwice(k *kong.Context) error {
	given := map[*kong.Flag]bool{}
	for _, p := range k.Path {
		f := p.Flag
		if f == nil || !f.Tag.Has("choice") || f.IsCumulative() {
			continue
		}
		if given[f] {
			return fmt.Errorf("%w: --%s is given twice, and can have one value", job.ErrUsage, f.Name)
		}
		given[f] = true
	}
	return nil
}

// byVariable reports whether the flag's variable is set.
func byVariable(f *kong.Flag) bool {
	return slices.ContainsFunc(f.Envs, func(name string) bool { _, set := os.LookupEnv(name); return set })
}

// values are what the flag was given.
func values(f *kong.Flag) []string {
	if all, several := f.Target.Interface().([]string); several {
		return all
	}
	return []string{fmt.Sprint(reflect.Indirect(f.Target).Interface())}
}

// tagged are those of the command's flags that have the tag, and whether each was
// given: on the command line or by its variable.
func (c *command) tagged(tag string) iter.Seq2[*kong.Flag, bool] {
	return func(yield func(*kong.Flag, bool) bool) {
		if c.parsed == nil {
			return
		}
		for _, f := range c.parsed.Flags() {
			if f.Tag.Has(tag) && !yield(f, typed(c.parsed, f) || byVariable(f)) {
				return
			}
		}
	}
}

// Flags implements [job.Console].
func (c *command) Flags(tag string) []batch.Flag {
	var all []batch.Flag
	for f, given := range c.tagged(tag) {
		if !given {
			continue
		}
		for _, v := range values(f) {
			all = append(all, batch.Flag{Name: f.Name, Value: v})
		}
	}
	return all
}

// Keep implements [job.Console].
func (c *command) Keep(run batch.Plan) error {
	for f, given := range c.tagged("keep") {
		for _, k := range run.Terms.Flags {
			if given || k.Name != f.Name {
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
