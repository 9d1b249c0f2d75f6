package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"offboard/batch"
	"offboard/batch/job"
	"offboard/batch/journal"
	"offboard/report"
)

// campaign is one that this process works on. Each tenant is run as the command run, or
// resume, would run it, by a command of its own.
type campaign struct {
	*command
	*job.Campaign
	yes, dry bool
	slots    chan struct{} // holds one for each tenant that is worked on

	asking  sync.Mutex // one question at a time
	phrases map[string][]byte
	writing sync.Mutex // of lines of tenants

	mu     sync.Mutex // guards what follows
	going  int        // tenants that have not ended
	failed int        // those that ended without being carried out
	ready  []string   // the questions of those that wait for the answer to begin
	answer chan struct{}
	no     error // what the answer was; nil is yes
	plans  struct{ tenants, users, writes, settled int }
	told   time.Time
}

// runCampaign works on the campaign in a file.
func (c *command) runCampaign(ctx context.Context, o *job.CampaignOptions) error {
	if !o.Yes && !o.DryRun && !c.asks {
		return c.mustAsk("nothing was planned", "look first with --dry-run")
	}
	members, err := c.readCampaign(o)
	if err != nil {
		return err
	}
	of, err := job.BeginCampaign(ctx, c.host, o, members)
	if err != nil {
		return err
	}
	return c.carryOut(ctx, of, o.Yes, o.DryRun, o.AtOnce)
}

// resumeCampaign goes on with a campaign of the journal.
func (c *command) resumeCampaign(ctx context.Context, o *job.ResumeOptions) error {
	for _, f := range c.flags() {
		if c.typed(f) > 0 && !slices.Contains(append(ofResume, "simulate"), f.Name) && slices.Contains(c.parsed.Selected().Flags, f) {
			return fmt.Errorf("%w: --%s does not go with a campaign, whose file has the flags of its tenants: resume takes --yes, --as-caller and --max-age then", job.ErrUsage, f.Name)
		}
	}
	if !o.Yes && !c.asks {
		return c.mustAsk("nothing more was written", "resume it at a terminal")
	}
	of, err := job.ResumeCampaign(ctx, c.host, o.RunName)
	if err != nil {
		return err
	}
	if o.Simulate && !of.Rehearsal() {
		of.Close()
		return fmt.Errorf("%w; nothing more was written: %s is no rehearsal, and --simulate would not make it one", job.ErrRefused, of.Name)
	}
	members, _, err := c.campaignFile(&job.CampaignOptions{File: of.Input})
	of.Hold(members, err)
	return c.carryOut(ctx, of, o.Yes, false, usualAtOnce)
}

// ofResume are the flags of resume that go with a campaign.
var ofResume = []string{"yes", "as-caller", "max-age"}

const usualAtOnce = 50

func (c *command) mustAsk(undone, instead string) error {
	return fmt.Errorf("%w; %s: there is no terminal to ask at; give --yes, or %s", job.ErrRefused, undone, instead)
}

// carryOut works on all tenants that are not at their end, and tells how all of them stand.
func (c *command) carryOut(ctx context.Context, of *job.Campaign, yes, dry bool, atOnce int) error {
	defer of.Close()
	if atOnce < 1 {
		return fmt.Errorf("%w: --at-once %d is no number of tenants", job.ErrUsage, atOnce)
	}
	ends, last, err := c.ends(ctx, of)
	if err != nil {
		return err
	}
	all := &campaign{command: c, Campaign: of, yes: yes, dry: dry, slots: make(chan struct{}, atOnce), phrases: map[string][]byte{}, answer: make(chan struct{})}
	results := make([]report.CampaignTenant, len(of.Members))
	var members []*member
	for i, m := range of.Members {
		end, has := ends[m.Name]
		results[i] = stands(of, m, ends, last)
		if !m.Skip && !(has && end.State == string(journal.Finished)) {
			if !has || end.State == string(journal.Refused) { // of which nothing was sent: it is planned anew
				end.Plan = batch.Plan{}
			}
			members = append(members, all.member(m, end.Plan, &results[i]))
		}
	}
	if err := all.apart(ctx, members, ends); err != nil {
		return err
	}
	all.going = len(members)
	aside, err := report.MoveCampaignAside(of.Dir, of.Name)
	if err != nil {
		return err
	}
	if aside != "" {
		c.Say("note     the reports of another campaign were in %s, and are in %s now", of.Dir, aside)
	}
	c.Say("campaign %s: %s, of which %d %s worked on, %d at once", of.Name, batch.Plural(len(of.Members), "tenant"), len(members), batch.Agree(len(members), "is", "are"), min(len(members), atOnce))
	var group sync.WaitGroup
	for _, m := range members {
		all.slots <- struct{}{} // in the order of the file
		group.Go(func() {
			code := m.work(ctx)
			<-all.slots
			all.left(code)
		})
	}
	group.Wait()
	if !dry { // of a run that broke off, or was not gone on with, the journal tells
		if ends, err = of.Ends(context.WithoutCancel(ctx), c.host); err != nil {
			return err
		}
	}
	for i := range results {
		if end, has := ends[results[i].Name]; has && results[i].End == nil {
			results[i].End = &end
		}
	}
	return all.tell(results)
}

