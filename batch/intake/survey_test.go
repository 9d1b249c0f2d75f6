package intake

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/intake/source"
	"offboard/batch/intake/vocab"
)

// looked is what the survey finds in an input, or the error.
func looked(t *testing.T, input string, opt Options) (Survey, error) {
	t.Helper()
	return TakeSurvey([]source.Input{text(input)}, opt, noon)
}

// TestStay holds which columns count as HR columns by which people stay: by name and
// cells together, while no gate looks at that column. Rows that pass the gates count.
func TestStay(t *testing.T) {
	gate := &DateGate{Column: "Last day", AsOf: noon}
	for _, c := range []struct {
		name  string
		opt   Options
		input string
		want  string // column, rows and what is said, one a line; "" for none
	}{
		{"status", Options{}, "upn,Status\na@x,Active\nb@x,Inactive\nc@x,On leave\n", "Status 2 Active, On leave (Inactive)"},
		{"all left", Options{}, "upn,Status\na@x,Terminated\nb@x,Retired\n", ""},
		{"German", Options{}, "upn,Mitarbeiterstatus\na@x,AKTIV\nb@x,ausgeschieden\n", "Mitarbeiterstatus 1 AKTIV (ausgeschieden)"},
		{"French, accents apart", Options{}, "upn,Statut de l\u2019employe\u0301\na@x,En conge\u0301\nb@x,Sorti\n", "Statut de l\u2019employe\u0301 1 En conge\u0301 (Sorti)"},
		{"Spanish", Options{}, "upn,Estado\na@x,Activo\nb@x,Baja\n", "Estado 1 Activo (Baja)"},
		{"more behind the word", Options{}, "upn,Employment Status\na@x,Active - US\nb@x,Terminated (vol.)\nc@x,TERMINATED\n", "Employment Status 2 Active - US, Terminated (vol.) (TERMINATED)"},
		{"employment", Options{}, "upn,Employment\na@x,Active\nb@x,Leaver\n", "Employment 1 Active (Leaver)"},
		{"state", Options{}, "upn,State\na@x,Employed\nb@x,Exited\n", "State 1 Employed (Exited)"},
		{"state of a country", Options{}, "upn,State\na@x,CA\nb@x,WA\nc@x,A\n", ""},
		{"German in ASCII", Options{}, "upn,Beschaeftigung\na@x,Beschaeftigt\nb@x,ausgetreten\nc@x,gekuendigt\n", "Beschaeftigung 1 Beschaeftigt (ausgetreten, gekuendigt)"},
		{"German", Options{}, "upn,Beschäftigungsstatus\na@x,aktiv\nb@x,Austritt\n", "Beschäftigungsstatus 1 aktiv (Austritt)"},
		{"French without accents", Options{}, "upn,Statut salarie\na@x,en conge\nb@x,demissionne\n", "Statut salarie 1 en conge (demissionne)"},
		{"a word that nobody knows", Options{}, "upn,Status\na@x,Pending\nb@x,Left\n", "Status 1 Pending (Left)"},
		{"words that nobody knows", Options{}, "upn,Status\na@x,Blue\nb@x,Green\nc@x,Active\n", "Status 3 Active, Blue, Green ()"},
		{"the status of a log line", Options{}, "upn,Status\na@x,Success\na@x,Failure\nb@x,Interrupted\n", ""},
		{"of an account", Options{}, "upn,accountEnabled\na@x,True\nb@x,False\n", ""},
		{"active or not", Options{}, "upn,Active\na@x,Yes\nb@x,No\n", "Active 1 Yes (No)"},
		{"leaver or not", Options{}, "upn,Is leaver\na@x,FALSE\nb@x,TRUE\n", "Is leaver 1 FALSE (TRUE)"},
		{"numbers of who is active", Options{}, "upn,Active\na@x,2\nb@x,0\nc@x,yes\n", "Active 2 2, yes (0)"},
		{"a gate on who is active", Options{Where: []string{"Active=no"}}, "upn,Active,Last day\na@x,No,2026-01-31\nb@x,Yes,2026-01-31\n", ""},
		{"of a risk", Options{}, "upn,RiskState\na@x,atRisk\nb@x,active\n", ""},
		{"of an invitation", Options{}, "upn,invitationState\na@x,Accepted\nb@x,Active\n", ""},
		{"of the manager", Options{}, "upn,Manager status\na@x,Active\n", ""},
		{"of rows that name nobody", Options{}, "upn,Status\nx,Active\nb@x,Left\n", ""},

		{"a day to come", Options{}, "upn,Termination Date\na@x,2026-11-21\nb@x,2026-12-31\n", "Termination Date 1 day to come"},
		{"today is not over", Options{}, "upn,Last day\na@x,2026-11-22\n", "Last day 1 day to come"},
		{"none", Options{}, "upn,terminationDate\na@x,2026-11-21\nb@x,0000-00-00\nc@x,\n", "terminationDate 2 no day"},
		{"both", Options{}, "upn,LastWorkingDate\na@x,2027-01-01T00:00:00Z\nb@x,\n", "LastWorkingDate 2 day to come: 1, no day: 1"},
		{"as people write dates", Options{}, "upn,Austrittsdatum\na@x,31.12.2026\nb@x,1.2.2026\nc@x,31-Dec-26\nd@x,12/31/2026 10:00:00 AM\n", "Austrittsdatum 3 day to come"},
		{"the day or the month may come first", Options{}, "upn,Last day\na@x,12/11/2026\n", "Last day 1 day to come"},
		{"all gone", Options{}, "upn,Leaving date\na@x,2026-01-31\nb@x,1/2/2026\nc@x,\"Jan 5, 2026\"\n", ""},
		{"no dates", Options{}, "upn,Last day\na@x,soon\nb@x,later\nc@x,\n", "Last day 3 no day: 1, not understood: 2"},
		{"numbers of a spreadsheet", Options{}, "upn,Last day\na@x,47848\nb@x,44196\n", "Last day 2 not understood"},
		{"months", Options{}, "upn,Termination Date\na@x,2030-12\nb@x,2020-01-31\n", "Termination Date 1 not understood"},
		{"seconds", Options{}, "upn,Termination Date\na@x,1924905600\nb@x,2020-01-31\nc@x,2020-01-31\n", "Termination Date 1 not understood"},
		{"a word", Options{}, "upn,End date\na@x,TBD\nb@x,2020-01-31\nc@x,2098-01-31\n", "End date 2 day to come: 1, not understood: 1"},
		{"no such day", Options{}, "upn,End date\na@x,2020-02-30\n", "End date 1 not understood"},
		{"notice was given", Options{}, "upn,ResignationDate\na@x,2027-01-01\n", ""},

		{"a date gate", Options{DateGate: gate}, "upn,Status,Last day\na@x,Active,2026-12-31\n", ""},
		{"a date gate, and a rehired person", Options{DateGate: gate}, "upn,Status,Last day\na@x,Active,2025-12-31\nb@x,Left,2026-12-31\n", "Status 1 Active (Left)"},
		{"a date gate, and most passing words unknown", Options{DateGate: gate}, "upn,Status,Last day\na@x,Active,2025-12-31\nb@x,Blue,2025-12-31\nc@x,Green,2025-12-31\nd@x,Left,\n", "Status 3 Active, Blue, Green (Left)"},
		{"a date gate, and a column of days", Options{DateGate: gate}, "upn,Last day,Contract End\na@x,2025-12-31,2026-11-22\n", "Contract End 1 day to come"},
		{"a date gate from the start of the day", Options{DateGate: &DateGate{Column: "Last day", AsOf: noon, StartOfDay: true}}, "upn,Last day,Contract End\na@x,2026-11-22,2026-11-22\n", ""},
		{"a date gate of another now", Options{DateGate: &DateGate{Column: "Last day", AsOf: noon.AddDate(1, 0, 0)}}, "upn,Last day,Contract End\na@x,2027-01-01,2027-01-01\n", ""},
		{"a date gate that says which number is the day", Options{DateGate: &DateGate{Column: "Last day", AsOf: noon, Format: "%m/%d/%Y"}}, "upn,Last day,Contract End\na@x,1/12/2026,1/12/2026\n", ""},
		{"a gate on each", Options{DateGate: gate, Where: []string{"Status=Active"}}, "upn,Status,Last day\na@x,Active,2025-12-31\n", ""},
		{"a column that is left out", Options{DateGate: gate, Ignore: []string{"status"}}, "upn,Status,Last day\na@x,Active,2025-12-31\n", ""},
		{"a gate on the status", Options{Where: []string{"Status=Left"}}, "upn,Status,Last day\na@x,Left,2026-12-31\nb@x,Active,2026-12-31\n", "Last day 1 day to come"},
		{"rows that agree", Options{Where: []string{"Status=Left"}}, "upn,Status,Last day\na@x,Left,2026-01-31\nb@x,Active,2026-12-31\n", ""},
		{"a gate on the status of a log line", Options{Where: []string{"Status=Success"}}, "upn,Status,Last day\na@x,Success,2026-12-31\nb@x,Failure,2026-12-31\n", "Last day 1 day to come"},
		{"a gate on a day", Options{Where: []string{"Last day=2026-12-31"}}, "upn,Last day\na@x,2026-12-31\n", ""},
		{"a gate on something else", Options{Where: []string{"Site=Rome"}}, "upn,Status,Site\na@x,Active,Rome\nb@x,Active,Bonn\n", "Status 1 Active ()"},
	} {
		s, err := looked(t, c.input, c.opt)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var got []string
		for _, col := range s.Stay {
			line := fmt.Sprintf("%s %d %s", col.Column, col.Rows, col.Said)
			if !col.Dates {
				line += " (" + strings.Join(col.Gone, ", ") + ")"
			}
			got = append(got, line)
		}
		if text := strings.Join(got, "\n"); text != c.want {
			t.Errorf("%s: %q, want %q", c.name, text, c.want)
		}
	}
}

