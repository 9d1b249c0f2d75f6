package throttle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// at is a time of the tests, in seconds from noon.
func at(s float64) time.Time { return epoch.Add(span(s)) }

// refused is a call of 20 that was told to wait, all of it.
func refused(sent, retryAfter float64) batch.Feedback {
	return batch.Feedback{Sent: at(sent), Cost: 20, Throttled: 20, RetryAfter: span(retryAfter)}
}

func accepted(sent float64) batch.Feedback {
	return batch.Feedback{Sent: at(sent), Cost: 20, Accepted: 20}
}

// limitExceeded is refused with a word of Graph's why.
func limitExceeded(sent, retryAfter float64) batch.Feedback {
	f := refused(sent, retryAfter)
	f.Info = "WriteLimitExceeded"
	return f
}

// mustAdmit fails unless 20 users may go at once.
func mustAdmit(t *testing.T, c *Controller, s float64) {
	t.Helper()
	if wait := c.Admit(at(s), 20); wait != 0 {
		t.Fatalf("at %g: wait %v, want none", s, wait)
	}
}

func mustWait(t *testing.T, c *Controller, s, want float64) {
	t.Helper()
	got := c.Admit(at(s), 20)
	if diff := got - span(want); diff < 0 || diff > time.Millisecond {
		t.Fatalf("at %g: wait %v, want %v", s, got, span(want))
	}
}

// Preload counts n users of an earlier run.
func (c *Controller) Preload(at time.Time, n int) {
	c.Count(Other{}, Other{At: at, Users: n}, false)
}

func writes(limit int) []Quota {
	return []Quota{{"app+tenant-writes", AppTenant, Write, limit, 150 * time.Second, "documented quota"}}
}

func TestAllWindowsAdmit(t *testing.T) {
	c := New(Config{Quotas: []Quota{
		{Limit: 40, Window: 10 * time.Second},
		{Limit: 60, Window: 100 * time.Second},
	}})
	mustAdmit(t, c, 0)
	mustAdmit(t, c, 0)
	c.Leave(at(1), accepted(0))
	c.Leave(at(1), accepted(0))
	mustWait(t, c, 2, 9)
	mustAdmit(t, c, 11.1)
	mustWait(t, c, 11.1, 89.9)
}

func TestUnsentIsGivenBack(t *testing.T) {
	c := New(Config{Quotas: writes(40)})
	mustAdmit(t, c, 0)
	mustAdmit(t, c, 0)
	mustWait(t, c, 0, 150)
	c.Leave(at(1), batch.Feedback{Sent: at(0), Cost: 20, Unsent: true})
	mustAdmit(t, c, 1)
}

func TestPreload(t *testing.T) {
	c := New(Config{Quotas: writes(100)})
	c.Preload(at(-100), 60)
	c.Preload(at(-10), 40)
	mustWait(t, c, 0, 50)
	mustAdmit(t, c, 50.1)
}

