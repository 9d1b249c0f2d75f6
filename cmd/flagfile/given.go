package flagfile

import (
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"offboard/batch/job"
)

// Typed is how often a flag stands on the command line.
func Typed(k *kong.Context, f *kong.Flag) (times int) {
	for _, p := range k.Path {
		if p.Flag == f && !p.Resolved {
			times++
		}
	}
	return times
}

// ValuesOf are what a flag was given.
func ValuesOf(f *kong.Flag) []string {
	if all, several := f.Target.Interface().([]string); several {
		return all
	}
	return []string{fmt.Sprint(reflect.Indirect(f.Target).Interface())}
}

// Sensible refuses numbers and lengths of time of which nothing comes: below 0, beyond what the
// tags least and most say, infinite ones, and those that are none. Limits of guards are told with
// all else that is wrong of guards.
func Sensible(flags []*kong.Flag) error {
	var all []error
	for _, f := range flags {
		least, most, n, words := 0.0, math.MaxFloat64, 0.0, " or more"
		switch v := f.Target; {
		case v.CanInt():
			n = float64(v.Int())
		case v.CanFloat():
			n = v.Float()
		default:
			continue
		}
		if tag := f.Tag.Get("least"); tag != "" {
			least, _ = strconv.ParseFloat(tag, 64) // no number would fail a test
		}
		if tag := f.Tag.Get("most"); tag != "" {
			most, _ = strconv.ParseFloat(tag, 64)
			words = " to " + tag
		}
		if !(n >= least && n <= most) {
			all = append(all, fmt.Errorf("--%s %v makes no sense; give %v%s", f.Name, f.Target.Interface(), least, words))
		}
	}
	return errors.Join(all...)
}

// Misgiven refuses a second value of a flag that says whom the input names: the last one
// would silently take the place of a gate. It refuses a variable that is set and empty, as
// a failed $(...) leaves it: its flag would be taken for one that was not given.
func Misgiven(k *kong.Context) error {
	for _, f := range k.Flags() {
		if Typed(k, f) > 1 && f.Tag.Has("choice") && !f.IsCumulative() {
			return fmt.Errorf("%w: --%s is given twice, and can have one value", job.ErrUsage, f.Name)
		}
		for _, name := range f.Envs {
			if value, set := os.LookupEnv(name); set && value == "" && Typed(k, f) == 0 {
				return fmt.Errorf("%w: %s is set and empty; give it the value of --%s, or unset it", job.ErrUsage, name, f.Name)
			}
		}
	}
	return nil
}

// Empty refuses a word of the command line that is empty, as "$NAME" leaves it when the
// variable is not set: a guard would be taken for one that was not given, and a run that
// is named so for the newest one.
func Empty(args []string) error {
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
