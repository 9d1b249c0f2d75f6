package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"offboard/batch/graphsim"
	"offboard/batch/journal"
)

// twist is what happens beside a run.
type twist struct {
	write  bool             // at the numbered call that writes, and not at that of any kind
	call   int              // from 1; 0 for never
	stop   bool             // a signal comes while the call is under way
	become *graphsim.Caller // later tokens are of somebody else
	mixes  bool             // from then on the tenant mixes up what it reads
	late   []string         // ids of people who are protected when the run goes on, and were not before
	how    lateness
}

// lateness is how people come to be protected before a run goes on.
type lateness int

const (
	byList   lateness = iota // a protect list is given
	byGroup                  // they were put into a protected group
	byCaller                 // one of them goes on with the run
)

// stage is the network with what happens on it.
type stage struct {
	*twist
	tenant *graphsim.Tenant
	stop   chan struct{}

	mu     sync.Mutex
	calls  int
	happen bool // the twist has come
}

// RoundTrip lets the twist come before its call arrives, and the signal after.
func (st *stage) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	toGraph := strings.HasPrefix(r.URL.Path, "/v1.0/") || strings.HasPrefix(r.URL.Path, "/beta/")
	asked := string(body) + r.URL.Path
	writes := stepOfCall([]byte(asked)) != "" || strings.Contains(asked, "invalidateAllRefreshTokens")
	st.mu.Lock()
	if toGraph && (writes || !st.write) {
		st.calls++
	}
	now := st.calls == st.call && !st.happen && toGraph
	st.happen = st.happen || now
	st.mu.Unlock()
	if now && st.become != nil {
		st.tenant.SignInAs(*st.become)
	}
	if now && st.mixes {
		if err := st.tenant.SetFaults(graphsim.Fault{Kind: graphsim.MixedUp, Rate: 0.3}); err != nil {
			return nil, err
		}
	}
	if now && st.twist.stop {
		defer close(st.stop)
	}
	return st.tenant.RoundTrip(r)
}

// drawTwist draws what happens beside the run, if nothing else troubles it.
func (s *story) drawTwist() {
	if s.faulty() {
		return
	}
	w := &s.twist
	switch s.rng.IntN(10) {
	case 0, 1, 2:
		w.call, w.write, w.mixes = 1, true, s.things.steps == nil
	case 3, 4, 5, 6:
		w.become = &graphsim.Caller{}
		switch s.rng.IntN(3) {
		case 0:
			w.become.Tenant = s.guid()
		case 1:
			w.become.App = s.guid()
		case 2:
			w.become.User = s.guid()
		}
		w.write, w.call = true, pick(s, 1, 1, 2)
		if s.one(3) {
			w.write, w.call = false, 1+s.rng.IntN(4)
		}
	case 7, 8:
		w.stop, w.write, w.call = true, true, 1
	}
	if w.become != nil || w.stop {
		s.drawLate()
	}
}

// drawLate draws who is protected when the run goes on.
func (s *story) drawLate() {
	w := &s.twist
	if s.one(3) {
		w.how, w.late = byCaller, []string{s.inFile().ID}
		return
	}
	if s.guard.noResolve {
		return
	}
	for range 2 + s.rng.IntN(8) {
		w.late = append(w.late, s.inFile().ID)
	}
	if len(s.guard.groups) > 0 && !s.bringsRoles(w.late) {
		w.how = byGroup
	}
}

// joined is the protected group with more members.
func (s *story) joined(ids []string) (place int, g graphsim.Group) {
	place = slices.IndexFunc(s.groups, func(g graphsim.Group) bool { return strings.EqualFold(g.ID, s.guard.groups[0]) })
	if place >= 0 {
		g = s.groups[place]
		g.Members = slices.Concat(g.Members, ids)
	}
	return place, g
}

// bringsRoles reports whether roles come with being in the protected group, or
// there is no such group.
func (s *story) bringsRoles(ids []string) bool {
	place, g := s.joined(ids)
	if place < 0 {
		return true
	}
	then := *s
	then.groups = slices.Clone(s.groups)
	then.groups[place] = g
	return slices.ContainsFunc(ids, func(id string) bool { return then.privileged(id) != s.privileged(id) })
}

// played is what came of the command.
type played struct {
	codes   []exitCode       // one for each time
	happen  bool             // the twist came
	between []graphsim.Event // the tenant's log as it was after the first time
	asked   []graphsim.Event // what came of somebody else who went on without saying so
}

// play is the command, from its arguments to its exit code, and once more where
// it stopped before its end.
func (s *story) play(ctx context.Context, tenant *graphsim.Tenant, dir string, said io.Writer) (p played, err error) {
	st := &stage{twist: &s.twist, tenant: tenant, stop: make(chan struct{})}
	call := func(stop chan struct{}, args ...string) {
		for i, a := range args {
			args[i] = strings.ReplaceAll(a, "DIR/", dir+"/")
		}
		p.codes = append(p.codes, execute(ctx, world{
			args:  append(args, "--journal="+dir+"/journal.db", "--report-dir="+dir+"/report"),
			stdin: strings.NewReader(""), stdout: said, stderr: said, stop: stop, network: st,
			getenv: func(string) string { return "" }, environ: signedIn, width: func() int { return 80 },
		}))
	}
	call(st.stop, append([]string{"run", filepath.Join(dir, "in.csv")}, s.args...)...)
	p.between, p.happen = tenant.Log(), st.happen
	if !st.happen || !s.twist.stop && s.twist.become == nil {
		return p, nil
	}
	open, err := resumableIn(ctx, filepath.Join(dir, "journal.db"))
	if err != nil || !open {
		return p, err
	}
	tenant.SignInAs(graphsim.Caller{})
	args := []string{"resume", "--yes"}
	switch late := s.twist.late; {
	case len(late) == 0:
	case s.twist.how == byCaller && late[0] != s.cfg.SignedIn:
		tenant.SignInAs(graphsim.Caller{User: late[0]})
		call(nil, args...)
		p.asked = tenant.Log()[len(p.between):]
		args = append(args, "--as-caller")
	case s.twist.how == byGroup:
		_, g := s.joined(late)
		if err := tenant.AddGroup(g); err != nil {
			return p, err
		}
	case s.twist.how == byList:
		args = append(args, "--protect=DIR/late.txt")
	}
	call(nil, args...)
	return p, nil
}

// resumableIn reports whether the journal holds a run that can go on.
func resumableIn(ctx context.Context, path string) (bool, error) {
	store, err := journal.Open(ctx, path)
	if err != nil {
		return false, err
	}
	defer store.Close()
	runs, err := store.Runs(ctx, journal.Filter{States: []journal.State{journal.Planned, journal.Running, journal.Stopped}})
	if err != nil {
		return false, fmt.Errorf("look for a run to go on with: %w", err)
	}
	return len(runs) > 0, nil
}

// signedIn is the environment of an app that signs in with its secret.
func signedIn() []string {
	return []string{"AZURE_TENANT_ID=" + graphsim.DefaultTenantID, "AZURE_CLIENT_ID=" + graphsim.DefaultClientID, "AZURE_CLIENT_SECRET=s"}
}
