package intake

import (
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

var (
	cet  = time.FixedZone("CET", 60*60)
	noon = time.Date(2026, 11, 22, 12, 0, 0, 0, cet)
)

// TestDateGate holds what becomes of a row with each cell: "" when it passes,
// "bad" and the reason, or else the reason why it is skipped.
func TestDateGate(t *testing.T) {
	const not, asOf, iso = "not leaving: end is ", "2026-11-22 12:00 +01:00 (--as-of)", "bad column \"end\": not a date such as 2026-12-31"
	for _, c := range []struct{ format, cell, want string }{
		{"", "2026-11-21", ""},
		{"", " 2026-11-21\u00a0", ""},
		{"", "2026-11-22", "leaves on 2026-11-22, and that day is not over at " + asOf},
		{"", "2026-12-31", "leaves on 2026-12-31, after " + asOf},
		{"", "2026-11-21T23:59:59", ""},
		{"", "2026-11-22 00:00:00", "leaves on 2026-11-22, and that day is not over at " + asOf},
		{"", "2026-11-22T11:00:00Z", ""},
		{"", "2026-11-22t11:00z", ""},
		{"", "2026-11-22T11:00:00.0000000Z", ""},
		{"", "2026-11-22T11:00:00,001Z", "leaves on 2026-11-22 12:00:00.001 +01:00, after 2026-11-22 12:00 +01:00 (--as-of)"},
		{"", "2026-11-22T12:00:00+01:00", ""},
		{"", "2026-11-22T12:00+0100", ""},
		{"", "2026-11-22T12:00+01", ""},
		{"", "2026-11-22T12:01:00+01:00", "leaves on 2026-11-22 12:01 +01:00, after 2026-11-22 12:00 +01:00 (--as-of)"},
		{"", "2026-11-23T01:00:00+14:00", ""},

		{"", "", "not leaving: end is empty"},
		{"", "-", not + "-"},
		{"", "0000-00-00", not + "0000-00-00"},
		{"", "0000-00-00 00:00:00", not + "0000-00-00 00:00:00"},
		{"", "0000-00-00T00:00:00Z", not + "0000-00-00T00:00:00Z"},
		{"", "00.00.0000", not + "00.00.0000"},
		{"", "0", not + "0"},
		{"", "N/A", not + "N/A"},
		{"", "Null", not + "Null"},
		{"", "9999-12-31", not + "9999-12-31"},
		{"", "9999-12-31T23:59:59.9999999Z", not + "9999-12-31"},
		{"", "2999-12-31", not + "2999-12-31"},
		{"", "1970-01-01", not + "1970-01-01"},
		{"", "1900-01-01 00:00:00", not + "1900-01-01"},
		{"", "0001-01-01T00:00:00Z", not + "0001-01-01"},
		{"%d.%m.%Y", "31.12.9999", not + "9999-12-31"},
		{"%d.%m.%Y", "00.00.0000", not + "00.00.0000"},

		{"", "1969-12-31", "bad column \"end\": the year is 1969"},
		{"", "0026-11-22", "bad column \"end\": the year is 26"},
		{"", "3/12/2025", "bad column \"end\": 3/12/2025 does not say which number is the day: say it with --date-format \"%d/%m/%Y\" or \"%m/%d/%Y\""},
		{"", "03.12.2025", "bad column \"end\": 03.12.2025 does not say which number is the day: say it with --date-format \"%d.%m.%Y\" or \"%m.%d.%Y\""},
		{"", "31.10.2026", "bad column \"end\": 31.10.2026 needs --date-format \"%d.%m.%Y\""},
		{"", "13/12/2025", "bad column \"end\": 13/12/2025 needs --date-format \"%d/%m/%Y\""},
		{"", "12/13/2025", "bad column \"end\": 12/13/2025 needs --date-format \"%m/%d/%Y\""},
		{"", "31.1.2026 00:00", "bad column \"end\": 31.1.2026 00:00 needs --date-format \"%d.%m.%Y %H:%M\""},
		{"", "31.31.2026", "bad column \"end\": 31.31.2026 is not a date such as 2026-12-31 (ISO 8601): say how"},
		{"", "31.12.2025 hunter2", "bad column \"end\": 31.12.2025 is not a date such as 2026-12-31 (ISO 8601): say how"},
		{"", "2025-02-29", "bad column \"end\": 2025-02-29 is not a date such as 2026-12-31 (ISO 8601): there is no such day or time"},
		{"", "2025-13-01", "bad column \"end\": 2025-13-01 is not a date such as 2026-12-31 (ISO 8601): there is no such day or time"},
		{"", "2025-1-1", "bad column \"end\": 2025-1-1 is not a date such as 2026-12-31"},
		{"", "20251231", iso},
		{"", "2025/12/31", "bad column \"end\": 2025/12/31 needs --date-format \"%Y/%m/%d\""},
		{"", "2025-12-31T24:00:00", "bad column \"end\": 2025-12-31T24:00:00 is not a date such as 2026-12-31 (ISO 8601): there is no such day or time"},
		{"", "2025-12-31T10:00:00+1:00", "bad column \"end\": 2025-12-31T10:00:00+1:00 is not a date such as 2026-12-31"},
		{"", "2025-12-31Z", "bad column \"end\": 2025-12-31Z is not a date such as 2026-12-31"},
		{"", "2025-12-31 UTC", "bad column \"end\": 2025-12-31 UTC is not a date such as 2026-12-31"},
		{"", "46387", iso},
		{"", "2025-W52-1", iso},
		{"", "hunter2", iso},
		{"%d.%m.%Y", "2025-12-31", ""},
		{"%Y-%d-%m", "2025-12-31", "bad column \"end\": 2025-12-31 is not a date of the form %Y-%d-%m (--date-format): there is no such day or time"},
		{"%d.%m.%Y", "31.12.2025", ""},
		{"%d.%m.%Y", "1.12.2025", ""},
		{"%d.%m.%Y", "01.2.2026", ""},
		{"%d.%m.%Y", "001.2.2026", "bad"},
		{"%d.%m.%Y", "1.2.26", "bad"},
		{"%d.%m.%Y", "31.02.2026", "bad column \"end\": 31.02.2026 is not a date of the form %d.%m.%Y (--date-format): there is no such day or time"},
		{"%d.%m.%Y", "31/12/2025", "bad"},
		{"%d.%m.%Y", "31.12.2025 hunter2", "bad"},
		{"%m/%d/%Y", "12/31/2026", "leaves on 2026-12-31, after " + asOf},
		{"%m/%d/%Y", "31/12/2026", "bad column \"end\": 31/12/2026 is not a date of the form %m/%d/%Y (--date-format): there is no such"},
		{"%m/%d/%Y %I:%M:%S %p", "8/19/2021 1:25:31 PM", ""},
		{"%m/%d/%Y %I:%M:%S %p", "08/19/2021 01:25:31 pm", ""},
		{"%m/%d/%Y %I:%M:%S %p", "8/19/2021 1:25:31\u202fPM", ""},
		{"%m/%d/%Y %I:%M:%S %p", "8/19/2021 13:25:31 PM", "bad"},
		{"%m/%d/%Y %I:%M:%S %p", "8/19/2021 1:25:31.5 PM", "bad"},
		{"%b %d %Y %I:%M%p", "Dec  1 2026 12:00AM", "leaves on 2026-12-01"},
		{"%d.%m.%Y %H:%M", "22.11.2026 9:05", "leaves on 2026-11-22, and that day"},
		{"%d.%m.%Y %H:%M", "21.11.2026 09:5", ""},
		{"%d.%m.%Y %H:%M", "21.11.2026 24:00", "bad"},
		{"%d-%b-%y", "31-DEC-26", "leaves on 2026-12-31"},
		{"%d-%b-%y", "1-jan-70", not + "1970-01-01"},
		{"%d-%b-%y", "31-Dec-68", "leaves on 2068-12-31"},
		{"%d-%b-%y", "31-Dec-69", "bad column \"end\": two digits do not tell"},
		{"%d-%b-%y", "31-Dec-99", "bad column \"end\": two digits do not tell which year 99 is"},
		{"%d.%m.%y", "01.01.01", "bad column \"end\": two digits do not tell which year 01 is"},
		{"%d-%b-%y", "31-Dez-26", "bad"},
		{"%d %B %Y", "21 november 2026", ""},
		{"%A, %B %d, %Y", "Saturday, November 21, 2026", ""},
		{"%A, %B %d, %Y", "Sunday, November 21, 2026", "bad"},
		{"%a %d.%m.%Y", "SAT 21.11.2026", ""},
		{"%Y-%m-%dT%H:%M:%S%z", "2026-11-22T11:00:00Z", ""},
		{"%Y-%m-%dT%H:%M:%S%z", "2026-11-22T11:00:00+00:00", ""},
		{"%Y-%m-%dT%H:%M:%S%:z", "2026-11-22T12:00:01+01:00", "leaves on 2026-11-22 12:00:01 +01:00"},
		{"%Y-%m-%dT%H:%M:%SZ", "2026-11-22t11:00:01z", "leaves on 2026-11-22 12:00:01 +01:00"},
		{"%Y-%m-%dT%H:%M:%SZ", "2026-11-22T11:00:00", "bad"},
		{"%Y-%m-%d %H:%M %z", "2026-11-22 12:00 +0100", ""},
		{"%Y-%m-%d %H:%M %z", "2026-11-22 12:00 CET", "bad"},
		{"%Y%m%d", "20261121", ""},
		{"%Y%m%d", "2026111", "bad"},
		{"%d%m%Y", "1122026", "bad"},

		{"excel", "46022", ""}, // 2025-12-31
		{"excel", "46348.5", "leaves on 2026-11-22, and that day"},
		{"excel", "46348,75", "leaves on 2026-11-22, and that day"},
		{"Excel", "46387", "leaves on 2026-12-31"},
		{"excel", "2958465", not + "9999-12-31"},
		{"excel", "2958466", "bad column \"end\": not a date of the form excel (--date-format)"},
		{"excel", "1", not + "1900-01-01"},
		{"excel", "25569", not + "1970-01-01"},
		{"excel", "25568", "bad column \"end\": the year is 1969"},
		{"excel", "46,022", "bad column \"end\": the year is 1900"},
		{"excel", "2025", "bad column \"end\": the year is 1905"},
		{"excel", "0", not + "0"},
		{"excel", "4.6e4", "bad"},
		{"excel", "-46022", "bad"},
		{"excel", "2025-12-31", ""},
	} {
		date := &DateGate{Column: "END", Format: c.format, Zone: cet, AsOf: noon}
		got := gated(t, "upn,end\na@x,\""+c.cell+"\"\n", Options{DateGate: date})
		if got != c.want && (c.want == "" || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%q as %q: %q, want %q", c.cell, c.format, got, c.want)
		}
		if strings.Contains(got, "hunter2") {
			t.Error(got)
		}
	}
}

// A reason says "now" where nobody asked for another moment.
func TestDateGateSaysNow(t *testing.T) {
	date := &DateGate{Column: "end", Zone: cet, AsOf: noon.Add(time.Second), Now: true}
	for cell, want := range map[string]string{
		"2026-11-22":           "leaves on 2026-11-22, and that day is not over at 2026-11-22 12:00:01 +01:00 (now)",
		"2026-12-31":           "leaves on 2026-12-31, after 2026-11-22 12:00:01 +01:00 (now)",
		"2026-11-22T12:00:00Z": "leaves on 2026-11-22 13:00 +01:00, after 2026-11-22 12:00:01 +01:00 (now)",
	} {
		if got := gated(t, "upn,end\na@x,"+cell+"\n", Options{DateGate: date}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// gated tells what becomes of the one row of an input.
func gated(t *testing.T, input string, opt Options) string {
	t.Helper()
	good, bad := read(t, input, opt)
	switch {
	case len(good) == 1 && len(bad) == 0:
		return ""
	case len(good) != 0 || len(bad) != 1:
		return fmt.Sprintf("%d good, %d bad", len(good), len(bad))
	case bad[0].Row.ID+bad[0].Row.UPN+bad[0].Row.Value != "":
		return fmt.Sprintf("%+v names somebody", bad[0].Row)
	case bad[0].Outcome == batch.Skipped:
		return bad[0].Reason
	case bad[0].Outcome == "":
		return "bad " + bad[0].Reason
	}
	return string(bad[0].Outcome)
}

// TestDayEnds holds the very moment at which a row passes.
func TestDayEnds(t *testing.T) {
	for _, c := range []struct {
		zone       string
		startOfDay bool
		day, due   string
	}{
		{"UTC", false, "2026-11-22", "2026-11-23T00:00:00Z"},
		{"UTC", true, "2026-11-22", "2026-11-22T00:00:00Z"},
		{"Europe/Oslo", false, "2026-03-29", "2026-03-29T22:00:00Z"}, // 23 hours
		{"Europe/Oslo", true, "2026-03-29", "2026-03-28T23:00:00Z"},
		{"Europe/Oslo", false, "2026-10-25", "2026-10-25T23:00:00Z"}, // 25 hours
		{"Europe/Oslo", false, "2026-12-31", "2026-12-31T23:00:00Z"},
		{"Pacific/Kiritimati", false, "2026-12-31", "2026-12-31T10:00:00Z"},
		{"America/New_York", false, "2024-02-29", "2024-03-01T05:00:00Z"},
		{"Africa/Cairo", true, "2024-04-26", "2024-04-25T22:00:00Z"},      // there is no midnight
		{"America/Havana", true, "2024-11-03", "2024-11-03T04:00:00Z"},    // it comes twice
		{"America/St_Johns", false, "2010-11-06", "2010-11-07T03:30:00Z"}, // the clock went from 00:01 to 23:01
		{"Pacific/Apia", false, "2011-12-29", "2011-12-30T10:00:00Z"},     // there was no 30th
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		due, err := time.Parse(time.RFC3339, c.due)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []struct {
			moment time.Time
			passes bool
		}{{due.Add(-1), false}, {due, true}} {
			date := &DateGate{Column: "end", Zone: zone, StartOfDay: c.startOfDay, AsOf: at.moment}
			if good, _ := read(t, "upn,end\na@x,"+c.day+"\n", Options{DateGate: date}); at.passes && !good[0].From.Equal(due) {
				t.Errorf("%s in %s: lets the row through from %s, want %s", c.day, c.zone, good[0].From, due)
			}
			if got := gated(t, "upn,end\na@x,"+c.day+"\n", Options{DateGate: date}); (got == "") != at.passes {
				t.Errorf("%s in %s at %s: %q", c.day, c.zone, at.moment, got)
			}
		}
	}
}

func TestWhere(t *testing.T) {
	const in = "upn,Status,Left Company\na@x,%s\n"
	for _, c := range []struct {
		where       []string
		cells, want string
	}{
		{[]string{"Status=Inactive"}, "Inactive,", ""},
		{[]string{"status = INACTIVE"}, " inactive\u00a0,", ""},
		{[]string{"Status=Inactive"}, "hunter2,", "Status is not Inactive (--where)"},
		{[]string{"STATUS=Inactive"}, "Inactive!,", "Status is not Inactive (--where)"},
		{[]string{"Status=Inactive", "left_company=yes"}, "Inactive,yes", ""},
		{[]string{"Status=Inactive", "left_company=yes"}, "Inactive,no", "Left Company is not yes (--where)"},
		{[]string{"Status="}, ",x", ""},
		{[]string{"Status="}, "hunter2,x", "Status is not empty (--where)"},
		{[]string{"Status=a=b"}, "A=B,x", ""},
		{[]string{"Status=Désactivé"}, "De\u0301sactive\u0301,x", ""},
		{[]string{"Status=De\u0301sactive\u0301"}, "DÉSACTIVÉ,x", ""},
		{[]string{"Status=Désactivé"}, "Desactive,x", "Status is not Désactivé (--where)"},
		{[]string{"Status=ÅPEN"}, "åpen,x", ""},
		{[]string{"Status=ausgeschieden (groß)"}, "AUSGESCHIEDEN (GROSS),x", ""},
		{[]string{"Status=ΤΈΛΟΣ"}, "τέλος,x", ""},
		{[]string{"Status=On  Leave"}, "on\u00a0leave,x", ""},
		{[]string{"Status=Left"}, "Le\u00adft,x", ""},
		{[]string{"upn=\u017f@x"}, ",", "upn is not \u017f@x (--where)"}, // a name is no word
		{[]string{"upn=A@X"}, "Å,", ""},
		{[]string{"Status=+1"}, "'+1,x", "bad column \"Status\": " + whyEscaped},
		{[]string{"upn=A@X"}, ",", ""},
		{[]string{"upn=b@x"}, ",", "upn is not b@x (--where)"},
	} {
		if got := gated(t, fmt.Sprintf(in, c.cells), Options{Where: c.where}); got != c.want {
			t.Errorf("%q, %q: %q, want %q", c.where, c.cells, got, c.want)
		}
	}
	for where, want := range map[string]string{
		"Stat=x": `line 1: no column "Stat": name one of those seen with --where COLUMN=VALUE; columns seen: "upn", "Status", "Left Company"`,
		"=x":     `--where: "=x" is not COLUMN=VALUE, with a column of the file and what its cells are to be`,
	} {
		if _, err := open(text(in), Options{Where: []string{where}}); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", where, err, want)
		}
	}
	_, err := open(text(in), Options{DateGate: &DateGate{Column: "End", AsOf: noon}})
	if want := `line 1: no column "End": name one of those seen as the column of dates; columns seen: "upn", "Status", "Left Company"`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestGateOrder holds what comes first: the shape, --where, the date, the key.
func TestGateOrder(t *testing.T) {
	opt := Options{Where: []string{"status=gone"}, DateGate: &DateGate{Column: "end", Zone: cet, AsOf: noon}}
	const header = "end,upn,status,state\n"
	for _, c := range []struct{ line, want string }{
		{"2026-01-01,a@x,gone,", "+2"},
		{"2026-01-01,bad,gone,", "-2"},
		{"2026-01-01,,gone,", "-2"},
		{"x,a@x,gone,", "-2"},
		{"2026-12-31,a@x,gone,", "=2"},
		{"2026-12-31,bad,gone,", "-2"},
		{"2026-12-31,,gone,", "=2"},
		{"x,a@x,here,", "=2"},
		{"x,,here,", "=2"},
		{"2026-12-31,a@x,here", "-2"},
		{",a@x,here,ID", "=2"},
		{"end,upn,status,state", "~2"},
		{"End,UPN,Status,State", "~2"},
		{"2026-01-01,Example: a@x,gone,", "~2"},
		{"version:v1.0", "~2"},
		{"upn,status,state,end", "!2"},
		{"x,a@x,here,\nversion:v1.0\nx,b@x,here,", "=2 ~3 !4"},
		{"x,a@x,\"here\nx,b@x,gone,", "!2"},
		{"ID,bad,gone,", "-2"},
	} {
		if got := shape(t, header+c.line+"\n", opt); got != c.want {
			t.Errorf("%q: %s, want %s", c.line, got, c.want)
		}
	}
}

// TestGateColumnsSayNothing holds that the cells that a gate looks at do not
// tell what a record is.
func TestGateColumnsSayNothing(t *testing.T) {
	for _, c := range []struct{ name, input, want string }{
		{"a job called Manager", "upn,status,manager\nbad,Manager,b@x\na@x,gone,b@x\n", "-2 +3"},
		{"header again", "upn,status\nUser name,Whether gone\na@x,gone\n", "~2 +3"},
		{"Idaho", "upn,status\nbad,ID\n", "-2"},
	} {
		if got := shape(t, c.input, Options{Where: []string{"status=gone"}}); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestGateOfALineThatIsNoText holds that nothing is read from such a line, far
// enough down that opening has not seen it.
func TestGateOfALineThatIsNoText(t *testing.T) {
	input := "upn,status\na@x," + strings.Repeat("x", 64<<10) + "\na@x,here\xff\n"
	if got := shape(t, input, Options{Where: []string{"status=gone"}}); got != "=2 -3" {
		t.Error(got)
	}
}

// TestGatesShowNothing holds that a gate's column is not ours to show.
func TestGatesShowNothing(t *testing.T) {
	opt := Options{Where: []string{"password=x"}, DateGate: &DateGate{Column: "secret", AsOf: noon}}
	const secret = "hunter2"
	_, bad := read(t, "password,upn,secret\n"+
		secret+",a@x,y\n"+
		secret+",bad,"+secret+",1\n"+
		secret+",a@x\n"+
		"x,a@x,"+secret+"\n"+
		"x,bad,"+secret+"\n", opt)
	if len(bad) != 5 {
		t.Fatal(bad)
	}
	for _, b := range bad {
		if all := b.Row.Input + b.Reason; strings.Contains(all, secret) {
			t.Error(all)
		}
	}
}

func TestGateSettings(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	r, err := open(text("Last Day,upn,Status,mail\n"), Options{
		Key: batch.ByMail, Where: []string{"status=Gone", "UPN="},
		DateGate: &DateGate{Column: "last_day", Format: "%d.%m.%Y", Zone: oslo, StartOfDay: true, AsOf: noon.Add(time.Second)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range r.settings[3:] {
		got = append(got, s.Name+": "+s.Value)
	}
	want := []string{
		"column for a gate: Last Day", "column checked: upn", "column for a gate: Status", "column mail: mail",
		"where: Status = Gone", "where: upn = ",
		"date column: Last Day", "date format: %d.%m.%Y", "date zone: Europe/Oslo", "as of: 2026-11-22 12:00:01 +01:00",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestRunAgain writes the rows that passed under the header of Columns, as
// retry.csv does, and reads them with the same options: they pass again.
func TestRunAgain(t *testing.T) {
	opt := Options{Key: batch.ByEmployeeID, Where: []string{"Status=Gone", "Site=-1"}, DateGate: &DateGate{Column: "end", Format: "%d.%m.%Y", Zone: cet, AsOf: noon}}
	r, err := open(text("note,end,Status,id,employeeId,Site\nx,1.2.2026,gone,,00042,-1\nx,1.2.2027,gone,,00043,-1\nx,2.2.2026,Gone,,E 44,-1\n"), opt)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Write(headersOf(r.columns))
	var first []batch.Row
	for row, err := range r.Rows() {
		if err == nil {
			first = append(first, row)
			w.Write(row.Cells)
		}
	}
	w.Flush()
	again, bad := read(t, b.String(), opt)
	if len(first) != 2 || len(again) != 2 || len(bad) != 0 {
		t.Fatalf("%+v, again %+v, bad %v", first, again, bad)
	}
	for i := range again {
		again[i].Seq, again[i].Line = first[i].Seq, first[i].Line
		if !reflect.DeepEqual(again[i], first[i]) {
			t.Errorf("%+v, again %+v", first[i], again[i])
		}
	}
}

// TestWhereKnowsOneComparison holds that no other comparison is read as column = value,
// unless a header is written so, and that two values of one column are refused.
func TestWhereKnowsOneComparison(t *testing.T) {
	const only = "--where knows only COLUMN=VALUE"
	for _, c := range []struct {
		header string
		where  []string
		want   string // in the error, or else the setting
	}{
		{"Status", []string{"Status=Active"}, "Status = Active"},
		{"Status", []string{" s-t_a.t us =Active"}, "Status = Active"},
		{"Status", []string{"Status!=Active"}, only},
		{"Status", []string{"Status != Active"}, only},
		{"Status", []string{"!Status=Active"}, only},
		{"Status", []string{"Status<=Active"}, only},
		{"Status", []string{"Status>=Active"}, only},
		{"Status", []string{"Status~=Active"}, only},
		{"Status", []string{"Status:=Active"}, only},
		{"Status", []string{"Status^=Active"}, only},
		{"Status", []string{"Status*=Active"}, only},
		{"Status", []string{"Status==Active"}, only},
		{"Status", []string{"Status = = Active"}, only},
		{"Status", []string{"Status=~Active"}, only},
		{"Status", []string{"Status=!Active"}, only},
		{"Status", []string{"Status=<>Active"}, only},
		{"Status", []string{"Status<>=Active"}, only},
		{"Status", []string{"Status\uff01=Active"}, "no column"},
		{"Status", []string{"Status?=Active"}, "no column"},
		{"Status!", []string{"Status=Active"}, "no column"},
		{"Status!", []string{"Status!=Active"}, "Status! = Active"},
		{"Status=", []string{"Status==Active"}, "Status= = Active"},
		{"a=b", []string{"a=b=c"}, "a=b = c"},
		{"Status", []string{"Status=a==b"}, "Status = a==b"},
		{"Status", []string{"Status=<none>"}, "Status = <none>"},
		{"Status", []string{"Status="}, "Status = "},
		{"Status", []string{"Status=Left", "STATUS=Retired"}, `no row can meet both --where "Status=Left" and --where "STATUS=Retired"`},
		{"Status", []string{"Status=Left", "STATUS=left"}, "Status = left"},
	} {
		r, err := open(text("upn,"+c.header+"\n"), Options{Where: c.where})
		var got string
		if err != nil {
			got = err.Error()
		} else {
			for _, s := range r.settings {
				if s.Name == "where" {
					got = s.Value
				}
			}
		}
		if err == nil && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("header %q, --where %q: %s, want %s", c.header, c.where, got, c.want)
		}
	}
}
