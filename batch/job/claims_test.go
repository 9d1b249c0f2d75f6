package job

import (
	"slices"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// doubted are the targets of a run that verify finds not as the run says: each of them as
// "NAME STEP".
func (o *office) doubted(run string, watch time.Duration) (all int, names []string) {
	o.t.Helper()
	all, failing, err := Verify(o.t.Context(), o.host(), &VerifyOptions{
		What: []string{run}, Watch: Length{Age{watch}}, Selection: Selection{Key: "auto", TimeZone: localZone}, Connection: o.connection(),
	})
	if err != nil {
		o.t.Fatalf("%v\n%s", err, o.said.said.String())
	}
	for _, k := range failing {
		names = append(names, k.UPN+" "+k.Step)
	}
	return all, names
}

// An account that was disabled before a run is read back as one that the run disabled,
// also where the run has no other step, and the user ended as a whole.
func TestVerifyReadsWhatWasSoBefore(t *testing.T) {
	for _, steps := range [][]string{{"disable"}, {"disable", "revoke"}} {
		inOffice(t, 3, func(o *office) {
			time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour) // or no stamp would move
			was := o.people[1]
			o.somebody("PATCH", "/users/"+was, `{"accountEnabled":false}`)
			o.finishes(o.run(steps...))
			if all, names := o.doubted(o.first(), 0); all != 3*len(steps) || len(names) > 0 {
				t.Errorf("%v: %d claims, and these do not hold: %v", steps, all, names)
			}
			o.somebody("PATCH", "/users/"+was, `{"accountEnabled":true}`)
			if _, names := o.doubted(o.first(), 0); !slices.Equal(names, []string{was + " " + string(batch.Disable)}) {
				t.Errorf("%v: these do not hold: %v", steps, names)
			}
		})
	}
}

// What held when --watch began is read once more at its end.
func TestWatchReadsAllAtItsEnd(t *testing.T) {
	inOffice(t, 2, func(o *office) {
		o.finishes(o.run("disable"))
		early, late := o.people[0], o.people[1]
		o.somebody("PATCH", "/users/"+late, `{"accountEnabled":true}`)
		time.AfterFunc(20*time.Second, func() {
			o.somebody("PATCH", "/users/"+early, `{"accountEnabled":true}`)
			o.somebody("PATCH", "/users/"+late, `{"accountEnabled":false}`)
		})
		if _, names := o.doubted(o.first(), time.Minute); !slices.Equal(names, []string{early + " " + string(batch.Disable)}) {
			t.Errorf("these do not hold: %v", names)
		}
	})
}
