package batch

import (
	"context"
	"errors"
	"maps"
	"testing"
	"testing/synctest"
	"time"
)

// shows answers read-backs by the target's id, the last of several answers from then on.
type shows map[string][]Reply

func (s shows) Show(_ context.Context, items []Item) ([]Reply, error) {
	replies := make([]Reply, len(items))
	for i, it := range items {
		all := s[it.Target.ID]
		if replies[i] = all[0]; len(all) > 1 {
			s[it.Target.ID] = all[1:]
		}
	}
	return replies, nil
}

// A claim is read until it is answered, and judged once; trouble on the way says nothing.
func TestChecker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := func(id, state string) Reply {
			return Reply{Status: 200, Shown: &Shown{ID: id, State: state}, Date: time.Now()}
		}
		dated := func(r Reply, ahead time.Duration) Reply { r.Date = r.Date.Add(ahead); return r }
		read := shows{
			"holds":     {seen("holds", StateDisabled)},
			"lost":      {{}, {Status: 503}, {Status: 429}, seen("lost", StateDisabled)},
			"mixed up":  {seen("another", StateDisabled), seen("mixed up", StateDisabled)},
			"undone":    {seen("undone", StateEnabled)},
			"not told":  {seen("not told", "")},
			"denied":    {{Status: 403}},
			"never":     {{Status: 503}},
			"hybrid":    {seen("hybrid", StateDisabled)},
			"hybrid ok": {seen("hybrid ok", StateDisabled)},

			"hybrid before":      {seen("hybrid before", StateDisabled)},
			"hybrid long before": {seen("hybrid long before", StateDisabled)},

			"hybrid, clock ahead":         {dated(seen("hybrid, clock ahead", StateDisabled), -3*time.Hour)},
			"hybrid, clock behind":        {dated(seen("hybrid, clock behind", StateDisabled), 3*time.Hour)},
			"hybrid before, clock behind": {dated(seen("hybrid before, clock behind", StateDisabled), 3*time.Hour)},
		}
		want := map[string]string{
			"holds": "", "lost": "", "mixed up": "", "hybrid ok": "", "hybrid long before": "",
			"undone":                      "the directory still shows it enabled",
			"not told":                    "the directory does not tell its state",
			"denied":                      "it could not be read back: HTTP 403",
			"never":                       "it could not be read back: 10 attempts, the last one: HTTP 503",
			"hybrid before":               "the directory shows it disabled, and the next sync may undo that; what it shows after 2000-01-01T00:35:00Z lasts (--watch)",
			"hybrid, clock ahead":         "the directory shows it disabled, and the next sync may undo that; what it shows after 1999-12-31T21:25:00Z lasts (--watch)",
			"hybrid, clock behind":        "",
			"hybrid before, clock behind": "the directory shows it disabled, and the next sync may undo that; what it shows after 2000-01-01T00:25:00Z lasts (--watch)",
			"hybrid":                      "the directory shows it disabled, and the next sync may undo that; what it shows after 2000-01-01T00:35:00Z lasts (--watch)",
		}
		got := map[string]string{}
		c := Checker{
			Prover: read, Reads: openGate{4}, Concurrency: 2, Retry: DefaultRetry, CallTimeout: time.Minute,
			Told: func(a Unproven, why string) {
				if _, twice := got[a.Item.Target.ID]; twice {
					t.Errorf("%s was told twice", a.Item.Target.ID)
				}
				got[a.Item.Target.ID] = why
			},
			Claims: func(yield func(Unproven, error) bool) {
				seq := 0
				for id := range maps.Keys(want) {
					seq++
					a := Unproven{Item{User{Seq: seq, ID: ada}, Devices, Target{Step: Devices, ID: id}}, Record{Outcome: Verified, Accepted: time.Now()}}
					switch id {
					case "hybrid":
						a.Item.Target.OnPremises = true
					case "hybrid ok":
						a.Item.Target.OnPremises, a.Record.Accepted = true, time.Now().Add(-SyncInterval)
					case "hybrid, clock ahead": // by Graph's clock 10 minutes ago
						a.Item.Target.OnPremises, a.Record.Accepted = true, time.Now().Add(-3*time.Hour-10*time.Minute)
					case "hybrid, clock behind":
						a.Item.Target.OnPremises, a.Record.Accepted = true, time.Now().Add(2*time.Hour)
					case "hybrid before, clock behind":
						a.Item.Target.OnPremises, a.Record = true, Record{Outcome: Already, SettledAt: time.Now().Add(-10 * time.Minute)}
					case "hybrid before":
						a.Item.Target.OnPremises, a.Record = true, Record{Outcome: Already, SettledAt: time.Now()}
					case "hybrid long before":
						a.Item.Target.OnPremises, a.Record = true, Record{Outcome: Already, SettledAt: time.Now().Add(-SyncInterval)}
					}
					if !yield(a, nil) {
						return
					}
				}
			},
		}
		if err := c.Check(t.Context()); err != nil || !maps.Equal(got, want) {
			t.Errorf("error %v, told\n%q, want\n%q", err, got, want)
		}
		stop := make(chan struct{})
		close(stop)
		c.Stop = stop
		if err := c.Check(t.Context()); !errors.Is(err, ErrStopped) {
			t.Errorf("stopped: error %v", err)
		}
	})
}
