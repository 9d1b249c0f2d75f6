package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"offboard/batch"
)

// severalFiles is a run of two files, whose line 3 names one person: "ada" is the name of a
// file that a spreadsheet would run.
func severalFiles() (End, []batch.Line) {
	e := fixtureRun()
	e.Plan.Inputs = []batch.InputFile{{Name: "=ada.csv", SHA256: "b1", Lines: 3}, {Name: "paris.xlsx", SHA256: "a0", Lines: 9}}
	e.Plan.Input, e.Plan.Digest = "=ada.csv, paris.xlsx", batch.JointDigest(e.Plan.Inputs)
	done := batch.Record{Outcome: batch.Verified, Status: 200}
	lines := []batch.Line{row(3, "ada@contoso.com", done), row(3, "ada@contoso.com", done), row(4, "", batch.Record{Outcome: batch.NotFound}), row(2, "bob@contoso.com", done)}
	lines[0].Row.File = "=ada.csv"
	for i := range lines[1:] {
		lines[1+i].Row.File = "paris.xlsx"
	}
	lines[1].First = lines[0].Row.Place()
	lines[2].User, lines[2].Row.Cells = batch.User{}, nil
	return e, lines
}

// TestSeveralFiles holds that every file of the report says of a line which file it is of.
func TestSeveralFiles(t *testing.T) {
	e, lines := severalFiles()
	texts := map[string]string{}
	for _, f := range formats {
		var b bytes.Buffer
		if err := one(f.name, &b, e, seq(lines, nil)); err != nil {
			t.Fatal(err)
		}
		texts[f.name] = b.String()
	}
	var run bytes.Buffer
	if err := JSON(&run, e); err != nil {
		t.Fatal(err)
	}
	texts["run.json"] = strings.Join(strings.Fields(run.String()), "")
	_, texts["people"] = packedOf(t, texts[pageName])
	for name, want := range map[string][]string{
		csvName:    {",'=ada.csv,\n", ",same user as line 3 of =ada.csv,yes,,3,paris.xlsx,'=ada.csv\n", ",paris.xlsx,\n"},
		jsonlName:  {`"file":"=ada.csv","same_as_file":null}`, `"same_as_line":3,"file":"paris.xlsx","same_as_file":"=ada.csv"}`},
		RetryName:  {"line 4 of paris.xlsx"},
		"run.json": {`"inputs":[{"name":"=ada.csv","sha256":"b1","lines":3},{"name":"paris.xlsx","sha256":"a0","lines":9}]`},
		pageName:   {`"files":["=ada.csv","paris.xlsx"]`, "=ada.csv, 3 lines, b1"},
		"people":   {"\n[3,\"ada@", "],0,0]", "],0,1]", `,"line 4 of paris.xlsx",`},
	} {
		for _, w := range want {
			if !strings.Contains(texts[name], w) {
				t.Errorf("%s has no %q:\n%.3000s", name, w, texts[name])
			}
		}
	}
	people, _ := tableOf(t, texts[pageName])
	if len(people) != 3 {
		t.Errorf("the page has %d people, want 3: a line of one number is one of another file", len(people))
	}
	var first map[string]any
	if err := json.Unmarshal([]byte(strings.SplitN(texts[jsonlName], "\n", 2)[0]), &first); err != nil || first["line"] != 3.0 {
		t.Errorf("%v, %v", first, err)
	}
}
