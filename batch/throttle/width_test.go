package throttle

import (
	"testing"

	"offboard/batch"
)

func TestWidth(t *testing.T) {
	outer := func(sent float64, status int) batch.Feedback {
		return batch.Feedback{Sent: at(sent), Cost: 20, Outer: status}
	}
	tests := []struct {
		name  string
		calls []batch.Feedback // each ends a second after it left
		want  int
	}{
		{"all that is allowed, from the first", nil, 64},
		{"429 of a call halves", []batch.Feedback{outer(0, 429)}, 32},
		{"503 halves", []batch.Feedback{outer(0, 503)}, 32},
		{"calls under way halve once", []batch.Feedback{outer(0, 503), outer(0.1, 503), outer(0.2, 503)}, 32},
		{"trouble that goes on halves again", []batch.Feedback{outer(0, 503), outer(2, 503), outer(4, 503)}, 8},
		{"never below one", []batch.Feedback{outer(0, 503), outer(2, 503), outer(4, 503), outer(6, 503),
			outer(8, 503), outer(10, 503), outer(12, 503), outer(14, 503)}, 1},
		{"a 401 is not load", []batch.Feedback{outer(0, 401)}, 64},
		{"item 429s are not trouble", []batch.Feedback{refused(0, 1)}, 64},
		{"what never left says nothing", []batch.Feedback{{Sent: at(0), Cost: 20, Outer: 503, Unsent: true}}, 64},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New(Config{MaxWidth: 64})
			for _, f := range tt.calls {
				c.Leave(f.Sent.Add(span(1)), f)
			}
			if got := c.Width(); got != tt.want {
				t.Errorf("width %d, want %d", got, tt.want)
			}
		})
	}
	if got := New(Config{}).Width(); got != 1 {
		t.Errorf("width %d of the zero Config, want 1", got)
	}
}

// TestWidthGrowsBack needs no more than eight rounds of calm from one half to the whole.
func TestWidthGrowsBack(t *testing.T) {
	c := New(Config{MaxWidth: 64})
	c.Leave(at(1), batch.Feedback{Sent: at(0), Cost: 20, Outer: 503})
	rounds, before := 0, 32
	for c.Width() < 64 && rounds < 100 {
		for range c.Width() {
			c.Leave(at(float64(10+rounds)), accepted(float64(9+rounds)))
		}
		if step := c.Width() - before; step > 9 {
			t.Errorf("round %d: %d more, want 8", rounds, step)
		}
		before = c.Width()
		rounds++
	}
	if rounds > 8 {
		t.Errorf("%d rounds, want at most 8", rounds)
	}
}
