package intake

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"offboard/batch/intake/source"
)

// TestKeep: the report has the columns that were named and those of gates, and a column
// that is only kept says nothing of the user.
func TestKeep(t *testing.T) {
	const file = "upn,Password,Dept,Last Day,Status,mail\nada@x.example,hunter2,Sales,2026-01-02,Gone,other@y.example\n"
	gate := &DateGate{Column: "last day", AsOf: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	for _, c := range []struct {
		name                  string
		opt                   Options
		columns, kept, claims string
	}{
		{"nothing named", Options{}, "upn mail", "", "mail"},
		{"named", Options{Keep: []string{" dept "}}, "upn Dept mail", "Dept", "mail"},
		{"gates", Options{Where: []string{"status=gone"}, DateGate: gate}, "upn Last Day Status mail", "Last Day Status", "mail"},
		{"gate and named", Options{Keep: []string{"Dept", "Status"}, Where: []string{"Status=Gone"}}, "upn Dept Status mail", "Dept Status", "mail"},
		{"one that names the users", Options{Keep: []string{"UPN"}}, "upn mail", "upn", "mail"},
		{"one that is checked", Options{Keep: []string{"mail"}}, "upn mail", "mail", "mail"},
		{"one that is ignored", Options{Keep: []string{"mail"}, Ignore: []string{"Mail"}}, "upn mail", "mail", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Open([]source.Input{text(file)}, c.opt)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(r.Columns(), " "); got != c.columns {
				t.Errorf("columns %q, want %q", got, c.columns)
			}
			if got := strings.Join(r.Kept(), " "); got != c.kept {
				t.Errorf("kept %q, want %q", got, c.kept)
			}
			if got := strings.Join(r.Ignored(), " "); !strings.EqualFold(got, strings.Join(c.opt.Ignore, " ")) {
				t.Errorf("ignored and read: %s", got)
			}
			for row, err := range r.Rows() {
				claims := ""
				for _, k := range row.Claims {
					claims += k.Column
				}
				if err != nil || claims != c.claims || strings.Contains(fmt.Sprint(row), "hunter2") {
					t.Errorf("row %v, error %v, claims %q", row, err, claims)
				}
			}
		})
	}
	if _, err := open(text(file), Options{Keep: []string{"Team"}}); err == nil || !strings.Contains(err.Error(), `no column "Team"`) || !strings.Contains(err.Error(), "--keep") {
		t.Errorf("a column that is not there: %v", err)
	}
}

// TestKeptColumnsStillSayWhoStays: to keep a column is no gate on it, unless it is ignored.
func TestKeptColumnsStillSayWhoStays(t *testing.T) {
	const file = "upn,Status\nada@x.example,Terminated\nben@x.example,Active\n"
	for name, c := range map[string]struct {
		opt  Options
		stay int
	}{
		"kept":             {Options{Keep: []string{"Status"}}, 1},
		"kept and ignored": {Options{Keep: []string{"Status"}, Ignore: []string{"Status"}}, 0},
		"gated":            {Options{Keep: []string{"Status"}, Where: []string{"Status=Terminated"}}, 0},
	} {
		found, err := TakeSurvey([]source.Input{text(file)}, c.opt, time.Now())
		if err != nil || len(found.Stay) != c.stay {
			t.Errorf("%s: %v, error %v", name, found.Stay, err)
		}
	}
}
