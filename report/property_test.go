package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

// hostile are the pieces of which random text is made.
var hostile = []string{
	"", "a", "Z9", " ", "ada@contoso.com", "=", "+", "-", "@", "'", `"`, `""`, ",", ";", "|", "\t", "\r", "\n", "\r\n",
	"\x00", "\x1b", "\x7f", "\u0085", "\u00a0", "\u200b", "\u2028", "\u2029", "\ufeff", "＝", "＠", "ü", "日本", "🔑",
	"\\", "\\u0041", "<", ">", "&", "null", "{}", "\xff", "\xed\xa0\x80", `\.`,
}

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(6) {
		b.WriteString(hostile[r.IntN(len(hostile))])
	}
	return b.String()
}

func randomTime(r *rand.Rand) time.Time {
	if r.IntN(4) == 0 {
		return time.Time{}
	}
	zone := time.FixedZone("", (r.IntN(27)-13)*1800)
	return time.Unix(r.Int64N(1<<33), r.Int64N(1e9)).In(zone)
}

func randomLine(r *rand.Rand) batch.Line {
	l := batch.Line{
		Row:  batch.Row{File: randomText(r), Line: r.IntN(1e6), Input: randomText(r), Cells: []string{randomText(r), randomText(r)}},
		User: batch.User{ID: randomText(r), UPN: randomText(r), Type: randomText(r), Stamp: randomTime(r)},
		Record: batch.Record{
			Outcome: batch.Outcomes[r.IntN(len(batch.Outcomes))], Status: r.IntN(3) * 200,
			Code: randomText(r), Message: randomText(r), Attempts: r.IntN(3), Throttles: r.IntN(3),
			SentAt: randomTime(r), SettledAt: randomTime(r), After: randomTime(r),
			RequestID: randomText(r), Reason: randomText(r),
		},
	}
	if l.User.Privileged = r.IntN(2) == 0; r.IntN(3) > 0 {
		l.User.Enabled = r.IntN(2) == 0
		l.User.Disabled = !l.User.Enabled
	}
	if r.IntN(3) == 0 {
		l.First = batch.Place{File: l.Row.File, Line: 1 + r.IntN(100)}
	}
	return l
}

func randomLines(t *testing.T) []batch.Line {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	lines := make([]batch.Line, 2000)
	for i := range lines {
		lines[i] = randomLine(r)
	}
	return lines
}

// valid puts U+FFFD in place of every bad byte.
func valid(s string) string { return string([]rune(s)) }

// wanted is what a line must say, column by column, written down without the
// table that is tested. Unknown is nil.
func wanted(l batch.Line) map[string]any {
	some := func(s string) any {
		if s == "" {
			return nil
		}
		return valid(s)
	}
	when := func(t time.Time, unit time.Duration) any {
		if t.IsZero() {
			return nil
		}
		return t.UTC().Truncate(unit)
	}
	reason := l.Record.Reason
	if l.First.Line > 0 {
		reason = fmt.Sprint("same user as line ", l.First.Line)
		if l.First.File != "" {
			reason += " of " + l.First.File
		}
		if l.Record.Reason != "" {
			reason += "; " + l.Record.Reason
		}
	}
	w := map[string]any{
		"line": float64(l.Row.Line), "input": valid(l.Row.Input), "user_id": some(l.User.ID),
		"user_principal_name": some(l.User.UPN), "user_type": some(l.User.Type), "outcome": string(l.Record.Outcome),
		"http_status": nil, "error_code": some(l.Record.Code), "error_message": some(l.Record.Message),
		"attempts": float64(l.Record.Attempts), "throttles": float64(l.Record.Throttles),
		"sent_at": when(l.Record.SentAt, time.Millisecond), "settled_at": when(l.Record.SettledAt, time.Millisecond),
		"valid_from_before": when(l.User.Stamp, time.Second), "valid_from_after": when(l.Record.After, time.Second),
		"request_id": some(l.Record.RequestID), "reason": some(reason),
		"account_enabled": nil, "role": nil, "same_as_line": nil,
		"file": some(l.Row.File), "same_as_file": some(l.First.File),
	}
	switch {
	case l.User.Enabled:
		w["account_enabled"] = "yes"
	case l.User.Disabled:
		w["account_enabled"] = "no"
	}
	if l.User.Privileged {
		w["role"] = "privileged"
	}
	if l.First.Line != 0 {
		w["same_as_line"] = float64(l.First.Line)
	}
	if l.Record.Status != 0 {
		w["http_status"] = float64(l.Record.Status)
	}
	return w
}

