package job

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// What was proven, and a later read of the same user shows as before the run again, is
// proven no longer, whatever that read was made for; unless it is shown done again, as
// where the read came from a replica that lags.
func TestProofTakenBack(t *testing.T) {
	for _, c := range []struct {
		name    string
		already bool          // the account was disabled before the run
		back    time.Duration // after which it is disabled again; 0 is never
		want    batch.Outcome
		says    string
	}{
		{"enabled since", false, 0, batch.Failed, "taken back since: the directory shows it enabled again"},
		{"disabled before, and enabled since", true, 0, batch.Failed, "it was so before the run, but the directory shows it enabled again"},
		{"one read", false, 2 * time.Second, batch.Verified, ""},
		{"disabled before, one read", true, 2 * time.Second, batch.Already, "the account was disabled before the run"},
	} {
		inOffice(t, 3, func(o *office) {
			time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour)
			who := o.people[1]
			if c.already {
				o.somebody("PATCH", "/users/"+who, `{"accountEnabled":false}`)
			}
			o.enablesMeanwhile(who, func() {
				if c.back > 0 {
					time.AfterFunc(c.back, func() { o.somebody("PATCH", "/users/"+who, `{"accountEnabled":false}`) })
				}
			})
			o.finishes(o.run("disable", "revoke"))
			l := o.lines(o.first())[who]
			rec := l.Of(batch.Disable)[0].Record
			if rec.Outcome != c.want || rec.Reason != c.says || l.Contained(batch.Leaver) != (c.back > 0) {
				t.Errorf("%s: ended %s (%s), contained %t", c.name, rec.Outcome, rec.Reason, l.Contained(batch.Leaver))
			}
			contained := 2
			if c.back > 0 {
				contained = 3
			}
			if got := o.said.end.Summary.Contained; got != contained {
				t.Errorf("%s: %d are contained", c.name, got)
			}
			if got := l.Of(batch.Revoke)[0].Record.Outcome; got != batch.Verified {
				t.Errorf("%s: the revocation ended %s", c.name, got)
			}
		})
	}
}

// One membership's read shows that another one, which was proven gone, is back.
func TestMembershipTakenBack(t *testing.T) {
	inOffice(t, 1, func(o *office) {
		id := func(name string) string { return graphsim.IDFor("group " + name) }
		for _, name := range []string{"first", "second"} {
			if err := o.tenant.AddGroup(graphsim.Group{ID: id(name), Name: name, Members: []string{o.people[0]}}); err != nil {
				t.Fatal(err)
			}
		}
		var left time.Time // the second
		o.sees = func(body []byte) {
			switch {
			case bytes.Contains(body, []byte("/groups/"+id("second")+"/members/")):
				left = time.Now()
			case !left.IsZero() && time.Now().After(left) && bytes.Contains(body, []byte("/memberOf?$select=id&")): // its proof
				o.sees = nil
				o.somebody("POST", "/groups/"+id("first")+"/members/$ref", `{"@odata.id":"https://graph.microsoft.com/v1.0/directoryObjects/`+graphsim.IDFor(o.people[0])+`"}`)
			}
		}
		o.finishes(o.run("groups"))
		for _, w := range o.lines(o.first())[o.people[0]].Writes {
			rec := w.Record
			if w.Target.ID == id("first") && (rec.Outcome != batch.Failed || !strings.Contains(rec.Reason, "there again")) || w.Target.ID == id("second") && rec.Outcome != batch.Verified {
				t.Errorf("%s ended %s (%s)", w.Target.Name, rec.Outcome, rec.Reason)
			}
		}
		if o.sees != nil {
			t.Error("nobody came back")
		}
	})
}

// enablesMeanwhile has somebody enable the account before the first read that proves the
// revocation, and then does something else.
func (o *office) enablesMeanwhile(who string, then func()) {
	sent := false
	o.sees = func(body []byte) {
		switch {
		case bytes.Contains(body, []byte("/revokeSignInSessions")):
			sent = true
		case sent && bytes.Contains(body, []byte("signInSessionsValidFromDateTime")):
			o.sees = nil
			o.somebody("PATCH", "/users/"+who, `{"accountEnabled":true}`)
			then()
		}
	}
}

