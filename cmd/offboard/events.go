package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/notify"
	"offboard/report"
)

// With --log-format json stderr has one JSON object a line, an event. Each has time,
// level, msg, event, run, tenant and phase; the last two are null until they are known.
//
//	note       something that people are told
//	call       a call to Graph (--verbose)
//	progress   counts by outcome, and what is left
//	waiting    what is waited for, since when, and why; going_on when that is over
//	question   somebody is asked
//	finished   the last one, of every ending: counts, exit code, error, next step

// facts are what is known of the run of a command so far.
type facts struct {
	mu     sync.Mutex // the log writes at any time
	phase  string     // starting, planning, planned, running, verifying or ended
	plan   batch.Plan // of it at the least the tenant, once it is known
	counts map[batch.Outcome]int
	end    *report.End // nil before it was told

	dry       bool
	contained *notify.Contained // nil before the end, and of a run that only ends sessions
	tenants   *notify.Tenants   // nil of a run
}

// About implements [job.Console].
func (f *facts) About(p batch.Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = p
}

// about is the run, or what is known of it.
func (f *facts) about() batch.Plan {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.plan
}

// at begins a phase.
func (f *facts) at(phase string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.phase = phase
}

// counted keeps the latest counts.
func (f *facts) counted(counts map[batch.Outcome]int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts = map[batch.Outcome]int{}
	for o, n := range counts {
		f.counts[o] = n
	}
}

// ended keeps the end.
func (f *facts) ended(e report.End) {
	f.counted(e.Summary.Counts)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.phase, f.plan, f.end, f.dry = "ended", e.Plan, &e, e.Dry
	if !e.Dry && batch.Contains(e.Plan.Steps) {
		f.contained = &notify.Contained{Users: e.Summary.Contained, Of: e.Summary.Users}
	}
}

// sum keeps what came of a campaign.
func (f *facts) sum(c report.Campaign) {
	counts := map[batch.Outcome]int{}
	for _, t := range c.Tenants {
		if t.End != nil {
			for o, n := range t.End.Summary.Counts {
				counts[o] += n
			}
		}
	}
	f.counted(counts)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.phase, f.plan, f.dry, f.tenants = "ended", batch.Plan{Run: c.Name}, c.Dry, &notify.Tenants{}
	f.tenants.Well, f.tenants.Of = c.Well()
	if users, of, ok := c.Contained(); ok {
		f.contained = &notify.Contained{Users: users, Of: of}
	}
}

// orNull is nil for no text, as the keys of run.json have it.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// events are the lines of the log as JSON. Each of them says of which run it is.
type events struct {
	slog.Handler
	of *facts
}

func (e events) Handle(ctx context.Context, r slog.Record) error {
	kind := "note"
	if r.Level < slog.LevelInfo {
		kind = "call"
	}
	var others []slog.Attr
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "event" {
			kind = a.Value.String()
		} else {
			others = append(others, a)
		}
		return true
	})
	e.of.mu.Lock()
	run, tenant, phase := e.of.plan.Run, e.of.plan.Tenant, e.of.phase
	e.of.mu.Unlock()
	line := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	line.AddAttrs(slog.String("event", kind), slog.Any("run", orNull(run)), slog.Any("tenant", orNull(tenant)), slog.String("phase", phase))
	line.AddAttrs(others...)
	return e.Handler.Handle(ctx, line)
}

// inEvents are the lines of the log as JSON.
func inEvents(w io.Writer, opt *slog.HandlerOptions, of *facts) *slog.Logger {
	return slog.New(events{slog.NewJSONHandler(w, opt), of})
}

// wantsEvents reports whether stderr is to be JSON lines. Of a command line that could
// not be read it goes by the words.
func (c *command) wantsEvents() bool {
	if c.parsed != nil {
		return c.cli.LogFormat == "json"
	}
	return c.getenv("OFFBOARD_LOG_FORMAT") == "json" || eventWords.MatchString(strings.Join(c.args, "\n"))
}

// eventWords are the ways to write --log-format json, with the words of a command line in lines.
var eventWords = regexp.MustCompile(`(?m)^--log-format[=\n]json$`)

