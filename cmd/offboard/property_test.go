package main

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"offboard/batch"
)

var (
	propertyCases = flag.Int("cases", 300, "TestNobodyElseIsTouched: how many cases")
	propertyCase  = flag.Uint64("case", 0, "TestNobodyElseIsTouched: replays a case that it printed; 0 draws all")
)

// enoughCases is from how many cases on every guard must have had its share.
const enoughCases = 5000

// TestNobodyElseIsTouched draws tenants, files, guards and what happens beside a
// run, plays the command on them, lets a run that stopped go on, and holds the tenant's own log and the report against what plain loops
// over the drawn truth say:
//
//   - no write arrives for anybody who is protected, already revoked, held back
//     by a gate or named by no good row, and none at all in a refused run;
//   - without faults everybody else is written, once;
//   - a run with several steps writes what these steps do to things of such users, and to
//     nothing that Graph cannot change or that is so already; no membership, device or
//     licence of others changes, and nobody and nothing is deleted;
//   - every row has one line in the report, with the outcome that is true.
//
// Everything is real but the process, the socket and the time.
func TestNobodyElseIsTouched(t *testing.T) {
	t.Parallel()
	base, n, workers := rand.Uint64(), *propertyCases, runtime.GOMAXPROCS(0)
	if testing.Short() {
		n = min(n, 60)
	}
	if *propertyCase != 0 {
		base, n, workers = *propertyCase, 1, 1
	}
	dir := fastDir(t)
	all := propertyTally{decided: map[string]int{}, outcomes: map[batch.Outcome]int{}}
	t.Run("cases", func(t *testing.T) {
		for w := range workers {
			t.Run(fmt.Sprint(w), func(t *testing.T) {
				t.Parallel()
				for i := w; i < n && !t.Failed(); i += workers {
					tryCase(t, filepath.Join(dir, fmt.Sprint(i)), base+uint64(i), &all)
				}
			})
		}
	})
	all.tell(t)
	if n < enoughCases || t.Failed() {
		return
	}
	for _, kind := range guardKinds {
		if all.decided[kind]*100 < 3*all.cases {
			t.Errorf("%s decided in %d of %d cases, which is less than 3 %%", kind, all.decided[kind], all.cases)
		}
	}
}

// fastDir is a directory in memory where the system has one: journals sync.
func fastDir(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "offboard-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// propertyTally counts over all cases, so that one sees that they are not trivial.
type propertyTally struct {
	mu                                     sync.Mutex
	cases, refused, faulty, writes, people int
	decided                                map[string]int
	outcomes                               map[batch.Outcome]int
}

func (a *propertyTally) add(s *story, v *verdict, lines map[int]told, writes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cases++
	a.writes += writes
	a.people += len(s.people)
	if len(v.refused) > 0 {
		a.refused++
	}
	if s.faulty() {
		a.faulty++
	}
	v.decided["several steps"] = s.things.steps != nil && writes > 0
	for kind, is := range v.decided {
		if is {
			a.decided[kind]++
		}
	}
	for _, l := range lines {
		a.outcomes[l.outcome]++
	}
}

func (a *propertyTally) tell(t *testing.T) {
	t.Logf("%d cases: %d refused whole, %d with faults; %d writes to %d people; lines: %v", a.cases, a.refused, a.faulty, a.writes, a.people, a.outcomes)
	for _, kind := range slices.Sorted(maps.Keys(a.decided)) {
		t.Logf("%-22s decided alone in %d cases, %.1f %%", kind, a.decided[kind], 100*float64(a.decided[kind])/float64(max(a.cases, 1)))
	}
}

// tryCase draws one case, runs it and judges it, in a time of its own.
func tryCase(t *testing.T, dir string, seed uint64, all *propertyTally) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := draw(seed)
		v := s.judge()
		if err := s.write(dir); err != nil {
			t.Fatal(err)
		}
		tenant, err := s.tenant()
		if err != nil {
			t.Fatal(err)
		}
		before := tenant.State()
		var said bytes.Buffer
		p, err := s.play(t.Context(), tenant, dir, &said)
		if err != nil {
			t.Fatal(err)
		}
		wrong := s.twisted(&v, tenant, p)
		lines, bad := readReport(filepath.Join(dir, "report"))
		wrong = append(wrong, bad...)
		wrong = append(wrong, s.wrongWrites(&v, tenant, p)...)
		wrong = append(wrong, s.wrongSteps(tenant, p, dir)...)
		wrong = append(wrong, s.wrongState(&v, before, tenant.State())...)
		wrong = append(wrong, s.wrongEnd(&v, p.codes[len(p.codes)-1])...)
		wrong = append(wrong, s.wrongLines(&v, tenant, lines)...)
		if len(wrong) > 0 {
			wrong = wrong[:min(len(wrong), 12)]
			t.Errorf("replay with: go test ./cmd/offboard -run TestNobodyElseIsTouched -case %d\n%s\n%s\n%+v\nended with: %v\n%s\n%s",
				seed, strings.Join(wrong, "\n"), strings.Join(s.args, " "), s.twist, p.codes, s.describe(), said.String())
		}
		all.add(s, &v, lines, tenant.Stats().Writes)
	})
	if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}