func (o *office) resume() error {
	return Resume(o.t.Context(), o.host(), &ResumeOptions{RunName: o.first(), Guards: Guards{MaxPercent: none()}, Connection: o.connection(), Execution: o.execution(), Unasked: Unasked{true}})
}

// A run whose account is enabled again ends: the step has failed, groups and licences are
// not tried, retry.csv has the row, and running the input again disables the account.
func TestTakenBackEndsTheRun(t *testing.T) {
	inOffice(t, 3, func(o *office) {
		time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour)
		who := o.people[1]
		o.enablesMeanwhile(who, func() {})
		if err := o.run("disable", "revoke", "groups"); !errors.Is(err, ErrPartial) {
			t.Fatalf("ended with %v", err)
		}
		barred := 0
		l := o.lines(o.first())[who]
		for _, w := range l.Of(batch.Groups) {
			if w.Record.Outcome == batch.Failed && strings.HasPrefix(w.Record.Reason, "not tried, since the step disable ended failed") {
				barred++
			}
		}
		retry, err := os.ReadFile(filepath.Join(o.dir, "report", "retry.csv"))
		if err != nil || barred == 0 || !bytes.Contains(retry, []byte(who)) || bytes.Contains(retry, []byte(o.people[0])) {
			t.Errorf("%v: %d groups are not tried, and retry.csv has\n%s", err, barred, retry)
		}
		if err := o.run("disable", "revoke", "groups"); err != nil && !errors.Is(err, ErrPartial) || len(o.runs()) != 2 { // some groups are not possible
			t.Fatalf("the second run: %v; there are %d", err, len(o.runs()))
		}
		if l = o.lines(o.runs()[1])[who]; l.Of(batch.Disable)[0].Record.Outcome != batch.Verified || o.tenant.State()["user "+who+" accountEnabled"] != "false" {
			t.Errorf("the second run: %s (%s)", l.Record.Outcome, l.Record.Reason)
		}
	})
}

// A run that stops, or is killed, before it is known whether a proof was taken back reads it
// again when it goes on, and ends: as it was before where the directory shows it done.
func TestTakenBackAndStopped(t *testing.T) {
	for _, c := range []struct {
		name    string
		already bool
		back    bool // disabled again before the resume
		want    batch.Outcome
		says    string
	}{
		{"proven, and enabled", false, false, batch.Failed, "taken back since: the directory shows it enabled again"},
		{"proven, and disabled again", false, true, batch.Verified, ""},
		{"disabled before, and enabled", true, false, batch.Failed, "it was so before the run, but the directory shows it enabled again"},
		{"disabled before, and again", true, true, batch.Already, "the account was disabled before the run"},
	} {
		for _, killed := range []bool{false, true} {
			inOffice(t, 3, func(o *office) {
				time.Sleep(time.Until(graphsim.SeedStamp) + 24*time.Hour)
				who := o.people[1]
				if c.already {
					o.somebody("PATCH", "/users/"+who, `{"accountEnabled":false}`)
				}
				ctx, cancel := context.WithCancel(o.t.Context())
				defer cancel()
				o.enablesMeanwhile(who, func() {
					time.AfterFunc(1500*time.Millisecond, func() {
						if c.back {
							o.somebody("PATCH", "/users/"+who, `{"accountEnabled":false}`)
						}
						if killed {
							cancel()
						} else {
							close(o.stop)
						}
					})
				})
				stopped := batch.ErrStopped
				if killed {
					stopped = context.Canceled
				}
				if err := o.runIn(ctx, "disable", "revoke", "groups"); !errors.Is(err, stopped) {
					t.Fatalf("%s, killed %v: ended with %v", c.name, killed, err)
				}
				l := o.lines(o.first())[who]
				if rec := l.Of(batch.Disable)[0].Record; rec.Outcome != batch.Unverified {
					t.Errorf("%s, killed %v: before the resume it is %s (%s)", c.name, killed, rec.Outcome, rec.Reason)
				}
				o.finishes(o.resume())
				l = o.lines(o.first())[who]
				if rec := l.Of(batch.Disable)[0].Record; rec.Outcome != c.want || rec.Reason != c.says {
					t.Errorf("%s, killed %v: ended %s (%s)", c.name, killed, rec.Outcome, rec.Reason)
				}
				sent := 0
				for _, w := range l.Of(batch.Groups) {
					if w.Record.Outcome == batch.Verified {
						sent++
					}
					if w.Record.Outcome.Open() {
						t.Errorf("%s, killed %v: %s is %s", c.name, killed, w.Target.Name, w.Record.Outcome)
					}
				}
				if all := sent == len(l.Of(batch.Groups))-1; all != c.back { // a rule decides who is in one of them
					t.Errorf("%s, killed %v: %d of %d memberships are gone", c.name, killed, sent, len(l.Of(batch.Groups)))
				}
			})
		}
	}
}

