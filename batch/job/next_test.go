package job

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/graph"
)

// words is a console that types words as they are.
type words struct{ Console }

func (words) Typed(line ...string) string { return strings.Join(line, " ") }

// TestRetryLine holds the command that runs rows again to the tenant of their people.
func TestRetryLine(t *testing.T) {
	const tenant = "11111111-2222-3333-4444-555555555555"
	terms := batch.Terms{Choice: []batch.Flag{{Name: "key", Value: "mail"}}, Flags: []batch.Flag{{Name: "report-dir", Value: "there"}, {Name: "no-verify", Value: "true"}}}
	inCloud := batch.Terms{Choice: terms.Choice, Flags: append([]batch.Flag{{Name: "cloud", Value: "usgov"}}, terms.Flags...)}
	for want, plan := range map[string]batch.Plan{
		"run r.csv --key mail --no-verify=true --tenant " + tenant:                                                   {Tenant: tenant, Terms: terms, Cloud: graph.Global.Root},
		"run r.csv --key mail --no-verify=true --tenant " + tenant + " --graph-url http://127.0.0.1:1/v1.0":          {Tenant: tenant, Terms: terms, Cloud: "http://127.0.0.1:1/v1.0"},
		"run r.csv --key mail --no-verify=true --simulate":                                                           {Tenant: tenant, Terms: terms, Cloud: Simulated},
		"run r.csv --key mail --no-verify=true --tenant " + tenant + " --cloud usgov":                                {Tenant: tenant, Terms: inCloud, Cloud: "https://graph.microsoft.us"},
		"run r.csv --key mail --no-verify=true --tenant " + tenant + " --graph-url http://127.0.0.1:1 --cloud usgov": {Tenant: tenant, Terms: inCloud, Cloud: "http://127.0.0.1:1"},
		"run r.csv": {},
		"plan r.csv -o r.jsonl --key mail --no-verify=true --simulate": {Terms: batch.Terms{Source: "in.csv", Choice: terms.Choice, Flags: append(terms.Flags, batch.Flag{Name: "trusted", Value: "t"})}, Cloud: Simulated},
	} {
		h := &Host{Console: words{}}
		if got := h.retryLine(plan, "r.csv"); got != want {
			t.Errorf("the line is %q, want %q", got, want)
		}
	}
}

// TestAnewLine holds the command that begins a run anew to its input and its limits. Where
// the input is not there, the run is shown.
func TestAnewLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	limits := batch.Guards{Limits: defaults}
	wider := limits
	wider.Limits.MaxPercent, wider.Limits.MaxPrivileged = 0, 7
	for want, plan := range map[string]batch.Plan{
		"run " + file: {Input: file, Terms: batch.Terms{Guards: limits}},
		"run " + file + " --max-percent 0 --max-privileged 7 --steps leaver": {Input: file, Terms: batch.Terms{Guards: wider, Choice: []batch.Flag{{Name: "steps", Value: "leaver"}}}},
		"show r": {Run: "r", Input: "-"},
		"show s": {Run: "s", Input: "--user ada@contoso.com"},
		"apply " + file + " --approvals 2 --trusted t --simulate": {Input: file, Terms: batch.Terms{Source: "in.csv", Flags: []batch.Flag{{Name: "rate", Value: "1"}, {Name: "approvals", Value: "2"}, {Name: "trusted", Value: "t"}}}, Cloud: Simulated},
		"undo old --steps devices":                                {Input: "undo of old", Undoes: "old", Part: batch.Part{Steps: []batch.Step{batch.Devices}}, Terms: batch.Terms{Guards: limits}},
	} {
		h := &Host{Console: words{}}
		if got := h.anewLine(plan); got != want {
			t.Errorf("the line is %q, want %q", got, want)
		}
	}
}
