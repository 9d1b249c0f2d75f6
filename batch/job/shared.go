package job

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"offboard/batch/journal"
	"offboard/batch/throttle"
)

// Shared is what the jobs of one process share: the journal, and what their apps may do in all
// tenants together. The zero Shared is ready.
type Shared struct {
	quotas throttle.Shared

	mu     sync.Mutex
	store  *journal.Store      // nil: each job opens the journal
	runs   map[string]*session // that this process carries out, or has carried out
	apps   map[string]*others  // what other processes and earlier sessions send, by app
	slices map[string]*job     // of runs that go in slices, between two of them
}

// session is what this process does of a run.
type session struct {
	calls []span // that it made
	going bool
}

// span are the numbers of calls behind one, up to another.
type span struct{ behind, last int }

// has reports whether this process made the call.
func (s *session) has(no int) bool {
	return s != nil && slices.ContainsFunc(s.calls, func(c span) bool { return no > c.behind && no <= c.last })
}

// begin is told of a session whose calls come behind that one. What another process did of the run
// since the last session of this one stands between.
func (s *session) begin(behind int) {
	s.going = true
	if n := len(s.calls); n > 0 && s.calls[n-1].last == behind {
		s.calls[n-1].last = math.MaxInt
		return
	}
	s.calls = append(s.calls, span{behind, math.MaxInt})
}

// opened is the journal that the jobs share, or nil.
func (s *Shared) opened() *journal.Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store
}

// keep opens the journal for all jobs of the process, until Close.
func (s *Shared) keep(ctx context.Context, h *Host, open opener, must bool) (_ *journal.Store, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store == nil {
		if s.store, err = h.openJournal(ctx, open, must); err == nil {
			s.store.Wait(journal.Patience{Most: time.Minute, Say: h.Warn}) // after that the engine tries again
		}
	}
	return s.store, err
}

// Open opens the journal for the slices to come, before the first of them does.
func (s *Shared) Open(ctx context.Context, h *Host) error {
	_, err := s.keep(journal.ForEngine(ctx), h, journal.Open, true)
	return err
}

// Close closes the journal that slices opened.
func (s *Shared) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store == nil {
		return nil
	}
	err := s.store.Close()
	s.store, s.slices = nil, nil
	return err
}

// shareReads has lookups heed what the other jobs of the process read as the same app.
func (j *job) shareReads() {
	if j.reads != nil {
		j.reads.Share(&j.Shared.quotas, j.tenant.identity().App)
	}
}

// join has the gates of the run heed what the other jobs of the process send, and what was sent
// from elsewhere. lastCall is the last one of the sessions before.
func (j *job) join(ctx context.Context, gates []*throttle.Controller, look *others, lastCall int) ([]*beside, error) {
	s, c := j.Shared, &company{others: look, run: j.run, shared: j.Shared}
	all := make([]*beside, len(gates))
	for i, a := range j.tenant.apps {
		gates[i].Share(&s.quotas, a.identity.App)
		all[i] = &beside{Controller: gates[i], company: c, ctx: ctx}
		c.apps = append(c.apps, a.identity.App)
	}
	s.mu.Lock()
	if s.runs == nil {
		s.runs, s.apps = map[string]*session{}, map[string]*others{}
	}
	name := j.run.Plan().Run
	if s.runs[name] == nil {
		s.runs[name] = &session{}
	}
	s.runs[name].begin(lastCall)
	for _, app := range c.apps {
		if s.apps[app] != nil {
			continue
		}
		s.apps[app] = newOthers(j.store, journal.SentBy{App: app}, longest(throttle.For(j.quotas, throttle.Write)), func(_ journal.SentCall, was, is throttle.Other) {
			s.quotas.Count(app, was, is)
		})
		s.apps[app].ours = func(k journal.SentCall) bool { return s.runs[k.Run].has(k.No) }
	}
	s.mu.Unlock()
	return all, c.tell(ctx, time.Now())
}

// leave ends what join began. Where the last call is not known, all of the session count as if another
// process had made them.
func (s *Shared) leave(ctx context.Context, run *journal.Run) {
	last, err := run.LastCall(context.WithoutCancel(ctx))
	if err != nil {
		last = 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.runs[run.Plan().Run]
	of.going, of.calls[len(of.calls)-1].last = false, last
}

// tell counts what the apps sent from elsewhere, and gives the runs of other processes that did,
// and whether they go on and may take what is left of the quotas; where one does, those of this
// process, too.
func (s *Shared) tell(ctx context.Context, apps []string, now time.Time) (runs map[string]bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	runs = map[string]bool{}
	for _, app := range apps {
		o := s.apps[app]
		every := askEvery
		if going(o.runs) > 0 {
			every = askLeast
		}
		if now.Sub(o.asked) >= every {
			if err := o.tell(ctx, now, nil); err != nil {
				return runs, err
			}
		}
		maps.Copy(runs, o.runs)
	}
	maps.DeleteFunc(runs, func(name string, _ bool) bool { _, ours := s.runs[name]; return ours })
	if going(runs) > 0 {
		for name, of := range s.runs {
			if of.going {
				runs[name] = true
			}
		}
	}
	return runs, nil
}

// mayWrite asks before the first write of a session: the person, or the campaign, which asks
// once for all of its runs.
func (j *job) mayWrite(question string) error {
	if j.Begin == nil || j.doubt != "" {
		if err := j.Confirm(j.Yes, question); err != nil || j.Begin == nil {
			return err
		}
	}
	if err := j.Begin(question); err != nil {
		return err
	}
	return j.Files.unchanged(j.unwritten())
}

// TenantID is the id of the tenant that --tenant names; "" when the sign-in service does not tell it
// at once, or when the tenant is simulated.
func TenantID(ctx context.Context, h *Host, c *Connection) string {
	if c.Simulate {
		return ""
	}
	j := h.newJob(c, &Execution{})
	defer j.close()
	if j.locate() != nil { // which the job will tell
		return ""
	}
	id, _ := brief(ctx, nameTimeout, func(ctx context.Context) (string, error) { return j.authority.Tenant(ctx, c.Tenant) })
	return id
}

// joinCampaign keeps that the run is one of the campaign, if there is one. A tenant that has two
// names there would be worked on twice.
func (j *job) joinCampaign(ctx context.Context) error {
	if j.Member.Campaign == "" {
		return nil
	}
	if err := j.run.Join(ctx, j.Member); err != nil {
		return err
	}
	runs, err := j.store.Runs(ctx, journal.Filter{Campaign: j.Member.Campaign, Tenant: j.plan.Tenant})
	for _, r := range runs {
		if of := r.Membership().Member; of != j.Member.Member && j.plan.Tenant != "" {
			return fmt.Errorf("%w; %s: this is tenant %s, and so is %s of the campaign; take one of them out", ErrRefused, j.unwritten(), j.plan.Tenant, of)
		}
	}
	return err
}
