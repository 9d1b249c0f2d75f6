package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch/durable"
	"offboard/batch/job"
	"offboard/cmd/flagfile"
)

// A config file holds values of flags: a YAML mapping of names to values or lists. The
// name of a flag is that of its variable in small letters, without OFFBOARD_: max-users,
// approve-key. A flag without a variable cannot stand there.

// configKey is the name of a flag in a config file, or "".
func configKey(f *kong.Flag) string {
	if len(f.Envs) == 0 || f.Name == "config" {
		return ""
	}
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(f.Envs[0], "OFFBOARD_"), "_", "-"))
}

// BeforeResolve is called by kong once the command line and the variables were read.
// Commands that tell of offboard itself do so with a config file that is wrong, too.
func (c *cli) BeforeResolve(k *kong.Context) error {
	path := c.Config
	for _, p := range k.Path {
		if p.Flag != nil && p.Flag.Name == "config" {
			path = k.FlagValue(p.Flag).(string)
		}
	}
	var err error
	c.config, err = readConfig(path, k.Model.Node)
	c.wrong = err
	if at := k.Selected(); err != nil && at != nil {
		if _, tells := at.Target.Addr().Interface().(teller); !tells {
			return hinted{err, []string{"help", "configuration"}}
		}
	}
	k.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		if s, ok := c.config.Of[configKey(f)]; ok && !byVariable(f) {
			return s.Value(), nil
		}
		return nil, nil
	}))
	return nil
}

// readConfig reads the file, or without a name that of the user, if it is there.
func readConfig(path string, model *kong.Node) (flagfile.Values, error) {
	named := path != ""
	if !named {
		dir, err := os.UserConfigDir()
		if err != nil {
			return flagfile.Values{}, nil // as of a service without a home
		}
		path = filepath.Join(dir, "offboard", "config.yaml")
	}
	f, err := durable.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return flagfile.Values{}, nil
	}
	if err != nil {
		return flagfile.Values{}, fmt.Errorf("config file: %w", err)
	}
	defer f.Close()
	if err := flagfile.OnlyOurs(f); err != nil {
		return flagfile.Values{}, fmt.Errorf("config file %s: %w", path, err)
	}
	c := flagfile.Values{Path: path, Of: map[string]flagfile.Setting{}}
	flags, refused := configFlags(model)
	if err := c.Read(f, flags, refused, "a config file", "it must have a flag and a value on each line, such as max-users: 200"); err != nil {
		return flagfile.Values{}, fmt.Errorf("config file %s: %w", path, err)
	}
	return c, nil
}

// configFlags are the flags of each name of a config file, and the flags that cannot
// stand there.
func configFlags(model *kong.Node) (of map[string][]*kong.Flag, refused map[string]string) {
	of, refused = map[string][]*kong.Flag{}, map[string]string{}
	eachFlag(model, "", func(_ string, f *kong.Flag) {
		if key := configKey(f); key != "" {
			of[key] = append(of[key], f)
		} else {
			refused[f.Name] = flagfile.SayIt
		}
	})
	return of, refused
}

// byConfig reports whether a flag has its value from the config file.
func (c *command) byConfig(f *kong.Flag) bool {
	return slices.ContainsFunc(c.parsed.Path, func(p *kong.Path) bool { return p.Flag == f && p.Resolved })
}

// heedConfig adds what the file protects to what the command line protects, which would
// take its place otherwise, and tells what the file gives to a command that writes.
func (c *command) heedConfig() error {
	command := c.parsed.Selected().Name
	if s, ok := c.cli.config.Of["dry-run"]; ok && !isFalse(s.Values[0]) && (command == "apply" || command == "resume") {
		return fmt.Errorf("%w: dry-run is set in %s, line %d, and %s has no dry run: it would write; take it out", job.ErrUsage, c.cli.config.Path, s.Line, command)
	}
	var told []string
	writes := false
	for _, f := range c.flags() {
		guard := f.Tag.Has("guard")
		writes = writes || guard
		s, ok := c.cli.config.Of[configKey(f)]
		all, several := f.Target.Interface().([]string)
		switch {
		case !ok:
			continue
		case guard && several && !c.byConfig(f):
			for _, v := range s.Values {
				if !slices.Contains(all, v) {
					all = append(all, v)
				}
			}
			f.Target.Set(reflect.ValueOf(all))
		case !c.byConfig(f):
			continue
		}
		told = append(told, "--"+f.Name+" "+strings.Join(s.Values, ", "))
	}
	if writes && len(told) > 0 {
		c.Say("config   %s: %s", c.cli.config.Path, strings.Join(told, "; "))
	}
	return nil
}
