package intake

import (
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch/intake/source"
)

var speed = flag.Bool("speed", false, "measure the reading of a million rows against a bare CSV loop")

// TestSpeed reads a million rows of 80 MB, and holds the time against that of a loop over
// encoding/csv that does nothing: medians of five, in turns.
func TestSpeed(t *testing.T) {
	if !*speed {
		t.Skip("needs -speed")
	}
	t.Run("id and name", func(t *testing.T) { measure(t, Options{}, "Sales", 2.5) })
	t.Run("and two gates", func(t *testing.T) {
		measure(t, Options{Where: []string{"Status=terminated"}, DateGate: &DateGate{Column: "Last day", AsOf: noon}}, "Terminated", 3.5)
	})
}

func measure(t *testing.T, opt Options, status string, most float64) {
	var b strings.Builder
	b.WriteString("userPrincipalName,displayName,Status,id,Last day\n")
	for i := range 1_000_000 {
		fmt.Fprintf(&b, "p%07d@contoso.example,Doe,%s,0f5bd2a4-3cb0-4b6f-9d4f-00000%07d,2026-01-%02d\n", i, status, i, i%28+1)
	}
	input := b.String()
	var bare, ours, ratios []float64
	for range 5 {
		began := time.Now()
		c := csv.NewReader(strings.NewReader(input))
		n := -1
		for ; ; n++ {
			if _, err := c.Read(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		bare = append(bare, time.Since(began).Seconds())
		began = time.Now()
		good, _ := 0, 0
		r, err := Open([]source.Input{text(input)}, opt)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range r.Rows() {
			if err != nil {
				t.Fatal(err)
			}
			good++
		}
		ours = append(ours, time.Since(began).Seconds())
		if good != 1_000_000 || n != good {
			t.Fatal(good, n)
		}
		ratios = append(ratios, ours[len(ours)-1]/bare[len(bare)-1])
	}
	for _, all := range [][]float64{bare, ours, ratios} {
		slices.Sort(all)
	}
	t.Logf("%d MB: bare loop %.2f s, rows %.2f s, ratio %.2f (of the medians), %.2f (median of the pairs)", len(input)>>20, bare[2], ours[2], ours[2]/bare[2], ratios[2])
	if ratios[2] > most {
		t.Errorf("the ratio is to be %.1f at most", most)
	}
}
