package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offboard/batch/graphsim"
)

// The doctor is in trouble where a run with the same flags is refused, and in none where the run goes
// well.
func TestDoctorRefusesAsRun(t *testing.T) {
	stranger := "99999999-0000-4000-8000-00000000000f"
	refused, goes := 0, 0
	for _, args := range []string{
		"", "--max-users 3", "--min-users 3", "--since last", "--since 24h", "--deadline 1h", "--protect DIR/own.txt --max-users 2", "--metrics-file DIR/x.prom", "--notify-file DIR/closed", "--no-resolve", "--quota-share 0.5",
		"--max-users 2", "--max-percent 1", "--min-users 4",
		"--sign-key DIR/nokey", "--sign-key DIR/in.csv", "--metrics-file DIR/none/x.prom", "--metrics-file DIR/x.txt", "--notify-file DIR/open", "--notify-file DIR/none",
		"--protect-group " + stranger, "--protect-group nobody", "--protect DIR/strangers.txt", "--protect DIR/pattern.txt", "--protect DIR/none",
		"--since 20200101-000000-abcd", "--since 2200-01-01", "--quota-file DIR/none", "--quota-file DIR/in.csv", "--quota-share 2", "--app DIR/none.env", "--deadline 1ns",
		"--no-resolve --protect DIR/own.txt", "--no-resolve --key mail --column mail", "--max-input-age 1h", "--sla 1h", "--report-dir DIR/in.csv/out", "--steps vanish",
	} {
		t.Run(args, func(t *testing.T) {
			d := newBooth(t, 3, graphsim.Config{NoQuota: true})
			d.environ = signedIn()
			for i := range 97 {
				must(t, d.tenant.Add(graphsim.User{UPN: fmt.Sprintf("other%d@contoso.example", i)}))
			}
			for name, text := range map[string]string{"own.txt": "u0@contoso.example\n", "strangers.txt": "nobody@contoso.example\n", "pattern.txt": "breakglass-*@contoso.example\n", "open": "https://example.com/x\n", "closed": "http://127.0.0.1:1/x\n"} {
				must(t, os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600))
			}
			must(t, os.Chmod(filepath.Join(d.dir, "open"), 0o644))
			must(t, os.Chtimes(filepath.Join(d.dir, "in.csv"), time.Time{}, time.Now().Add(-48*time.Hour)))
			words := append([]string{"DIR/in.csv", "--tenant=" + ours.Tenant, "--report-dir=DIR/report"}, strings.Fields(args)...)
			if !strings.Contains(args, "--column") {
				words = append(words, "--column=upn")
			}
			before := filesIn(t, d.dir)
			code, said := d.offboard(append([]string{"doctor"}, words...)...)
			if after := filesIn(t, d.dir); len(after) != len(before) || d.writes() > 0 {
				t.Errorf("the doctor left %v, and made %d writes", after, d.writes())
			}
			ran, out := d.offboard(append([]string{"run", "--yes"}, words...)...)
			if ran == exitDone {
				goes++
			} else if refused++; d.writes() > 0 {
				t.Fatalf("the run was not refused: exit code %d\n%s", ran, out)
			}
			if (code == exitDone) != (ran == exitDone) {
				t.Errorf("exit code %d, and of the run %d\n%s\n%s", code, ran, said, out)
			}
		})
	}
	if goes < 10 || refused < 20 {
		t.Errorf("%d runs went well and %d were refused: the table has lost its sense", goes, refused)
	}
}
