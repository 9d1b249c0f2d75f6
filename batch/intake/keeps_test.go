package intake

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/intake/source"
)

// A row that keeps somebody keeps everybody whom its cells may mean, however badly
// they are written, and one that means nobody is a bad row.
func TestKeepsLeniently(t *testing.T) {
	const byA, invalid = "id=" + guidA, "invalid"
	gate := &DateGate{Column: "Last day", AsOf: noon}
	for _, c := range []struct {
		key         batch.Key
		header, row string
		want        string // whom the row keeps; "invalid", or "" for a row that is skipped and keeps nobody
	}{
		{"", "id", "{" + guidA + "}", byA},
		{"", "id", "{" + strings.ToUpper(guidA) + "}", byA},
		{"", "id", strings.ReplaceAll(guidA, "-", ""), byA},
		{"", "id", strings.ReplaceAll(guidA, "-", "\u2011"), byA},
		{"", "id", "a@x", "upn=a@x"},
		{"", "id", guidA[1:], invalid},
		{"", "id", "00000000-0000-0000-0000-000000000000", ""},
		{"", "upn", guidA, byA},
		{"", "upn", "a @x", "upn=a@x"},
		{"", "upn", "<a@x>", "upn=a@x"},
		{"", "upn", "smtp:A@x", "upn=A@x"},
		{"", "upn", "mailto:a@x", "upn=a@x"},
		{"", "upn", "SIP: a@x", "upn=a@x"},
		{"", "upn", "Ada Lund <a@x>", "upn=a@x"},
		{"", "upn", "Ada a@x", "upn=Adaa@x upn=a@x"},
		{"", "upn", "a@x (left)", "upn=a@x"},
		{"", "upn", "a@x; b@x", "upn=a@x upn=b@x"},
		{"", "upn", "a\u200b@x", "upn=a@x"},
		{"", "upn", "\u202ea@x\u202c", "upn=a@x"},
		{"", "upn", "a%40x", "upn=a@x"},
		{"", "upn", "'a@x", "upn='a@x upn=a@x"},
		{"", "upn", "=a@x", "upn=a@x"},
		{"", "upn", "o'hara@x", "upn=o'hara@x"},
		{"", "upn", "ann", invalid},
		{"", "upn", "a?b@x", invalid},
		{"", "upn", "@x", invalid},
		{"", "upn", "", ""},
		{"", "upn", "n/a", ""},
		{"", "upn,id", "a@x,N/A", "upn=a@x"},
		{"", "upn,id", "a@x,12", "upn=a@x"},
		{"", "upn,id", ",12", ""}, // no id in the file is one of the directory
		{"", "upn,user name", "a@x,b@x", "upn=a@x upn=b@x"},
		{"", "upn,mail", "a@x,m@x", "upn=a@x"},
		{"", "upn,mail", "ann,m@x", "mail=m@x"}, // nothing else says whom it means
		{"", "upn,manager", "a@x,b@x", "upn=a@x"},
		{batch.ByMail, "mail,id", "<m@x>,12", "mail=m@x"},
		{batch.ByMail, "mail,id", ",12", ""}, // by its header the number may be anything
		{batch.ByMail, "mail", "{" + guidA + "}", byA},
		{batch.ByEmployeeID, "employeeId", "E\u200b7", "employee-id=E7"},
		{batch.ByEmployeeID, "employeeId", "'=E7", "employee-id=E7"},
		{batch.ByEmployeeID, "employeeId", "1.23E+10", invalid},
		{batch.ByEmployeeID, "employeeId", "a.very.long.name@x", "upn=a.very.long.name@x"},

		// Cells that may have shifted.
		{"", "upn", "a@x,b", "upn=a@x"},
		{"", "upn,id", "x,a@x," + guidA, byA + " upn=a@x"},
		{"", "upn,id", "\"<a@x>\"", "upn=a@x"},
		{"", "upn,id", "a@x,b\"c", "upn=a@x"},
		{batch.ByMail, "mail", "m@x,b", "mail=m@x upn=m@x"},
		{batch.ByEmployeeID, "employeeId", "E7,b", "employee-id=E7"},
		{"", "upn", "ann,b", invalid},
	} {
		header, row := c.header+",Last day\n", c.row
		if strings.Count(c.row, ",") >= strings.Count(c.header, ",") {
			row += ",2030-01-01"
		}
		_, bad := read(t, header+row+"\n", Options{Key: c.key, DateGate: gate})
		if len(bad) != 1 {
			t.Errorf("%q: %d bad rows", c.row, len(bad))
			continue
		}
		var got []string
		for _, k := range bad[0].Keeps {
			if k.Key != batch.ByEmployeeID || k.Value != "2030-01-01" { // it has the look of one
				got = append(got, fmt.Sprintf("%s=%s", k.Key, k.Value))
			}
		}
		if len(got) == 0 && bad[0].Outcome == "" {
			got = []string{invalid}
		}
		slices.Sort(got)
		if text := strings.Join(slices.Compact(got), " "); text != c.want {
			t.Errorf("%s, %q: %q, want %q", c.header, c.row, text, c.want)
		}
	}
}

// Without a gate that finds that people stay, a row keeps nobody.
func TestKeepsNobodyWithoutGate(t *testing.T) {
	for _, opt := range []Options{{}, {Where: []string{"Site=Rome"}}, {Where: []string{"Status=Success"}}} {
		_, bad := read(t, "upn,Site,Status\na@x,Rome\na@x,Bonn,Failure\n<a@x>,Bonn,Failure\n", opt)
		for _, b := range bad {
			if b.Keeps != nil {
				t.Errorf("%q: %v keeps %v", opt.Where, b, b.Keeps)
			}
		}
	}
	_, bad := read(t, "upn,Status\na@x,Active,x\n", Options{Where: []string{"Status=Terminated"}})
	if len(bad) != 1 || len(bad[0].Keeps) != 1 {
		t.Error(bad)
	}
}

// A line of which some text is lost keeps whom the rest of it means.
func TestKeepsOfALineThatIsNoText(t *testing.T) {
	const rows = "a@x,2030-01-01,x\xff\nb@x,2026-01-01,x\xff\n"
	s, err := TakeSurvey([]source.Input{text("upn,Last day,Note\nc@x,2026-01-01," + strings.Repeat("x", 64<<10) + "\n" + rows)}, Options{DateGate: &DateGate{Column: "Last day", AsOf: noon}}, time.Now())
	var want batch.LinesByName
	want.Add([]batch.Claim{{Key: batch.ByUPN, Value: "a@x"}}, batch.Row{Line: 3, Cells: []string{"a@x"}})
	if err != nil || !reflect.DeepEqual(s.Kept, want) {
		t.Errorf("%v kept, want %v, %v", s.Kept, want, err)
	}
}

// A column that says with yes or no whether somebody works here keeps people as a
// column of statuses does.
func TestKeepsByYesAndNo(t *testing.T) {
	for where, want := range map[string]string{"Active=No": "b@x", "Leaver=Yes": "b@x", "Site=Rome": ""} {
		_, bad := read(t, "upn,Active,Leaver,Site\na@x,No,Yes,Rome\nb@x,Yes,No,Bonn\n", Options{Where: []string{where}})
		got := ""
		for _, b := range bad {
			for _, k := range b.Keeps {
				got += k.Value
			}
		}
		if got != want {
			t.Errorf("%s keeps %q, want %q", where, got, want)
		}
	}
}