// ends are how the runs of a campaign stand, and how the commands ended that worked on them.
func (c *command) ends(ctx context.Context, of *job.Campaign) (runs map[string]report.End, last map[string]journal.MemberEnd, err error) {
	if runs, err = of.Ends(ctx, c.host); err == nil {
		last, err = of.MemberEnds(ctx)
	}
	return runs, last, err
}

// apart refuses members that are one tenant by several of its names, before anything is done of any.
func (c *campaign) apart(ctx context.Context, members []*member, ends map[string]report.End) error {
	ids := make([]string, len(members))
	var group errgroup.Group
	group.SetLimit(cap(c.slots))
	for i, m := range members {
		if m.run == "" && m.wrong == nil {
			group.Go(func() error {
				ids[i] = job.TenantID(ctx, m.host, &m.cli.Run.Connection)
				return nil
			})
		}
	}
	_ = group.Wait() // none of them fails
	of := map[string]string{}
	for name, end := range ends {
		of[end.Plan.Tenant] = name
	}
	for i, m := range members {
		if ids[i] == "" { // the run will tell
			continue
		}
		if other, has := of[ids[i]]; has && other != m.of.Name {
			return fmt.Errorf("%w; nothing of it was begun: %s and %s are one tenant, %s; take one of them out of the file", job.ErrRefused, m.of.Name, other, ids[i])
		}
		of[ids[i]] = m.of.Name
	}
	return nil
}

// stands is how a tenant stands by the journal: as the command ended that worked on it last, unless
// the run went on since then.
func stands(of *job.Campaign, m job.Member, runs map[string]report.End, last map[string]journal.MemberEnd) report.CampaignTenant {
	t := report.CampaignTenant{Name: m.Name, Tenant: m.Tenant, Skip: m.Skip, Rows: m.Rows, Exit: -1}
	end, has := runs[m.Name]
	if has {
		t.End, t.Next = &end, report.Next(end)
		t.Report = pageOf(of, m.Name, t.End)
	}
	was, ended := last[m.Name]
	since := func(at time.Time) bool { return at.After(was.At) }
	switch {
	case m.Skip:
	case ended && !since(end.Ended) && !slices.ContainsFunc(end.Sessions, func(s report.Session) bool { return since(s.Began) }):
		t.Exit, t.Error = was.Exit, was.Error
		if len(end.Files) == 0 || t.Next == "" { // which are newer
			t.Next = was.Next
		}
	case has && end.State == string(journal.Finished):
		t.Exit = int(exitDone)
		if end.Summary.CountOf(batch.Failure) > 0 {
			t.Exit = int(exitPartial)
		}
	}
	return t
}

// pageOf is the page of the report of a tenant's run, from where the campaign's page stands; "" where
// there is none, or that of another run.
func pageOf(c *job.Campaign, name string, end *report.End) string {
	dir := c.DirOf(name)
	if _, err := os.Stat(filepath.Join(dir, "report.html")); err != nil || end == nil || report.RunOf(dir) != end.Plan.Run {
		return ""
	}
	return name + "/report.html"
}

// tell writes how all tenants stand, and gives the worst of their ends.
func (c *campaign) tell(results []report.CampaignTenant) error {
	sum, left := c.sums(c.Campaign, c.dry, results, c.sameWay)
	unwritten := sum.Write()
	err := errors.Join(c.campaignTable(sum), unwritten)
	worst := exitCode(sum.Exit)
	if worst == exitDone || worst == exitPartial {
		return errors.Join(map[exitCode]error{exitDone: nil, exitPartial: job.ErrPartial}[worst], err)
	}
	var words []string
	for _, code := range severity {
		if names := left[code]; code != exitDone && code != exitPartial && len(names) > 0 {
			words = append(words, fmt.Sprintf("%s (exit %d: %s)", batch.SomeOf(names[:min(5, len(names))], len(names)), code, meanings[code]))
		}
	}
	return errors.Join(&campaignEnd{worst, strings.Join(words, "; "), sum.Next}, err)
}

