package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/intake"
)

// survey looks through the whole input before anybody signs in. It says which
// --where no row meets, and asks when the file says that some of its people stay;
// --yes is no answer to that.
func (g *planning) survey(c *command, in *reading, opt intake.Options, now time.Time) (intake.Survey, []batch.Setting, error) {
	found, err := intake.Look(in.open(), opt, now)
	if err != nil {
		return found, nil, err
	}
	for _, u := range found.Unmet {
		c.say("note     no row has %s = %s (--where); the column has %s", u.Column, u.Value, quotedList(u.Seen))
	}
	if len(found.Stay) == 0 {
		return found, nil, nil
	}
	var said []string
	for _, s := range found.Stay {
		said = append(said, fmt.Sprintf("column %q, %s of %s (%s)", s.Column, thousands(s.Rows), plural(found.Rows, "row"), s.Said))
	}
	all := strings.Join(said, "; ")
	setting := []batch.Setting{{Name: "people who stay", Value: all, Why: "taken all the same: --all-rows"}}
	if g.AllRows {
		return found, setting, nil
	}
	if c.findPerson(false, g.File) != nil {
		return found, nil, fmt.Errorf("%w; nothing was planned: by the file, some of its people stay: %s; choose rows with %s, or take all of them with --all-rows", errRefused, all, gatesFor(found.Stay))
	}
	c.say("note     by the file, some of its people stay: %s", all)
	c.say("         %s chooses rows", gatesFor(found.Stay))
	setting[0].Why = "taken all the same, by the person asked"
	return found, setting, c.ask(false, "Take all rows, of people who stay too?")
}

// gatesFor are the flags that choose the people who leave, ready to be pasted where the
// file shows a value.
func gatesFor(stay []intake.Stay) string {
	var flags []string
	for _, s := range stay {
		switch {
		case s.Dates:
			flags = append(flags, "--date-column "+strconv.Quote(s.Column))
		case s.Gone != "":
			flags = append(flags, "--where "+strconv.Quote(s.Column+"="+s.Gone))
		default:
			flags = append(flags, "--where "+strconv.Quote(s.Column+"=VALUE"))
		}
	}
	return strings.Join(flags, " or ")
}

func quotedList(words []string) string {
	q := make([]string, len(words))
	for i, w := range words {
		q[i] = strconv.Quote(w)
	}
	return strings.Join(q, ", ")
}
