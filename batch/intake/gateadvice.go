package intake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"offboard/batch/intake/dates"
	"offboard/batch/intake/vocab"
)

// Gates say which flags to add so that only people who leave are chosen, of a survey of so many
// files with a date gate or without. There is one --date-column: what another column of dates
// says can only be left out. Lift is the flags, one a line, ready to be pasted; it is "" where
// they are not enough: a flag that takes people who stay, or leaves out some who left or all, is no step.
func (s Survey) Gates(dated bool, files int) (ways, lift string) {
	var flags, gates, besides, out []string
	whole, all, some := true, true, true
	gate := func(flag, value string) {
		flags, gates = append(flags, flag+" "+strconv.Quote(value)), append(gates, flag+" "+value)
	}
	rows := s.Rows
	for _, s := range s.Stay {
		all, some = all && s.Files == files, some && !s.Endless && (s.Rows < rows || s.Formats != nil)
		switch {
		case s.Named == "":
			besides = append(besides, fmt.Sprintf("give the column %q a header of its own, since no flag tells it from the others", s.Column))
		case s.Encoding != "" && !s.Dates && !slices.ContainsFunc(s.Gone, vocab.IsASCII):
			besides = append(besides, s.Encoding)
		case s.Note, !s.Dates && len(s.Gone)+len(s.Others) == 0:
			besides = append(besides, fmt.Sprintf("take those rows out, or give --ignore-column %q if it does not mean that", s.Named))
		case s.Dates && dated:
			out = append(out, "--ignore-column "+strconv.Quote(s.Named))
		case s.NoFormat:
			besides = append(besides, fmt.Sprintf("write the dates of the column %q as 2026-12-31 is, since no --date-format reads them", s.Column))
		case s.Dates:
			dated = true
			if gate("--date-column", s.Named); len(s.Formats) == 1 {
				gate("--date-format", s.Formats[0])
			} else if len(s.Formats) > 1 {
				flags, whole = append(flags, dates.Flags(s.Formats)), false
			}
		case len(s.Gone) == 0, s.Unsure:
			flags, whole = append(flags, fmt.Sprintf("%s or, if it does not mean that, --ignore-column %q", wheres(s.Named, append(s.Gone, s.Others...)), s.Named)), false
		default:
			if gate("--where", s.Named+"="+s.Gone[0]); len(s.Gone) > 1 {
				besides = append(besides, fmt.Sprintf("run the command once more for each other status of people who left (%s)", quotedList(s.Gone[1:])))
			}
		}
	}
	if out != nil {
		besides = append(besides, "leave out what does not count with "+strings.Join(out, " "))
	}
	if whole && all && some && besides == nil {
		lift = strings.Join(gates, "\n")
	}
	if flags != nil {
		besides = slices.Insert(besides, 0, "choose rows with "+strings.Join(flags, " and "))
	}
	if ways = strings.Join(slices.Compact(besides), ", and "); !all {
		ways += " (a flag counts for every file: run those apart that have no such column)"
	}
	return ways, lift
}

// wheres are conditions of which one has to be chosen.
func wheres(column string, values []string) (flags string) {
	for _, v := range values {
		flags += " or --where " + strconv.Quote(column+"="+v)
	}
	return strings.TrimPrefix(flags, " or ")
}
