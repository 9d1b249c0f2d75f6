package report

import (
	"fmt"
	"strings"

	"offboard/batch"
)

// aim is what a run is for, in the words of report.html.
type aim struct {
	done   string // of a person: "contained"
	missed string // of a person: "not contained"
	verb   string // a run would do so to a person
	noun   string // the thing itself
	reach  string // of the chart: people ... over time
}

func aimOf(p batch.Plan) aim {
	switch {
	case p.Undoes != "":
		return aim{"restored", "not restored", "restore", "taking back", "restored"}
	case batch.Contains(p.Steps):
		return aim{"contained", "not contained", "contain", "containment", "contained"}
	case p.Revokes() && len(p.Steps) == 1:
		return aim{"signed out", "not signed out", "sign out", "ending sessions", "signed out"}
	}
	return aim{"done", "not done", "write", "this run", "done"}
}

// headline says first what people ask first: of how many the run is true, and of how many it is not.
func (p *page) headline(b *body, a aim) {
	e, n := p.end, batch.Thousands
	reachedN, missedN, sparedN, wouldN := p.states[met], p.states[missed], p.states[spared], p.states[wouldBe]
	asked := p.people() - sparedN
	b.Headline = fmt.Sprintf("%s of %s %s", n(reachedN), people(asked), a.done)
	b.Bar = bar(p.people(), label2{"done", reachedN}, label2{"open", wouldN}, label2{"failed", missedN}, label2{"alone", sparedN})
	for _, l := range []struct {
		class string
		n     int
		label string
	}{{"done", reachedN, a.done}, {"open", wouldN, "would be sent"}, {"failed", missedN, a.missed}, {"alone", sparedN, "left alone on purpose"}} {
		if l.n > 0 {
			b.Legend = append(b.Legend, label{l.class, n(l.n), l.label})
		}
	}
	b.Status, b.Tone = "Finished", "good"
	if missedN > 0 || asked == 0 {
		b.Tone = "warn"
	}
	switch {
	case e.State == refused:
		b.Status, b.Tone, b.Headline = "Refused", "bad", "Refused: nothing was written"
		b.Bar, b.Legend = nil, nil
	case e.State == planning && e.Held != "":
		b.Status, b.Tone, b.Headline = "Being planned", "warn", "Being planned: nothing is written yet"
		b.Bar, b.Legend = nil, nil
	case e.State == planning:
		b.Status, b.Tone, b.Headline = "Not planned", "bad", "Not planned to its end: nothing was written"
		b.Bar, b.Legend = nil, nil
		b.Lead = append(b.Lead, "Run the input again.")
	case p.people() == 0:
		b.Headline = "Nothing to do: the input names nobody"
	case e.Dry:
		b.Status, b.Tone = "Dry run", "warn"
		b.Headline = fmt.Sprintf("Dry run: %s of %s would be sent", n(wouldN), people(asked))
		b.Lead = append(b.Lead, "Nothing was written."+alreadySo(reachedN, a))
		if p.some > 0 {
			var why []string
			for _, o := range batch.Obstacles {
				if p.alone[o] > 0 {
					why = append(why, fmt.Sprintf("%s (%s)", plain.Replace(string(o)), n(p.alone[o])))
				}
			}
			b.Lead = append(b.Lead, fmt.Sprintf("%s of them would not be %s by a run alone: %s.", n(p.some), a.done, strings.Join(why, ", ")))
		}
	case asked == 0:
		b.Headline = fmt.Sprintf("Nothing done: all of %s left alone on purpose", people(sparedN))
	case e.Held != "":
		b.Status, b.Tone = "Under way", "warn"
	case e.cutOff():
		b.Status, b.Tone = "Ended early: nobody goes on with it", "bad"
	case e.State != "finished":
		b.Status, b.Tone = "Stopped before its end", "bad"
	}
	if u := e.Plan.Undoes; u != "" {
		b.Kicker = "offboard undo " + e.Plan.Run
		b.Lead = append(b.Lead, "It gives back what run "+u+" took, where the directory was still as that run left it.")
	}
	if why := e.Reason; why != "" {
		if _, guard, ok := strings.Cut(why, "; nothing was written: "); ok && e.State == refused { // as the headline says
			why = guard
		}
		b.Lead = append(b.Lead, upperFirst(strings.TrimRight(shown(why, mostOfCommand), "."))+".")
	}
	for _, u := range e.TakenBack {
		b.Tone = "bad"
		b.Lead = append(b.Lead, "Since then the run was "+shown(u.Words(), 4*mostOfReason)+".")
	}
	if missing := e.missing(); missing > 0 && e.State != planning {
		b.Tone = "bad"
		b.Lead = append(b.Lead, fmt.Sprintf("The plan has %s, and only %s of them can be told of.", batch.Plural(e.Plan.Rows, "row"), n(e.Summary.Lines)))
	}
	if simulated := e.Plan.Cloud; simulated != "" && !strings.HasPrefix(simulated, "https://") {
		b.Lead = append(b.Lead, "A rehearsal in "+simulated+": no real account was touched.")
	}
	if e.State == refused || e.State == planning || p.people() == 0 {
		return
	}
	if text := lateWords(*e); text != "" {
		b.Lead = append(b.Lead, text)
	}
	if missedN > 0 && !e.Dry {
		text := people(missedN) + " " + batch.Agree(missedN, "is ", "are ") + a.missed
		if open := e.open(); open > 0 {
			text += ", " + batch.Plural(open, "row") + " still open"
		}
		entries := 0
		for _, c := range p.causes {
			if c.urgent {
				entries += c.people
			}
		}
		if entries > missedN {
			text += batch.Agree(missedN, ", and stands under several causes below", "; those with several causes stand under each of them below")
		}
		b.Lead = append(b.Lead, text+".")
	} else if e.Dry && missedN > 0 {
		b.Lead = append(b.Lead, fmt.Sprintf("A run would not %s %s.", a.verb, people(missedN)))
	}
	if batch.Contains(e.Plan.Steps) && !e.Dry {
		b.Lead = append(b.Lead, upperFirst(a.done)+" means that the directory showed "+urgent(e.Plan.Steps)+" done, as planned.")
	} else if accepted := p.first[batch.Accepted] + p.first[batch.Revoked]; accepted > 0 {
		b.Lead = append(b.Lead, fmt.Sprintf("For %s Graph accepted it, and the directory was not asked.", people(accepted)))
	}
	if !e.Plan.Resolve {
		b.Lead = append(b.Lead, "Nobody was looked up: names are as in the input, and nothing is known that needs reading.")
	}
}

