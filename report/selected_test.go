package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"offboard/batch"

	"github.com/google/go-cmp/cmp"
)

func TestCellOfALine(t *testing.T) {
	l := batch.Line{
		Row:    batch.Row{Line: 7, Input: "a\tb"},
		First:  batch.Place{Line: 3},
		Record: batch.Record{Outcome: batch.Denied, SentAt: at(1, 5), Reason: "no"},
	}
	var got []string
	for _, name := range []string{"line", "input", "http_status", "reason", "sent_at", "colour", "outcome"} {
		got = append(got, Cell(&l, name))
	}
	want := []string{"7", "a\tb", "", "same user as line 3; no", "2026-03-02T09:15:01.005Z", "", "denied"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// It is the summary and the JSON Lines, in one document.
func TestSelected(t *testing.T) {
	for _, of := range []struct {
		e     End
		lines []batch.Line
	}{{fixtureRun(), nil}, {fixtureRun(), fixture()[:1]}, {fixtureRun(), fixture()}, {leaverRun(), leavers()}} {
		e, lines := of.e, of.lines
		var got, summary, jsonl bytes.Buffer
		for _, err := range []error{Selected(&got, e, seq(lines, nil)), JSON(&summary, e), one(jsonlName, &jsonl, e, seq(lines, nil))} {
			if err != nil {
				t.Fatal(err)
			}
		}
		var doc struct {
			Summary any
			Lines   []any
		}
		if err := json.Unmarshal(got.Bytes(), &doc); err != nil {
			t.Fatalf("%v in\n%s", err, &got)
		}
		want := doc
		want.Lines = []any{}
		if err := json.Unmarshal(summary.Bytes(), &want.Summary); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(jsonl.String()) {
			var v any
			if err := json.Unmarshal([]byte(line), &v); err != nil {
				t.Fatal(err)
			}
			want.Lines = append(want.Lines, v)
		}
		if d := cmp.Diff(want, doc); d != "" {
			t.Error(d)
		}
	}
}

// A document that is not whole must not look whole.
func TestSelectedIsCutOff(t *testing.T) {
	lost := errors.New("disk lost")
	var b bytes.Buffer
	if err := Selected(&b, End{}, seq(fixture(), lost)); !errors.Is(err, lost) {
		t.Errorf("got error %v", err)
	}
	if json.Valid(b.Bytes()) {
		t.Errorf("half a list is valid JSON:\n%s", &b)
	}
	if err := Selected(new(failing), End{}, seq(fixture(), nil)); !errors.Is(err, errBroken) {
		t.Errorf("got error %v", err)
	}
}
