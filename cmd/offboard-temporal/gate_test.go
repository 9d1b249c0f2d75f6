package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/testsuite"
)

// TestGate holds the rules of the gate, a step at a time: what a run says, and what is lent then.
// "A1 ask" is tenant A's run 1; a capital U behind it says that it is urgent.
func TestGate(t *testing.T) {
	type step struct {
		after time.Duration // since the step before
		say   string        // "RUN WANT SLICE [throttled]", or nothing
		lent  string        // "RUN SLICE@PACE", with spaces between
	}
	for name, steps := range map[string][]step{
		"one slice per tenant at a time": {
			{0, "A1 ask 1", "A1 1@18"}, {0, "A2 ask 1", ""}, {0, "A1 done 1", "A2 1@18"}, {0, "A2 done 1", ""},
		},
		"the app's budget, and no crumbs of it": { // 45 = 18 + 18 + 9
			{0, "A1 ask 1", "A1 1@18"}, {0, "B1 ask 1", "B1 1@18"}, {0, "C1 ask 1", "C1 1@9"}, {0, "D1 ask 1", ""},
			{0, "C1 done 1", "D1 1@9"}, {0, "A1 ask 2", "A1 2@18"},
		},
		"a next slice waits behind the tenants that wait": {
			{0, "A1 ask 1", "A1 1@18"}, {0, "B1 ask 1", "B1 1@18"}, {0, "C1 ask 1", "C1 1@9"}, {0, "D1 ask 1", ""}, {0, "E1 ask 1", ""},
			{0, "A1 ask 2", "D1 1@18"}, {0, "B1 ask 2", "E1 1@18"}, {0, "D1 ask 2", "A1 2@18"},
		},
		"the turn is a tenant's, whatever number of runs it has": {
			{0, "A1 ask 1", "A1 1@18"}, {0, "B1 ask 1", "B1 1@18"}, {0, "C1 ask 1", "C1 1@9"}, {0, "A2 ask 1", ""}, {0, "D1 ask 1", ""},
			{0, "A1 done 1", "D1 1@18"}, {0, "D1 done 1", "A2 1@18"},
		},
		"urgent runs enter at the next slice": {
			{0, "A1 ask 1", "A1 1@18"}, {0, "B1 ask 1", "B1 1@18"}, {0, "C1 ask 1", "C1 1@9"}, {0, "D1 ask 1", ""}, {0, "A2U ask 1", ""}, {0, "E1U ask 1", ""},
			{0, "B1 ask 2", "E1U 1@18"}, {0, "A1 ask 2", "A2U 1@18"}, {0, "E1U ask 2", "E1U 2@18"}, {0, "E1U done 2", "D1 1@18"},
		},
		"a 429 holds the tenant": {
			{0, "A1 ask 1", "A1 1@18"}, {0, "A1 ask 2 30s", ""}, {0, "B1 ask 1", "B1 1@18"}, {29 * time.Second, "", ""}, {time.Second, "", "A1 2@18"},
		},
		"a 429 of the app holds all": {
			{0, "A1 ask 1", "A1 1@18"}, {0, "A1 done 1 30s everywhere", ""}, {0, "B1 ask 1", ""}, {29 * time.Second, "", ""}, {time.Second, "", "B1 1@18"},
		},
		"a longer hold stays": {
			{0, "A1 ask 1", "A1 1@18"}, {0, "A1 ask 2 30s", ""}, {0, "A1 ask 2 1s", ""}, {29 * time.Second, "", ""}, {time.Second, "", "A1 2@18"},
		},
		"what is not given back ends": {
			{0, "A1 ask 1", "A1 1@18"}, {0, "A2 ask 1", ""}, {believed - time.Second, "A1 keep 1", ""}, {believed - time.Second, "", ""}, {time.Second, "", "A2 1@18"},
		},
		"a gate that was ended learns of slices under way": {
			{0, "A1 keep 4", ""}, {0, "A2 ask 1", ""}, {0, "A1 ask 5", "A2 1@18"},
		},
		"what comes late changes nothing": {
			{0, "A1 ask 1", "A1 1@18"}, {0, "A1 ask 2", "A1 2@18"}, {0, "A1 ask 1", ""}, {0, "A1 keep 1", ""}, {0, "A1 done 1", ""}, {0, "A2 ask 1", ""}, {0, "A1 done 2", "A2 1@18"},
		},
		"a late keep is no loan while the run waits": {
			{0, "A1 ask 1", "A1 1@18"}, {0, "A2 ask 1", ""}, {0, "A1 ask 2", "A2 1@18"}, {0, "A1 keep 1", ""}, {0, "A2 done 1", "A1 2@18"},
		},
		"asking again is heard again": {
			{0, "A1 ask 1", "A1 1@18"}, {0, "A2 ask 1", ""}, {0, "A1 ask 1", "A1 1@18"},
		},
	} {
		g := &Gate{Held: map[string]time.Time{}}
		now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
		for i, s := range steps {
			now = now.Add(s.after)
			if s.say != "" {
				g.take(parseTurn(t, s.say), now)
			}
			var lent []string
			for _, l := range g.lend(now) {
				lent = append(lent, fmt.Sprintf("%s %d@%v", l.Workflow, l.Slice, l.Pace))
			}
			if got := strings.Join(lent, " "); got != s.lent {
				t.Errorf("%s: step %d (%s) lends %q, want %q", name, i+1, s.say, got, s.lent)
			}
		}
	}
}

