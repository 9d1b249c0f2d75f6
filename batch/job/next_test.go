package job

import (
	"strings"
	"testing"

	"offboard/batch"
)

// words is a console that types words as they are.
type words struct{ Console }

func (words) Typed(line ...string) string { return strings.Join(line, " ") }

// TestRetryLine holds the command that runs rows again to the tenant of their people.
func TestRetryLine(t *testing.T) {
	const tenant = "11111111-2222-3333-4444-555555555555"
	terms := batch.Terms{Choice: []batch.Flag{{Name: "key", Value: "mail"}}, Flags: []batch.Flag{{Name: "report-dir", Value: "there"}, {Name: "no-verify", Value: "true"}}}
	for want, plan := range map[string]batch.Plan{
		"run r.csv --key mail --no-verify=true --tenant " + tenant:                                          {Tenant: tenant, Terms: terms, Cloud: globalGraph},
		"run r.csv --key mail --no-verify=true --tenant " + tenant + " --graph-url http://127.0.0.1:1/v1.0": {Tenant: tenant, Terms: terms, Cloud: "http://127.0.0.1:1/v1.0"},
		"run r.csv --key mail --no-verify=true --simulate":                                                  {Tenant: tenant, Terms: terms, Cloud: Simulated},
		"run r.csv": {},
	} {
		h := &Host{Console: words{}}
		if got := h.retryLine(plan, "r.csv"); got != want {
			t.Errorf("the line is %q, want %q", got, want)
		}
	}
}
