package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/cmd/flagfile"
	"offboard/report"
)

// member is the command of one tenant, and the console of its job.
type member struct {
	narrated
	all   *campaign
	of    job.Member
	wrong error
	run   string // that is resumed; "" begins one
	home  string // for AZURE_TENANT_ID of commands to be pasted; "" for none
	last  journal.MemberEnd
}

// member makes the command of a tenant: it resumes the run of that name, or begins one.
func (c *campaign) member(of job.Member, run string) *member {
	w := c.world
	w.screen, w.draws, w.moves, w.flows = nil, false, false, false
	w.stdout = io.Discard
	w.stderr = &visible{w: &prefixed{w: c.stderr, mu: &c.writing, before: of.Name + "  "}}
	m := &member{all: c, of: of, run: run}
	w.environ, m.home = c.environOf(of)
	w.args = c.words(of, run)
	w.getenv = func(name string) string {
		if name == notifyURL { // the campaign tells of all
			return ""
		}
		return c.getenv(name)
	}
	flags := &cli{}
	cmd := newCommand(w, flags)
	m.narrated = narrated{cmd, cmd.facts}
	cmd.host.Console = m
	cmd.member = m
	if m.parsed, _, m.wrong = parse(flags, io.Discard, w.args...); m.wrong != nil {
		m.wrong = fmt.Errorf("%w: %w", job.ErrUsage, m.wrong)
		m.parsed = nil
		return m
	}
	for _, file := range []*string{&flags.Run.DebugHTTP, &flags.Resume.DebugHTTP} {
		if *file != "" {
			*file = unusedName(*file + "." + of.Name)
		}
	}
	for _, told := range []*job.Telling{&flags.Run.Telling, &flags.Resume.Telling} {
		if base, ok := strings.CutSuffix(told.MetricsFile, ".prom"); ok {
			told.MetricsFile = base + "." + of.Name + ".prom"
		}
		if !slices.ContainsFunc(of.Flags, func(f batch.Flag) bool { return f.Name == "notify-file" }) { // a variable, which means the campaign
			told.NotifyFile = ""
		}
	}
	cmd.log = cmd.logger()
	cmd.host.Log, cmd.host.Journal, cmd.host.Began = cmd.log, flags.Journal, c.host.Began
	if c.asks && !c.yes && !c.dry {
		cmd.host.Begin = m.begin
	}
	c.Lend(cmd.host, c.host, of, c.dry)
	return m
}

// share gives the tenant so many of the calls, unless it says itself how many it has under way.
func (m *member) share(calls int) {
	for _, f := range m.flags() {
		if f.Name == "concurrency" && !m.given(f) {
			m.cli.Run.Concurrency, m.cli.Resume.Concurrency = min(calls, m.cli.Run.Concurrency), min(calls, m.cli.Resume.Concurrency)
		}
	}
}

// unusedName is a file's name that no file has: the trace of each tenant and session is one of its own.
func unusedName(name string) string {
	for n, base := 2, name; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = fmt.Sprintf("%s-%d", base, n)
	}
}

// environOf are the variables of a tenant's command. One registration signs in to all tenants:
// AZURE_TENANT_ID, which names its home, gives way to --tenant. tenant is what a pasted command
// needs as that variable; "" for none.
func (c *campaign) environOf(of job.Member) (environ func() []string, tenant string) {
	isHome := func(v string) bool { return strings.HasPrefix(v, "AZURE_TENANT_ID=") }
	if slices.ContainsFunc(c.environ(), isHome) && !slices.ContainsFunc(of.Flags, func(f batch.Flag) bool { return f.Name == "sign-in" }) {
		tenant = of.Tenant
	}
	return func() []string { return slices.DeleteFunc(slices.Clone(c.environ()), isHome) }, tenant
}

// words are the command line of a tenant.
func (c *campaign) words(of job.Member, run string) (words []string) {
	add := func(name, value string) { words = append(words, "--"+name+"="+value) }
	switch {
	case run == "":
		words = []string{"run"}
		add("tenant", of.Tenant)
		add("report-dir", c.DirOf(of.Name))
		if c.dry {
			add("dry-run", "true")
		}
	default:
		words = []string{"resume", run}
		for _, f := range c.parsed.Flags() {
			if c.typed(f) > 0 && (f.Name == "as-caller" || f.Name == "max-age") {
				add(f.Name, flagfile.ValuesOf(f)[0])
			}
		}
		for _, f := range of.Added {
			add(f.Name, f.Value)
		}
	}
	for _, f := range of.Flags {
		if run == "" || afresh(f.Name) {
			add(f.Name, f.Value)
		}
	}
	if c.yes {
		add("yes", "true")
	}
	if path := c.otherJournal(); path != "" {
		add("journal", path)
	}
	if c.cli.Config != "" {
		add("config", c.cli.Config)
	}
	add("log-format", c.cli.LogFormat)
	add("verbose", fmt.Sprint(c.cli.Verbose))
	add("quiet", fmt.Sprint(c.cli.Quiet))
	if run == "" {
		words = append(append(words, "--"), of.Files...)
	}
	return words
}

