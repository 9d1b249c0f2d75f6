package flagfile

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
)

// A config file holds values of flags: a YAML mapping of names to values or lists. Both programs read it.

// Key is the name of a flag in a config file: that of its variable in small letters, without OFFBOARD_, such as
// max-users or approve-key; "" of a flag without a variable, which cannot stand there.
func Key(f *kong.Flag) string {
	if len(f.Envs) == 0 || f.Name == "config" {
		return ""
	}
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(f.Envs[0], "OFFBOARD_"), "_", "-"))
}

// Config reads the config file that --config or its variable names, or else that of the user, if it is there. Kong
// calls it before it looks for the values of flags, and has those of the file where neither the command line nor a
// variable gives one.
func Config(k *kong.Context, named string) (Values, error) {
	for _, p := range k.Path {
		if p.Flag != nil && p.Flag.Name == "config" {
			named = k.FlagValue(p.Flag).(string)
		}
	}
	c, err := readConfig(named, k.Model.Node)
	k.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		if s, ok := c.Of[Key(f)]; ok && !ByVariable(f) {
			return s.Value(), nil
		}
		return nil, nil
	}))
	return c, err
}

func readConfig(path string, model *kong.Node) (Values, error) {
	named := path != ""
	if !named {
		dir, err := os.UserConfigDir()
		if err != nil {
			return Values{}, nil // as of a service without a home
		}
		path = filepath.Join(dir, "offboard", "config.yaml")
	}
	f, err := durable.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return Values{}, nil
	}
	if err != nil {
		return Values{}, fmt.Errorf("config file: %w", err)
	}
	defer f.Close()
	if err := OnlyOurs(f); err != nil {
		return Values{}, fmt.Errorf("config file %s: %w", path, err)
	}
	c := Values{Path: path, Of: map[string]Setting{}}
	flags, refused := map[string][]*kong.Flag{}, map[string]string{}
	EachFlag(model, "", func(_ string, f *kong.Flag) {
		if key := Key(f); key != "" {
			flags[key] = append(flags[key], f)
		} else {
			refused[f.Name] = SayIt
		}
	})
	if err := c.Read(f, flags, refused, "a config file", "it must have a flag and a value on each line, such as max-users: 200"); err != nil {
		return Values{}, fmt.Errorf("config file %s: %w", path, err)
	}
	return c, nil
}

// Heed adds what a config file protects to what the command line protects, which would take its place otherwise,
// and lists what the file gives to these flags.
func (c Values) Heed(path []*kong.Path, flags []*kong.Flag) (told []string) {
	for _, f := range flags {
		s, ok := c.Of[Key(f)]
		all, several := f.Target.Interface().([]string)
		switch {
		case !ok:
			continue
		case f.Tag.Has("guard") && several && !ByFile(path, f):
			for _, v := range s.Values {
				if !slices.Contains(all, v) {
					all = append(all, v)
				}
			}
			f.Target.Set(reflect.ValueOf(all))
		case !ByFile(path, f):
			continue
		}
		told = append(told, "--"+f.Name+" "+strings.Join(s.Values, ", "))
	}
	return told
}

// ByFile reports whether a flag has its value from the config file.
func ByFile(path []*kong.Path, f *kong.Flag) bool {
	return slices.ContainsFunc(path, func(p *kong.Path) bool { return p.Flag == f && p.Resolved })
}

// ByVariable reports whether the variable of a flag is set.
func ByVariable(f *kong.Flag) bool {
	return slices.ContainsFunc(f.Envs, func(name string) bool { _, set := os.LookupEnv(name); return set })
}

// Unheard is a variable that no flag of a program has, and that none of these others is: it may be a misspelt guard.
// "" is none.
func Unheard(model *kong.Node, environ []string, others ...string) string {
	EachFlag(model, "", func(_ string, f *kong.Flag) { others = append(others, f.Envs...) })
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "OFFBOARD_") && !strings.HasPrefix(name, "OFFBOARD_TEST_") && !slices.Contains(others, name) {
			return name
		}
	}
	return ""
}

// Tokens are the variables of a token, which has no flag.
var Tokens = []string{"OFFBOARD_ACCESS_TOKEN", "OFFBOARD_ACCESS_TOKEN_FILE", "OFFBOARD_ACCESS_TOKEN_COMMAND"}

// OfWorkers are variables of offboard-temporal, beside which offboard works as without them.
var OfWorkers = []string{"OFFBOARD_QUEUE", "OFFBOARD_ORDERS", "OFFBOARD_TENANT_PACE", "OFFBOARD_APP_PACE", "OFFBOARD_SLICES"}

// EachFlag visits every flag of a command and of those below it. The command of the global flags is "", and of runs
// prune "runs prune".
func EachFlag(n *kong.Node, command string, visit func(command string, f *kong.Flag)) {
	for _, f := range n.Flags {
		visit(command, f)
	}
	for _, child := range n.Children {
		EachFlag(child, strings.TrimSpace(command+" "+child.Name), visit)
	}
}
