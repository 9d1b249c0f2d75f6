package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

var (
	tortureKills = flag.Int("kills", 0, "TestTorture: how many kills at the least, over a hundred users each, and from 500 on every named point; 0 is a few, over few users")
	tortureSeed  = flag.Uint64("seed", 0, "TestTorture: replays the scene of a seed that it printed")
)

// TestTorture kills offboard at random moments and at named points, looks at
// what the journal says each time, and goes on until every run has ended; make
// torture does it 500 times. The tenant lives in this process and is never
// killed, so it knows the truth:
//
//   - every line of the input is told once, as soon as the plan is durable;
//   - whoever is reported verified, revoked or ineffective was written;
//   - whoever was written is never reported not_sent;
//   - at the end all have become what they had to;
//   - no more than calls x 20 users are written twice for each kill;
//   - a report that has its name is whole.
//
// A run that ended before its kill is left alone: nobody is revoked anew. A seed
// stands for one scene and all that is drawn in it; how the two processes
// interleave is not in it. An odd seed is a large scene.
func TestTorture(t *testing.T) { torment(t, false) }

// torment draws scenes, of runs with one step or with several, until there were kills
// enough.
func torment(t *testing.T, steps bool) {
	var all toll
	scene := func(t *testing.T, seed uint64) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			defer func() {
				if t.Failed() {
					t.Logf("replay with: go test ./cmd/offboard -run '^%s$' -seed %d", strings.Split(t.Name(), "/")[0], seed)
				}
			}()
			torture(t, seed, steps, &all)
		})
	}
	if *tortureSeed != 0 {
		scene(t, *tortureSeed)
		return
	}
	few, side, size, users := 10, 4, uint64(0), 0 // of the short form
	if *tortureKills > 0 {
		few, side, size, users = *tortureKills, 24, 1, 100**tortureKills
	}
	if steps {
		users = 0 // each has many writes
	}
	for wave := 1; !t.Failed() && (all.kills < few || all.users < users); wave++ {
		t.Run(fmt.Sprint("wave", wave), func(t *testing.T) {
			for range side {
				scene(t, rand.Uint64()&^1|size)
			}
		})
	}
	t.Logf("%d kills (%d of them of an undo) in %d runs of %d users in all: %d written twice", all.kills, all.ofUndo, all.runs, all.users, all.twice)
	for _, name := range pointsOf(steps) {
		t.Logf("%6d  %s", all.at[name], name)
		if *tortureKills >= 500 && all.at[name] == 0 {
			t.Errorf("the point %q was never struck", name)
		}
	}
	t.Logf("%6d  at a number of writes\n%6d  at a time since the start", all.at["write"], all.at["time"])
}

// toll counts over all scenes.
type toll struct {
	mu                        sync.Mutex
	kills, runs, users, twice int
	ofUndo                    int            // of the kills, those of an undo
	at                        map[string]int // by name of the point, "write" or "time"
}

