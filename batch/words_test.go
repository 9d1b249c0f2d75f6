package batch

import (
	"testing"
	"time"
)

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", 999: "999", 1000: "1,000", 18000: "18,000", 1234567: "1,234,567", -999: "-999", -100000: "-100,000",
	} {
		if got := Thousands(n); got != want {
			t.Errorf("Thousands(%d) is %q, want %q", n, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 rows", 1: "1 row", 2: "2 rows", 1200: "1,200 rows"} {
		if got := Plural(n, "row"); got != want {
			t.Errorf("Plural(%d) is %q, want %q", n, got, want)
		}
	}
	for n, want := range map[int]string{0: "are", 1: "is", 2: "are"} {
		if got := Agree(n, "is", "are"); got != want {
			t.Errorf("Agree(%d) is %q, want %q", n, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                            "0 s",
		40 * time.Millisecond:        "0 s",
		250 * time.Millisecond:       "0.3 s",
		time.Second:                  "1 s",
		2100 * time.Millisecond:      "2.1 s",
		9940 * time.Millisecond:      "9.9 s",
		9960 * time.Millisecond:      "10 s",
		27 * time.Second:             "27 s",
		59600 * time.Millisecond:     "1 min 0 s",
		151 * time.Second:            "2 min 31 s",
		time.Hour - time.Millisecond: "1 h 0 min",
		2*time.Hour + 5*time.Minute:  "2 h 5 min",
		100*time.Hour + 59*time.Minute + 59*time.Second: "100 h 59 min",
	} {
		if got := Span(d); got != want {
			t.Errorf("Span(%v) is %q, want %q", d, got, want)
		}
	}
}
