package intake

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

var update = flag.Bool("update", false, "write the .want files anew")

// columnOf are the files that are read with --column.
var columnOf = map[string]string{
	"bamboohr.csv":             "workEmail",
	"column_mail.csv":          "Work E-Mail",
	"column_unknown.csv":       "Mail",
	"purview_hr_connector.csv": "EmailAddress",
	"successfactors.csv":       "EMAIL",
}

// moreOptions are the files that are read with other options.
var moreOptions = map[string]Options{
	"gates_bamboohr.csv": {
		Key: batch.ByMail, Where: []string{"status=inactive"},
		DateGate: &DateGate{Column: "terminationDate", Zone: time.FixedZone("PST", -8*60*60), AsOf: time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)},
	},
	"key_employee_id.csv": {
		Key:      batch.ByEmployeeID,
		DateGate: &DateGate{Column: "Last Day", Format: "%d.%m.%Y", StartOfDay: true, AsOf: time.Date(2026, 2, 1, 8, 0, 0, 0, time.UTC)},
	},
	"bamboohr.csv":             {Key: batch.ByMail},
	"ids-as-formulas.csv":      {Key: batch.ByEmployeeID},
	"key_mail_private.csv":     {Key: batch.ByMail},
	"purview_hr_connector.csv": {Key: batch.ByUPN},
	"successfactors.csv":       {Key: batch.ByMail},
	"status_decomposed.csv":    {Where: []string{"Statut=Désactivé"}},
	"key_with_upn.csv":         {Key: batch.ByEmployeeID},
}

const testdata = "../../testdata"

// TestFiles reads every file that people are known to bring, and holds what
// comes out against the .want file beside it.
func TestFiles(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata, "intake", "*.csv"))
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			opt := moreOptions[name]
			opt.Column = columnOf[name]
			got := transcript(t, file, opt)
			wantFile := strings.TrimSuffix(file, ".csv") + ".want"
			if *update {
				if err := os.WriteFile(wantFile, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(wantFile)
			if err != nil {
				t.Fatal(err)
			}
			if got != strings.ReplaceAll(string(want), "\r\n", "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if strings.Contains(got, "never") {
				t.Errorf("a cell of another column is shown:\n%s", got)
			}
		})
	}
}

// transcript writes down everything that the package says of a file.
func transcript(t *testing.T, file string, opt Options) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if opt.Column != "" {
		fmt.Fprintf(&b, "option   --column %q\n", opt.Column)
	}
	if opt.Key != "" {
		fmt.Fprintf(&b, "option   --key %s\n", opt.Key)
	}
	opt.Skip = func(s batch.Skip) {
		fmt.Fprintf(&b, "skip     line %d: %s\n", s.Line, s.Reason)
	}
	r, err := open(text(string(content)), opt)
	if err != nil {
		fmt.Fprintf(&b, "error    %T %v\n", err, err)
		return b.String()
	}
	for _, s := range r.settings {
		fmt.Fprintf(&b, "setting  %s: %s (%s)\n", s.Name, s.Value, s.Why)
	}
	fmt.Fprintf(&b, "columns  %q\n", r.Columns())
	for row, err := range r.Rows() {
		bad, isBad := errors.AsType[*batch.RowError](err)
		switch {
		case isBad && bad.Outcome != "":
			row = bad.Row
			fmt.Fprintf(&b, "%s  line %d: input %q cells %q: %s\n", bad.Outcome, row.Line, row.Input, row.Cells, bad.Reason)
		case isBad:
			row = bad.Row
			fmt.Fprintf(&b, "bad      line %d: input %q cells %q: %s\n", row.Line, row.Input, row.Cells, bad.Reason)
		case err != nil:
			fmt.Fprintf(&b, "error    %T %v\n", err, err)
		case row.By != "":
			fmt.Fprintf(&b, "row      line %d: input %q by %s %q cells %q\n", row.Line, row.Input, row.By, row.Value, row.Cells)
		default:
			fmt.Fprintf(&b, "row      line %d: input %q id %q upn %q cells %q\n", row.Line, row.Input, row.ID, row.UPN, row.Cells)
		}
	}
	fmt.Fprintf(&b, "lines    %d\n", r.src.Lines())
	return b.String()
}

// TestLeavers holds the demo file to what the other tests expect of it.
func TestLeavers(t *testing.T) {
	got := transcript(t, filepath.Join(testdata, "leavers.csv"), Options{})
	for what, n := range map[string]int{
		"\nrow ": 236, "\nbad ": 2, "\nskip ": 1, "\nerror ": 0, "\nlines    240\n": 1, "#EXT#": 2 * 3,
	} {
		if c := strings.Count(got, what); c != n {
			t.Errorf("%q: %d times, want %d", what, c, n)
		}
	}
}