func TestPause(t *testing.T) {
	tests := []struct {
		name  string
		calls []batch.Feedback // each ends a second after it left
		until float64
		words string
	}{
		{"as long as Graph says", []batch.Feedback{refused(0, 27)}, 28,
			"paused until 12:00:28: Graph said 429 with Retry-After 27 s"},
		{"the longest counts, from the answer on", []batch.Feedback{refused(0, 27), refused(0.5, 30), refused(0.5, 3)}, 31.5,
			"paused until 12:00:31: Graph said 429 with Retry-After 30 s"},
		{"without a word", []batch.Feedback{refused(0, 0)}, 4,
			"paused until 12:00:04: Graph said 429 without a Retry-After"},
		{"again and again", []batch.Feedback{refused(0, 1), refused(2, 1), refused(9, 1), refused(22, 1)}, 47,
			"paused until 12:00:47: Graph said 429 with Retry-After 1 s, 4 times in a row"},
		{"growth has an end", []batch.Feedback{refused(0, 0), refused(100, 0), refused(200, 0), refused(300, 0),
			refused(400, 0), refused(500, 0), refused(700, 0), refused(900, 0)}, 1081, ""},
		{"a success ends the row", []batch.Feedback{refused(0, 1), refused(2, 1), accepted(9), refused(20, 1)}, 22, ""},
		{"calls under way are no row", []batch.Feedback{refused(0, 1), refused(0.1, 1), refused(0.2, 1)}, 2.2, ""},
		{"with the reason that Graph gives", []batch.Feedback{limitExceeded(0, 27)}, 28,
			"paused until 12:00:28: Graph said 429 (WriteLimitExceeded) with Retry-After 27 s"},
		{"the reason of the answer that counts", []batch.Feedback{limitExceeded(0, 27), refused(0.5, 30)}, 31.5,
			"paused until 12:00:31: Graph said 429 with Retry-After 30 s"},
		{"503 as a whole", []batch.Feedback{{Sent: at(0), Cost: 20, Outer: 503, RetryAfter: 9 * time.Second}}, 10,
			"paused until 12:00:10: Graph said 503 with Retry-After 9 s"},
		{"until another day", []batch.Feedback{refused(0, 43200)}, 43201,
			"paused until " + at(43201).Format(time.DateTime) + ": Graph said 429 with Retry-After 43200 s"},
		{"longer than is heeded", []batch.Feedback{refused(0, 86400)}, 86401,
			"paused until " + at(86401).Format(time.DateTime) + ": Graph said 429 with a Retry-After of 86400 s or more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New(Config{Quotas: writes(3_000)})
			end := 0.0
			for _, f := range tt.calls {
				end = f.Sent.Sub(epoch).Seconds() + 1
				c.Leave(at(end), f)
			}
			p := c.Pace(at(end))
			if !p.Until.Equal(at(tt.until)) {
				t.Errorf("until %v, want %v", p.Until.Sub(epoch), span(tt.until))
			}
			if tt.words != "" && p.Reason != tt.words {
				t.Errorf("reason %q, want %q", p.Reason, tt.words)
			}
			if wait := c.Admit(at(tt.until-0.1), 20); wait != span(tt.until)-span(tt.until-0.1) {
				t.Errorf("wait %v in the pause", wait)
			}
			if left := TimeLeft([]*Controller{c}, 20, at(end)); left < span(tt.until-end) {
				t.Errorf("time left %v, less than the pause", left)
			}
		})
	}
}

func TestServiceInTroubleTeachesNoLimit(t *testing.T) {
	c := New(Config{Quotas: writes(3_000), MaxWidth: 8})
	mustAdmit(t, c, 0)
	c.Leave(at(1), batch.Feedback{Sent: at(0), Cost: 20, Throttled: 20, Outer: 503, RetryAfter: time.Second})
	if p := c.Pace(at(5)); p.PerSecond != 20 || p.Reason != "documented quota: 3,000 writes per 150 s, 2,980 left in it now" {
		t.Errorf("pace %+v", p)
	}
}

func TestBlame(t *testing.T) {
	for scope, want := range map[string]string{
		"":                                    "app+tenant-writes",
		"Tenant_Application/Write/app/tenant": "app+tenant-writes",
		"tenant/ReadWrite/x":                  "tenant-writes",
		"Application/Write/app":               "app-writes",
		"Application/ReadWrite/app":           "app-writes",
		"Moon/Write":                          "app+tenant-writes",
	} {
		c := New(Config{Quotas: For(Documented(), Write)})
		if got := c.blame(scope).Name; got != want {
			t.Errorf("%q: blamed %s, want %s", scope, got, want)
		}
	}
}

func TestRate(t *testing.T) {
	c := New(Config{Quotas: writes(3_000), Rate: 5})
	mustAdmit(t, c, 0)
	mustWait(t, c, 0, 4)
	mustAdmit(t, c, 4.5) // late, and made up for
	mustWait(t, c, 4.5, 3.5)
	if p := c.Pace(at(5)); p.PerSecond != 5 || p.Reason != "--rate 5" {
		t.Errorf("pace %+v", p)
	}
	if got := Earliest([]*Controller{c}, 1_000, at(8)); got != 196*time.Second {
		t.Errorf("earliest %v, want 3m16s", got)
	}
	mustAdmit(t, c, 100) // of more than a second that is lost a second is made up for
	mustWait(t, c, 100, 3)
}