// TestWhatCountsAsStatus holds of every header and the cells below it which of them say
// that people stay. The rows pass, since there is no gate.
func TestWhatCountsAsStatus(t *testing.T) {
	for _, c := range []struct{ headers, cells, want string }{
		// Yes and no, where the name is one of HR.
		{"Active Status|Active_Status|Active|Currently Active|Active (Y/N)|Active Flag|Exclude|Do not disable|Don't touch|Skip?", "Yes No", "Yes"},
		{"Active Status|Aktiv", "1 0", "1"},
		{"Active Status|Aktiv", "Ja Nein", "Ja"},
		{"Active Status|Active", "y n", "y"},
		{"Active Status|Active", "TRUE FALSE", "TRUE"},
		{"Status|Employment Status|Worker Status|Employee Status|Beschäftigungsstatus", "Yes No 1 0 Ja Nein", "0 1 Ja Nein No"}, // of what?
		{"Active Status|Active", "T F", "T"},
		{"Employment Status|Status", "T F", "F t (perhaps true)"}, // terminated and full-time, or true and false
		{"Employment Status|Status", "T A F", "A F"},              // terminated
		{"Status (HR)|Status 2026", "Terminated Active", "Active"},
		{"Active|Aktiv|Active Status|Leaver|Inactive|Termination Status", "Active Terminated", "Active"},
		{"Active|Aktiv|Active Status|Leaver", "Aktiv Inaktiv", "Aktiv"},
		{"Leaver|Leaver Status|Termination Status|Is Terminated", "Yes No", "No"},
		{"Leaver|Left|Terminated", "2026-01-31 31.12.2098", "day to come"},
		{"STAT2|P0000-STAT2|Employment Status (STAT2)", "3 0 1 2", "1 3"},
		{"STAT2", "active withdrawn inactive", "active inactive"},

		// What is not understood.
		{"Status|Statut|Current Status|Employment Status|HR Status|Worker Status|Worker Status Code", "Yes No Foo", "Foo No Yes"},
		{"Active Status|Active", "Yes No Foo", "Foo Yes"},
		{"Status|Statut|Employment Status|Worker Status Description|Active Status|Active|Leaver", "Foo 47848 TBD", "47848 Foo TBD"},
		{"Status|Employment Status|Active", "Terminated NULL", "NULL"},
		{"Current Employment Status|Employee Active Status|HR Status|Emp_Status_Desc|EMPL_STATUS|Staff status|Is active (flag)|Worker Status Type|Employee Status Group", "Foo Terminated", "Foo"},
		{"Status|Employment Status|Active|STAT2", "Terminated/Rehired Left-re-hired Terminated-no-rehire Ausgeschieden(wiedereingestellt)", "Ausgeschieden(wiedereingestellt) Left-re-hired Terminated-no-rehire Terminated/Rehired"},
		{"Status [HR]|Employment Status (2026)|Status per 31.12.2025|Status 2|Position Status|Emp Status Cd", "Leaver Terminated? Notice-period", "Notice-period Terminated?"},
		{"Status|Employment Status", "Terminated Foo Foo Foo Left", "Foo"},
		{"Employment Status|HR Status", "Success", "Success"},
		{"Status", "Success Foo TBD", "Foo Success TBD"},
		{"Status", "Disabled Disabled Active", "Active Disabled"},
		{"State|Estado|Stato", "Rome Bonn Employed", "Bonn Employed Rome"},

		// Words of having left, and no word at all.
		{"Status|Employment Status|Active|Active Status|State", "Terminated Left Retired", ""},
		{"Status|Employment Status|Active|Leaver", "n/a - NULL", ""},
		{"Active|Active Status|STAT2", "0 0", ""},
		{"Active|Active Status", "No Nein false n", ""},
		{"Leaver|Leaver Status", "Yes Ja true 1 x", ""},
		{"Leaver|Left|Terminated", "2026-01-31 31.12.2025", ""},
		{"Status|Employment Status", "Resigned Voluntary_Termination Deceased Pensionär", "Voluntary_Termination"},

		// Logs, accounts and addresses.
		{"Status", "Success Failure Interrupted", ""},
		{"Status", "Success Failure 50126", ""},
		{"Status", `{"errorCode":0} {"errorCode":50126}`, ""},
		{"Status", "Enabled Disabled", ""},
		{"State|Estado|Stato", "CA WA A NO", ""},
		{"State|Estado", "Rome Bonn", ""},
		{"Sign-in status|Account status|Employee Account Status|Employee Training Status|Marital Status|Work State|License status|MFA status|RiskState|accountEnabled|Account enabled|Device status|Status Code|Order Status|invitationState", "Active Yes Foo 1", ""},
	} {
		for header := range strings.SplitSeq(c.headers, "|") {
			var b strings.Builder
			w := csv.NewWriter(&b)
			w.Write([]string{"upn", header})
			for i, cell := range strings.Fields(c.cells) {
				w.Write([]string{fmt.Sprintf("u%d@x", i), cell})
			}
			w.Flush()
			s, err := looked(t, b.String(), Options{})
			var got []string
			for _, col := range s.Stay {
				got = strings.Split(col.Said, ", ")
			}
			slices.Sort(got)
			if text := strings.Join(got, " "); err != nil || text != c.want {
				t.Errorf("%s, %s: %q, %v, want %q", header, c.cells, text, err, c.want)
			}
		}
	}
}