// sums are how all tenants stand together, and which of them ended with each exit code. SameWay adds
// those of this command to one that goes on.
func (c *command) sums(of *job.Campaign, dry bool, results []report.CampaignTenant, sameWay func([]string) []string) (sum report.Campaign, left map[exitCode][]string) {
	worst, open := exitDone, false
	left = map[exitCode][]string{}
	for i, t := range results {
		code := exitCode(t.Exit)
		switch {
		case t.Skip:
			continue
		case code < 0:
			open = true
			continue
		case slices.Index(severity, code) < slices.Index(severity, worst):
			worst = code
		}
		left[code] = append(left[code], t.Name)
		if code == exitUsage && !dry { // the campaign goes on with files as they were
			results[i].Next = c.Typed(sameWay(of.Anew(t.Name))...)
		}
	}
	sum = report.Campaign{Name: of.Name, Input: of.Input, Created: of.Created, Dry: dry, Rehearsal: of.Rehearsal(), Dir: of.Dir, Exit: int(worst), Tenants: results}
	switch {
	case open:
		sum.Exit, sum.Next = -1, c.Typed(sameWay(of.GoOn())...)
	case worst == exitDone, worst == exitPartial, dry:
	case worst == exitUsage:
		sum.Next = "mend the files, then: " + c.Typed(sameWay(of.Anew(left[exitUsage]...))...)
	default:
		sum.Next = c.Typed(sameWay(of.GoOn())...)
	}
	return sum, left
}

// sameWay adds to the words of a command that goes on the flags of this one that are not kept.
func (c *campaign) sameWay(words []string) []string {
	if n := cap(c.slots); n != usualAtOnce && words[0] == "campaign" {
		words = append(words, "--at-once", fmt.Sprint(n))
	}
	if c.yes {
		words = append(words, "--yes")
	}
	return words
}

// severity are the exit codes from the worst to the best: that of a campaign is the worst of its
// tenants'. Worse is what needs a person sooner: what broke off with people half done, then what
// nobody was done for, then what is done but for some.
var severity = []exitCode{exitError, exitStopped, exitLocked, exitSignIn, exitRefused, exitUsage, exitPartial, exitDone}

// campaignEnd is how a campaign ended of which not all tenants were carried out.
type campaignEnd struct {
	code        exitCode
	words, next string
}

func (e *campaignEnd) Error() string { return "not all tenants were carried out: " + e.words }

// campaignTable tells how the tenants stand.
func (c *command) campaignTable(sum report.Campaign) error {
	if c.cli.Output == "json" {
		return c.encode(sum)
	}
	type tenant = report.CampaignTenant
	run := func(t tenant) any {
		if t.End == nil {
			return "-"
		}
		return t.End.Plan.Run
	}
	columns := []column[tenant]{
		{"TENANT", "", func(t tenant) any { return t.Name }},
		{"ID", "", func(t tenant) any { return t.Tenant }},
		{"RUN", "", run},
		{"STATE", "", func(t tenant) any { return t.State() }},
		{"ROWS", "", func(t tenant) any { return t.Lines() }},
		{"SUCCESS", "", func(t tenant) any { return t.Count(batch.Success) }},
		{"LEFT ALONE", "", func(t tenant) any { return t.Count(batch.Neutral) - t.WouldBeSent() }},
		{"NOT DONE", "", func(t tenant) any { return t.Count(batch.Failure) }},
		{"EXIT", "", func(t tenant) any {
			if t.Exit < 0 {
				return ""
			}
			return t.Exit
		}},
		{"NEXT", "", func(t tenant) any { return t.Next }},
	}
	if sum.Dry {
		columns = slices.Insert(columns, 6, column[tenant]{"WOULD BE SENT", "", func(t tenant) any { return t.WouldBeSent() }})
	}
	if err := table(c.stdout, all(sum.Tenants), "", columns); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.stdout, "\n%s: %s\n", printable(sum.Name), sum.Headline())
	if err == nil && sum.Dir != "" {
		_, err = fmt.Fprintf(c.stdout, "Report: %s\n", printable(filepath.Join(sum.Dir, "campaign.html")))
	}
	return err
}

// member is the command of one tenant, and the console of its job.
type member struct {
	narrated
	all    *campaign
	of     job.Member
	result *report.CampaignTenant
	wrong  error
	run    string // that is resumed; "" begins one
}