// finished is the last event, however the command ended: of the log, and of the lines of
// -o jsonl, whose reader tells by it that all came.
func (c *command) finished(err error, next string, code exitCode) {
	if c.parsed == nil && c.wantsEvents() { // no log was made that could be asked for
		c.log = c.logger()
	}
	end := inEvents(io.Discard, nil, c.facts)
	if c.wantsLines() && !c.host.Unread {
		end = inEvents(c.stdout, nil, c.facts)
	}
	level, msg, failed := slog.LevelInfo, "finished", any(nil)
	if err != nil {
		level, msg, failed = slog.LevelError, err.Error(), err.Error()
	}
	switch code {
	case exitDone:
		level = slog.LevelInfo
	case exitPartial:
		level = slog.LevelWarn
	}
	all := append([]slog.Attr{slog.String("event", "finished"), slog.Any("command", orNull(c.selected()))}, c.facts.tally()...)
	all = append(all, slog.Int("exit", int(code)), slog.Any("error", failed), slog.Any("reasons", reasonsOf(err)), slog.Any("next", orNull(next)))
	end.LogAttrs(context.Background(), level, msg, all...)
	if c.wantsEvents() {
		c.log.LogAttrs(context.Background(), level, msg, all...)
	}
}

// selected is the name of the command; "" before the line was read.
func (c *command) selected() string {
	if c.parsed == nil {
		return ""
	}
	return strings.TrimPrefix(c.parsed.Selected().FullPath(), c.parsed.Model.Name+" ")
}

// tally are the counts as run.json has them, or null when nobody was counted.
func (f *facts) tally() []slog.Attr {
	n := f.numbers()
	return []slog.Attr{slog.Bool("dry_run", n.dry), slog.Any("counts", n.counts), slog.Any("success", n.success), slog.Any("neutral", n.neutral), slog.Any("failure", n.failure), slog.Any("contained", n.contained)}
}

// numbers are the counts of rows, every outcome included; nil when nobody was counted.
type numbers struct {
	dry                       bool
	counts                    map[batch.Outcome]int
	success, neutral, failure *int
	contained                 *notify.Contained
	tenants                   *notify.Tenants
}

func (f *facts) numbers() numbers {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := numbers{dry: f.dry, contained: f.contained, tenants: f.tenants}
	if f.counts == nil {
		return n
	}
	n.counts, n.success, n.neutral, n.failure = map[batch.Outcome]int{}, new(int), new(int), new(int)
	of := map[batch.Kind]*int{batch.Success: n.success, batch.Neutral: n.neutral, batch.Failure: n.failure}
	for _, o := range batch.Outcomes {
		n.counts[o] = f.counts[o]
		if kind := o.Kind(); n.dry && o == batch.NotSent { // a run would send them
			*n.neutral += f.counts[o]
		} else {
			*of[kind] += f.counts[o]
		}
	}
	if n.dry {
		*n.neutral, *n.failure = *n.neutral-f.end.Vain.Lines, *n.failure+f.end.Vain.Lines
	}
	return n
}

// narrated is the console of a job, with what it is told kept as facts.
type narrated struct {
	*command
	*facts
}

// Planned implements [job.Console].
func (n narrated) Planned(p batch.Plan, c batch.Count) {
	n.About(p)
	n.at("planned")
	counts := map[batch.Outcome]int{batch.NotSent: c.Rows}
	for o, k := range c.Ended {
		counts[o] += k
		counts[batch.NotSent] -= k
	}
	n.counted(counts)
	n.command.Planned(p, c)
}

// Progress implements [job.Console].
func (n narrated) Progress(stage string, total int, left func(int) time.Duration) job.Progress {
	phase := "planning"
	switch {
	case left != nil:
		phase = "running"
	case strings.HasPrefix(stage, "reading "):
		phase = "verifying"
	}
	n.at(phase)
	if n.cli.LogFormat == "json" {
		return &eventful{log: n.log, unit: unitOf(stage), total: total, left: left}
	}
	return n.command.Progress(stage, total, left)
}

// Ended implements [job.Console].
func (n narrated) Ended(e report.End) error {
	n.ended(e)
	switch {
	case n.host.Stream == nil:
		if err := n.command.Ended(e); err != nil {
			n.unwritten(err)
		}
		return nil
	case n.wantsEvents(): // the last of which tells it
		return nil
	}
	if e.Told = n.told; n.cli.Quiet {
		return report.Last(n.stderr, e)
	}
	return report.Text(n.stderr, e)
}

