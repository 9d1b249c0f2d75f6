package job

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/durable"
	"offboard/batch/intake"
)

// survey looks through the whole input before anybody signs in. It says which
// --where no row meets. When the file says that some of its people stay, it refuses,
// or gives the question that a person has to answer; --yes is no answer to that.
func (g *Planning) survey(h *Host, in inputs, opt intake.Options, now time.Time) (found intake.Survey, question string, refusal, err error) {
	for _, r := range in {
		if r.Size >= durable.InMemory {
			h.Say("reading  %s, %s MB", r.name, batch.Thousands(int(r.Size>>20)))
		}
	}
	found, err = intake.TakeSurvey(in.sources(), opt, now)
	if err != nil {
		return found, "", nil, err
	}
	for _, u := range found.Unmet {
		h.Warn("note     %s", unmetWords(u))
	}
	if len(found.Stay) == 0 || g.AllRows {
		return found, "", nil, nil
	}
	ways, lift := found.Gates(g.dateColumn() != "", len(g.File))
	if !h.MayAsk() {
		return found, "", refused(nothingPlanned, batch.Finding{Name: "--all-rows", Lift: lift, Refusal: g.staysWords(found)}), nil
	}
	h.Say("note     by the file, some of its people %s: %s", stay(found), stayWords(found))
	h.Say("         %s", ways)
	return found, "Take all rows, of people who stay too?", nil, nil
}

// unmetWords says that no row meets a condition.
func unmetWords(u intake.Unmet) string {
	return fmt.Sprintf("no row has %s = %s (--where); the column has %s; --min-users 1 refuses a run that finds nobody", u.Column, u.Value, quotedList(u.Seen))
}

// staysWords says that people stay by the file, and what can be done about that.
func (g *Planning) staysWords(found intake.Survey) string {
	ways, _ := found.Gates(g.dateColumn() != "", len(g.File))
	return fmt.Sprintf("by the file, some of its people %s: %s; %s, or take all of them with --all-rows", stay(found), stayWords(found), ways)
}

// stay is what people do by the file, which may be unsure.
func stay(found intake.Survey) string {
	if slices.ContainsFunc(found.Stay, func(s intake.Stay) bool { return !s.Unsure || s.Note }) {
		return "stay"
	}
	return "may stay"
}

// stayWords says which columns tell of people who stay, and of how many.
func stayWords(found intake.Survey) string {
	var said []string
	for _, s := range found.Stay {
		said = append(said, fmt.Sprintf("column %q, %s of %s (%s; %s)", s.Column, batch.Thousands(s.Rows), batch.Plural(found.Rows, "row"), s.Said, batch.SomeOf(s.People, s.Rows)))
	}
	return strings.Join(said, "; ")
}

// stayed is the setting of a run that takes people who stay.
func (g *Planning) stayed(found intake.Survey) []batch.Setting {
	if len(found.Stay) == 0 {
		return nil
	}
	why := "taken all the same, by the person asked"
	if g.AllRows {
		why = "taken all the same: --all-rows"
	}
	return []batch.Setting{{Name: "people who stay", Value: stayWords(found), Why: why}}
}

func quotedList(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = strconv.Quote(w)
	}
	return strings.Join(q, ", ")
}
