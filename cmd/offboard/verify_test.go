package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
			if err != nil || strings.Count(string(report), ","+want+"\r\n")+strings.Count(string(report), ","+want+"\n") != 2 {
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
			s.wants(0, writes, "2 success", "run", "in.csv", "--yes", "--since", "1h", "--report-dir", "out2")
		})
	}
}