// TestLearning follows one limit of 100 through a sliding log that tells the
// truth: met, learned, kept, found again.
func TestLearning(t *testing.T) {
	c := New(Config{Quotas: writes(3_000), MaxWidth: 10})
	for range 10 {
		mustAdmit(t, c, 0)
	}
	for i := range 10 {
		if i < 5 {
			c.Leave(at(1), accepted(0))
		} else {
			c.Leave(at(1), refused(0, 150))
		}
	}
	mustWait(t, c, 1, 150)
	p := c.Pace(at(152))
	if want := "learned limit 100 writes per 150 s after a 429, probing up, 100 left in it now"; p.Reason != want {
		t.Errorf("reason %q, want %q", p.Reason, want)
	}
	for range 5 {
		mustAdmit(t, c, 152)
	}
	if wait := c.Admit(at(152), 20); wait == 0 {
		t.Error("a sixth chunk was admitted in the second window")
	}
	for range 5 {
		c.Leave(at(153), accepted(152))
	}
	if p := c.Pace(at(154)); !strings.HasSuffix(p.Reason, "; used up, room again in 149 s") {
		t.Errorf("reason %q does not say when there is room", p.Reason)
	}
	if got, want := Earliest([]*Controller{c}, 200, at(154)), 299*time.Second; got < want || got > want+time.Second {
		t.Errorf("earliest %v, want %v", got, want)
	}
	if s := c.Waits(); s.Paused < 149*time.Second {
		t.Errorf("stats %+v", s)
	}
}

// TestEstimate has a window of 100 that some answers tell of late.
func TestEstimate(t *testing.T) {
	tests := []struct {
		name  string
		calls []batch.Feedback // all admitted at 0, ending 0.1 s apart from 1 s on
		want  string
	}{
		{"accepted, then refused", []batch.Feedback{accepted(0), accepted(0), accepted(0), refused(0, 149)}, "60 writes"},
		{"refused, then accepted", []batch.Feedback{refused(0, 149), accepted(0), accepted(0), accepted(0)}, "60 writes"},
		{"Retry-After is rounded up", []batch.Feedback{accepted(0), accepted(0), refused(1.2, 150)}, "40 writes"},
		{"what came before the window does not count", []batch.Feedback{accepted(0), accepted(0), refused(0, 153)}, "20 writes"},
		{"a 404 counts, a lost service does not", []batch.Feedback{accepted(0), {Sent: at(0), Cost: 20}, accepted(0),
			{Sent: at(0), Cost: 20, Outer: 500}, refused(0, 149)}, "60 writes"},
		{"never below a chunk", []batch.Feedback{refused(0, 149)}, "20 writes"},
		{"without a Retry-After", []batch.Feedback{accepted(0), accepted(0), refused(0, 0)}, "40 writes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New(Config{Quotas: writes(3_000), MaxWidth: 10})
			for range tt.calls {
				mustAdmit(t, c, 0)
			}
			for i, f := range tt.calls {
				c.Leave(at(1+0.1*float64(i)), f)
			}
			if got, want := c.Pace(at(400)).Reason, "learned limit "+tt.want+" per 150 s after a 429"; !strings.HasPrefix(got, want) {
				t.Errorf("reason %q, want %q", got, want)
			}
		})
	}
}

func TestEarliest(t *testing.T) {
	c := New(Config{Quotas: For(Documented(), Write), MaxWidth: 64})
	tests := []struct {
		users int
		want  time.Duration
	}{
		{0, 0}, {1, 0}, {3_000, 0}, {3_001, 150 * time.Second}, {10_000, 450 * time.Second},
		{50_000, 40 * time.Minute}, {100_000, 4950 * time.Second},
	}
	for _, tt := range tests {
		if got := Earliest([]*Controller{c}, tt.users, at(0)); got != tt.want {
			t.Errorf("Earliest(%d) = %v, want %v", tt.users, got, tt.want)
		}
	}
	c.Preload(at(-100), 2_000)
	c.Leave(at(0), refused(-1, 70))
	for users, want := range map[int]float64{1: 70, 1_000: 70, 2_980: 70, 2_981: 150, 3_001: 220} {
		got := c.limits[0].after(at(0), users, 3_000, 70*time.Second, 150*time.Second)
		if diff := got - span(want); diff < 0 || diff > time.Millisecond {
			t.Errorf("%d users in a pause and a used window: %v, want %g s", users, got, want)
		}
	}
}