// unwritten tells that the end of a run could not be written to standard output. It changes
// no exit code, which is about the users.
func (c *command) unwritten(err error) {
	if c.host.Unread {
		return
	}
	c.host.Unread = true
	words := []string{"show", c.facts.about().Run}
	if c.cli.Output == "json" {
		words = append(words, "-o", "json")
	}
	c.Warn("note     standard output could not be written (%v); this tells how the run ended: %s", err, c.Typed(words...))
}

// Rehearsed implements [job.Console].
func (n narrated) Rehearsed(e report.End, lines iter.Seq2[batch.Line, error]) error {
	if n.host.Stream == nil {
		n.ended(e)
		return n.command.Rehearsed(e, lines)
	}
	n.Say("dry run: nothing was written")
	for l, err := range lines {
		if err != nil {
			return err
		}
		if n.host.Stream(e.Plan, &l) != nil {
			n.host.Unread = true
			break
		}
	}
	return n.Ended(e)
}

// How often progress is an event, and how long a wait lasts before it is one.
const (
	eventEvery = 10 * time.Second
	lasting    = 3 * time.Second
)

// eventful tells progress as events: how far it is every ten seconds, and of a wait when
// it begins to last, when its cause changes, and when it is over.
type eventful struct {
	log    *slog.Logger
	unit   string // what a run counts: users or writes
	total  int
	left   func(int) time.Duration
	last   time.Time
	latest []any // what was not told yet
	told   batch.Trouble
	toldAt time.Time
}

// Planning implements [job.Progress].
func (e *eventful) Planning(c batch.Count) {
	e.tell(time.Now(), c.Trouble, "counts", c.Ended, "rows", c.Rows, "users", c.Users, "waiting", c.Waiting, "pace", c.Pace.PerSecond, "why", c.Pace.Reason)
}

// Running implements [job.Progress].
func (e *eventful) Running(p batch.Progress) {
	settled := 0
	for _, n := range p.Counts {
		settled += n
	}
	toGo := max(0, e.total-settled-p.Proving)
	e.tell(p.Now, p.Trouble, "unit", e.unit, "counts", p.Counts, "settled", settled, "total", e.total, "proving", p.Proving, "waiting", p.Waiting,
		"pace", p.Pace.PerSecond, "why", p.Pace.Reason, "left_s", e.left(toGo).Round(time.Second).Seconds())
}

// Waits implements [job.Progress].
func (e *eventful) Waits(t batch.Trouble) {
	now := time.Now()
	if e.trouble(now, t); e.told.Any() {
		e.tell(now, t)
	}
}

// End implements [job.Progress].
func (e *eventful) End() {
	if e.latest != nil {
		e.log.Info("progress", e.latest...)
	}
	e.latest = nil
}

func (e *eventful) tell(now time.Time, t batch.Trouble, fields ...any) {
	e.trouble(now, t)
	e.latest = append([]any{"event", "progress"}, fields...)
	if e.told.Any() {
		e.latest = append(append(e.latest, "waits_for", t.What), causeOf(t)...)
	}
	if e.last.IsZero() {
		e.last = now
	}
	if now.Sub(e.last) >= eventEvery {
		e.last = now
		e.End()
	}
}

func (e *eventful) trouble(now time.Time, t batch.Trouble) {
	if e.told.Any() && (!t.Any() || t.Since.After(e.told.Since)) {
		after := now.Sub(e.told.Since)
		e.log.Info(fmt.Sprintf("%s: going on after %s", e.told.What, batch.Span(after)), "event", "going_on", "waits_for", e.told.What, "after_s", after.Seconds())
		e.told = batch.Trouble{}
	}
	if !t.Any() || now.Sub(t.Since) < lasting || e.told.Any() && (t.Cause() == e.told.Cause() || now.Sub(e.toldAt) < eventEvery) {
		return
	}
	e.told, e.toldAt = t, now
	e.log.Warn("waiting for "+t.What, append([]any{"event", "waiting", "waits_for", t.What}, causeOf(t)...)...)
}

// causeOf are the fields of a wait.
func causeOf(t batch.Trouble) []any {
	return []any{"since", orNever(t.Since), "tries", t.Tries, "next_try", orNever(t.Next), "gives_up", orNever(t.Until), "error", t.Cause()}
}

// orNever is nil for the zero time.
func orNever(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}
