package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
)

// Nobody is verified in a tenant whose stamps never move, and verify says so.
func TestFrozenStampsProveNothing(t *testing.T) {
	s := newSceneOf(t, graphsim.Config{NoQuota: true, FrozenStamps: true}, members("user", 40))
	code, out := s.offboard(nil, 0, "run", "in.csv", "--yes", "--graph-url", s.url, "--verify-timeout", "1s", "--report-dir", "out")
	if code != 3 || !strings.Contains(out, "40  unverified") || strings.Contains(out, "  verified") {
		t.Errorf("run: exit code %d\n%s", code, out)
	}
	code, out = s.offboard(nil, 0, "verify", "20", "--graph-url", s.url)
	if code != 3 || !strings.Contains(out, "0 of 40 hold") {
		t.Errorf("verify: exit code %d\n%s", code, out)
	}
}

// verify asks the directory: of a run against its own successes, of a file
// against a time; it writes nothing.
func TestVerify(t *testing.T) {
	s := newScene(t, 40)
	if code, out := s.offboard(nil, 0, "run", "in.csv", "--yes", "--graph-url", s.url, "--report-dir", "out"); code != 0 {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	late := time.Now().Add(time.Hour).Format(time.RFC3339)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"20"}, 0, "40 of 40 hold"},
		{[]string{"20", "--since", late}, 3, "0 of 40 hold"},
		{[]string{"in.csv", "--since", "2020-01-01T00:00:00Z"}, 0, "40 of 40 hold"},
		{[]string{"in.csv", "--since", "20"}, 0, "40 of 40 hold"},
		{[]string{"in.csv", "--since", late, "-o", "json"}, 3, `"holds": 0`},
		{[]string{"20", "-o", "json"}, 0, "{\n  \"checked\": 40,\n  \"failing\": [],\n  \"holds\": 40\n}"},
		{[]string{"in.csv"}, 2, "--since"},
		{[]string{"in.csv", "--since", "never"}, 2, "never"},
		{[]string{"missing.csv"}, 2, "missing.csv"},
	} {
		if code, out := s.offboard(nil, 0, append([]string{"verify", "--graph-url", s.url}, c.args...)...); code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("verify %s: exit code %d, want %d and %q\n%s", c.args, code, c.code, c.want, out)
		}
	}
	if writes := s.tenant.Stats().Writes; writes != 40 {
		t.Errorf("%d writes, of which the run made 40", writes)
	}
	// A user who is gone does not hold, nor does one whose stamp an older one replaces.
	s.tenant.Remove("user7@contoso.example")
	if code, out := s.offboard(nil, 0, "verify", "20", "--graph-url", s.url); code != 3 || !strings.Contains(out, "39 of 40 hold") || !strings.Contains(out, "not_found") {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

// A row that a gate held back named nobody to read, and keeps no verify from ending well.
func TestVerifySinceLeavesSkippedRows(t *testing.T) {
	s := newScene(t, 2)
	s.file("hr.csv", "upn,Status\nuser0@contoso.example,Inactive\nuser1@contoso.example,Active\n")
	s.wants(0, 1, "1  skipped", "run", "hr.csv", "--yes", "--where", "Status=Inactive", "--report-dir", "out")
	s.wants(0, 0, "1 of 1 hold", "verify", "20", "--since", "2020-01-01")
}

// An invalidation is proven by either stamp, and the report says by which one; a
// revocation by the one stamp that it moves.
func TestInvalidationIsProvenByEitherStamp(t *testing.T) {
	const both = graphsim.SignInStamp | graphsim.RefreshStamp
	for moves, want := range map[graphsim.Stamps]string{
		0:                    "shown by refreshTokensValidFromDateTime",
		graphsim.SignInStamp: "shown by signInSessionsValidFromDateTime",
		both:                 "shown by refreshTokensValidFromDateTime and signInSessionsValidFromDateTime",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := newSceneOf(t, graphsim.Config{NoQuota: true, Invalidates: moves}, members("user", 2))
			invalidate := []string{"run", "in.csv", "--yes", "--steps", "invalidate", "--report-dir", "out"}
			s.wants(0, 2, "2  verified", invalidate...)
			report, err := os.ReadFile(filepath.Join(s.dir, "out", "report.csv"))
			if err != nil || strings.Count(string(report), ","+want+",") != 2 {
				t.Errorf("the report lacks %q (%v):\n%s", want, err, report)
			}
			s.wants(0, 0, "2 of 2 hold", "verify", "20")
			s.wants(0, 0, "2  already", append(invalidate, "--since", "1h", "--new")...)
			// A revocation and a file know one stamp only, whichever moved.
			code, hold, writes := 0, "2 of 2 hold", 0
			if moves == 0 {
				code, hold, writes = 3, "0 of 2 hold", 2
			}
			s.wants(code, 0, hold, "verify", "in.csv", "--since", "1h")
			s.wants(0, writes, map[bool]string{true: "2  verified", false: "2  already"}[writes > 0], "run", "in.csv", "--yes", "--since", "1h", "--report-dir", "out2")
		})
	}
}