// TestLeft runs half of the users and asks how long the others will take.
func TestLeft(t *testing.T) {
	c := New(Config{Quotas: writes(3_000), MaxWidth: 160})
	whole := loop(New(Config{Quotas: writes(3_000), MaxWidth: 160}), models[0].make(steady(3_000)), 20_000, constant(2))
	half := loop(c, models[0].make(steady(3_000)), 10_000, constant(2))
	left := TimeLeft([]*Controller{c}, 10_000, at(half.seconds))
	if want := span(whole.seconds - half.seconds); left < want-time.Millisecond || left > want+5*time.Second {
		t.Errorf("time left %v, took %v", left, want)
	}
	for s := range 100 {
		now := TimeLeft([]*Controller{c}, 10_000, at(half.seconds+float64(10*s)))
		if now > left {
			t.Errorf("time left grew from %v to %v while nothing was sent", left, now)
		}
		left = now
	}
}

func TestWaitsByReason(t *testing.T) {
	c := New(Config{Quotas: writes(20), Rate: 1})
	mustAdmit(t, c, 0)
	c.Leave(at(1), accepted(0))
	c.Admit(at(1), 20)   // the quota: until 151
	c.Admit(at(101), 20) // asked again
	c.Admit(at(400), 20) // nobody was waiting since 151
	c.Leave(at(401), refused(400, 60))
	c.Admit(at(401), 20)
	c.Admit(at(411), 20)
	s := c.Waits()
	if s.Quota.Round(time.Second) != 150*time.Second || s.Paused != 10*time.Second || s.Rate != 0 {
		t.Errorf("stats %+v", s)
	}
}

// TestPaceOfABurst sends 580 of 3,000 at once and asks for the pace, with rates above and below.
func TestPaceOfABurst(t *testing.T) {
	const left = "documented quota: 3,000 writes per 150 s, 2,420 left in it now"
	const used = "documented quota: 3,000 writes per 150 s; used up, room again in 150 s"
	for _, tt := range []struct {
		rate   float64
		sent   int
		now    float64
		pace   float64
		reason string
	}{
		{0, 580, 0, 20, left},
		{0, 2_981, 0, 20, used}, // less than a full call is no room
		{50, 580, 0, 20, "--rate 50 now; over time " + left},
		{50, 3_000, 0, 20, used},
		{50, 3_000, 149.5, 20, "documented quota: 3,000 writes per 150 s"},
		{5, 580, 0, 5, "--rate 5"},
		{5, 3_000, 0, 5, used},
	} {
		c := New(Config{Quotas: For(Documented(), Write), Rate: tt.rate})
		c.Preload(at(0), tt.sent)
		if p := c.Pace(at(tt.now)); p.PerSecond != tt.pace || p.Reason != tt.reason {
			t.Errorf("--rate %g, %d sent: pace %g, %q, want %g, %q", tt.rate, tt.sent, p.PerSecond, p.Reason, tt.pace, tt.reason)
		}
	}
}

// TestPaceOfTheFullOne names the quota that is used up, though another is slower over time.
func TestPaceOfTheFullOne(t *testing.T) {
	c := New(Config{Quotas: []Quota{
		{"app+tenant-writes", AppTenant, Write, 200, 200 * time.Second, "documented quota"},
		{"tenant-writes", Tenant, Write, 100, 50 * time.Second, "documented quota"},
	}})
	c.Preload(at(0), 100)
	want := "documented quota: 100 writes per 50 s; used up, room again in 40 s"
	if p := c.Pace(at(10)); p.PerSecond != 1 || p.Reason != want {
		t.Errorf("pace %+v, want 1/s, %q", p, want)
	}
	want = "documented quota: 200 writes per 200 s, 100 left in it now"
	if p := c.Pace(at(60)); p.PerSecond != 1 || p.Reason != want {
		t.Errorf("pace %+v, want 1/s, %q", p, want)
	}
}

func TestPaceWithoutQuota(t *testing.T) {
	if p := New(Config{}).Pace(at(0)); p.PerSecond != 0 || p.Reason != "no quota is set: as fast as Graph answers" {
		t.Errorf("pace %+v", p)
	}
}

func ExampleController() {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := New(Config{Quotas: For(Documented(), Write), MaxWidth: 160})
	fmt.Println("50,000 users: at least", Earliest([]*Controller{c}, 50_000, noon))
	for c.Admit(noon, chunk) == 0 {
		c.Leave(noon, batch.Feedback{Sent: noon, Cost: chunk, Accepted: chunk})
	}
	fmt.Println(c.Pace(noon.Add(time.Minute)).Reason)
	// Output:
	// 50,000 users: at least 40m0s
	// documented quota: 3,000 writes per 150 s; used up, room again in 90 s
}
