package report

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"offboard/batch"
)

//go:embed html
var pageFiles embed.FS

var (
	pageTemplate = template.Must(template.ParseFS(pageFiles, "html/*.html"))
	pageStyle    = pageFile("html/style.css")
	pageScript   = pageFile("html/table.js")
)

func pageFile(name string) string {
	text, err := pageFiles.ReadFile(name)
	if err != nil {
		panic(err) // it is compiled in
	}
	return string(text)
}

// pagePolicy lets the page load nothing, and run and look like what it was made with alone.
var pagePolicy = fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; base-uri 'none'; form-action 'none'", digestOf(pageScript), digestOf(pageStyle))

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// writeHead writes the page up to the list of people.
func writeHead(w io.Writer, e *End) error {
	err := pageTemplate.ExecuteTemplate(w, "head", struct {
		Policy, Title string
		Style         template.CSS
	}{pagePolicy, "offboard run " + e.Plan.Run + ", " + tenantOf(e.Plan), template.CSS(pageStyle)})
	if err == nil {
		_, err = io.WriteString(w, `<script type="application/gzip" id="people">`)
	}
	return err
}

// body is what the template of the page is filled with. All text in it is plain text.
type body struct {
	Kicker, Headline, Status, Tone string
	Lead                           []string
	Bar                            []segment
	Legend                         []label
	Facts, About, Files            []fact
	MissedTitle                    string
	Missed, Else, Spared           []causeView
	ElseTitle, ElseLead            string
	Commands                       []fact
	NotesTitle                     string
	Notes                          []string
	Chart                          *chart
	Steps                          []stepView
	StepLegend                     []label
	People                         int
	PeopleNotes                    []string
	Table                          template.JS
	Script                         template.JS
}

type fact struct {
	Name   string
	Values []string
}

type label struct{ Class, Count, Label string }

type causeView struct {
	Count, What, Word, Meaning, More, Next, Filter string
	Names                                          []string
	Reasons                                        []label
}

type stepView struct {
	Name, Text string
	Bar        []segment
}

// writeBody writes the page behind the list of people.
func writeBody(p *page) error {
	e, a := p.end, aimOf(p.end.Plan)
	b := body{
		Kicker: "offboard run " + e.Plan.Run, Facts: headFacts(e), About: runFacts(e), Files: p.files(),
		Spared: p.views(p.sorted(p.causes, func(c *cause) bool { return !c.urgent && c.outcome.Kind() == batch.Neutral })),
		People: p.shown, Script: template.JS(pageScript),
	}
	p.headline(&b, a)
	if e.State != refused && e.State != planning {
		b.Missed = p.views(p.sorted(p.causes, func(c *cause) bool { return c.urgent }))
		b.Else = p.views(p.sorted(p.causes, func(c *cause) bool { return !c.urgent && c.outcome.Kind() != batch.Neutral }))
		b.Chart, b.Steps = p.chart(a), p.steps()
		for _, g := range groups {
			there := func(v stepView) bool {
				return slices.ContainsFunc(v.Bar, func(s segment) bool { return s.Class == g.class })
			}
			if slices.ContainsFunc(b.Steps, there) {
				b.StepLegend = append(b.StepLegend, label{Class: g.class, Label: p.groupLabel(g)})
			}
		}
		b.Commands = p.commands()
		b.Facts = append(b.Facts, p.times(a)...)
	}
	b.MissedTitle = upperFirst(a.missed) + " and why"
	b.ElseTitle = "What else was not done"
	if e.Dry {
		b.MissedTitle, b.ElseTitle = "What a run would not do", "What else a run would not do"
	}
	b.ElseLead = "It does not count against " + a.noun + ", and is to be done all the same."
	if p.people() > 0 && e.State != planning && e.State != refused {
		b.NotesTitle, b.Notes = "What "+a.noun+" does not cover", p.notes()
	}
	if p.people() > p.shown {
		b.PeopleNotes = append(b.PeopleNotes, fmt.Sprintf("The table holds %s of %s people: first those who are not %s, then others in the order of the file. report.csv, beside this file, has a line for each row.",
			batch.Thousands(p.shown), batch.Thousands(p.people()), a.done))
	}
	if rows := e.Summary.Lines; rows > p.people() {
		b.PeopleNotes = append(b.PeopleNotes, fmt.Sprintf("Each person stands here once; the file has %s. report.csv has them all.", batch.Plural(rows, "row")))
	}
	table, err := p.table(a)
	if err != nil {
		return err
	}
	b.Table = template.JS(table)
	return pageTemplate.ExecuteTemplate(p.w, "body", b)
}

