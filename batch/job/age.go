package job

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Age is how long ago something was: a Go duration that may begin with weeks
// and days of 24 hours, such as 36h, 365d, 2w or 1w2d12h. There is none of zero.
type Age struct{ time.Duration }

var wholeDays = regexp.MustCompile(`^(?:(\d+)w)?(?:(\d+)d)?`)

// UnmarshalText reads what a flag says.
func (a *Age) UnmarshalText(text []byte) error {
	bad := fmt.Errorf("%q is no length of time; give one such as 36h, 365d or 2w, up to 100,000d", text)
	part := wholeDays.FindSubmatch(text)
	var days int
	for i, length := range []int{7, 1} {
		if digits := part[i+1]; len(digits) > 0 {
			n, err := strconv.Atoi(string(digits))
			if err != nil || n > 100_000 {
				return bad
			}
			days += n * length
		}
	}
	var rest time.Duration
	if clock := text[len(part[0]):]; len(clock) > 0 {
		var err error
		if rest, err = time.ParseDuration(string(clock)); err != nil {
			return bad
		}
	}
	const day = 24 * time.Hour
	if days > 100_000 || rest < 0 || rest > 100_000*day || days == 0 && rest == 0 {
		return bad
	}
	a.Duration = time.Duration(days)*day + rest
	return nil
}

// MarshalText writes what UnmarshalText reads.
func (a Age) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Length is a length of time written as an Age is, or 0.
type Length struct{ Age }

// UnmarshalText reads what a flag says.
func (l *Length) UnmarshalText(text []byte) error {
	if d, err := time.ParseDuration(string(text)); err == nil && d == 0 {
		l.Duration = 0
		return nil
	}
	return l.Age.UnmarshalText(text)
}

// Before is the moment that is so long ago; of no age it is the zero time.
func (a Age) Before(now time.Time) time.Time {
	if a.Duration == 0 {
		return time.Time{}
	}
	return now.Add(-a.Duration)
}
