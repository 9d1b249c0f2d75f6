package batch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// lifted are the limits with what a check says lifts its refusal.
func lifted(t *testing.T, l Limits, k Finding) Limits {
	var flag string
	var n int
	if _, err := fmt.Sscanf(k.Lift, "%s %d", &flag, &n); err != nil || flag != k.Name {
		t.Errorf("%q lifts %q", k.Lift, k.Refusal)
	}
	*map[string]*int{"--max-users": &l.MaxUsers, "--max-percent": &l.MaxPercent, "--max-privileged": &l.MaxPrivileged, "--min-users": &l.MinUsers}[flag] = n
	return l
}

func TestCheckAge(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		age, most time.Duration
		lift      string // "" when it is young enough
	}{
		{24 * time.Hour, 24 * time.Hour, ""},
		{24*time.Hour + 1, 24 * time.Hour, "--max-age 25h"},
		{90 * time.Minute, time.Hour, "--max-age 2h"},
		{time.Second, time.Nanosecond, "--max-age 1h"},
		{1000 * time.Hour, 0, ""},
		{-time.Hour, time.Nanosecond, ""},
	} {
		k := CheckAge("--max-age", "the plan was made", now.Add(-c.age), now, c.most, "plan again")
		if k.Lift != c.lift || (k.Refusal == "") != (c.lift == "") {
			t.Errorf("%s old, at most %s: lift %q, refusal %q; want lift %q", c.age, c.most, k.Lift, k.Refusal, c.lift)
		}
	}
}

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
		{"as few as allowed", Limits{0, 0, 0, 6}, Count{Users: 1, Ended: map[Outcome]int{Already: 2, Protected: 3}}, -1, ""},
		{"one found too few", Limits{0, 0, 0, 7}, Count{Users: 1, Ended: map[Outcome]int{Already: 2, Protected: 3, Skipped: 9, NotFound: 9, Invalid: 9}}, -1, "--min-users"},
		{"nobody found", Limits{0, 0, 0, 1}, Count{}, -1, "--min-users"},
	} {
		var flags []string
		for _, k := range c.limits.Findings(c.count, c.tenant) {
			if k.Refusal == "" {
				continue
			}
			flags = append(flags, k.Name)
			if !strings.Contains(k.Refusal, k.Name+" is "+strconv.Itoa(k.Limit)) {
				t.Errorf("%s: %q does not say %s %d", c.name, k.Refusal, k.Name, k.Limit)
			}
			if again := lifted(t, c.limits, k).Findings(c.count, c.tenant); slices.ContainsFunc(again, func(a Finding) bool { return a.Name == k.Name && a.Refusal != "" }) {
				t.Errorf("%s: %q does not lift %q", c.name, k.Lift, k.Refusal)
			}
		}
		if got := strings.Join(flags, " "); got != c.want {
			t.Errorf("%s: refused for %q, want %q", c.name, got, c.want)
		}
	}
}
