package job

import (
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"36h": 36 * time.Hour, "365d": 365 * day, "2w": 14 * day, "1w2d12h30m": 9*day + 12*time.Hour + 30*time.Minute,
		"1d1.5h": day + 90*time.Minute, "100000d": 100_000 * day,
	} {
		var a Age
		if err := a.UnmarshalText([]byte(text)); err != nil || a.Duration != want {
			t.Errorf("%q is %v, error %v; want %v", text, a.Duration, err, want)
		}
	}
	for _, text := range []string{
		"", "0", "0s", "0d", "7", "d", "-1h", "-1d", "1d-1h", "1d2w", "1.5d", "1 d", "1D", "1y", "100001d", "99999w", "99999999999999999999d", "3000000h", "2w2w",
	} {
		var a Age
		if err := a.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is an Age: %v", text, a.Duration)
		}
	}
	for text, want := range map[string]time.Duration{"0": 0, "0s": 0, "2d": 2 * day, "90m": 90 * time.Minute} {
		l := Length{Age{time.Second}}
		if err := l.UnmarshalText([]byte(text)); err != nil || l.Duration != want {
			t.Errorf("Length %q is %v, error %v; want %v", text, l.Duration, err, want)
		}
	}
	for _, text := range []string{"", "-1h", "7"} {
		var l Length
		if err := l.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is a Length: %v", text, l.Duration)
		}
	}
}
