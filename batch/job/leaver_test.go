package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// executed counts the writes that the tenant carried out, by user, action and target.
func (o *office) executed() map[string]int {
	done := map[string]int{}
	for _, e := range o.tenant.Log() {
		if e.Executed && e.Method != http.MethodGet {
			done[executedKey(e.User, e.Action, e.Target)]++
		}
	}
	return done
}

// insists gives a command again whose sign-in failed: in trouble of every kind Graph may
// refuse new tokens several times in a row.
func (o *office) insists(command func() error) {
	o.t.Helper()
	err := command()
	for tries := 1; errors.Is(err, batch.ErrSignIn) && tries < 10; tries++ {
		err = command()
	}
	o.finishes(err)
}

func executedKey(user, action, target string) string { return user + " " + action + " " + target }

// TestLeaver takes 400 people (in its long form 5,000) through all steps, with every kind of trouble at 5 %: each
// target ends as the tenant's own log and state say. Then the run is taken back, in the
// same trouble, until nothing of it is left: the tenant is as it was, but for what cannot
// be taken back.
func TestLeaver(t *testing.T) {
	t.Parallel()
	n := 400
	if *soak {
		n = 5_000
	}
	inOffice(t, n, func(o *office) {
		time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour) // nobody's stamp is from the future
		if err := o.tenant.SetFaults(graphsim.EveryFault(0.05)...); err != nil {
			t.Fatal(err)
		}
		before := o.truth()
		o.insists(func() error { return o.run("leaver") })
		after, done := o.tenant.State(), o.executed()
		outcomes := map[string]int{}
		for _, l := range o.lines(o.first()) {
			for _, k := range l.Writes {
				outcomes[string(k.Target.Step)+" "+string(k.Record.Outcome)]++
				o.check(l.User, k, before, after, done)
			}
		}
		t.Logf("%v; %+v", outcomes, o.tenant.Stats())
		for k, n := range done { // what no line told of
			t.Errorf("the tenant did %s, %d times, and the plan has no such write", k, n)
		}
		for range 5 { // what trouble left over is taken back by the next one
			if o.insists(func() error { return o.undo(func(u *UndoOptions) { u.MaxUsers = none() }) }); len(kept(before.Diff(o.truth()))) == 0 {
				break
			}
		}
		if diff := kept(before.Diff(o.truth())); len(diff) > 0 {
			t.Errorf("after the undo %d things differ from before:\n%s", len(diff), strings.Join(diff[:min(20, len(diff))], "\n"))
		}
	})
}

// leaverActions are the tenant's words for the steps.
var leaverActions = map[batch.Step]string{
	batch.Disable: "disable", batch.Password: "password", batch.Revoke: "revokeSignInSessions", batch.Devices: "disableDevice",
	batch.Groups: "leaveGroup", batch.Licences: "assignLicense",
}

// check holds one write against what the tenant did and how it stands.
func (o *office) check(u batch.User, k batch.Write, before, after graphsim.State, done map[string]int) {
	t, rec := k.Target, k.Record
	user, action, target := "user "+u.UPN+" ", leaverActions[t.Step], t.ID
	was, is, gone := "", "", ""
	switch {
	case t.Step == batch.Disable:
		is, gone = after[user+"accountEnabled"], "false"
	case t.Step == batch.Password:
		was, is = before[user+"lastPasswordChangeDateTime"], after[user+"lastPasswordChangeDateTime"]
	case t.Step == batch.Revoke:
		was, is = before[user+"signInSessionsValidFromDateTime"], after[user+"signInSessionsValidFromDateTime"]
	case t.Step == batch.Devices:
		is, gone = after["device "+t.ID+" accountEnabled"], "false"
	case t.ID != "":
		action, is = "leaveGroup", after[user+"group "+t.ID]
	case strings.Contains(rec.Reason, "could not be listed") && rec.Outcome.Kind() == batch.Failure:
		return // trouble when it was planned: the step failed for this user
	default:
		var direct []batch.Licence
		if err := json.Unmarshal([]byte(t.Before), &direct); err != nil {
			o.t.Error(err)
		}
		var skus []string
		for _, l := range direct {
			skus = append(skus, "-"+l.SKU)
			is += after[user+"licence "+l.SKU]
		}
		slices.Sort(skus) // as the tenant names them
		target = strings.Join(skus, " ")
	}
	n := done[executedKey(u.ID, action, target)]
	delete(done, executedKey(u.ID, action, target))
	so := is == gone
	if t.Step == batch.Password || t.Step == batch.Revoke {
		so = is > was
	}
	wrong := ""
	switch end := rec.Outcome; {
	case end.Open():
		wrong = "it is open at the end"
	case end == batch.Verified && (n == 0 || !so):
		wrong = "a success that was none"
	case end == batch.Already && (n > 0 || !so):
		wrong = "not so before, or our own doing"
	case end == batch.Ineffective && n == 0:
		wrong = "it was not sent"
	case (end == batch.NotPossible || end == batch.Skipped || end == batch.Denied || end == batch.Failed) && n > 0:
		wrong = "it was done"
	case n > 1 && (action == "leaveGroup" || action == "assignLicense"):
		wrong = "it was done twice"
	}
	if wrong != "" {
		o.t.Errorf("%s %s %s of %s is %s (%s), done %d times, %q became %q: %s", t.Step, t.Kind, t.ID, u.UPN, rec.Outcome, rec.Reason, n, was, is, wrong)
	}
}

// The passwords that a run sets are in nothing that it leaves behind: no journal with its
// log, report, message or line of --verbose, whatever trouble there is, and neither whole
// nor in a part.
func TestPasswordsAreNowhere(t *testing.T) {
	inOffice(t, 300, func(o *office) {
		time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour)
		if err := o.tenant.SetFaults(graphsim.EveryFault(0.05)...); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		passwords := map[string]bool{}
		set := regexp.MustCompile(`"password":"((?:[^"\\]|\\.)*)"`)
		o.sees = func(body []byte) {
			mu.Lock()
			defer mu.Unlock()
			for _, m := range set.FindAllSubmatch(body, -1) {
				var word string
				if err := json.Unmarshal([]byte(`"`+string(m[1])+`"`), &word); err != nil {
					t.Error(err)
				}
				if passwords[word] {
					t.Errorf("the password %s was sent twice", word)
				}
				passwords[word] = true
			}
		}
		o.insists(func() error { return o.run("password", "revoke") })
		o.sees = nil
		if len(passwords) < 250 {
			t.Fatalf("%d passwords were sent", len(passwords))
		}
		left := map[string][]byte{"messages": []byte(o.said.said.String()), "log": o.log.Bytes(), "end": fmt.Appendf(nil, "%+v", o.said.end)}
		err := filepath.WalkDir(o.dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				left[path], err = os.ReadFile(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(left) < 8 || len(left["log"]) == 0 {
			t.Fatalf("only %d things are left behind", len(left))
		}
		for word := range passwords {
			for what, text := range left {
				for at := 0; at+10 <= len(word); at += 5 {
					if bytes.Contains(text, []byte(word[at:at+10])) {
						t.Fatalf("a part of a password is in %s", what)
					}
				}
			}
		}
	})
}