// member makes the command of a tenant: it resumes the run that the plan is of, or begins one.
func (c *campaign) member(of job.Member, plan batch.Plan, result *report.CampaignTenant) *member {
	w := c.world
	w.screen, w.draws, w.moves, w.flows = nil, false, false, false
	w.stdout = io.Discard
	w.stderr = &visible{w: &prefixed{w: c.stderr, mu: &c.writing, before: of.Name + "  "}}
	home := ""
	w.environ, home = c.environOf(of)
	w.args = c.words(of, plan)
	flags := &cli{}
	m := &member{all: c, of: of, result: result, run: plan.Run}
	cmd := newCommand(w, flags)
	m.narrated = narrated{cmd, cmd.facts}
	cmd.host.Console = m
	cmd.campaign, cmd.campaignMember, cmd.campaignTenant = c, of.Name, home
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
	cmd.log = cmd.logger()
	cmd.host.Log, cmd.host.Journal, cmd.host.Began = cmd.log, flags.Journal, c.host.Began
	if c.asks && !c.yes && !c.dry {
		cmd.host.Begin = m.begin
	}
	c.Lend(cmd.host, c.host, of, c.dry)
	return m
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
func (c *campaign) words(of job.Member, plan batch.Plan) (words []string) {
	add := func(name, value string) { words = append(words, "--"+name+"="+value) }
	switch {
	case plan.Run == "":
		words = []string{"run"}
		add("tenant", of.Tenant)
		add("report-dir", c.DirOf(of.Name))
		if c.dry {
			add("dry-run", "true")
		}
	default:
		words = []string{"resume", plan.Run}
		for _, f := range c.parsed.Flags() {
			if c.typed(f) > 0 && (f.Name == "as-caller" || f.Name == "max-age") {
				add(f.Name, values(f)[0])
			}
		}
		for _, f := range of.Added {
			add(f.Name, f.Value)
		}
	}
	for _, f := range of.Flags {
		if plan.Run == "" || afresh(f.Name) {
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
	if plan.Run == "" {
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

// work carries the tenant's run out, and keeps how it ended. Nothing that happens here stops
// another tenant.
func (m *member) work(ctx context.Context) exitCode {
	c := m.command
	code := c.fail(m.carryOut(ctx))
	c.host.Files.Close()
	t := m.result
	t.Exit, t.Error, t.Next = int(code), "", c.next
	if t.End = c.facts.end; t.End == nil || code != exitPartial {
		t.Error = strings.Join(c.failed, "; ")
	}
	if code == exitStopped { // all of it goes on together
		t.Next = ""
	}
	t.Report = pageOf(m.all.Campaign, m.of.Name, t.End)
	if !m.all.dry {
		if err := m.all.EndMember(ctx, journal.MemberEnd{Member: m.of.Name, At: time.Now(), Exit: t.Exit, Error: t.Error, Next: t.Next}); err != nil {
			m.Warn("note     %v", err)
		}
	}
	return code
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
	if err := m.all.Held(c.host, m.of, m.run != ""); err != nil {
		return err
	}
	if m.run == "" && m.all.Resumed {
		if err := m.all.Unchanged(c.host, m.of); err != nil {
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

// begin waits until every tenant is planned, or has ended, and for the one answer to all: nothing
// is written anywhere before. Meanwhile another tenant may be planned.
func (m *member) begin(string) error {
	c := m.all
	plan := m.facts.about()
	c.mu.Lock()
	c.plans.tenants++
	c.plans.users += plan.Users
	c.plans.writes += plan.Writes
	c.ready = append(c.ready, fmt.Sprintf("%s (%s)", m.of.Name, batch.Thousands(plan.Users)))
	c.askWhenReady()
	c.mu.Unlock()
	<-c.slots
	<-c.answer // which comes at a stop, too
	c.slots <- struct{}{}
	return c.no
}

// left is told when a tenant has ended, and how.
func (c *campaign) left(code exitCode) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.going--; code != exitDone && code != exitPartial {
		c.failed++
	}
	if n := len(c.ready); n > 0 {
		c.askWhenReady()
	}
}

// askWhenReady asks once all tenants that have not ended wait for the answer. The caller holds mu.
func (c *campaign) askWhenReady() {
	if len(c.ready) < c.going {
		return
	}
	select {
	case <-c.answer: // it was given
		return
	default:
	}
	question := fmt.Sprintf("Carry out %s for %s, in %s: %s?", batch.Plural(c.plans.writes, "write"), batch.Plural(c.plans.users, "user"),
		batch.Plural(c.plans.tenants, "tenant"), batch.SomeOf(c.ready[:min(10, len(c.ready))], len(c.ready)))
	if c.failed > 0 {
		question = fmt.Sprintf("%s cannot be carried out, as is said above. ", batch.Plural(c.failed, "tenant")) + question
	}
	go func() {
		c.asking.Lock()
		defer c.asking.Unlock()
		c.no = c.Ask(question)
		close(c.answer)
	}()
}

// Ask implements [job.Console]: the questions of tenants come one at a time.
func (m *member) Ask(question string) error {
	m.all.asking.Lock()
	defer m.all.asking.Unlock()
	m.all.unsaid, m.unsaid = append(m.all.unsaid, m.unsaid...), nil
	return m.all.Ask(m.of.Name + ": " + question)
}

// Passphrase implements [job.Console]. A key that signs the reports of several tenants is asked for
// once.
func (m *member) Passphrase(prompt string) ([]byte, error) {
	c := m.all
	c.asking.Lock()
	defer c.asking.Unlock()
	if c.phrases[prompt] == nil {
		phrase, err := c.command.Passphrase(prompt)
		if err != nil {
			return nil, err
		}
		c.phrases[prompt] = phrase
	}
	return bytes.Clone(c.phrases[prompt]), nil
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

// prefixed begins each line with whose it is.
type prefixed struct {
	w      io.Writer
	mu     *sync.Mutex // of all who write to w
	before string
	part   []byte
}

func (p *prefixed) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.part = append(p.part, text...)
	end := bytes.LastIndexByte(p.part, '\n') + 1
	var b bytes.Buffer
	for line := range bytes.Lines(p.part[:end]) {
		if line[0] != '{' && len(bytes.TrimSpace(line)) > 0 { // events say of which run they are
			b.WriteString(p.before)
		}
		b.Write(line)
	}
	p.part = bytes.Clone(p.part[end:])
	_, err := p.w.Write(b.Bytes())
	return len(text), err
}

// showCampaign tells how the runs of a campaign stand.
func (c *command) showCampaign(ctx context.Context, o *job.ShowOptions) error {
	if len(o.Outcome) > 0 || o.Trusted != "" {
		return fmt.Errorf("%w: a campaign is shown as a whole; --outcome and --trusted go with one of its runs", job.ErrUsage)
	}
	sum, err := c.standing(ctx, o.RunName, func(*job.Campaign, string, *report.End) error { return nil })
	if err != nil {
		return err
	}
	return c.campaignTable(sum)
}

// reportCampaign writes the reports of all runs of a campaign again, and the page about them.
func (c *command) reportCampaign(ctx context.Context, o *job.ReportOptions) error {
	sum, err := c.standing(ctx, o.RunName, func(of *job.Campaign, name string, end *report.End) (err error) {
		if o.ReportDir != "" {
			if of.Dir, err = filepath.Abs(o.ReportDir); err != nil {
				return err
			}
		}
		*end, err = job.Report(ctx, c.host, &job.ReportOptions{RunName: end.Plan.Run, Reporting: job.Reporting{ReportDir: of.DirOf(name), SignKey: o.SignKey}})
		return err
	})
	if err == nil {
		err = sum.Write()
	}
	return errors.Join(err, c.campaignTable(sum))
}

// standing is how the runs of a campaign stand, by the journal, once each was looked at.
func (c *command) standing(ctx context.Context, name string, look func(of *job.Campaign, name string, end *report.End) error) (sum report.Campaign, err error) {
	of, err := job.ShowCampaign(ctx, c.host, name)
	if err != nil {
		return sum, err
	}
	defer of.Close()
	runs, last, err := c.ends(ctx, of)
	if err != nil {
		return sum, err
	}
	var results []report.CampaignTenant
	for _, m := range of.Members {
		if end, has := runs[m.Name]; has {
			if err := look(of, m.Name, &end); err != nil {
				return sum, err
			}
			runs[m.Name] = end
		}
		results = append(results, stands(of, m, runs, last))
	}
	sum, _ = c.sums(of, false, results, func(words []string) []string { return words })
	return sum, nil
}

// before is what stands in front of a command line that is to be pasted: where one registration
// signs in to several tenants, the variable that names the one.
func (c *command) before(command string) string {
	if c.campaignTenant == "" || command == "resume" || command == "show" || command == "report" || command == "campaign" || runtime.GOOS == "windows" {
		return ""
	}
	return "env AZURE_TENANT_ID=" + quoted(c.campaignTenant, runtime.GOOS) + " "
}
