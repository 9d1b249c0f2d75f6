package batch

import (
	"strconv"
	"time"
)

// Reply is what Graph said of one user in one call.
type Reply struct {
	Status     int           // HTTP status of this user's own reply; 0 when there was none
	Code       string        // error.code, may be empty
	Message    string        // error.message, may be empty; never decide on it
	RetryAfter time.Duration // zero when Graph named no time
	RequestID  string        // request-id of the call, and the item's id: "REQUEST-ID/ITEM"
	Date       time.Time     // the server's Date of the call; zero when it sent none
	Scope      string        // x-ms-throttle-scope, may be empty
	Info       string        // x-ms-throttle-information, may be empty
	Percent    float64       // x-ms-throttle-limit-percentage, 0.8 to 1.8; 0 when absent
	User       *User         // a lookup's hit by ID or UPN, without Seq; nil otherwise
	whole      bool          // said of a call as a whole that carried this user alone: a refusal for good
	Shown      *Shown        // what a read-back of a state says; nil otherwise
	Targets    []Target      // one page of a list of devices or groups
	Groups     []string      // object ids of the groups that a read-back of a membership shows the user in
	More       string        // where the list goes on; "" at its end
	Hits       []User        // the users that a lookup by property found, 5 at most, without Seq; empty when it found none
}

// class sorts replies by what they mean for the user.
type class int

const (
	accepted  class = iota // 2xx
	throttled              // not now; says nothing of the user, and is no attempt
	stale                  // the token, not the user; the sender signs in anew for the next call
	transient              // may be different the next time; what Graph did is unknown
	final                  // will not be different
)

// classify keys on the status first: codes are missing or "UnknownError" often
// enough, and messages are no contract (Microsoft Graph, error responses).
func classify(r Reply) (class, Outcome) {
	switch s := r.Status; {
	case r.whole:
		return final, Failed
	case s >= 200 && s < 300:
		return accepted, ""
	case s == 0, s == 408, s == 424:
		return transient, ""
	case s == 429 && r.Code == "Request_ThrottledPermanently":
		return final, Failed
	case s == 429:
		return throttled, ""
	case s == 503 && r.Code == "Request_ThrottledTemporarily": // the directory's older word for 429
		return throttled, ""
	case s == 401:
		return stale, ""
	case s == 400:
		return final, Invalid
	case s == 403:
		return final, Denied
	case s == 404:
		return final, NotFound
	case s == 409 && r.Code == "Directory_ConcurrencyViolation":
		return transient, ""
	case s == 501, s == 505:
		return final, Failed
	case s >= 500:
		return transient, ""
	}
	return final, Failed
}

// describe says in words what a reply was.
func describe(r Reply) string {
	switch {
	case r.Status == 0 && r.Message != "":
		return r.Message
	case r.Status == 0:
		return "no answer for this user"
	}
	return Refusal(r.Status, r.Code, r.Message)
}

// doubtful reports whether Graph may have acted although the reply is no 2xx:
// a refusal says that it did not, trouble on the way says nothing.
func doubtful(r Reply) bool {
	c, _ := classify(r)
	return c == transient && r.Status != 409
}

// Refusal is an HTTP status with Graph's code and words, as far as there are any.
// Some services repeat the status as the code.
func Refusal(status int, code, message string) string {
	s := "HTTP " + strconv.Itoa(status)
	if code != "" && code != strconv.Itoa(status) {
		s += " " + code
	}
	if message != "" {
		s += ": " + message
	}
	return s
}
