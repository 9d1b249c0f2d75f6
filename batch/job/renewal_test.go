package job

import (
	"flag"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

var soak = flag.Bool("soak", false, "TestTokensAreRenewed: 200,000 users and tokens of an hour; without it 20,000 and 12 minutes. TestLeaver: 5,000; without it 400; and others of more users")

// A run longer than several tokens renews each once for all its calls: when the service says
// so, or else before the last 5 minutes (of a short token the last fifth). No call is refused
// for its token, and every user is verified.
func TestTokensAreRenewed(t *testing.T) {
	users, life := 20_000, 12*time.Minute
	if *soak {
		users, life = 200_000, time.Hour
	}
	window := graphsim.DefaultQuotas()[0].Window // for so long no call may leave
	for name, refresh := range map[string]time.Duration{"without RefreshOn": 0, "with RefreshOn": life / 2} {
		t.Run(name, func(t *testing.T) {
			cfg := graphsim.Config{NoLog: true, Latency: 300 * time.Millisecond, TokenLifetime: life, TokenRefresh: refresh}
			var mu sync.Mutex
			var asked []time.Time
			counting := breakage(func(r *http.Request, on http.RoundTripper) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/token") {
					mu.Lock()
					asked = append(asked, time.Now())
					mu.Unlock()
				}
				return on.RoundTrip(r)
			})
			due := refresh
			if due == 0 {
				due = life - min(5*time.Minute, life/5)
			}
			var start time.Time
			begin := func(w *whole) {
				w.wire.broken.Store(&counting)
				w.must(w.job.wide())
				start = time.Now()
			}
			inVirtualTime(t, cfg, users, begin, func(w *whole, err error) {
				took := time.Since(start)
				_, sum := w.outcomes(t)
				s := w.tenant.Stats()
				t.Logf("%d users in %v, tokens of %v: %d sign-ins, %d calls, of which %d without a good token", users, took.Round(time.Second), life, len(asked), s.Calls, s.Unauthorized)
				if err != nil || s.Unauthorized != 0 || sum.Counts[batch.Verified] != users || s.Writes != users {
					t.Errorf("error %v; %+v; outcomes %v", err, s, sum.Counts)
				}
				for i := 1; i < len(asked); i++ {
					if after := asked[i].Sub(asked[i-1]); after < due || after > due+window+10*time.Second || after > life-time.Minute {
						t.Errorf("token %d was renewed after %v, and is due after %v", i, after, due)
					}
				}
				if least, most := int(took/(due+window+10*time.Second)), int(took/due); len(asked)-1 < least || len(asked)-1 > most || least == 0 {
					t.Errorf("%d renewals in %v; tokens are due after %v", len(asked)-1, took, due)
				}
			})
		})
	}
}
