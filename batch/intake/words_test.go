package intake

import (
	"strings"
	"testing"

	"github.com/gocarina/gocsv"

	"offboard/batch"
)

// The table of words has every list that the code asks for, filled, and no other. A header
// has one meaning; a cell has none together with its contrary, but for those that
// statusWords tells apart by the header.
func TestWordTable(t *testing.T) {
	want := map[string]int{}
	for place, lists := range map[string][]string{
		"header": {statusHeader, stat2Header, bareHeader, placeHeader, activeHeader, leaverHeader, leftHeader, beganHeader, goHeader, keepHeader, noteHeader, string(idOrUPN)},
		"part":   {"names", "no names", string(batch.ByMail), string(batch.ByEmployeeID), string(batch.ByOnPremisesUPN), "other person", "no status", "rival"},
		"cell":   {"stay", "gone", "yes", "no", "other", "remark", "stay title", "users", "stat2 stay", "stat2 gone", "stay action", "gone action", "stay note"},
	} {
		for _, list := range lists {
			want[place+" "+list] = 0
		}
	}
	for _, k := range keys {
		want["header "+string(k)] = 0
	}
	var all []word
	if err := gocsv.UnmarshalBytes(wordTable, &all); err != nil {
		t.Fatal(err)
	}
	seen, headers := map[word]bool{}, map[string]word{}
	for _, w := range all {
		list := w.Place + " " + w.List
		if _, known := want[list]; !known || w.Text == "" || w.Text != trim(w.Text) || seen[w] {
			t.Errorf("%+v: of no list, empty, or there twice", w)
		}
		want[list]++
		seen[w] = true
		for _, text := range spellings(w.Text) {
			if h := headers[normalise(text)]; w.Place == "header" && h.List != "" && h.List != w.List {
				t.Errorf("the header %q is in two lists: %s and %s", text, h.List, w.List)
			}
			if w.Place == "header" {
				headers[normalise(text)] = w
			}
		}
	}
	for list, n := range want {
		if n == 0 {
			t.Errorf("the list %q is empty", list)
		}
	}
	for name, w := range map[string]statusWords{
		"status": {stay: statusStay, gone: goneWords}, "active": statuses[activeHeader], "leaver": statuses[leaverHeader],
		"STAT2": statuses[stat2Header], "State": {stay: stayWords, gone: goneWords},
		"go": statuses[goHeader], "keep": statuses[keepHeader], "any other": anyStatus,
		"yes and no": {stay: yesWords, gone: noWords}, "another thing": {stay: goneWords, gone: cellWords["other"]},
	} {
		var both []string
		for text := range w.stay {
			if w.gone[text] {
				both = append(both, text)
			}
		}
		if len(both) > 0 {
			t.Errorf("%s: %s are words of both", name, strings.Join(both, ", "))
		}
	}
}
