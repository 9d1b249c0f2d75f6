package graph

import (
	"encoding/csv"
	"strings"
	"testing"
)

// Each line of the table has a code of its own, one clause for what it means and one for what
// to do, fit to stand in a sentence.
func TestTableOfCodes(t *testing.T) {
	lines, err := csv.NewReader(strings.NewReader(aadstsTable)).ReadAll()
	if err != nil || strings.Join(lines[0], ",") != "code,passes,meaning,next" {
		t.Fatalf("%v, %v", lines[0], err)
	}
	if len(aadstsCodes()) != len(lines)-1 || len(lines) < 60 {
		t.Errorf("%d codes in %d lines", len(aadstsCodes()), len(lines)-1)
	}
	for _, l := range lines[1:] {
		words, passes, known := explained("x AADSTS" + l[0] + ": y Trace ID: z")
		if !known || passes != (l[1] == "yes") || words != "AADSTS"+l[0]+": "+l[2]+"; "+l[3] {
			t.Errorf("%s: %q, %v, %v", l[0], words, passes, known)
		}
		if passes != strings.HasPrefix(l[3], "it is tried again") || strings.Trim(l[0], "0123456789") != "" || strings.ContainsAny(l[2], ";.\n") || strings.HasSuffix(l[3], ".") || len(l[2]) < 10 || len(l[3]) < 10 {
			t.Errorf("%q", l)
		}
	}
}
