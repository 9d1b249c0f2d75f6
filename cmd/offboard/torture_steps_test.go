package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// TestTortureOfSteps does what TestTorture does to runs with several steps, over people
// with devices, groups and licences. Each write is held against the tenant's log and state:
//
//   - what is told as done was executed, and what is told as not sent was not;
//   - a removal that may have arrived is read before it is sent again;
//   - at the end each thing of a user has its write, and the tenant has it as it is told;
//   - nothing is written that no line tells of, and nobody and nothing is deleted.
func TestTortureOfSteps(t *testing.T) { torment(t, true) }

// drawSteps draws what the run does: mostly all of it.
func (p *play) drawSteps() {
	p.steps = batch.Leaver
	if p.rng.IntN(3) == 0 {
		p.steps = slices.DeleteFunc(slices.Clone(batch.Leaver), func(batch.Step) bool { return p.rng.IntN(3) == 0 })
	}
	if len(p.steps) < 2 {
		p.steps = batch.Emergency
	}
	p.options = []string{"--steps", batch.StepList(p.steps), "--max-privileged", "0"}
	if p.rng.IntN(6) == 0 {
		p.options = append(p.options, "--no-verify")
	}
}

// leavers draws who is in the input.
func (p *play) leavers(users int) []person {
	cast := make([]person, users)
	for i := range cast {
		switch k := p.rng.IntN(100); {
		case k < 3:
			cast[i] = person{upn: fmt.Sprintf("guest%d_fabrikam.example#EXT#@contoso.example", i)}
		case k < 6:
			cast[i] = person{upn: fmt.Sprintf("nobody%d@contoso.example", i), absent: true}
		case k < 8:
			cast[i] = person{upn: fmt.Sprintf("admin%d@contoso.example", i)}
		case k < 9:
			cast[i] = person{upn: fmt.Sprintf("user%d at contoso.example", i), absent: true}
		case k < 12 && i > 0:
			cast[i] = cast[p.rng.IntN(i)]
		default:
			cast[i] = person{upn: fmt.Sprintf("user%d@contoso.example", p.rng.IntN(1e6)*1000+i)}
		}
	}
	return cast
}

// stepOfCall is the step that a call to the tenant is of; "" is a call that only reads. The
// groups of the step licences look like those of the step groups.
func stepOfCall(body []byte) batch.Step {
	for _, of := range []struct {
		word string
		step batch.Step
	}{
		{"/revokeSignInSessions", batch.Revoke}, {"/assignLicense", batch.Licences}, {"/$ref", batch.Groups},
		{"passwordProfile", batch.Password}, {`"/devices/`, batch.Devices}, {`"accountEnabled":`, batch.Disable},
	} {
		if bytes.Contains(body, []byte(of.word)) && (of.step == batch.Revoke || !bytes.Contains(body, []byte(`"GET"`))) {
			return of.step
		}
	}
	return ""
}

// toldWrite is a write as report.jsonl has it, of a user.
type toldWrite struct {
	ID, UPN string
	Step    batch.Step
	Target  string        `json:"target"`
	Kind    string        `json:"kind"`
	Outcome batch.Outcome `json:"outcome"`
	Reason  string        `json:"reason"`
}

func (w toldWrite) String() string {
	return fmt.Sprintf("%s of %s %s is %s (%s)", w.Step, w.UPN, w.Target, w.Outcome, w.Reason)
}

// writesIn reads the writes of a report, of each user once.
func (s *scene) writesIn(dir string) []toldWrite {
	s.t.Helper()
	writes, err := readWrites(filepath.Join(s.dir, dir))
	if err != nil {
		s.t.Fatal(err)
	}
	return writes
}

// wholeOutcomes are those of rows that ended before any step. Another row may name the user,
// too, and be sent.
var wholeOutcomes = []batch.Outcome{batch.Invalid, batch.NotFound, batch.Ambiguous, batch.Skipped, batch.Protected}