// equal compares a wanted value to a decoded one.
func equal(want, got any) bool {
	at, ok := want.(time.Time)
	if !ok {
		return want == got
	}
	s, _ := got.(string)
	back, err := time.Parse(time.RFC3339, s)
	return err == nil && back.Equal(at) && strings.HasSuffix(s, "Z")
}

func TestEveryLineSurvivesJSONL(t *testing.T) {
	lines := randomLines(t)
	var b bytes.Buffer
	if err := one(jsonlName, &b, End{}, seq(lines, nil)); err != nil {
		t.Fatal(err)
	}
	docs := bytes.Split(bytes.TrimSuffix(b.Bytes(), []byte("\n")), []byte("\n"))
	if len(docs) != len(lines) {
		t.Fatalf("%d lines in, %d out", len(lines), len(docs))
	}
	for i, doc := range docs {
		var got map[string]any
		if err := json.Unmarshal(doc, &got); err != nil {
			t.Fatalf("%v in %s", err, doc)
		}
		want := wanted(lines[i])
		if len(got) != len(want) {
			t.Fatalf("%d keys in %s", len(got), doc)
		}
		for key, w := range want {
			if g, ok := got[key]; !ok || !equal(w, g) {
				t.Fatalf("%s is %#v, want %#v, in %s", key, g, w, doc)
			}
		}
		at := -1
		for _, c := range columns {
			next := bytes.Index(doc, []byte(`"`+c.name+`":`))
			if next <= at && !bytes.Contains(doc, []byte(`\"`+c.name)) {
				t.Fatalf("%s is out of order in %s", c.name, doc)
			}
			at = next
		}
	}
}

func TestEveryLineSurvivesCSV(t *testing.T) {
	lines := randomLines(t)
	var b bytes.Buffer
	if err := one(csvName, &b, End{}, seq(lines, nil)); err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(b.Bytes(), []byte("\n")); n != len(lines)+1 {
		t.Errorf("%d lines of text for %d records and a header", n, len(lines))
	}
	records, err := csv.NewReader(&b).ReadAll() // which holds the number of cells to the header's
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != len(lines)+1 {
		t.Fatalf("%d lines in, %d out", len(lines), len(records)-1)
	}
	for i, rec := range records[1:] {
		want := wanted(lines[i])
		for j, name := range records[0] {
			w := want[name]
			if n, ok := w.(float64); ok {
				w = strconv.Itoa(int(n))
			} else if w == nil {
				w = ""
			}
			if text, ok := w.(string); ok && !holds(rec[j], clean(text)) || !ok && !equal(w, rec[j]) {
				t.Fatalf("%s is %q, want %q", name, rec[j], w)
			}
		}
	}
}

func TestRetryKeepsCells(t *testing.T) {
	lines := randomLines(t)
	plan := batch.Plan{Columns: []string{"id", "date"}}
	var b bytes.Buffer
	if err := one(RetryName, &b, End{Plan: plan}, seq(lines, nil)); err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(&b)
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	n := 1
	for _, l := range lines {
		if l.First.Line != 0 || l.Record.Outcome.Kind() != batch.Failure || l.Record.Outcome == batch.NotPossible || l.Record.Outcome == batch.Ineffective {
			continue
		}
		got := records[n]
		n++
		if blank(l.Row.Cells...) {
			if len(got) != 4 || !blank(got[:3]...) || blank(got[3]) {
				t.Fatalf("a blank row came back as %q", got)
			}
			continue
		}
		for j, c := range l.Row.Cells {
			if !holds(got[j], clean(c)) {
				t.Fatalf("cell %q came back as %q", c, got[j])
			}
		}
	}
	if n != len(records) {
		t.Errorf("%d records, want %d", len(records), n)
	}
}
