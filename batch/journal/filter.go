package journal

import (
	"strings"
	"time"
)

// Filter chooses runs by what is known of them without a look at their users.
// What is zero lets every run through.
type Filter struct {
	States    []State   // in one of these
	Tenant    string    // exactly this, but for the case of ASCII letters
	Digest    string    // of this input or plan file
	NewerThan time.Time // created after this moment
	OlderThan time.Time // created before this moment
}

// where is the condition on runs, with its arguments. A run that is being
// pruned is no run any more.
func where(filters []Filter) (string, []any) {
	cond, args := "WHERE state <> 'pruning'", []any(nil)
	and := func(sql string, with ...any) {
		cond, args = cond+" AND "+sql, append(args, with...)
	}
	for _, f := range filters {
		if n := len(f.States); n > 0 {
			in := "state IN (?" + strings.Repeat(", ?", n-1) + ")"
			with := make([]any, n)
			for i, s := range f.States {
				with[i] = string(s)
			}
			and(in, with...)
		}
		if f.Tenant != "" {
			and("lower(tenant) = lower(?)", f.Tenant)
		}
		if f.Digest != "" {
			and("digest = ?", f.Digest)
		}
		if !f.NewerThan.IsZero() {
			and("created > ?", millis(f.NewerThan))
		}
		if !f.OlderThan.IsZero() {
			and("created < ?", millis(f.OlderThan))
		}
	}
	return cond + " ", args
}