// readWrites does so of the report in a directory, and leaves out rows that ended before
// any step.
func readWrites(dir string) (writes []toldWrite, err error) {
	b, err := os.ReadFile(filepath.Join(dir, "report.jsonl"))
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for line := range bytes.Lines(b) {
		var l struct {
			ID    string `json:"user_id"`
			UPN   string `json:"user_principal_name"`
			Steps []struct {
				Step    batch.Step  `json:"step"`
				Targets []toldWrite `json:"targets"`
			} `json:"steps"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return nil, err
		}
		whole := false
		for _, step := range l.Steps {
			for _, w := range step.Targets {
				whole = whole || w.Target == "" && slices.Contains(wholeOutcomes, w.Outcome)
			}
		}
		if l.ID == "" || seen[l.ID] || whole {
			continue
		}
		seen[l.ID] = true
		for _, step := range l.Steps {
			for _, w := range step.Targets {
				w.ID, w.UPN, w.Step = l.ID, l.UPN, step.Step
				writes = append(writes, w)
			}
		}
	}
	return writes, nil
}

// thing names what a write is at, in the words of the tenant's log.
type thing struct{ user, action, target string }

// thing of a write that is told.
func (w toldWrite) thing() thing {
	action := map[batch.Step]string{
		batch.Disable: "disable", batch.Password: "password", batch.Revoke: "revokeSignInSessions",
		batch.Devices: "disableDevice", batch.Groups: "leaveGroup", batch.Licences: "assignLicense",
		batch.Enable: "enable", batch.EnableDevices: "enableDevice", batch.JoinGroups: "joinGroup", batch.AddLicences: "assignLicense",
	}[w.Step]
	if w.Target != "" && w.Kind != "direct licence" && !strings.HasPrefix(w.Kind, "direct licence ") {
		switch w.Step {
		case batch.Licences:
			action = "leaveGroup"
		case batch.AddLicences:
			action = "joinGroup"
		}
	}
	return thing{w.ID, action, w.Target}
}

// thingsOf are what an event of the log wrote to.
func thingsOf(e graphsim.Event) (all []thing) {
	if e.Action != "assignLicense" {
		return []thing{{e.User, e.Action, e.Target}}
	}
	for _, sku := range strings.Fields(e.Target) {
		all = append(all, thing{e.User, e.Action, strings.TrimLeft(sku, "+-")})
	}
	return all
}

// executedIn counts what the tenant did to each thing.
func executedIn(log []graphsim.Event) map[thing]int {
	done := map[thing]int{}
	for _, e := range log {
		if e.Method == "GET" || !e.Executed {
			continue
		}
		for _, of := range thingsOf(e) {
			done[of]++
		}
	}
	return done
}

// compareWrites holds each write that a report tells of against the tenant's log.
func (s *scene) compareWrites(dir string) {
	s.t.Helper()
	done := executedIn(s.tenant.Log())
	for _, w := range s.writesIn(dir) {
		if wrong := contradicted(w, done[w.thing()]); wrong != "" {
			s.t.Errorf("%s: %s, %s", dir, w, wrong)
		}
	}
}

// contradicted says how a write is not told as the tenant knows it, which executed it so
// many times; "" when it may be so.
func contradicted(w toldWrite, executed int) string {
	switch w.Outcome {
	case batch.Verified, batch.Revoked, batch.Accepted, batch.Unverified, batch.Ineffective:
		if executed == 0 {
			return "and was not executed"
		}
	case batch.Unsettled, batch.GaveUp, batch.Failed, batch.Protected: // anything may have happened before
	default:
		if executed > 0 {
			return "and was executed"
		}
	}
	return ""
}

// twiceInSteps is how many writes were more than one at each thing. It fails for all that
// is not as the report says, or is in no report.
func (p *play) twiceInSteps(dir string) (twice int) {
	p.t.Helper()
	if !p.sealed(dir) {
		p.t.Errorf("%s has no report.sha256", dir)
	}
	p.compare(dir, p.cast, true)
	p.compareWrites(dir)
	state, done := p.tenant.State(), executedIn(p.tenant.Log())
	told := map[thing]bool{}
	for _, w := range p.writesIn(dir) {
		told[w.thing()] = true
		if why := p.untrue(w, state, done[w.thing()] > 0); why != "" {
			p.t.Errorf("%s: %s, %s", dir, w, why)
		}
		delete(done, w.thing())
	}
	for of := range done {
		p.t.Errorf("%v was written, and no line tells of it", of)
	}
	p.nothingLost(told)
	return p.repeats()
}

// untrue says how the end of a write is not what the tenant has; "" when it is.
func (p *play) untrue(w toldWrite, state graphsim.State, done bool) string {
	user := "user " + w.UPN + " "
	so := done
	switch {
	case w.Step == batch.Disable:
		so = state[user+"accountEnabled"] == "false"
	case w.Step == batch.Password:
		so = state[user+"lastPasswordChangeDateTime"] != p.before[user+"lastPasswordChangeDateTime"]
	case w.Step == batch.Devices:
		so = state["device "+w.Target+" accountEnabled"] == "false"
	case w.thing().action == "leaveGroup":
		so = state[user+"group "+w.Target] == ""
	case w.Step == batch.Licences:
		so = state[user+"licence "+w.Target] == ""
	}
	switch o := w.Outcome; {
	case o.Open():
		return "at the end"
	case o.Kind() == batch.Success && !so:
		return "and the tenant has it otherwise"
	case (o == batch.NotPossible || o == batch.Denied || o == batch.Skipped) && so && w.Step != batch.Disable:
		return "and the tenant has it so"
	case p.calm && (o == batch.GaveUp || o == batch.Unverified || o == batch.Failed && !strings.HasPrefix(w.Reason, "not tried, since")):
		return "and there was no trouble"
	}
	return ""
}

// nothingLost holds that each thing which the people of the input had before has its write.
func (p *play) nothingLost(told map[thing]bool) {
	for _, who := range p.cast {
		u, known := p.tenant.User(who.upn)
		if !known {
			continue
		}
		want := []thing{{u.ID, "revokeSignInSessions", ""}}
		for k := range 3 {
			id := graphsim.IDFor(fmt.Sprintf("device %d of %s", k, u.UPN))
			if p.before["device "+id+" accountEnabled"] != "" {
				want = append(want, thing{u.ID, "disableDevice", id})
			}
		}
		for what := range p.before {
			if id, ok := strings.CutPrefix(what, "user "+u.UPN+" group "); ok {
				want = append(want, thing{u.ID, "leaveGroup", id})
			}
			if id, ok := strings.CutPrefix(what, "user "+u.UPN+" licence "); ok {
				want = append(want, thing{u.ID, "assignLicense", id})
			}
		}
		for _, of := range want {
			step := map[string]batch.Step{"revokeSignInSessions": batch.Revoke, "disableDevice": batch.Devices, "leaveGroup": batch.Groups, "assignLicense": batch.Licences}[of.action]
			if slices.Contains(p.steps, step) && !told[of] {
				p.t.Errorf("%s has %v, and no line tells of it", u.UPN, of)
			}
		}
	}
}

// repeats counts the writes that were more than one at each thing, those not counted whose
// answer a fault of the tenant kept from the client. It fails for a removal that may have
// arrived and was sent again unread, and for any deletion.
func (s *scene) repeats() (twice int) {
	s.t.Helper()
	return s.repeatsIn(s.tenant.Log())
}

// repeatsIn does so of a part of the log.
func (s *scene) repeatsIn(log []graphsim.Event) (twice int) {
	s.t.Helper()
	member := func(action string) bool { return action == "leaveGroup" || action == "joinGroup" }
	done := map[thing]int{}
	unread := map[thing]bool{} // it may have arrived, and was not read since
	for _, e := range log {
		if e.Method == "GET" {
			if e.Status == 200 {
				for of := range unread {
					if of.user == e.User && member(of.action) == (e.Action == "memberOf") {
						delete(unread, of)
					}
				}
			}
			continue
		}
		if e.Method == "DELETE" && (e.Action != "leaveGroup" || !strings.HasSuffix(e.Path, "/$ref")) {
			s.t.Errorf("%s %s of %s: that deletes", e.Method, e.Path, e.User)
		}
		for _, of := range thingsOf(e) {
			if unread[of] {
				s.t.Errorf("%v may have arrived, and was sent again unread", of)
			}
			if member(e.Action) || e.Action == "assignLicense" {
				unread[of] = e.Executed || e.Status == 0 || e.Status >= 500
			}
			if !e.Executed {
				continue
			}
			if done[of]++; done[of] > 1 {
				twice++
			}
			switch e.Fault {
			case graphsim.LostAnswer, graphsim.Truncated, graphsim.BadGateway502Item, graphsim.Item504, graphsim.MissingItem:
				twice--
			}
		}
	}
	return twice
}