// TestUnmet holds what is said of a condition that no row meets.
func TestUnmet(t *testing.T) {
	const rows = "upn,Status,Site\na@x,Terminated,Rome\nb@x,Terminated,Bonn\nc@x,Active,Rome\n"
	for where, want := range map[string][]string{
		"Status=Resigned": {"Terminated", "Active"}, "Status=terminated": nil, "Site=Ghent": {"Rome", "Bonn"},
		"Status=": {"Terminated", "Active"},
	} {
		s, err := looked(t, rows, Options{Where: []string{where}})
		if err != nil || len(s.Unmet) != min(1, len(want)) || want != nil && !slices.Equal(s.Unmet[0].Seen, want) {
			t.Errorf("%s: %+v, %v, want %q", where, s.Unmet, err, want)
		}
	}
	// What is nearly a word of people who left is a slip. Another word may be one of another night.
	for _, other := range []string{"Status=Pensioned", "Status=Terminated - voluntary", "Status=Te", "Status=Active", "Site=Term"} {
		if s, err := looked(t, rows, Options{Where: []string{other}}); err != nil || len(s.Unmet) != 1 && other != "Status=Active" {
			t.Errorf("%s: %+v, %v", other, s.Unmet, err)
		}
	}
	for _, slip := range []string{"Status=Terminted", "Status=Term", "Status=Terminated*", "Status=Terminated,Active"} {
		if s, err := looked(t, rows, Options{Where: []string{slip}}); err == nil || !strings.Contains(err.Error(), `give --where "Status=Terminated"`) {
			t.Errorf("%s: %+v, %v", slip, s.Unmet, err)
		}
	}
	// Each condition by itself, and few values, cut short.
	long := "upn,Status\n"
	for i := range 2000 {
		long += fmt.Sprintf("u%d@x,%s%d\n", i, strings.Repeat("x", 60), i)
	}
	s, err := looked(t, long, Options{Where: []string{"Status=y"}})
	if err != nil || len(s.Unmet) != 1 || len(s.Unmet[0].Seen) != fewValues || len(s.Unmet[0].Seen[0]) != longValue+len("...") {
		t.Errorf("%+v, %v", s.Unmet, err)
	}
	if s, err := looked(t, "upn,Status\n", Options{Where: []string{"Status=y"}}); err != nil || len(s.Unmet) > 0 {
		t.Errorf("no rows: %+v, %v", s.Unmet, err)
	}
}

