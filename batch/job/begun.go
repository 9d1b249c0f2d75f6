package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/journal"
	"offboard/batch/trace"
)

// An input that is worked on, or that is submitted, is not begun a second time before it is at its end: neither by
// a run nor by a submission.

// ErrBegun says that it would be. It is a journal.ErrLocked, too.
var ErrBegun = fmt.Errorf("%w", journal.ErrLocked)

// begun is that error.
type begun struct{ run, how string }

func (e *begun) Error() string {
	return fmt.Sprintf("the same input is not begun a second time: %s %s; wait for its end, or begin all the same with --new", e.run, e.how)
}

func (*begun) Is(target error) bool { return errors.Is(ErrBegun, target) }

// alreadyBegun is that error, with the command that tells of a submission, or of what workers may do, and what to do
// with it.
func (h *Host) alreadyBegun(run, how string, args ...any) error {
	return &Advised{&begun{run, fmt.Sprintf(how, args...)}, h.byEngine("status", run)}
}

// byEngine is a command line of offboard-temporal.
func (h *Host) byEngine(words ...string) string {
	words = append([]string{"offboard-temporal"}, words...)
	if h.Journal != "" && h.Getenv("OFFBOARD_JOURNAL") != h.Journal && trace.Kind(h.Journal) == "" {
		words = append(words, "--journal", h.Journal)
	}
	return h.Pasted(words...)
}

// waiting is a submission that no worker has planned.
type waiting struct {
	name    string
	created time.Time
	submitted
}

func (w waiting) String() string {
	who := w.Plan.Terms
	return fmt.Sprintf("of %s for tenant %s, submitted %s by %s on %s", w.Plan.Input, w.Tenant, w.created.Local().Format(time.DateTime), who.OSUser, who.Host)
}

// void reports whether no worker plans it any more.
func (w waiting) void() bool { return time.Since(w.created) > journal.Kept }

// is reports whether it sets out to do the same as a plan. A tenant that one of them does not know may be any.
func (w waiting) is(p batch.Plan) bool {
	return w.Plan.Alike(p) && (w.Plan.Tenant == "" || p.Tenant == "" || strings.EqualFold(w.Plan.Tenant, p.Tenant))
}

// again reports whether a submission asks for the very same.
func (w waiting) again(s submitted) bool {
	w.Plan, s.Plan = batch.Plan{}, batch.Plan{}
	was, _ := json.Marshal(w.submitted)
	is, err := json.Marshal(s)
	return err == nil && string(was) == string(is)
}

// waitingIn are the submissions that no worker has planned, the newest first.
func waitingIn(ctx context.Context, s *journal.Store) (all []waiting, err error) {
	found, err := s.Submissions(ctx)
	for _, u := range found {
		asked, wrong := submittedIn(u)
		if wrong != nil {
			return nil, wrong
		}
		all = append(all, waiting{u.Name, u.Created, asked})
	}
	return all, err
}

// submission is the one of the same input that waits for a worker; nil when there is none.
func (j *job) submission(ctx context.Context) (*waiting, error) {
	all, err := waitingIn(ctx, j.store)
	if at := slices.IndexFunc(all, func(w waiting) bool { return !w.void() && w.is(j.plan) }); at >= 0 {
		return &all[at], err
	}
	return nil, err
}

// mayBegin refuses the plan where a run of any app on the same input is not at its end. One that is too old to go on
// with, and on which nobody works, is none.
func (j *job) mayBegin(ctx context.Context) error {
	runs, err := j.store.Runs(ctx, journal.Filter{Digest: j.plan.Digest, Tenant: j.plan.Tenant, States: journal.Resumable})
	if err != nil {
		return err
	}
	for _, run := range runs {
		p := run.Plan()
		if !p.Alike(j.plan) || p.Cloud == Simulated != (j.plan.Cloud == Simulated) {
			continue
		}
		by, err := run.Held()
		if err != nil {
			return err
		}
		if by != nil {
			return j.alreadyBegun(p.Run, "of %s: %s", p.Input, holderWords(by))
		}
		lately, err := j.lately(ctx, run)
		if err != nil {
			return err
		}
		if lately || tooOld(p, time.Now(), mostAge).Refusal == "" {
			return j.alreadyBegun(p.Run, "of %s, planned %s, is %s", p.Input, p.Created.Local().Format(time.DateTime), run.State())
		}
	}
	return nil
}

// lately reports whether a running run sent something within the last hour: workers of an engine let go of it between
// two slices.
func (j *job) lately(ctx context.Context, run *journal.Run) (bool, error) {
	if run.State() != journal.Running {
		return false, nil
	}
	calls, err := j.store.SentCalls(ctx, journal.SentBy{Tenant: run.Plan().Tenant}, nil, time.Now().Add(-time.Hour))
	return slices.ContainsFunc(calls, func(k journal.SentCall) bool { return k.Run == run.Plan().Run }), err
}

// findRun finds a run by its name. Of a submission that no worker has planned the error says what it is.
func (h *Host) findRun(ctx context.Context, s *journal.Store, name string) (*journal.Run, error) {
	run, err := s.Run(ctx, name)
	if name == "" || !errors.Is(err, journal.ErrNoRun) {
		return run, err
	}
	w, lost := submissionNamed(ctx, s, name)
	if w != nil {
		err = &Advised{&notPlanned{*w}, h.byEngine("status", w.name)}
	}
	return nil, errors.Join(err, lost)
}

// submissionNamed finds a submission that no worker has planned by its name, or by a beginning that no other one
// shares; nil when there is none.
func submissionNamed(ctx context.Context, s *journal.Store, name string) (found *waiting, err error) {
	all, err := waitingIn(ctx, s)
	for _, w := range all {
		switch {
		case w.name == name:
			return &w, nil
		case strings.HasPrefix(w.name, name) && found != nil:
			return nil, fmt.Errorf("%w: %s, %s", journal.ErrAmbiguous, found.name, w.name)
		case strings.HasPrefix(w.name, name):
			found = &w
		}
	}
	return found, err
}

// notPlanned says that what was named is a submission that no worker has planned.
type notPlanned struct{ waiting }

func (e *notPlanned) Error() string {
	if e.void() {
		return fmt.Sprintf("%s %s, is void: no worker planned it within %s, and nothing was written; submit it again", e.name, e.waiting, journal.Kept)
	}
	return fmt.Sprintf("%s %s, is no run yet: no worker has planned it, and nothing was written", e.name, e.waiting)
}

// Is makes it an [journal.ErrNoRun].
func (*notPlanned) Is(target error) bool { return target == journal.ErrNoRun }
