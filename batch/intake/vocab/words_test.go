package vocab

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
		"header": {statusHeader, stat2Header, bareHeader, placeHeader, activeHeader, leaverHeader, LeftHeader, BeganHeader, goHeader, KeepHeader, NoteHeader, actionHeader, sidesHeader, rivalHeader, "nested", string(IDOrUPN)},
		"part":   {"names", "no names", string(batch.ByMail), string(batch.ByEmployeeID), string(batch.ByOnPremisesUPN), "other person", "no status", "rival", "day", "person id", "open end", "extended", "came back"},
		"cell":   {"stay", "gone", "yes", "no", "other", "remark", "no person", "stay title", "gone title", "users", "stat2 stay", "stat2 gone", "stay action", "gone action", "stay note", "title of the file", "title role", "thing", "stay verb", "whole note", "note of no stay", "how gone", "going", "taken back", "title filler", "sentence", "joins", "deciding", "side", "refusal", "consent", "how left", "doubt", "doubtful"},
	} {
		for _, list := range lists {
			want[place+" "+list] = 0
		}
	}
	for _, k := range Keys {
		want["header "+string(k)] = 0
	}
	var all []word
	if err := gocsv.UnmarshalBytes(wordTable, &all); err != nil {
		t.Fatal(err)
	}
	seen, headers := map[word]bool{}, map[string]word{}
	for _, w := range all {
		list := w.Place + " " + w.List
		if _, known := want[list]; !known || w.Text == "" || w.Text != Trim(w.Text) || seen[w] {
			t.Errorf("%+v: of no list, empty, or there twice", w)
		}
		want[list]++
		seen[w] = true
		for _, text := range spellings(w.Text) {
			if h := headers[Normalise(text)]; w.Place == "header" && h.List != "" && h.List != w.List {
				t.Errorf("the header %q is in two lists: %s and %s", text, h.List, w.List)
			}
			if w.Place == "header" {
				headers[Normalise(text)] = w
			}
		}
	}
	for list, n := range want {
		if n == 0 {
			t.Errorf("the list %q is empty", list)
		}
	}
	for name, w := range map[string]StatusWords{
		"status": {Stay: statusStay, Gone: GoneWords}, "active": Statuses[activeHeader], "leaver": Statuses[leaverHeader],
		"STAT2": Statuses[stat2Header], "State": {Stay: StayWords, Gone: GoneWords},
		"go": Statuses[goHeader], "keep": Statuses[KeepHeader], "any other": anyStatus,
		"yes and no": {Stay: yesWords, Gone: noWords}, "another thing": {Stay: GoneWords, Gone: cellWords["other"]},
	} {
		var both []string
		for text := range w.Stay {
			if w.Gone[text] {
				both = append(both, text)
			}
		}
		if len(both) > 0 {
			t.Errorf("%s: %s are words of both", name, strings.Join(both, ", "))
		}
	}
}
