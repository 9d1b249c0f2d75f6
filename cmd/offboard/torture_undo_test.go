package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// An undo is killed as a run is, and gone on with. Held against the tenant's log and state:
//
//   - what an undo tells as given back is as before the run, and what differs is told by the
//     run or by an undo; in a tenant without trouble nothing differs but what a sync decides;
//   - nothing is written but what the run did and a line of an undo tells of;
//   - what is not safe to repeat is read before it is sent again.

// undoable are steps that an undo takes back, by the call that its writes look like.
var undoable = []batch.Step{batch.Disable, batch.Devices, batch.Groups, batch.Licences}

// takeBack undoes the run that has ended, once with the options of each part. It gives the
// kills, and how many writes were more than one at each thing.
func (p *play) takeBack(parts [][]string, moments []moment) (struck []moment, twice int) {
	p.t.Helper()
	at, run := len(p.tenant.Log()), p.newest().Run
	last := run
	for i, part := range parts {
		options := []string{"--yes", "--max-users", "0", "--max-percent", "0", "--max-privileged", "0", "--graph-url", p.url, "--concurrency", fmt.Sprint(p.calls), "--report-dir", "out"}
		if i > 0 {
			last = p.newest().Run
		}
		undo := slices.Concat([]string{"undo", run}, options, part)
		for line := undo; ; {
			var m moment
			if len(moments) > 0 {
				m, moments = moments[0], moments[1:]
				if m.writes > 0 {
					m.writes += p.n
				}
			}
			code, out := p.strike(m, line...)
			if code != -1 {
				if code != 0 && code != 3 {
					p.t.Fatalf("%v: exit code %d\n%s", line, code, out)
				}
				break
			}
			struck = append(struck, m)
			now := p.newest()
			if now.State == "finished" && now.Run != last {
				break
			}
			if line = undo; now.Run != last && now.planned() && p.rng.IntN(2) == 0 {
				line = slices.Concat([]string{"resume", now.Run}, options)
			}
		}
	}
	p.judgeUndo(run, p.tenant.Log()[at:])
	twice = p.repeatsIn(p.tenant.Log()[at:])
	if most := len(struck) * p.calls * batch.ChunkSize; twice > most {
		p.t.Errorf("%d things were given back twice, more than %d for %d kills of %d calls", twice, most, len(struck), p.calls)
	}
	return struck, twice
}

// newest is how the newest run stands.
func (p *play) newest() (now standing) {
	p.t.Helper()
	c := p.start(nil, "report", "--report-dir", "now", "-o", "json")
	code, out := c.end(p.t)
	if err := json.Unmarshal(c.stdout.Bytes(), &now); code != 0 || err != nil {
		p.t.Fatalf("report: exit code %d, error %v\n%s", code, err, out)
	}
	return now
}

// judgeUndo holds the tenant, and the log since the run, against what run and undos tell.
func (p *play) judgeUndo(run string, log []graphsim.Event) {
	p.t.Helper()
	c := p.start(nil, "runs", "-o", "json")
	code, out := c.end(p.t)
	var runs []standing
	if err := json.Unmarshal(c.stdout.Bytes(), &runs); code != 0 || err != nil {
		p.t.Fatalf("runs: exit code %d, error %v\n%s", code, err, out)
	}
	did, back := map[string]toldWrite{}, map[string]toldWrite{} // by what of the tenant's state
	told := map[thing]bool{}
	for _, r := range slices.Backward(runs) {
		if !r.planned() {
			continue
		}
		dir := filepath.Join("told", r.Run)
		if code, out := p.offboard(nil, 0, "report", r.Run, "--report-dir", dir); code != 0 {
			p.t.Fatalf("report %s: exit code %d\n%s", r.Run, code, out)
		}
		for _, w := range p.writesIn(dir) {
			if r.Run == run {
				did[w.what()] = w
				continue
			}
			told[w.thing()], back[w.what()] = true, w
			if w.Outcome.Open() && r.State == "finished" && r.Run == runs[0].Run {
				p.t.Errorf("undo %s: %s at the end", r.Run, w)
			}
		}
	}
	for of := range executedIn(log) {
		if !told[of] {
			p.t.Errorf("%v was written, and no line of an undo tells of it", of)
		}
	}
	differs := map[string]bool{}
	for _, line := range p.before.Diff(p.tenant.State()) {
		what, _, _ := strings.Cut(line, ": ")
		if strings.Contains(what, "ValidFromDateTime") || strings.Contains(what, "lastPasswordChangeDateTime") {
			continue
		}
		differs[what] = true
		w, b := did[what], back[what]
		left := w.Outcome == batch.Ineffective
		if !p.calm {
			left = left || w.Outcome != "" && w.Outcome.Kind() != batch.Success || b.Outcome != "" && b.Outcome.Kind() != batch.Success
		}
		if !left {
			p.t.Errorf("after the undo %s; the run tells %s, and the undo %s", line, w, b)
		}
	}
	for what, b := range back {
		if w := did[what]; w.Outcome == "" {
			p.t.Errorf("%s is in an undo, and not in the run", b)
		}
		if b.Outcome.Kind() == batch.Success && differs[what] {
			p.t.Errorf("%s, and %s is not as before", b, what)
		}
	}
}

