package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"offboard/batch/durable"
	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/batch/trace"
)

// A config file holds values of flags: a YAML mapping of names to values or lists. The
// name of a flag is that of its variable in small letters, without OFFBOARD_: max-users,
// approve-key. A flag without a variable cannot stand there.

// config is a config file that was read.
type config struct {
	path   string // "" when there is none
	values map[string]setting
}

// setting is a value in a config file.
type setting struct {
	line   int
	values []string
	list   bool
	sep    rune // between values in one text
}

// value is what kong takes for the flag.
func (s setting) value() any {
	switch {
	case !s.list && len(s.values) > 1:
		return kong.JoinEscaped(s.values, s.sep)
	case !s.list:
		return s.values[0]
	}
	all := make([]any, len(s.values))
	for i, v := range s.values {
		all[i] = v
	}
	return all
}

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
		if s, ok := c.config.of(f); ok && !byVariable(f) {
			return s.value(), nil
		}
		return nil, nil
	}))
	return nil
}

// of is what the file has for a flag.
func (c config) of(f *kong.Flag) (setting, bool) {
	s, ok := c.values[configKey(f)]
	return s, ok
}

// readConfig reads the file, or without a name that of the user, if it is there.
func readConfig(path string, model *kong.Node) (config, error) {
	named := path != ""
	if !named {
		dir, err := os.UserConfigDir()
		if err != nil {
			return config{}, nil // as of a service without a home
		}
		path = filepath.Join(dir, "offboard", "config.yaml")
	}
	f, err := durable.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return config{}, nil
	}
	if err != nil {
		return config{}, fmt.Errorf("config file: %w", err)
	}
	defer f.Close()
	if err := onlyOurs(f); err != nil {
		return config{}, fmt.Errorf("config file %s: %w", path, err)
	}
	c := config{path, map[string]setting{}}
	if err := c.parse(f, model); err != nil {
		return config{}, fmt.Errorf("config file %s: %w", path, err)
	}
	return c, nil
}

// parse reads the text. Each error names the line.
func (c config) parse(r io.Reader, model *kong.Node) error {
	top, err := mapping(r, "it must have a flag and a value on each line, such as max-users: 200")
	if err != nil || top == nil {
		return err
	}
	flags, refused := configFlags(model)
	return c.take(top, flags, refused, "a config file")
}

// mapping is the one mapping that a text of YAML is; nil of an empty one. Of anything else the error says
// what must stand there.
func mapping(r io.Reader, must string) (*yaml.Node, error) {
	var doc, second yaml.Node
	d := yaml.NewDecoder(r)
	switch err := d.Decode(&doc); {
	case err == io.EOF:
		return nil, nil
	case err != nil:
		return nil, errors.New(trace.Without(err.Error())) // it may name an anchor
	case d.Decode(&second) != io.EOF:
		return nil, errors.New("it has more than one document")
	}
	if top := doc.Content[0]; top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: %s", top.Line, must)
	}
	return doc.Content[0], nil
}

// take takes the values of flags from a mapping, in such a file.
func (c config) take(top *yaml.Node, flags map[string][]*kong.Flag, refused map[string]bool, file string) error {
	for i := 0; i < len(top.Content); i += 2 {
		key, node := top.Content[i], top.Content[i+1]
		name := key.Value
		of := flags[name]
		before, twice := c.values[name]
		switch {
		case len(of) == 0 && notShown(name, false) != "":
			return fmt.Errorf("line %d: a key in the place of a flag's name %s", key.Line, notShown(name, false))
		case len(of) == 0 && secret.MatchString(name):
			return fmt.Errorf("line %d: %s: a secret does not stand in %s: give it by its variable, see offboard help environment", key.Line, name, file)
		case len(of) == 0 && refused[name]:
			return fmt.Errorf("line %d: --%s cannot stand in %s: it is to be said on the command line", key.Line, name, file)
		case len(of) == 0:
			return fmt.Errorf("line %d: there is no flag %q%s; see offboard help configuration", key.Line, name, perhaps(name, slices.Sorted(maps.Keys(flags))))
		case twice:
			return fmt.Errorf("line %d: %s stands on line %d, too", key.Line, name, before.line)
		}
		s, err := c.setting(node, of[0])
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", key.Line, name, err)
		}
		for _, f := range of {
			if err := check(f, s); err != nil {
				return fmt.Errorf("line %d: %w", key.Line, err)
			}
		}
		c.values[name] = s
	}
	return nil
}