// parseTurn reads "A1 ask 1 30s everywhere".
func parseTurn(t *testing.T, text string) Turn {
	t.Helper()
	words := strings.Fields(text)
	turn := Turn{Workflow: words[0], Tenant: words[0][:1], Urgent: strings.HasSuffix(words[0], "U"), Want: Want(words[1]), Pace: 18, Limits: Limits{18, 45}}
	if _, err := fmt.Sscan(words[2], &turn.Slice); err != nil {
		t.Fatal(err)
	}
	if len(words) > 3 {
		turn.Throttled, _ = time.ParseDuration(words[3])
		turn.Everywhere = slices.Contains(words, "everywhere")
	}
	return turn
}

// TestGateForgets has a run that is no more: nothing of it stays.
func TestGateForgets(t *testing.T) {
	now := time.Now()
	g := &Gate{Held: map[string]time.Time{}}
	for _, say := range []string{"A1 ask 1", "A2 ask 1"} {
		g.take(parseTurn(t, say), now)
		g.lend(now)
	}
	g.forget("A2")
	g.forget("A1")
	if wait, idle := g.wait(now); !idle || wait != gateIdle || len(g.lend(now)) > 0 {
		t.Errorf("the gate still knows of %v and %v", g.Waiting, g.Loans)
	}
}

// TestGateIsWanted asks whether somebody waits for a pace, of a gate that cannot lend to all.
func TestGateIsWanted(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterWorkflow(AppGate)
	env.OnSignalExternalWorkflow(mock.Anything, mock.Anything, mock.Anything, lentSignal, mock.Anything).Return(nil)
	for i, s := range []struct {
		say    string
		wanted bool
	}{{"A1 ask 1", false}, {"A2 ask 1", true}, {"A1 done 1", false}, {"A2 done 1", false}} {
		env.RegisterDelayedCallback(func() { env.SignalWorkflow(turnSignal, parseTurn(t, s.say)) }, time.Duration(i)*time.Second)
		env.RegisterDelayedCallback(func() {
			var is bool
			answer, err := env.QueryWorkflow(wantedQuery)
			if err == nil {
				err = answer.Get(&is)
			}
			if err != nil || is != s.wanted {
				t.Errorf("after %q it is wanted: %v, %v", s.say, is, err)
			}
		}, time.Duration(i)*time.Second+time.Second/2)
	}
	if env.ExecuteWorkflow(AppGate, Gate{}); env.GetWorkflowError() != nil {
		t.Error(env.GetWorkflowError())
	}
}
