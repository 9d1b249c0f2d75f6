package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"offboard/batch/graphsim"
)

// A plan of the day before is not gone on with unasked: resume refuses, and run
// plans anew and names both ways.
func TestOldPlansAreLeft(t *testing.T) {
	dir := t.TempDir()
	file := "upn\n"
	for _, p := range members("user", 60) {
		file += p.upn + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "in.csv"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		_, wants := virtualTenant(t, dir, 60)
		in, out := filepath.Join(dir, "in.csv"), "--report-dir="+filepath.Join(dir, "out")
		wants(6, 40, "", "run", in, "--concurrency", "1", "--deadline", "8500ms", "--yes", out)
		time.Sleep(25 * time.Hour)
		wants(4, 0, "and --max-age is 24h0m0s; run its input again to plan anew, or allow its age", "resume", "--yes", out)
		wants(4, 0, "and --max-age is 1h0m0s", "resume", "--max-age", "1h", "--yes", out)
		wants(0, 60, "--max-age 26h", "run", in, "--yes", out)
		wants(0, 20, "60  verified", "resume", "--max-age", "0", "--yes", out)
	})
}

// virtualTenant is a tenant of so many users, and a function that runs the whole
// command against it, in this bubble's time, and wants its exit code, so many
// writes, and some words.
func virtualTenant(t *testing.T, dir string, users int) (*graphsim.Tenant, func(code, writes int, words string, args ...string)) {
	t.Helper()
	tenant := graphsim.New(graphsim.Config{NoQuota: true, Latency: time.Second})
	tenant.AddStrangers(1000)
	for _, p := range members("user", users) {
		if err := tenant.Add(graphsim.User{UPN: p.upn}); err != nil {
			t.Fatal(err)
		}
	}
	return tenant, func(code, writes int, words string, args ...string) {
		t.Helper()
		before := tenant.Stats().Writes
		var said bytes.Buffer
		got := execute(t.Context(), world{
			args:   append(args, "--journal="+filepath.Join(dir, "journal.db")),
			stdout: &said, stderr: &said, network: tenant,
			getenv: func(string) string { return "" }, environ: signedIn, width: func() int { return 80 },
		})
		if n := tenant.Stats().Writes - before; int(got) != code || n != writes || !strings.Contains(said.String(), words) {
			t.Errorf("%s: exit code %d, %d writes; want %d, %d and %q\n%s", args, got, n, code, writes, words, said.String())
		}
	}
}

// Whether the caller may be sent was said by the one who planned, for that account:
// another one who applies the plan is spared.
func TestApplySparesItsOwnCaller(t *testing.T) {
	dir := t.TempDir()
	in, plan := filepath.Join(dir, "in.csv"), filepath.Join(dir, "plan.json")
	if err := os.WriteFile(in, []byte("upn\nuser0@contoso.example\nuser1@contoso.example\nuser2@contoso.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		tenant, wants := virtualTenant(t, dir, 3)
		apply := []string{"apply", plan, "--yes", "--as-caller", "--again", "--report-dir", filepath.Join(dir, "out")}
		tenant.SignInAs(graphsim.Caller{User: graphsim.IDFor("user0@contoso.example")})
		wants(0, 0, "user0@contoso.example (the account that is signed in", "plan", in, "-o", plan)
		wants(0, 0, "3 to send", "plan", in, "-o", plan, "--overwrite", "--include-caller")
		wants(0, 3, "3  verified", apply...)
		tenant.SignInAs(graphsim.Caller{User: graphsim.IDFor("user1@contoso.example")})
		wants(0, 2, "user1@contoso.example (the account that is signed in", apply...)
		wants(0, 3, "3  verified", append(apply, "--include-caller")...)
	})
}

// The command that is printed for a plan that was applied although it is old goes on
// with it.
func TestOldPlanThatWasAppliedIsResumed(t *testing.T) {
	dir := t.TempDir()
	in, plan, out := filepath.Join(dir, "in.csv"), filepath.Join(dir, "plan.jsonl"), "--report-dir="+filepath.Join(dir, "out")
	var file strings.Builder
	file.WriteString("upn\n")
	for _, p := range members("user", 60) {
		file.WriteString(p.upn + "\n")
	}
	if err := os.WriteFile(in, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		_, wants := virtualTenant(t, dir, 60)
		wants(0, 0, "60 to send", "plan", in, "-o", plan)
		time.Sleep(25 * time.Hour)
		wants(6, 40, "--max-age 48h0m0s", "apply", plan, "--max-age", "2d", "--concurrency", "1", "--deadline", "8500ms", "--yes", out)
		wants(6, 20, "--verify-timeout 1m0s", "resume", "--max-age", "2d", "--verify-timeout", "1m", "--deadline", "4500ms", "--yes", out)
		// Once more on purpose: the caller's own unfinished run is left where it is.
		wants(0, 60, "is not at its end", "apply", plan, "--max-age", "2d", "--again", "--yes", "--report-dir="+filepath.Join(dir, "again"))
	})
}