// TestApart holds when two columns of one kind are a question: if they agree nowhere.
func TestApart(t *testing.T) {
	for input, want := range map[string]bool{
		"upn,user name\na@x,b@x\n":                           true,
		"upn,user name\na@x,b@x\nc@x,\n":                     true,
		"upn,user name\na@x,b@x\nc@x,C@x\n":                  false,
		"upn,user name\na@x,\n,b@x\n":                        true,
		"upn,user name\na@x,\n,b@x\nc@x,c@x\n":               false,
		"upn,user name\n":                                    false,
		"id,objectId,upn\n" + guidA + "," + guidB + ",a@x\n": true,
		"upn,manager upn\na@x,b@x\n":                         false,
	} {
		_, err := looked(t, input, Options{})
		if _, asks := errors.AsType[*InputError](err); asks != want || !asks && err != nil {
			t.Errorf("%q: %v, want a question: %v", input, err, want)
		}
	}
}

// TestKeeps holds which rows that a gate holds back say that their user stays.
func TestKeeps(t *testing.T) {
	gate := &DateGate{Column: "Last day", AsOf: noon}
	for _, c := range []struct {
		name  string
		opt   Options
		cells string // Status, Site, Last day, and perhaps Rehire Date
		want  bool
	}{
		{"no date", Options{DateGate: gate}, "Active,Rome,", true},
		{"later", Options{DateGate: gate}, "Terminated,Rome,2027-01-01", true},
		{"a date that nobody can judge", Options{DateGate: gate}, "Active,Rome,1/2/2026", true},
		{"passes", Options{DateGate: gate}, "Active,Rome,2026-01-01", false},
		{"HR status", Options{Where: []string{"Status=Terminated"}}, "Active,Rome,", true},
		{"a word that nobody knows", Options{Where: []string{"Status=Terminated"}}, "Pending,Rome,", true},
		{"a word that takes another back", Options{Where: []string{"Status=Terminated"}}, "Retired - rehired,Rome,", true},
		{"an empty status", Options{Where: []string{"Status=Terminated"}}, ",Rome,", false},
		{"n/a as a status", Options{Where: []string{"Status=Terminated"}}, "n/a,Rome,", false},
		{"another word for gone", Options{Where: []string{"Status=Terminated"}}, "Retired,Rome,", false},
		{"no word of an HR system", Options{Where: []string{"Status=Success"}}, "Failure,Rome,", false},
		{"a status in a column of dates", Options{Where: []string{"Last day=2026-01-01"}}, "Left,Rome,Active", true},
		{"came back", Options{Where: []string{"Rehire Date="}}, "Left,Rome,2020-01-01,2021-01-01", true},
		{"not come back", Options{Where: []string{"Rehire Date="}}, "Left,Rome,2020-01-01,", false},
		{"a filter of days beside a status", Options{Where: []string{"Rehire Date=2021-01-01", "Status=Left"}}, "Active,Rome,2020-01-01,2022-01-01", false},
		{"a mere filter", Options{Where: []string{"Site=Bonn"}}, "Active,Rome,", false},
		{"a filter beside a status", Options{Where: []string{"Status=Terminated", "Site=Bonn"}}, "Active,Rome,", false},
		{"a filter beside a date", Options{Where: []string{"Site=Bonn"}, DateGate: gate}, "Active,Rome,", false},
		{"a filter that the row meets", Options{Where: []string{"Status=Terminated", "Site=Rome"}}, "Active,Rome,", true},
	} {
		if strings.Count(c.cells, ",") == 2 {
			c.cells += ","
		}
		input := "upn,id,Status,Site,Last day,Rehire Date\na@x," + guidA + "," + c.cells + "\n"
		var keeps []batch.Claim
		if _, bad := read(t, input, c.opt); len(bad) == 1 {
			keeps = bad[0].Keeps
		}
		if got := len(keeps) == 2 && keeps[0].Value == "a@x" && keeps[1].Value == guidA; got != c.want || !c.want && keeps != nil {
			t.Errorf("%s: %+v, want %v", c.name, keeps, c.want)
		}
		s, err := looked(t, input+"b@x,"+guidB+",Terminated,Oslo,2026-01-01,\n", c.opt) // a date that can be read
		if err != nil || (len(s.Kept) > 0) != c.want {
			t.Errorf("%s: the survey keeps %d, %v", c.name, len(s.Kept), err)
		}
	}
}