// afresh reports whether a resume needs a flag of run anew, since the plan does not keep it.
func afresh(name string) bool {
	flags := grammar(&cli{}, io.Discard, func(int) {}).Model.Node
	for _, f := range childOf(flags, "resume").Flags {
		if f.Name == name {
			return !f.Tag.Has("keep") && !f.Tag.Has("guard") && name != "tenant"
		}
	}
	return false
}

// line is another command with the tenant's files, and with those of its flags that it takes.
func (m *member) line(command string) string {
	words := append([]string{command}, m.of.Files...)
	flags := append([]batch.Flag{{Name: "tenant", Value: m.of.Tenant}}, m.of.Flags...)
	for _, takes := range childOf(m.all.parsed.Model.Node, command).Flags {
		for _, f := range flags {
			if f.Name == takes.Name {
				words = append(words, "--"+f.Name+"="+f.Value)
			}
		}
	}
	return m.Typed(words...)
}

// next fills in what to do about an error, in words that are right for this tenant.
func (m *member) next(err error, words string) string {
	goOn, anew := m.all.Typed(m.all.sameWay(m.all.GoOn())...), m.all.Typed(m.all.sameWay(m.all.Anew(m.of.Name))...)
	if m.all.dry {
		goOn = m.all.command.onceMore()
		anew = goOn
	}
	by := "the other process"
	if held, ok := errors.AsType[*journal.LockedError](err); ok && held.PID != 0 {
		by = fmt.Sprintf("process %d on %s", held.PID, held.Host)
	}
	remedy := "this tells what mends the sign-in, and goes on once it is well: " + m.line("doctor") + " && "
	if known := job.SignInRemedy(err); known != "" {
		remedy = known + "; then: "
	}
	return strings.NewReplacer("{remedy}", remedy, "{doctor}", m.line("doctor"), "{check}", m.line("check"), "{by}", by, "{tenant}", m.of.Name, "{file}", m.all.Input, "{go on}", goOn, "{anew}", anew).Replace(words)
}

// work carries the tenant's run out, and keeps how it ended. Nothing that happens here stops
// another tenant.
func (m *member) work(ctx context.Context) {
	c := m.command
	code := c.fail(m.carryOut(ctx))
	c.host.Files.Close()
	m.last = journal.MemberEnd{Member: m.of.Name, At: time.Now(), Exit: int(code), Next: c.next}
	if c.facts.end == nil || code != exitPartial {
		m.last.Error = strings.Join(c.failed, "; ")
	}
	if m.all.dry {
		return
	}
	if err := m.all.EndMember(ctx, m.last); err != nil {
		m.Warn("note     %v", err)
	}
}

func (m *member) carryOut(ctx context.Context) error {
	c := m.command
	if err := m.wrong; err != nil {
		return err
	}
	select {
	case <-c.stop:
		return batch.ErrStopped
	default:
	}
	if err := c.heedConfig(); err != nil {
		return err
	}
	if err := m.all.Held(c.host, m.of, m.run, m.all.sameWay); err != nil {
		return err
	}
	if m.run == "" && m.all.Resumed {
		if err := m.all.MayBegin(c.host, m.of, time.Now(), m.all.maxAge, m.all.sameWay); err != nil {
			return err
		}
	}
	options := c.parsed.Selected().Target.Addr().Interface()
	tell, err := c.telling(ctx, options)
	if err != nil {
		return err
	}
	c.tell = tell
	err = c.do(ctx, options)
	if errors.Is(err, batch.ErrStopped) && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

// Ended implements [job.Console]: in one line, since the campaign tells the rest.
func (m *member) Ended(e report.End) error {
	m.ended(e)
	return report.Last(m.stderr, e)
}

// Rehearsed implements [job.Console].
func (m *member) Rehearsed(e report.End, _ iter.Seq2[batch.Line, error]) error { return m.Ended(e) }

// Progress implements [job.Console]. How far the tenants are is told of all together, and what one
// waits for with its name.
func (m *member) Progress(stage string, total int, left func(int) time.Duration) job.Progress {
	p := m.narrated.Progress(stage, total, left)
	if own, lines := p.(*progress); lines {
		return &memberProgress{progress: own, all: m.all}
	}
	return p
}

type memberProgress struct {
	*progress
	all     *campaign
	settled int
}

func (p *memberProgress) Planning(n batch.Count) { p.tellTrouble(time.Now(), n.Trouble) }

func (p *memberProgress) Running(r batch.Progress) {
	p.tellTrouble(r.Now, r.Trouble)
	settled := 0
	for _, n := range r.Counts {
		settled += n
	}
	p.all.progress(r.Now, settled-p.settled)
	p.settled = settled
}

// progress tells now and then how far all tenants are.
func (c *campaign) progress(now time.Time, more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plans.settled += more
	if c.cli.Quiet || now.Sub(c.told) < printEvery {
		return
	}
	if c.told.IsZero() {
		c.told = now
		return
	}
	c.told = now
	c.Say("campaign %s to go, %s settled", batch.Plural(c.going, "tenant"), batch.Plural(c.plans.settled, "write"))
}