// sharing has two people in the tenant and the file, with one device of both, whose id it
// gives, and one of the second alone.
func (o *office) sharing() string {
	o.t.Helper()
	o.people = []string{"ada@contoso.example", "bo@contoso.example"}
	for _, upn := range o.people {
		if err := o.tenant.Add(graphsim.User{UPN: upn, Enabled: true}); err != nil {
			o.t.Fatal(err)
		}
	}
	o.lists(o.people...)
	for name, users := range map[string][]string{"own": o.people[1:], "shared": o.people} {
		if err := o.tenant.AddDevice(graphsim.Device{Name: name, ID: graphsim.IDFor("device " + name), Enabled: true, Users: users, Owners: users}); err != nil {
			o.t.Fatal(err)
		}
	}
	return graphsim.IDFor("device shared")
}

// lists has the file list these people.
func (o *office) lists(people ...string) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, "in.csv"), []byte("upn\n"+strings.Join(people, "\n")), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// A device that two users of a run have is shown enabled by the proof for one of them: it is
// proven no longer for the other one, unless a later read shows it disabled again.
func TestSharedDeviceTakenBack(t *testing.T) {
	for _, back := range []time.Duration{0, 20 * time.Second} {
		inOffice(t, 0, func(o *office) {
			shared := o.sharing()
			set := func(enabled string) {
				o.somebody("PATCH", "/devices/"+shared, `{"accountEnabled":`+enabled+`}`)
			}
			// The second one is held back, or one call may carry what both are to have.
			if err := o.tenant.SetFaults(graphsim.Fault{Kind: graphsim.Conflict409, Match: o.people[1], Only: "write"}); err != nil {
				t.Fatal(err)
			}
			writes, proofs := 0, 0
			o.sees = func(body []byte) {
				switch write := bytes.Contains(body, []byte("PATCH")); {
				case !bytes.Contains(body, []byte("/devices/"+shared)):
				case write:
					writes++
				case writes == 1: // the proof for the first one
					proofs++
					if err := o.tenant.SetFaults(); err != nil {
						t.Error(err)
					}
				case writes == 2 && proofs == 1: // the proof for the second one
					o.sees = nil
					set("true")
					if back > 0 {
						time.AfterFunc(back, func() { set("false") })
					}
				}
			}
			o.finishes(o.run("disable", "devices"))
			if o.sees != nil {
				t.Fatalf("nobody enabled the device: %d calls wrote to it, and %d read it after the first one", writes, proofs)
			}
			lines := o.lines(o.first())
			for i, upn := range o.people {
				l := lines[upn]
				for _, w := range l.Of(batch.Devices) {
					want, says := batch.Verified, ""
					switch {
					case w.Target.ID != shared || back > 0:
					case i == 0:
						want, says = batch.Failed, "taken back since: the directory shows it enabled again"
					default:
						want, says = batch.Unverified, "accepted, but the directory still shows it enabled"
					}
					if rec := w.Record; rec.Outcome != want || rec.Reason != says {
						t.Errorf("%s: ended %s (%s)", upn, rec.Outcome, rec.Reason)
					}
				}
				if l.Contained(batch.Leaver) != (back > 0) {
					t.Errorf("%s: contained %t", upn, l.Contained(batch.Leaver))
				}
			}
		})
	}
}