// TestLookFindsWhatEndsTheReading finds what lies behind the first rows.
func TestLookFindsWhatEndsTheReading(t *testing.T) {
	rows := "upn,x\n" + strings.Repeat("a@x,1\n", 3000)
	for name, rest := range map[string]string{"second table": "x,upn\n1,b@x\n", "lost quote": "\"b@x,1\na@x,1\n"} {
		_, err := TakeSurvey([]source.Input{text(rows + rest)}, Options{}, time.Now())
		if _, ok := errors.AsType[*InputError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A column of which no date can be read ends the reading at once, with the format that
// its dates need where they show it.
func TestNoDateCanBeRead(t *testing.T) {
	for _, c := range []struct{ format, dates, want string }{
		{"", "31.10.2026,13.12.2025,03.12.2025", `holds no date such as 2026-12-31 (ISO 8601); it needs --date-format "%d.%m.%Y"`},
		{"", "3/12/2025,13/1/2025,,n/a", `it needs --date-format "%d/%m/%Y"`},
		{"", "12/31/2026", `it needs --date-format "%m/%d/%Y"`},
		{"", "03/04/2026", `it does not say which number is the day: say it with --date-format "%d/%m/%Y" or "%m/%d/%Y"`},
		{"", "2026/10/31,2025/1/2", `it needs --date-format "%Y/%m/%d"`},
		{"", "20261031,20250102", `it needs --date-format "%Y%m%d"`},
		{"", "31-Oct-2026", `it needs --date-format "%d-%b-%Y"`},
		{"", "3/12/2025 1:05 PM", `say it with --date-format "%d/%m/%Y %I:%M %p" or "%m/%d/%Y %I:%M %p"`},
		{"", "46022,46387,n/a,25570", `it needs --date-format "excel"`},
		{"", "46022,46387.5", `say how they are written with --date-format`},
		{"", "46022,102", `say how they are written with --date-format`},
		{"%d.%m.%Y", "46022", `it needs --date-format "excel"`},
		{"", "31.10.2026,soon", `it needs --date-format "%d.%m.%Y"`}, // soon is no date in any format
		{"", "31-Dec-25,1-Jan-27", `it needs --date-format "%d-%b-%y"`},
		{"", "Dec 31 2025", `it needs --date-format "%b %d %Y"`},
		{"", "1767139200,1798675200", `it needs --date-format "epoch"`},
		{"", "1.2.26", `it does not say which number is the day: say it with --date-format "%d.%m.%y" or "%m.%d.%y"`},
		{"", "10.2.26", `it does not say which number is the day: say it with --date-format "%d.%m.%y" or "%m.%d.%y" or "%y.%m.%d"`},
		{"", "31.12.2025,31/12/2027", `say how they are written with --date-format`},
		{"%Y/%m/%d", "31.10.2026", `holds no date of the form %Y/%m/%d (--date-format); it needs --date-format "%d.%m.%Y"`},
		{"", "31.10.2026,2026-10-31", ""},
		{"", ",n/a", ""},
	} {
		rows := "upn,end\n"
		for i, d := range strings.Split(c.dates, ",") {
			rows += fmt.Sprintf("u%d@contoso.example,%s\n", i, d)
		}
		_, err := TakeSurvey([]source.Input{text(rows)}, Options{DateGate: &DateGate{Column: "end", Format: c.format, AsOf: time.Now()}}, time.Now())
		switch e, is := errors.AsType[*InputError](err); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.dates, err)
		case c.want != "" && (!is || e.Option == "" || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", c.dates, err, c.want)
		}
	}
}

// No word says both that somebody stays and that somebody left.
func TestWordsOfOneMeaning(t *testing.T) {
	for _, words := range []vocab.StatusWords{vocab.Statuses[vocab.ListOf("Status")], vocab.Statuses[vocab.ListOf("Active")], vocab.Statuses[vocab.ListOf("Leaver")], vocab.Statuses[vocab.ListOf("State")], vocab.Statuses[vocab.ListOf("STAT2")]} {
		for w := range words.Stay {
			if words.Gone[w] {
				t.Error(w)
			}
		}
	}
}

// A row by which the person began again after the day of leaving ends ambiguous, and keeps the
// person; the others go.
func TestCameBack(t *testing.T) {
	gate := &DateGate{Column: "Last day", AsOf: noon}
	for _, c := range []struct {
		name    string
		opt     Options
		input   string
		columns string // that say so of a@x, and of what; "" when a@x goes
	}{
		{"hired again", Options{DateGate: gate}, "upn,Last day,Rehire Date\na@x,2020-05-31,2021-01-01\nb@x,2026-05-31,\n", "Rehire Date, Last day"},
		{"hired again, and left again", Options{DateGate: gate}, "upn,Last day,Rehire Date\na@x,2026-05-31,2021-01-01\n", ""},
		{"hired once", Options{DateGate: gate}, "upn,Last day,Hire Date,Original Hire Date,Start Date\na@x,2020-05-31,2019-01-01,2001-01-01,2020-05-31\n", ""},
		{"hired again, in other columns", Options{DateGate: gate}, "upn,Last day,Hire Date,Last Hire Date,Start Date,Eintritt\na@x,2020-05-31,,,,2020-06-01\n", "Eintritt, Last day"},
		{"without a gate", Options{}, "upn,Austritt,Wiedereintritt\na@x,31.5.2020,1.6.2020\n", "Wiedereintritt, Austritt"},
		{"with a gate on the status", Options{Where: []string{"Status=Left"}}, "upn,Status,Last day,Rehire Date\na@x,Left,2020-05-31,2021-01-01\n", "Rehire Date, Last day"},
		{"hired later by one reading", Options{DateGate: gate}, "upn,Last day,Hire Date\na@x,2026-02-01,1/3/2026\n", "Hire Date, Last day"},
		{"the reading of the date gate", Options{DateGate: &DateGate{Column: "Last day", AsOf: noon, Format: "%m/%d/%Y"}}, "upn,Last day,Hire Date\na@x,2/1/2026,1/3/2026\n", ""},
		{"hired later than one of the days of leaving", Options{}, "upn,Last day,Contract End,Hire Date\na@x,2026-01-31,2025-01-31,2025-02-01\n", "Hire Date, Contract End"},
		{"hired later than another day of leaving", Options{DateGate: gate}, "upn,Last day,Contract End,Hire Date\na@x,2026-01-31,2025-01-31,2025-02-01\n", ""},
		{"hired on no day", Options{DateGate: gate}, "upn,Last day,Rehire Date\na@x,2020-05-31,9999-12-31\n", ""},
		{"hired on a day that says nothing", Options{DateGate: gate}, "upn,Last day,Rehire Date\na@x,2020-05-31,n/a\n", ""},
		{"hired, and never left", Options{Ignore: []string{"Last day"}}, "upn,Last day,Rehire Date\na@x,2020-05-31,2021-01-01\n", ""},
		{"a column that does not count", Options{DateGate: gate, Ignore: []string{"Rehire Date"}}, "upn,Last day,Rehire Date\na@x,2020-05-31,2021-01-01\n", ""},
		{"all rows", Options{DateGate: gate, AllRows: true}, "upn,Last day,Rehire Date\na@x,2020-05-31,2021-01-01\n", ""},
	} {
		good, bad := read(t, c.input, c.opt)
		if c.columns == "" {
			if len(bad) > 0 {
				t.Errorf("%s: a@x is held back: %v", c.name, bad)
			}
			continue
		}
		hired, left, _ := strings.Cut(c.columns, ", ")
		if len(bad) != 1 || bad[0].Outcome != batch.Ambiguous || len(bad[0].Keeps) == 0 || !strings.HasPrefix(bad[0].Reason, hired+" is later than "+left+", so the person came back") {
			t.Errorf("%s: %v go, and %+v", c.name, good, bad)
			continue
		}
		if cells := strings.Join(bad[0].Row.Cells, ","); !strings.HasPrefix(strings.Split(c.input, "\n")[1], "a@x") || strings.Count(cells, ",") < 2 {
			t.Errorf("%s: the row cannot be run again with %q", c.name, cells)
		}
	}
}

// An input of which no row can be read, for one reason, is refused with that reason alone.
func TestNoRowCanBeRead(t *testing.T) {
	for _, c := range []struct {
		input, want string
		opt         Options
	}{
		{"upn\nada\nbo\n", "line 2: not a user principal name: there is no @; so it is in all 2 rows: nothing was planned", Options{}},
		{"upn,n\n\xe9@x,1\nb\xe8@x,1\n", "line 2: byte 1 of line 2 (0xE9) is not UTF-8: say how the file is encoded, such as --encoding windows-1252, or save it again as CSV UTF-8; so it is in all 2 rows: nothing was planned", Options{}},
		{"upn\nada\n", "", Options{}}, // one row is no rule
		{"upn\nada\na@x@y\n", "", Options{}},
		{"upn\nada\nbo\na@x\n", "", Options{}},
		{"upn,n\nada,1\nbo,1\na@x,2\n", "", Options{Where: []string{"n=1"}}},
	} {
		_, err := TakeSurvey([]source.Input{text(c.input)}, c.opt, noon)
		if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
			t.Errorf("%q: %v, want %s", c.input, err, c.want)
		}
	}
}

// Every word of a status that is not known says that somebody stays, however many there are.
func TestManyUnknownStatuses(t *testing.T) {
	var b strings.Builder
	b.WriteString("upn,Status,Note\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "u%d@x,word %d,note %d\n", i, i, i)
	}
	b.WriteString("last@x,Terminated,do not touch\n")
	s, err := looked(t, b.String(), Options{})
	if err != nil || len(s.Stay) != 2 || s.Stay[0].Rows != 3000 || s.Stay[1].Rows != 1 {
		t.Errorf("%v, %+v", err, s.Stay)
	}
}
