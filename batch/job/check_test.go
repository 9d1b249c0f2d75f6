package job

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"offboard/batch/intake"
)

// What is kept of a file is bounded, however much of it is wrong, and says what it leaves out.
func TestCheckIsBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "in.csv")
	var text strings.Builder
	text.WriteString("upn,Employment Status\n")
	const rows = mostProblems + 500
	for i := range rows {
		fmt.Fprintf(&text, "no name@ %d,\n", i)
	}
	text.WriteString("ada@contoso.example,Active\nAda@contoso.example,\n")
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Check(&Host{}, &CheckOptions{File: []string{name}, Selection: Selection{Key: "auto", TimeZone: localZone}})
	if err != ErrPartial {
		t.Fatal(err)
	}
	if n := c.Rows; n.All != rows+2 || n.Unreadable != rows || n.LookUp != 2 || n.Again != 1 {
		t.Errorf("%+v", n)
	}
	if !strings.Contains(c.Problems[0].Reason, "some of its people stay") {
		t.Errorf("that people stay is not told first, but %v", c.Problems[0])
	}
	if len(c.Problems) != mostProblems+1 || c.LeftOut != 500 || len(c.First) != firstRows+2 {
		t.Errorf("%d problems, %d left out, %d first rows", len(c.Problems), c.LeftOut, len(c.First))
	}
}

// Reasons that differ in numbers alone are one, and those beyond the first many are counted
// together.
func TestReasons(t *testing.T) {
	var rs Reasons
	for i := range 1000 {
		rs.add(Problem{Line: i + 1, Reason: fmt.Sprintf("leaves on 2026-11-%d", i)})
		rs.add(Problem{Line: i + 1, Reason: "says " + strings.Repeat("x", i)})
	}
	if len(rs) != mostReasons+1 {
		t.Errorf("%d reasons", len(rs))
	}
	all := 0
	for _, r := range rs {
		all += r.Count
	}
	if all != 2000 {
		t.Errorf("%d of 2000 are counted", all)
	}
	if r := rs[0]; r.Count != 1000 || !r.Like || r.Reason != "leaves on 2026-11-0" || len(r.First) != firstOfEach || r.First[1].Line != 2 {
		t.Errorf("%+v", r)
	}
	if r := rs[1]; r.Count != 1 || r.Like {
		t.Errorf("%+v", r)
	}
	if r := rs[mostReasons]; r.Reason != "other reasons" || r.Count != 1000-(mostReasons-1) {
		t.Errorf("%+v", r)
	}
}

// A column of users that people do not see in their workbook ends the command; if they name it, it is
// a problem, and a setting.
func TestCheckHiddenColumn(t *testing.T) {
	f := excelize.NewFile()
	for at, text := range map[string]string{"A1": "Name", "B1": "UPN", "A2": "Ada", "B2": "ada@contoso.example"} {
		if err := f.SetCellStr("Sheet1", at, text); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(t.TempDir(), "in.xlsx")
	if err := errors.Join(f.SetColVisible("Sheet1", "B", false), f.SaveAs(name)); err != nil {
		t.Fatal(err)
	}
	o := &CheckOptions{File: []string{name}, Selection: Selection{Key: "auto", TimeZone: localZone}}
	if c, err := Check(&Host{}, o); !errors.Is(err, intake.ErrInput) || !c.Unread || !strings.Contains(err.Error(), `the column "UPN" is hidden in the workbook`) {
		t.Errorf("%+v, %v", c, err)
	}
	o.Column = "UPN"
	c, err := Check(&Host{}, o)
	if err != ErrPartial || c.Rows.LookUp != 1 || len(c.Problems) != 1 || !strings.HasPrefix(c.Problems[0].Reason, `column "UPN" is hidden`) {
		t.Errorf("%+v, %v", c, err)
	}
}
