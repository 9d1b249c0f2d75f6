package planfile

import (
	"testing"
	"time"

	"offboard/batch"
)

func TestCheckAge(t *testing.T) {
	cases := []struct {
		name string
		made time.Time
		most time.Duration
		want string // "": fine
	}{
		{"now", noon, time.Hour, ""},
		{"at the limit", noon.Add(-time.Hour), time.Hour, ""},
		{"over it", noon.Add(-time.Hour - time.Millisecond), time.Hour, "it was made at 2026-11-22T10:59:59Z, 1h0m0s ago, and may be 1h0m0s old"},
		{"no limit", noon.AddDate(-1, 0, 0), 0, ""},
		{"clock a minute ahead", noon.Add(time.Minute), time.Hour, ""},
		{"from the future", noon.Add(time.Minute + time.Millisecond), time.Hour, "it was made at 2026-11-22T12:01:00Z, which is 1m0s from now"},
		{"from the future, no limit", noon.Add(time.Hour), 0, "1h0m0s from now"},
		{"no time", time.Time{}, 0, "it does not say when it was made"},
	}
	for _, c := range cases {
		err := Head{Plan: batch.Plan{Created: c.made}}.CheckAge(noon, c.most)
		told(t, c.name, err, ErrAge, c.want)
	}
}

func TestDigest(t *testing.T) {
	d := Digest{0x5d, 0x00, 0x35, 0x5a, 0x18, 0x9f, 0xe2, 0x9e, 31: 0x14}
	if d.Short() != "5d00-355a-189f-e29e" || d.String() != "5d00355a189fe29e000000000000000000000000000000000000000000000014" {
		t.Error(d.Short(), d)
	}
}