// notes are what the run does not change, or an undo does not give back.
func (p *page) notes() (all []string) {
	if p.end.Plan.Undoes == "" {
		for _, note := range notes(*p.end, p.followup && !p.end.Dry) {
			all = append(all, upperFirst(strings.TrimPrefix(note, "Note: ")))
		}
		return all
	}
	for _, s := range p.end.Plan.Settings {
		if s.Name == "not undone" || s.Name == "in doubt" {
			all = append(all, shown(fmt.Sprintf("%s: %s.", s.Value, s.Why), mostOfReason))
		}
	}
	return all
}

// table is what the script must know besides the people.
func (p *page) table(a aim) ([]byte, error) {
	steps := p.end.Plan.Steps
	if !p.several {
		steps = nil
	}
	missed, keep, files := upperFirst(a.missed), []string{}, []string{}
	if s := p.end.State; s == refused || s == planning {
		missed = "Nothing done"
	}
	for _, name := range p.end.Plan.Keep {
		keep = append(keep, shown(name, mostOfName))
	}
	for _, f := range p.inputs {
		files = append(files, shown(f, mostOfName))
	}
	return json.Marshal(map[string]any{ // it escapes <, > and &
		"outcomes": batch.Outcomes, "steps": append([]batch.Step{}, steps...), "reasons": append([]string{}, p.reasons.texts...),
		"states": []string{upperFirst(a.done), missed, "Left alone", "Would be sent"},
		"keep":   keep, "kept": append([]string{}, p.kept.texts...), "files": files,
		"base": p.end.Plan.Created.UnixMilli(),
	})
}

// people counts them.
func (t *census) people() int {
	n := 0
	for _, of := range t.states {
		n += of
	}
	return n
}

// groups are the colours of outcomes.
var groups = []struct {
	class, label string
	outcomes     []batch.Outcome
}{
	{"done", "shown by the directory", []batch.Outcome{batch.Verified, batch.Already}},
	{"accepted", "accepted, not read back", []batch.Outcome{batch.Accepted, batch.Revoked}},
	{"alone", "left alone on purpose", []batch.Outcome{batch.Skipped, batch.Protected}},
	{"others", "for others to do", []batch.Outcome{batch.Ineffective, batch.NotPossible}},
	{"failed", "not done", []batch.Outcome{batch.Unverified, batch.Invalid, batch.NotFound, batch.Ambiguous, batch.Denied, batch.Failed, batch.GaveUp}},
	{"open", "not sent or not answered", []batch.Outcome{batch.Unsettled, batch.NotSent}},
}

func (p *page) groupLabel(g struct {
	class, label string
	outcomes     []batch.Outcome
}) string {
	if p.end.Dry && g.class == "open" {
		return "would be sent"
	}
	return g.label
}

// segment is a part of a bar that is 1,000 wide.
type segment struct {
	Class string
	X, W  int
}

// bar lays parts side by side, in a bar that stands for so many. No part is too narrow to be seen.
func bar(all int, parts ...label2) (segments []segment) {
	x := 0
	for _, p := range parts {
		if p.count == 0 || all == 0 {
			continue
		}
		w := min(max(8, p.count*1000/all), 1000-x)
		segments = append(segments, segment{p.class, x, w})
		x += w
	}
	return segments
}

