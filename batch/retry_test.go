package batch

import (
	"testing"
	"time"
)

func TestDecide(t *testing.T) {
	p := RetryPolicy{Attempts: 3, Base: time.Second, Cap: 8 * time.Second}
	const s = time.Second
	for _, c := range []struct {
		name  string
		trial Trial
		reply Reply
		want  Verdict
	}{
		{"200", Trial{Attempts: 1}, Reply{Status: 200}, Verdict{}},
		{"204", Trial{Attempts: 1}, Reply{Status: 204}, Verdict{}},
		{"200 in the last attempt", Trial{Attempts: 3}, Reply{Status: 200}, Verdict{}},
		{"redirect", Trial{Attempts: 1}, Reply{Status: 302}, Verdict{Outcome: Failed, Reason: "HTTP 302"}},
		{"400", Trial{Attempts: 1}, Reply{Status: 400, Code: "BadRequest"}, Verdict{Outcome: Invalid, Reason: "HTTP 400 BadRequest"}},
		{"403", Trial{Attempts: 1}, Reply{Status: 403}, Verdict{Outcome: Denied, Reason: "HTTP 403"}},
		{"404", Trial{Attempts: 1}, Reply{Status: 404}, Verdict{Outcome: NotFound, Reason: "HTTP 404"}},
		{"405", Trial{Attempts: 1}, Reply{Status: 405}, Verdict{Outcome: Failed, Reason: "HTTP 405"}},
		{"409 by another's write", Trial{Attempts: 1}, Reply{Status: 409, Code: "Directory_ConcurrencyViolation"}, Verdict{Again: true, Wait: s / 2, Reason: "HTTP 409 Directory_ConcurrencyViolation"}},
		{"409 otherwise", Trial{Attempts: 1}, Reply{Status: 409, Code: "Conflict"}, Verdict{Outcome: Failed, Reason: "HTTP 409 Conflict"}},
		{"408", Trial{Attempts: 1}, Reply{Status: 408}, Verdict{Again: true, Wait: s / 2, Reason: "HTTP 408"}},
		{"500, first", Trial{Attempts: 1}, Reply{Status: 500}, Verdict{Again: true, Wait: s / 2, Reason: "HTTP 500"}},
		{"502, second", Trial{Attempts: 2}, Reply{Status: 502}, Verdict{Again: true, Wait: s, Reason: "HTTP 502"}},
		{"503 with a time", Trial{Attempts: 1}, Reply{Status: 503, RetryAfter: 7 * s}, Verdict{Again: true, Wait: 7 * s, Reason: "HTTP 503"}},
		{"504, last", Trial{Attempts: 3}, Reply{Status: 504}, Verdict{Outcome: GaveUp, Reason: "3 attempts, the last one: HTTP 504"}},
		{"501", Trial{Attempts: 1}, Reply{Status: 501}, Verdict{Outcome: Failed, Reason: "HTTP 501"}},
		{"no answer", Trial{Attempts: 1}, Reply{}, Verdict{Again: true, Wait: s / 2, Reason: "no answer for this user"}},
		{"no answer, last", Trial{Attempts: 3}, Reply{}, Verdict{Outcome: GaveUp, Reason: "3 attempts, the last one: no answer for this user"}},
		{"401", Trial{Attempts: 1}, Reply{Status: 401}, Verdict{Again: true, Wait: s / 2, Reason: "HTTP 401"}},
		{"429 with a time", Trial{Throttles: 1}, Reply{Status: 429, RetryAfter: 2128 * time.Millisecond}, Verdict{Again: true, Wait: 2128 * time.Millisecond, Reason: "throttled"}},
		{"429 without: the gate need not pause for a few", Trial{Throttles: 1}, Reply{Status: 429}, Verdict{Again: true, Wait: 3 * s, Reason: "throttled"}},
		{"429 for the fourth time: the gate has grown its pause, and nobody waits longer than that", Trial{Throttles: 4}, Reply{Status: 429, RetryAfter: s}, Verdict{Again: true, Wait: s, Reason: "throttled"}},
		{"429 is no attempt", Trial{Attempts: 3, Throttles: 1}, Reply{Status: 429, RetryAfter: s}, Verdict{Again: true, Wait: s, Reason: "throttled"}},
		{"429 beyond the cap", Trial{Throttles: 1}, Reply{Status: 429, RetryAfter: time.Hour}, Verdict{Again: true, Wait: time.Hour, Reason: "throttled"}},
		{"429 for good", Trial{Throttles: 1}, Reply{Status: 429, Code: "Request_ThrottledPermanently"}, Verdict{Outcome: Failed, Reason: "HTTP 429 Request_ThrottledPermanently"}},
		{"503 that means 429", Trial{Attempts: 3, Throttles: 1}, Reply{Status: 503, Code: "Request_ThrottledTemporarily", RetryAfter: s}, Verdict{Again: true, Wait: s, Reason: "throttled"}},
		{"a status from nowhere", Trial{Attempts: 1}, Reply{Status: 99}, Verdict{Outcome: Failed, Reason: "HTTP 99"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := p.Decide(c.trial, c.reply, 0); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestBackoffGrowsToItsCap(t *testing.T) {
	p := RetryPolicy{Attempts: 99, Base: time.Second, Cap: 8 * time.Second}
	for n, want := range map[int]time.Duration{1: 1, 2: 2, 3: 4, 4: 8, 5: 8, 60: 8} {
		lo := p.Decide(Trial{Attempts: n}, Reply{Status: 500}, 0).Wait
		hi := p.Decide(Trial{Attempts: n}, Reply{Status: 500}, 1).Wait
		if lo != want*time.Second/2 || hi != want*time.Second {
			t.Errorf("attempt %d waits %v to %v, want half to all of %d s", n, lo, hi, want)
		}
	}
}

// A call that failed as a whole must never read as a word about its users.
func TestCallErrorIsNoWordOnUsers(t *testing.T) {
	for status := range 600 {
		r := (&CallError{Status: status, Code: "X", Err: ErrOutage}).reply()
		switch c, o := classify(r); {
		case c == accepted, c == final:
			t.Errorf("a call answered with %d makes its users %v %q", status, c, o)
		}
	}
}

func TestDoubt(t *testing.T) {
	for status, want := range map[int]bool{0: true, 200: false, 400: false, 401: false, 403: false, 404: false, 408: true, 429: false, 500: true, 502: true, 503: true, 504: true} {
		if got := doubtful(Reply{Status: status}); got != want {
			t.Errorf("status %d: doubtful is %v, want %v", status, got, want)
		}
	}
}
