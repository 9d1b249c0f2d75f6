package batch

import (
	"strconv"
	"strings"
	"testing"
)

func TestChecks(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits Limits
		count  Count
		tenant int
		want   string // the flags named, in order
	}{
		{"as many as allowed", Limits{500, 20, 5, 0}, Count{Users: 500, Accounts: Accounts{Privileged: 5}}, 2500, ""},
		{"one user more", Limits{500, 20, 5, 0}, Count{Users: 501, Accounts: Accounts{Privileged: 5}}, 2505, "--max-users"},
		{"one in a thousand more", Limits{500, 20, 5, 0}, Count{Users: 500, Accounts: Accounts{Privileged: 5}}, 2499, "--max-percent"},
		{"one admin more", Limits{500, 20, 5, 0}, Count{Users: 500, Accounts: Accounts{Privileged: 6}}, 2500, "--max-privileged"},
		{"everything at once", Limits{500, 20, 5, 0}, Count{Users: 501, Accounts: Accounts{Privileged: 6}}, 501, "--max-users --max-percent --max-privileged"},
		{"no limit", Limits{}, Count{Users: 1e6, Accounts: Accounts{Privileged: 1e6}}, 1e6, ""},
		{"nobody", Limits{1, 1, 1, 0}, Count{}, 1, ""},
		{"a tenant of unknown size", Limits{0, 20, 0, 0}, Count{Users: 1e6}, -1, ""},
		{"a tenant that counts nobody", Limits{0, 20, 0, 0}, Count{Users: 1}, 0, "--max-percent"},
		{"nobody of nobody", Limits{0, 20, 0, 0}, Count{}, 0, ""},
	} {
		var flags []string
		for _, k := range c.limits.Checks(c.count, c.tenant) {
			if k.Refusal == "" {
				continue
			}
			flags = append(flags, k.Name)
			if !strings.Contains(k.Refusal, k.Name+" is "+strconv.Itoa(k.Limit)) {
				t.Errorf("%s: %q does not say %s %d", c.name, k.Refusal, k.Name, k.Limit)
			}
		}
		if got := strings.Join(flags, " "); got != c.want {
			t.Errorf("%s: refused for %q, want %q", c.name, got, c.want)
		}
	}
}