// configFlags are the flags of each name of a config file, and the flags that cannot
// stand there.
func configFlags(model *kong.Node) (of map[string][]*kong.Flag, refused map[string]bool) {
	of, refused = map[string][]*kong.Flag{}, map[string]bool{}
	eachFlag(model, "", func(_ string, f *kong.Flag) {
		if key := configKey(f); key != "" {
			of[key] = append(of[key], f)
		} else {
			refused[f.Name] = true
		}
	})
	return of, refused
}

// secret are names of what must not stand in a config file.
var secret = regexp.MustCompile(`(?i)(token|secret|passw|passphrase|credential|notify-url|^azure)`)

// setting reads a value or a list of values of a flag. A path begins at the file.
func (c config) setting(node *yaml.Node, f *kong.Flag) (setting, error) {
	s := setting{line: node.Line, list: node.Kind == yaml.SequenceNode, sep: f.Tag.Sep}
	nodes := []*yaml.Node{node}
	if s.list {
		nodes = node.Content
	}
	for _, n := range nodes {
		why := notShown(n.Value, isPath(f, n.Value) && !slices.Contains(writes, f.Name) && !exists(filepath.Join(filepath.Dir(c.path), n.Value)))
		switch {
		case why != "":
			return s, errors.New(why)
		case n.Kind != yaml.ScalarNode:
			return s, errors.New("it is to be a value, or a list of values")
		case strings.TrimSpace(n.Value) == "" || n.Tag == "!!null":
			return s, errors.New("it is empty; give it a value, or take it out")
		}
		values := []string{n.Value}
		if f.IsCumulative() && !s.list {
			values = kong.SplitEscaped(n.Value, s.sep)
		}
		for _, v := range values {
			if isPath(f, v) && strings.HasPrefix(v, "~") {
				v = kong.ExpandPath(v)
			} else if isPath(f, v) && !filepath.IsAbs(v) {
				v = filepath.Join(filepath.Dir(c.path), v)
			}
			s.values = append(s.values, v)
		}
	}
	if s.list && (!f.IsCumulative() || len(nodes) == 0) {
		return s, errors.New("it takes one value, and no list")
	}
	return s, nil
}

// check parses a value as the flag would.
func check(f *kong.Flag, s setting) error {
	was := f.Set
	defer func() { f.Set = was }()
	target := reflect.New(f.Target.Type()).Elem()
	if err := f.Parse(kong.Scan().PushTyped(s.value(), kong.FlagValueToken), target); err != nil {
		return err
	}
	for _, v := range s.values {
		if f.Enum != "" && !slices.Contains(f.EnumSlice(), v) {
			return fmt.Errorf("--%s must be one of %s, and is %q", f.Name, strings.Join(f.EnumSlice(), ", "), v)
		}
	}
	return nil
}

// byConfig reports whether a flag has its value from the config file.
func (c *command) byConfig(f *kong.Flag) bool {
	return slices.ContainsFunc(c.parsed.Path, func(p *kong.Path) bool { return p.Flag == f && p.Resolved })
}

// heedConfig adds what the file protects to what the command line protects, which would
// take its place otherwise, and tells what the file gives to a command that writes.
func (c *command) heedConfig() error {
	command := c.parsed.Selected().Name
	if s, ok := c.cli.config.values["dry-run"]; ok && !isFalse(s.values[0]) && (command == "apply" || command == "resume") {
		return fmt.Errorf("%w: dry-run is set in %s, line %d, and %s has no dry run: it would write; take it out", job.ErrUsage, c.cli.config.path, s.line, command)
	}
	var told []string
	writes := false
	for _, f := range c.flags() {
		guard := f.Tag.Has("guard")
		writes = writes || guard
		s, ok := c.cli.config.of(f)
		all, several := f.Target.Interface().([]string)
		switch {
		case !ok:
			continue
		case guard && several && !c.byConfig(f):
			for _, v := range s.values {
				if !slices.Contains(all, v) {
					all = append(all, v)
				}
			}
			f.Target.Set(reflect.ValueOf(all))
		case !c.byConfig(f):
			continue
		}
		told = append(told, "--"+f.Name+" "+strings.Join(s.values, ", "))
	}
	if writes && len(told) > 0 {
		c.Say("config   %s: %s", c.cli.config.path, strings.Join(told, "; "))
	}
	return nil
}

// isPath reports whether a value of the flag is the path of a file.
func isPath(f *kong.Flag, value string) bool {
	return f.Tag.Type == "path" || f.Tag.Type == "journal" && !journal.OnServer(value)
}