// torture is the scene of one seed.
func torture(t *testing.T, seed uint64, steps bool, all *toll) {
	rng := rand.New(rand.NewPCG(seed, 0))
	users := 40 + rng.IntN(60)
	if seed&1 == 1 {
		if users = 100 + rng.IntN(500); rng.IntN(10) == 0 {
			users = 2000
		}
	}
	if steps {
		users = min(users/4, 90) // with some 8 writes each, which the quota takes at once
	}
	p := newPlay(t, rng, users, steps)
	for left := 1 + rng.IntN(6); left > 0 && !p.over; left-- {
		p.act(p.moment())
	}
	for !p.over {
		p.act(moment{})
	}
	twice := p.judge()
	t.Logf("seed %d: %d users %v, %d calls, killed at %v: %d written twice", seed, users, p.options, p.calls, p.struck, twice)
	var undone []moment
	if steps && !t.Failed() {
		again := 0
		undone, again = p.takeBack([][]string{p.undoPart(), nil}, p.undoMoments())
		t.Logf("seed %d: its undo was killed at %v: %d written twice", seed, undone, again)
		p.struck, twice = append(p.struck, undone...), twice+again
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.at == nil {
		all.at = map[string]int{}
	}
	all.ofUndo += len(undone)
	all.runs, all.kills, all.users, all.twice = all.runs+1, all.kills+len(p.struck), all.users+users, all.twice+twice
	for _, m := range p.struck {
		all.at[m.kind()]++
	}
}

// play is a scene with one run, killed and gone on with until it ends.
type play struct {
	*scene
	rng     *rand.Rand
	calls   int      // at once
	options []string // of the run
	steps   []batch.Step
	calm    bool // the tenant has no faults
	struck  []moment
	now     standing
	over    bool
}

// newPlay draws a tenant and who is in it.
func newPlay(t *testing.T, rng *rand.Rand, users int, steps bool) *play {
	p := &play{rng: rng, calls: 1 + rng.IntN(8)}
	options := [][]string{nil, nil, nil, {"--no-verify"}, {"--no-resolve"}}
	p.options = options[rng.IntN(len(options))]
	cfg := graphsim.Config{
		NoQuota: true, Seed: rng.Uint64(),
		Latency: time.Duration(rng.IntN(20)) * time.Millisecond, Jitter: 10 * time.Millisecond,
	}
	if users >= 25 && steps && rng.IntN(2) == 0 || users >= 100 && users <= 300 && rng.IntN(2) == 0 { // not in the short form: what went wrong waits to go again
		for _, kind := range graphsim.FaultKinds() {
			rate := 0.005
			switch kind {
			case graphsim.LostAnswer, graphsim.DropBefore, graphsim.Truncated: // they look alike, and only some of them were executed
				rate = 0.05
			case graphsim.Expired401, graphsim.MixedUp: // the scene's token cannot be had anew; a mixed lookup ends a row as another
				continue
			}
			cfg.Faults = append(cfg.Faults, graphsim.Fault{Kind: kind, Rate: rate})
		}
	}
	if p.calm = cfg.Faults == nil; steps {
		p.drawSteps()
		p.scene = sceneOf(t, cfg, p.leavers(users), true)
		p.before = p.tenant.State()
	} else {
		p.scene = newSceneOf(t, cfg, p.draw(users))
	}
	return p
}

// draw makes up who is in the input.
func (p *play) draw(users int) []person {
	good := batch.Verified
	if p.options != nil {
		good = batch.Revoked
	}
	denied := 0
	cast := make([]person, users)
	for i := range cast {
		switch k := p.rng.IntN(100); {
		case k < 3:
			cast[i] = person{upn: fmt.Sprintf("guest%d_fabrikam.example#EXT#@contoso.example", i), want: batch.Ineffective}
		case k < 6:
			cast[i] = person{upn: fmt.Sprintf("nobody%d@contoso.example", i), want: batch.NotFound, absent: true}
		case k < 8 && denied < 3: // few, since calls in which all are denied stop a run
			denied++
			cast[i] = person{upn: fmt.Sprintf("admin%d@contoso.example", i), want: batch.Denied, denied: true}
		case k < 9:
			cast[i] = person{upn: fmt.Sprintf("user%d at contoso.example", i), want: batch.Invalid, absent: true}
		case k < 12 && i > 0:
			cast[i] = cast[p.rng.IntN(i)]
		default:
			cast[i] = person{upn: fmt.Sprintf("user%d@contoso.example", i), want: good}
		}
	}
	return cast
}

// act runs offboard once, or resumes it, until it ends or the moment comes, and
// reports whether it came.
func (p *play) act(m moment) bool {
	p.t.Helper()
	code, out := p.strike(m, p.command()...)
	if code != -1 {
		p.over = true
		if code != p.exit() && !(p.scene.steps && (code == 0 || code == 3)) { // what the writes of steps come to, judge says
			p.t.Fatalf("exit code %d, want %d\n%s", code, p.exit(), out)
		}
		return false
	}
	p.struck = append(p.struck, m)
	p.now = p.truth()
	p.wholeFiles("out")
	p.over = p.now.State == "finished"
	return true
}

// command runs the input, or goes on with it in any of the ways there are.
func (p *play) command() []string {
	run := append(p.run(p.calls), p.options...)
	if !p.now.planned() {
		return run
	}
	input := filepath.Join(p.dir, "in.csv")
	if p.rng.IntN(4) == 0 {
		_ = os.Remove(input) // it may be gone already
	}
	resume := []string{"resume", "--yes", "--graph-url", p.url, "--concurrency", fmt.Sprint(p.calls), "--report-dir", "out"}
	switch _, gone := os.Stat(input); {
	case gone == nil && p.rng.IntN(2) == 0:
		return run
	case p.rng.IntN(2) == 0:
		return append(resume, p.now.Run)
	}
	return resume
}

// moment draws the next kill.
func (p *play) moment() moment {
	open := len(p.cast)
	if p.now.planned() {
		open = p.now.Open
	}
	switch p.rng.IntN(4) {
	case 0:
		p.mu.Lock()
		defer p.mu.Unlock()
		return moment{writes: p.n + 1 + p.rng.IntN(open+1)}
	case 1:
		return moment{after: time.Duration(1+p.rng.IntN(250)) * time.Millisecond}
	}
	fresh, early := []string{"in opening", "before schema", "after schema"}, []string{"in plan", "before plan", "after plan"}
	names := pointsOf(p.scene.steps)
	switch planned := p.now.planned(); {
	case planned || len(p.struck) > 0:
		names = slices.DeleteFunc(names, func(name string) bool {
			return slices.Contains(fresh, name) || planned && slices.Contains(early, name)
		})
	case p.rng.IntN(2) == 0: // often, since a scene has one such time
		names = append(early, fresh...)
	}
	name, most := names[p.rng.IntN(len(names))], 1
	switch chunks := open/20 + 1; name {
	case "in plan", "before record":
		most = open + 1
	case "before read", "before commit", "after commit", "after record":
		most = chunks + 3
	case "before call", "in call", "half answer", "after call", "before intent", "after intent":
		most = chunks
	}
	m := moment{point: name, n: 1 + p.rng.IntN(most)}
	if p.scene.steps && slices.Contains(callPoints, name) && p.rng.IntN(4) > 0 {
		m.step = p.steps[p.rng.IntN(len(p.steps))]
		m.n = 1 + p.rng.IntN(3)
	}
	return m
}

// judge holds the end of the run against the tenant, and returns how many writes
// were more than one per user.
func (p *play) judge() int {
	p.t.Helper()
	twice := 0
	if p.scene.steps {
		twice = p.twiceInSteps("out")
	} else {
		twice = p.twice("out")
	}
	if most := len(p.struck) * p.calls * batch.ChunkSize; twice > most {
		p.t.Errorf("%d users were written twice, more than %d for %d kills of %d calls", twice, most, len(p.struck), p.calls)
	}
	return twice
}

// exit is the code that the run must end with.
func (p *play) exit() int {
	for _, who := range p.cast {
		if who.want.Kind() == batch.Failure {
			return 3
		}
	}
	return 0
}
