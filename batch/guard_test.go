package batch

import (
	"strings"
	"testing"
)

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits Limits
		count  Count
		tenant int
		want   string // the flags named, in order
	}{
		{"as many as allowed", Limits{500, 20, 5}, Count{Users: 500, Privileged: 5}, 2500, ""},
		{"one user more", Limits{500, 20, 5}, Count{Users: 501, Privileged: 5}, 2505, "--max-users"},
		{"one in a thousand more", Limits{500, 20, 5}, Count{Users: 500, Privileged: 5}, 2499, "--max-percent"},
		{"one admin more", Limits{500, 20, 5}, Count{Users: 500, Privileged: 6}, 2500, "--max-privileged"},
		{"everything at once", Limits{500, 20, 5}, Count{Users: 501, Privileged: 6}, 501, "--max-users --max-percent --max-privileged"},
		{"no limit", Limits{}, Count{Users: 1e6, Privileged: 1e6}, 1e6, ""},
		{"nobody", Limits{1, 1, 1}, Count{}, 1, ""},
		{"a tenant of unknown size", Limits{0, 20, 0}, Count{Users: 1e6}, 0, ""},
	} {
		var flags []string
		for _, why := range c.limits.Refusals(c.count, c.tenant) {
			for _, w := range strings.FieldsFunc(why, func(r rune) bool { return strings.ContainsRune(" ,;()", r) }) {
				if strings.HasPrefix(w, "--max-") {
					flags = append(flags, w)
				}
			}
		}
		if got := strings.Join(flags, " "); got != c.want {
			t.Errorf("%s: refused for %q, want %q", c.name, got, c.want)
		}
	}
}