type label2 struct {
	class string
	count int
}

// steps are the outcomes of each step, and of those who ended before any.
func (p *page) steps() (views []stepView) {
	view := func(name string, of map[batch.Outcome]int, more string) {
		var parts []label2
		for _, g := range groups {
			n := 0
			for _, o := range g.outcomes {
				n += of[o]
			}
			parts = append(parts, label2{g.class, n})
		}
		all := total(of)
		if all == 0 {
			views = append(views, stepView{Name: name, Text: "nothing to do"})
			return
		}
		views = append(views, stepView{name, people(all) + ": " + batch.Tally(of) + more, bar(p.people(), parts...)})
	}
	if !p.several {
		if len(p.end.Plan.Steps) > 0 && p.people() > 0 {
			view(upperFirst(p.end.Plan.Steps[0].Words()), p.first, "")
		}
		return views
	}
	for _, s := range p.end.Summary.Steps {
		more := ""
		if s.Step.Listed() && !maps.Equal(s.Users, s.Targets) {
			more = "; " + batch.Plural(total(s.Targets), "target") + ": " + batch.Tally(s.Targets)
		}
		view(upperFirst(s.Step.Words()), s.Users, more)
	}
	before := map[batch.Outcome]int{}
	for key, c := range p.causes {
		if key.step == batch.Whole {
			before[key.outcome] += c.people
		}
	}
	if len(before) > 0 {
		view("Ended before any step", before, "")
	}
	return views
}

// views are causes as they are told.
func (p *page) views(causes []*cause) (views []causeView) {
	for _, c := range causes {
		v := causeView{
			Count: batch.Thousands(c.people), Word: cmp.Or(plainOutcomes[c.outcome], string(c.outcome)), Meaning: upperFirst(here.Replace(p.end.meaning(c.outcome))) + ".",
			Names: c.names, Next: p.next(c), Filter: ":" + string(c.outcome),
		}
		v.What = batch.Agree(c.people, "person", "people")
		if c.step != batch.Whole {
			v.What += ", step " + string(c.step)
			v.Filter = fmt.Sprintf("%d:%s", slices.Index(p.end.Plan.Steps, c.step), c.outcome)
			if c.things != c.people {
				v.What += fmt.Sprintf(" (%s)", batch.Plural(c.things, "target"))
			}
		}
		if more := c.people - len(c.names); more > 0 {
			v.More = " and " + batch.Thousands(more) + " more"
		}
		told := 0
		for _, reason := range c.top(3) {
			n := c.reasons[reason]
			told += n
			count := ""
			if n != c.things || c.things > 1 {
				count = batch.Thousands(n) + "×"
			}
			v.Reasons = append(v.Reasons, label{Count: count, Label: plain.Replace(reason)})
		}
		all := c.others
		for _, n := range c.reasons {
			all += n
		}
		if more := all - told; more > 0 {
			v.Reasons = append(v.Reasons, label{Count: batch.Thousands(more) + "×", Label: "for other reasons, which the table has"})
		}
		views = append(views, v)
	}
	return views
}

// Text is the reason, for the template.
func (l label) Text() string { return l.Label }

// files are those beside the page, and what they are for.
func (p *page) files() (all []fact) {
	add := func(there bool, name, what string) {
		if there {
			all = append(all, fact{name, []string{what}})
		}
	}
	add(true, csvName, "has a line for each row of the input.")
	add(true, jsonlName, "has the same for programs.")
	add(p.targets && p.several, targetsName, "has a line for each device, group and licence, with its value before and after.")
	add(p.followup && !p.end.Dry, followupName, "has what others are to do, and where.")
	add(p.retry && !p.end.Dry, RetryName, "has the rows that another run may change, each person once.")
	add(true, documentName, "describes the run: digests, operator, sessions, approvals, counts.")
	add(true, manifestName, "lists these files with their digests; sha256sum -c report.sha256 checks them. Without one that fits, the report is not complete.")
	return all
}

