package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// A run of an app stops after its first call. Who goes on with it is asked by all
// guards before the next call: those whom they spare are never sent.
func TestResumeAsksTheGuards(t *testing.T) {
	const group = "c0000000-0000-4000-8000-000000000001"
	const admin = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3" // Application Administrator
	user := func(n int) string { return fmt.Sprintf("user%d@contoso.example", n) }
	list := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(list, []byte(user(41)+"\nuser42@*\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	one, none := 1, 0
	var left []int
	for n := range 40 {
		left = append(left, 21+n)
	}
	for _, c := range []struct {
		name   string
		change func(*whole) // between the stop and the resume
		spared []int        // users, of whom 20 were sent before
		want   string       // a part of the refusal; "" when the run goes on
	}{
		{"nothing new", func(*whole) {}, nil, ""},
		{"a list", func(w *whole) { w.job.guards.Protect = []string{list} }, []int{41, 42}, ""},
		{"a user signed in", func(w *whole) { w.job.tenant.apps[0].identity.User = graphsim.IDFor(user(43)) }, []int{43}, ""},
		{"a user signed in, known by name", func(w *whole) { w.job.tenant.apps[0].identity.UPN = "USER43@contoso.example" }, []int{43}, ""},
		{"a user signed in who may be sent", func(w *whole) {
			w.job.guards.IncludeCaller, w.job.tenant.apps[0].identity.User = true, graphsim.IDFor(user(43))
		}, nil, ""},
		{"a member of the plan's group", func(w *whole) {
			w.must(w.tenant.AddGroup(graphsim.Group{ID: group, Members: []string{user(1), user(44)}}))
		}, []int{44}, ""},
		{"everybody who is left, so that nobody is asked", func(w *whole) {
			var all []string
			for n := range 60 {
				all = append(all, user(n+1))
			}
			w.must(w.tenant.AddGroup(graphsim.Group{ID: group, Members: all}))
			w.job.Yes = false
		}, left, ""},
		{"a holder of a role", func(w *whole) {
			w.job.guards.ProtectPrivileged = true
			w.must(w.tenant.Assign(admin, graphsim.IDFor(user(45))))
		}, []int{45}, ""},
		{"a limit of the plan", func(w *whole) {
			for n := range 3 {
				w.must(w.tenant.Assign(admin, graphsim.IDFor(user(1+n*20))))
			}
		}, nil, "3 holders of privileged roles, and --max-privileged is 2"},
		{"a limit of the plan, raised", func(w *whole) {
			w.job.guards.MaxPrivileged = &none
			w.must(w.tenant.Assign(admin, graphsim.IDFor(user(46))))
		}, nil, ""},
		{"a new limit", func(w *whole) { w.job.guards.MaxUsers = &one }, nil, "58 users, and --max-users is 1"},
		{"an old plan", func(w *whole) { w.job.maxAge = time.Nanosecond }, nil, "--max-age is 1ns"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			begins := func(w *whole) {
				signal := make(chan struct{})
				w.job.Stop, w.job.Concurrency = signal, 1
				w.must(w.job.pace())
				time.AfterFunc(500*time.Millisecond, func() { close(signal) })
				w.must(w.tenant.AddGroup(graphsim.Group{ID: group, Members: []string{user(1)}}))
			}
			terms := batch.Terms{Guards: batch.Guards{
				IDs: map[string]string{graphsim.IDFor(user(47)): "protected by line 1 of the plan's list"}, Names: []string{"user48@*"},
				Groups: []string{group}, Limits: batch.Limits{MaxPrivileged: 2}, Roles: true,
			}}
			spared := slices.Compact(slices.Sorted(slices.Values(append([]int{47, 48}, c.spared...)))) // the plan's own lists hold, too
			inVirtualTimeUnder(t, terms, graphsim.Config{NoQuota: true, Latency: time.Second}, 60, begins, func(w *whole, _ error) {
				w.job.Stop, w.job.Yes, w.job.AsCaller = nil, true, true
				before := len(w.tenant.Log())
				c.change(w)
				err := w.job.resume(context.Background())
				written := map[string]bool{}
				for _, e := range w.tenant.Log()[before:] {
					if e.Method == "POST" {
						written[e.User] = true
					}
				}
				if c.want != "" {
					if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), c.want) || len(written) > 0 {
						t.Errorf("%d written, error %v; want it to say %q", len(written), err, c.want)
					}
					return
				}
				lines, sum := w.outcomes(t)
				if err != nil || len(written) != 40-len(spared) || sum.Counts[batch.Verified] != 60-len(spared) {
					t.Errorf("error %v, %d written, %v", err, len(written), sum.Counts)
				}
				for _, n := range spared {
					id := graphsim.IDFor(user(n))
					if rec := lines[id].Record; rec.Outcome != batch.Protected || !rec.SentAt.IsZero() || written[id] {
						t.Errorf("%s: written %v, %+v", user(n), written[id], rec)
					}
				}
			})
		})
	}
}

// A resume that could not prove what it writes begins nothing.
func TestResumeNeedsToRead(t *testing.T) {
	stops := func(w *whole) {
		signal := make(chan struct{})
		w.job.Stop, w.job.Concurrency = signal, 1
		time.AfterFunc(500*time.Millisecond, func() { close(signal) })
	}
	inVirtualTime(t, graphsim.Config{NoQuota: true, Latency: time.Second}, 60, stops, func(w *whole, _ error) {
		before := w.tenant.Stats().Writes
		w.job.Stop, w.job.Yes = nil, true
		w.job.tenant.apps[0].identity.Can = "User.RevokeSessions.All"
		err := w.job.resume(context.Background())
		if n := w.tenant.Stats().Writes - before; !errors.Is(err, batch.ErrPermission) || n > 0 {
			t.Errorf("error %v after %d writes; want ErrPermission and none", err, n)
		}
	})
}