// what names the thing of a write in the words of a tenant's state.
func (w toldWrite) what() string {
	user := "user " + w.UPN + " "
	switch action := w.thing().action; {
	case action == "disableDevice" || action == "enableDevice":
		return "device " + w.Target + " accountEnabled"
	case action == "leaveGroup" || action == "joinGroup":
		return user + "group " + w.Target
	case action == "assignLicense":
		return user + "licence " + w.Target
	case action == "disable" || action == "enable":
		return user + "accountEnabled"
	}
	return user + string(w.Step)
}

// undoPart draws steps to be taken back first; mostly all.
func (p *play) undoPart() []string {
	can := slices.DeleteFunc(slices.Clone(p.steps), func(s batch.Step) bool { return !slices.Contains(undoable, s) })
	if len(can) == 0 || p.rng.IntN(3) > 0 {
		return nil
	}
	return []string{"--steps", string(can[p.rng.IntN(len(can))])}
}

// undoMoments draws kills of an undo.
func (p *play) undoMoments() []moment {
	var all []moment
	names := undoPoints()
	for range 1 + p.rng.IntN(3) {
		switch p.rng.IntN(4) {
		case 0:
			all = append(all, moment{writes: 1 + p.rng.IntN(3*len(p.cast))})
		case 1:
			all = append(all, moment{point: callPoints[p.rng.IntN(len(callPoints))], step: undoable[p.rng.IntN(len(undoable))], n: 1 + p.rng.IntN(2)})
		default:
			all = append(all, moment{point: names[p.rng.IntN(len(names))], n: 1 + p.rng.IntN(3)})
		}
	}
	return all
}

// undoPoints are those that an undo passes: the journal is there already.
func undoPoints() []string {
	return slices.DeleteFunc(pointsOf(true), func(name string) bool {
		return slices.Contains([]string{"in opening", "before schema", "after schema"}, name)
	})
}

// TestPointsOfUndo kills an undo at every named point, at its first occurrence, and at those
// of each step that it takes back.
func TestPointsOfUndo(t *testing.T) {
	var moments []moment
	for _, step := range undoable {
		for _, point := range callPoints {
			moments = append(moments, moment{point: point, step: step, n: 1})
		}
	}
	for _, name := range undoPoints() {
		moments = append(moments, moment{point: name, n: 1})
	}
	for i, m := range moments {
		t.Run(strings.ReplaceAll(m.String(), " ", "_"), func(t *testing.T) {
			t.Parallel()
			p := newPlay(t, rand.New(rand.NewPCG(uint64(i), 0)), 20, true)
			p.steps, p.options = batch.Leaver, []string{"--steps", "leaver", "--max-privileged", "0"}
			for !p.over {
				p.act(moment{})
			}
			if struck, _ := p.takeBack([][]string{nil}, []moment{m}); len(struck) == 0 {
				t.Fatal("the point was not reached")
			}
		})
	}
}