func alreadySo(n int, a aim) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" %s %s %s already.", people(n), batch.Agree(n, "is", "are"), a.done)
}

// commands are what is to be typed next.
func (p *page) commands() (all []fact) {
	e := p.end
	switch {
	case e.Dry:
	case e.Resume != "":
		all = append(all, fact{"Go on with the run:", []string{shown(e.Resume, mostOfCommand)}})
	case e.Held == "" && p.retry && e.Retry != "":
		all = append(all, fact{"Run again the rows that another run may change:", []string{shown(e.Retry, mostOfCommand)}})
	}
	return all
}

// next is what is to be done about a cause.
func (p *page) next(c *cause) string {
	e, o := p.end, c.outcome
	again := ""
	switch {
	case e.Resume != "":
		again = " Then go on with the run."
	case p.retry && !e.Dry:
		again = " Then run " + RetryName + "."
	}
	if len(c.where) > 0 && !e.Dry {
		var places []string
		for _, w := range c.where {
			places = append(places, placesOf[w])
		}
		return "Have it done in " + listed(places) + ": " + followupName + " has the list."
	}
	switch o {
	case batch.Unverified, batch.Accepted, batch.Revoked:
		switch {
		case e.Held != "":
			return ""
		case e.Resume != "":
			return "Go on with the run: it reads the directory again."
		case e.Verify != "":
			return "Ask the directory again: " + shown(e.Verify, mostOfCommand)
		}
		return ""
	case batch.Denied:
		step := c.step
		if step == batch.Whole && len(e.Plan.Steps) > 0 {
			step = e.Plan.Steps[0]
		}
		if e.Plan.Terms.User != "" {
			return "See whether " + step.Missing(true) + ". For people who hold administrator roles the user needs Privileged Authentication Administrator." + again
		}
		return "Grant the app " + step.Lacking() + ". If these people hold administrator roles, give it the directory role Privileged Authentication Administrator, too." + again
	case batch.Ineffective, batch.NotPossible:
		if c.outcome == batch.Ineffective && (c.step == batch.Revoke || c.step == batch.Invalidate || !p.several && p.end.Plan.Revokes()) {
			return "Only their home tenant ends these sessions. Remove what these guests may reach here, or delete them."
		}
		if top := c.top(1); len(top) > 0 && strings.HasPrefix(top[0], "not tried") {
			return "Settle the step that it waits for first, then do this one."
		}
		return "The reason says who can do it."
	case batch.Unsettled, batch.NotSent:
		switch {
		case e.Held != "":
			return ""
		case e.Resume != "":
			return "Go on with the run: it sends them."
		case p.retry && !e.Dry:
			return "Run " + RetryName + "."
		}
		return ""
	}
	if top := c.top(1); len(top) > 0 && strings.HasPrefix(top[0], "not tried") {
		return "Settle the step that it waits for first." + again
	}
	if top := c.top(1); o == batch.Ambiguous && len(top) > 0 && strings.Contains(top[0], "; correct the ") {
		return "Correct the wrong line where the file comes from, or take the lines out."
	}
	if text := nextSteps[o]; text != "" {
		return text + again
	}
	return ""
}

// placesOf are the places of followup.csv in words.
var placesOf = map[string]string{batch.InAD: "Active Directory", batch.InExchange: "Exchange", batch.InIntune: "Intune", batch.InEntra: "the Entra admin center"}

// here turns words about the report into words within it.
var here = strings.NewReplacer("; the report says who can do it", "", "; the report says who can", "", "; the report has the reason", "",
	"; the report has its code", "")

// plain says in words for anybody what the words of administrators mean; the table and the
// other files keep those.
var plain = strings.NewReplacer("mastered on premises", "kept in Active Directory")

// plainOutcomes are outcomes whose own word tells little to somebody who has read nothing.
var plainOutcomes = map[batch.Outcome]string{
	batch.Ineffective: "without lasting effect", batch.NotPossible: "not possible through Graph",
	batch.NotFound: "not found", batch.GaveUp: "given up", batch.Unverified: "not proven",
	batch.Unsettled: "not answered", batch.NotSent: "not sent",
}

// nextSteps say what is to be done about the other outcomes, before the rows are run again.
var nextSteps = map[batch.Outcome]string{
	batch.Invalid:   "Correct the row in the input: the reason says what is wrong with it.",
	batch.NotFound:  "Compare the name with the directory, and see that it is the right tenant; correct the row.",
	batch.Ambiguous: "Name the person by object id or user principal name.",
	batch.Failed:    "Look at the reason, and remove its cause.",
	batch.GaveUp:    "Wait until Graph answers again.",
}
