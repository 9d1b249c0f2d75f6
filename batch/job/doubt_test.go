package job

import (
	"bytes"
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
		{"enabled since", false, 0, batch.Unverified, "accepted and proven, but the directory shows it enabled again"},
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
			sent := false
			o.sees = func(body []byte) {
				switch {
				case bytes.Contains(body, []byte("/revokeSignInSessions")):
					sent = true
				case sent && bytes.Contains(body, []byte("signInSessionsValidFromDateTime")):
					o.sees = nil
					o.somebody("PATCH", "/users/"+who, `{"accountEnabled":true}`)
					if c.back > 0 {
						time.AfterFunc(c.back, func() { o.somebody("PATCH", "/users/"+who, `{"accountEnabled":false}`) })
					}
				}
			}
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
			if w.Target.ID == id("first") && (rec.Outcome != batch.Unverified || !strings.Contains(rec.Reason, "there again")) || w.Target.ID == id("second") && rec.Outcome != batch.Verified {
				t.Errorf("%s ended %s (%s)", w.Target.Name, rec.Outcome, rec.Reason)
			}
		}
		if o.sees != nil {
			t.Error("nobody came back")
		}
	})
}
