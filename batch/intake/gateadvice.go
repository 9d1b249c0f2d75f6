package intake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"offboard/batch/intake/dates"
)

// Gates say which flags to add so that only people who leave are chosen, of a survey of so many
// files with a date gate or without. There is one --date-column: what another column of dates
// says can only be left out. Lift is the flags, one a line, ready to be pasted; it is "" where
// they are not enough: a flag that takes people who stay, or leaves out some who left, is no step.
func (s Survey) Gates(dated bool, files int) (ways, lift string) {
	var flags, gates, more []string
	whole := true
	gate := func(flag, value string) {
		flags, gates = append(flags, flag+" "+strconv.Quote(value)), append(gates, flag+" "+value)
	}
	besides := func(format string, args ...any) {
		if whole = false; !slices.Contains(more, fmt.Sprintf(format, args...)) {
			more = append(more, fmt.Sprintf(format, args...))
		}
	}
	out := ""
	for _, s := range s.Stay {
		switch {
		case s.Named == "":
			besides("give the column %q a header of its own, since no flag tells it from the others", s.Column)
		case s.Dates && dated:
			out += " --ignore-column " + strconv.Quote(s.Named)
		case s.NoFormat:
			besides("write the dates of the column %q as 2026-12-31 is, since no --date-format reads them", s.Column)
		case s.Dates:
			dated = true
			gate("--date-column", s.Named)
			if len(s.Formats) == 1 {
				gate("--date-format", s.Formats[0])
			} else if len(s.Formats) > 1 {
				flags, whole = append(flags, dates.Flags(s.Formats)), false
			}
		case len(s.Gone) == 0:
			gate("--where", s.Named+"=VALUE")
		default:
			gate("--where", s.Named+"="+s.Gone[0])
			if others := s.Gone[1:]; len(others) > 0 {
				besides("run the command once more for each other status of people who left (%s)", quotedList(others))
			}
		}
	}
	if out != "" {
		besides("leave out what does not count with%s", out)
	}
	if len(flags) > 0 {
		more = append([]string{"choose rows with " + strings.Join(flags, " and ")}, more...)
	}
	ways = strings.Join(more, ", and ")
	if slices.ContainsFunc(s.Stay, func(s Stay) bool { return s.Files < files }) {
		return ways + " (a flag counts for every file: run those apart that have no such column)", ""
	}
	if whole {
		lift = strings.Join(gates, "\n")
	}
	return ways, lift
}
