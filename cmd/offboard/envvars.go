package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"offboard/batch/job"

	"github.com/alecthomas/kong"
)

// envvars gives every flag its environment variable: OFFBOARD_ and its name. Where
// a name means two things, which its help tells, those of run and of every command
// keep it, and the others have the command before it: OFFBOARD_APPROVE_KEY. A flag
// with the tag env:"-" has none.
func envvars() kong.Option {
	return kong.PostBuild(func(k *kong.Kong) error {
		meanings := map[string]map[string]bool{} // the helps of all flags of a name
		usual := map[string]string{}             // the help of a global flag, or of one of run
		each(k.Model.Node, "", func(command string, f *kong.Flag) {
			if meanings[f.Name] == nil {
				meanings[f.Name] = map[string]bool{}
			}
			meanings[f.Name][f.Help] = true
			if command == "" || command == "run" {
				usual[f.Name] = f.Help
			}
		})
		each(k.Model.Node, "", func(command string, f *kong.Flag) {
			if f.Name == "help" {
				return
			}
			var names []string
			if tag := f.Tag.Envs; len(tag) == 0 || tag[0] != "-" {
				name := f.Name
				if f.Help != usual[f.Name] && len(meanings[f.Name]) > 1 {
					name = command + "_" + name
				}
				names = []string{"OFFBOARD_" + strings.ToUpper(strings.NewReplacer("-", "_", " ", "_").Replace(name))}
			}
			f.Envs, f.Tag.Envs = names, names
		})
		return nil
	})
}

// each visits every flag of a command and of those below it. The command of the
// global flags is "", and of runs prune "runs prune".
func each(n *kong.Node, command string, visit func(command string, f *kong.Flag)) {
	for _, f := range n.Flags {
		visit(command, f)
	}
	for _, child := range n.Children {
		each(child, strings.TrimSpace(command+" "+child.Name), visit)
	}
}

// halfSet refuses a flag's variable that is set and empty, as a failed $(...) leaves it:
// the flag would be taken for one that was not given.
func halfSet(parsed *kong.Context) error {
	for _, f := range parsed.Flags() {
		if slices.ContainsFunc(parsed.Path, func(p *kong.Path) bool { return p.Flag == f }) {
			continue
		}
		for _, name := range f.Tag.Envs {
			if value, set := os.LookupEnv(name); set && value == "" {
				return fmt.Errorf("%w: %s is set and empty; give it the value of --%s, or unset it", job.ErrUsage, name, f.Name)
			}
		}
	}
	return nil
}

// choosesTwice refuses a second value of a flag that says whom the input names: the
// last one would silently take the place of a gate.
func choosesTwice(k *kong.Context) error {
	once := map[string]bool{"column": false, "key": false, "date-column": false, "date-format": false, "as-of": false, "time-zone": false}
	for _, p := range k.Path {
		if p.Flag == nil {
			continue
		}
		given, chooses := once[p.Flag.Name]
		if given {
			return fmt.Errorf("%w: --%s is given twice, and can have one value", job.ErrUsage, p.Flag.Name)
		}
		if chooses {
			once[p.Flag.Name] = true
		}
	}
	return nil
}
