package batch

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Thousands writes a count as people read it: "12,345".
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural writes a count with its noun, which takes an s for any number but one:
// "1 row", "1,200 rows".
func Plural(n int, noun string) string {
	return Thousands(n) + " " + Agree(n, noun, noun+"s")
}

// Agree is the word that goes with a count: of one, or of any other number.
func Agree(n int, one, others string) string {
	if n == 1 {
		return one
	}
	return others
}

// Span writes how long something takes, in its two largest units: "2 h 5 min",
// "2 min 31 s", "27 s". Below ten seconds it gives tenths: "2.1 s".
func Span(d time.Duration) string {
	if tenths := d.Round(time.Second / 10); tenths < 10*time.Second {
		return strconv.FormatFloat(tenths.Seconds(), 'f', -1, 64) + " s"
	}
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
}

// SomeOf names the first few of so many: "ada, bob and 12 more".
func SomeOf(names []string, all int) string {
	s := strings.Join(names, ", ")
	if more := all - len(names); more > 0 {
		s += fmt.Sprintf(" and %s more", Thousands(more))
	}
	return s
}

// TimeOf writes a time of this day by the local clock, "15:04:05", and of any other
// day with its date.
func TimeOf(now, t time.Time) string {
	if t.Local().Format(time.DateOnly) != now.Local().Format(time.DateOnly) {
		return t.Local().Format(time.DateTime)
	}
	return t.Local().Format(time.TimeOnly)
}