// tenantOf names a plan's tenant.
func tenantOf(p batch.Plan) string {
	return cmp.Or(shown(p.Terms.TenantName, mostOfReason), p.Tenant, "unknown tenant")
}

// headFacts say who did what, where and when.
func headFacts(e *End) (all []fact) {
	add := adder(&all)
	p, t := e.Plan, e.Plan.Terms
	tenant := []string{tenantOf(p)}
	if p.Tenant != "" && p.Tenant != tenant[0] {
		tenant = append(tenant, p.Tenant)
	}
	add("Tenant", tenant...)
	when := []string{clock(e.Timing.Started)}
	if when[0] == "" {
		when[0] = clock(p.Created)
	}
	if !e.Ended.IsZero() {
		when = append(when, "to "+clock(e.Ended))
	}
	add("When", when...)
	add("Steps", stepWords(p.Steps))
	switch {
	case t.UserName != "" || t.User != "":
		add("Signed in", "user "+cmp.Or(t.UserName, t.User), "through app "+p.App)
	case p.App != "":
		add("Signed in", "app "+p.App)
	}
	if t.OSUser != "" {
		add("Operator", t.OSUser+" on "+cmp.Or(t.Host, "an unknown machine"))
	}
	var approved []string
	for _, approval := range t.Approvals {
		approved = append(approved, shown(approval.Person, mostOfName))
	}
	add("Approved by", approved...)
	add("Input", p.Input, batch.Plural(max(p.Rows, e.Summary.Lines), "row"))
	return all
}

// runFacts say what an auditor asks besides.
func runFacts(e *End) (all []fact) {
	add := adder(&all)
	p := e.Plan
	add("Run", p.Run)
	add("State", e.State)
	add("Takes back the run", p.Undoes)
	for _, u := range e.TakenBack {
		add("Since then", u.Words())
	}
	add("Graph", p.Cloud)
	add("Planned", clock(p.Created))
	add("Report written", clock(e.Written))
	add("SHA-256 of the input", p.Digest)
	var files []string
	for _, f := range p.Inputs {
		files = append(files, f.Name+", "+batch.Plural(f.Lines, "line")+", "+f.SHA256)
	}
	add("Files of the input", files...)
	add("SHA-256 of the plan", e.PlanSHA256)
	add("Plan file made from", p.Terms.Source, p.Terms.SourceSHA256)
	var lines []string
	for _, a := range p.Terms.Approvals {
		lines = append(lines, a.Person+" with key "+a.Key)
	}
	add("Approvals", lines...)
	lines = nil
	for _, s := range e.Sessions {
		lines = append(lines, clock(s.Began)+": "+s.By)
	}
	add("Carried out", lines...)
	add("Read with", inWords(p.Settings)...)
	if e.Skips > 0 {
		add("Skipped", batch.Plural(e.Skips, "line")+" of the input that "+batch.Agree(e.Skips, "is no row", "are no rows"))
	}
	add("Held by", e.Held)
	add("Made by", strings.TrimSpace("offboard "+p.Version))
	return all
}

// adder adds facts that have something to say.
func adder(to *[]fact) func(name string, values ...string) {
	return func(name string, values ...string) {
		values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
		if len(values) == 0 {
			return
		}
		for i := range values {
			values[i] = shown(values[i], mostOfReason)
		}
		*to = append(*to, fact{name, values})
	}
}

// clock writes a time for people; "" for the zero time.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05") + " UTC"
}

func stepWords(steps []batch.Step) string {
	var words []string
	for _, s := range steps {
		words = append(words, s.Words())
	}
	if len(words) == 0 {
		return ""
	}
	return upperFirst(listed(words))
}

// people writes a count of them.
func people(n int) string { return batch.Thousands(n) + " " + batch.Agree(n, "person", "people") }

func upperFirst(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return strings.ToUpper(s[:size]) + s[size:]
}
