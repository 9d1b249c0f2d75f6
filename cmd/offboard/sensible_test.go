package main

import (
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"offboard/batch/job"
	"offboard/cmd/flagfile"
)

// Each flag that takes a number or a length of time refuses what makes no sense, and says what
// does. The limits of guards are in testdata/scripts/wrongflags.txtar.
func TestNumbersMakeSense(t *testing.T) {
	seen := 0
	flagfile.EachFlag(grammar(&cli{}, io.Discard, func(int) {}).Model.Node, "", func(command string, f *kong.Flag) {
		wrong := map[reflect.Type][]string{
			reflect.TypeFor[time.Duration](): {"-1h", "-1ns"}, reflect.TypeFor[job.Age](): {"-1h", "0"}, reflect.TypeFor[job.Length](): {"-1h", "-1ns"},
			reflect.TypeFor[int](): {"-1", "-99"}, reflect.TypeFor[float64](): {"-1", "-0.001", "NaN", "Inf", "-Inf"},
		}[f.Target.Type()]
		if len(wrong) == 0 {
			return
		}
		if most := f.Tag.Get("most"); most != "" {
			wrong = append(wrong, most+"1")
		}
		if f.Tag.Get("least") == "1" {
			wrong = append(wrong, "0")
		}
		seen++
		for _, value := range wrong {
			args, said := append(strings.Fields(command), "--"+f.Name+"="+value), ""
			for range 2 { // some commands need a word beside it
				if _, _, err := parse(&cli{}, io.Discard, args...); err != nil {
					said += err.Error() + "\n"
				}
				args = append(args, "x")
			}
			if !strings.Contains(said, "--"+f.Name) || !strings.Contains(said, "give ") {
				t.Errorf("%s --%s=%s is told as %q", command, f.Name, value, said)
			}
		}
	})
	if seen < 30 {
		t.Errorf("%d flags were tried", seen)
	}
}
