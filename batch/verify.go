package batch

import (
	"strings"
	"time"
)

// Slack is how far a stamp may lie before the Date of the call that moved it:
// Graph's servers have clocks of their own, and stamps have whole seconds.
const Slack = 60 * time.Second

// Proved reports whether a stamp read back proves a revocation: it is later
// than the stamp before, and no earlier than the server's own Date of the call
// less the slack. This machine's clock has no say. A call without a Date proves
// nothing.
func Proved(before, after, accepted time.Time) bool {
	return !accepted.IsZero() && after.After(before) && !after.Before(accepted.Add(-Slack))
}

// External reports whether the user signs in at another tenant, where this one
// cannot revoke anything although Graph answers 200 (Microsoft Graph
// documentation, revokeSignInSessions; confirmed by Microsoft in
// microsoft-graph-docs#19012). An #EXT# name counts even for a member: the
// stricter reading.
func (u User) External() bool {
	return u.Type == "Guest" || strings.Contains(strings.ToUpper(u.UPN), "#EXT#")
}

// troubleCap is the longest wait after a read-back that failed.
const troubleCap = 4 * time.Second

// pollWait is how long to wait before reading a stamp again: often at first,
// when most of them show, then every 15 seconds.
func pollWait(polls int) time.Duration {
	return min(15*time.Second, time.Second<<min(polls, 4))
}