// A run of several steps is read back write by write: what was changed since does not hold,
// and what a sync may still undo does not before that is over.
func TestVerifySteps(t *testing.T) {
	synced := "synced@contoso.example"
	for _, c := range []struct {
		name  string
		every time.Duration // between two syncs
		want  string        // of the synced account, after the watch
	}{
		{"the sync undoes it", 30 * time.Minute, "the directory still shows it enabled"},
		{"it is disabled in Active Directory, too", 100 * time.Hour, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newLeavers(t, 2, graphsim.Config{SyncEvery: c.every})
			if err := d.tenant.Add(graphsim.User{UPN: synced, Enabled: true, Synced: true}); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(d.dir, "in.csv"), []byte("upn\n"+leaver(0)+"\n"+leaver(1)+"\n"+synced+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				d.t = t
				if code, out := d.offboard("run", "DIR/in.csv", "--steps=disable,revoke,devices,groups,licences", "--yes", "--max-percent=0", "--report-dir=DIR/out"); code != exitPartial {
					t.Fatalf("exit code %d\n%s", code, out)
				}
				writes := d.writes()
				run := d.reportedRun("out")
				// Two users with five writes each; the synced one was disabled and revoked.
				code, out := d.offboard("verify", run)
				if code != exitPartial || !strings.Contains(out, "11 of 12 hold") || !strings.Contains(out, "the directory shows it disabled, and the next sync may undo that") {
					t.Errorf("exit code %d\n%s", code, out)
				}
				start := time.Now()
				code, out = d.offboard("verify", run, "--watch=40m")
				if (code == exitDone) != (c.want == "") || !strings.Contains(out, c.want) || time.Since(start) < 34*time.Minute {
					t.Errorf("after %v: exit code %d\n%s", time.Since(start), code, out)
				}
				if strings.Count(out, "reading the others again") > 25 {
					t.Errorf("it reads again and again what cannot hold yet:\n%s", out)
				}
				if d.writes() != writes {
					t.Error("verify wrote")
				}
				if c.want != "" {
					return
				}
				if code, out := d.offboard("undo", run, "--yes", "--max-percent=0", "--report-dir=DIR/undone"); code != exitPartial { // one is enabled in Active Directory alone
					t.Fatalf("exit code %d\n%s", code, out)
				}
				code, out = d.offboard("verify", run, "-o", "json")
				if code != exitPartial || !strings.Contains(out, `"holds": 4`) || strings.Count(out, `"reason": "taken back by run `) != 8 ||
					!strings.Contains(out, `"name": "pc of `+leaver(1)) {
					t.Errorf("exit code %d\n%s", code, out)
				}
			})
		})
	}
}

// reportedRun is the name of the run that a report is of.
func (d *booth) reportedRun(dir string) string {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, dir, "run.json"))
	if err != nil {
		d.t.Fatal(err)
	}
	var run standing
	if err := json.Unmarshal(text, &run); err != nil {
		d.t.Fatal(err)
	}
	return run.Run
}
