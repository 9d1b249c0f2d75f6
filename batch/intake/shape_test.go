package intake

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"offboard/batch"
	"offboard/batch/intake/source"
)

// A NUL stands in no file, so a row that has one is not written for another run.
func TestCellsWithNUL(t *testing.T) {
	_, bad := read(t, `[{"upn":"a@x\u0000"},{"upn":"b@x","mail":"b@x\u0000"}]`, Options{})
	if len(bad) != 2 || bad[0].Row.Cells != nil || bad[1].Row.Cells != nil || !strings.Contains(bad[0].Reason, "a NUL character") {
		t.Errorf("%+v", bad)
	}
}

// A header is found below a title, and never among rows.
func TestHeaderBelowATitle(t *testing.T) {
	for _, c := range []struct {
		name, input string
		opt         Options
		want        string // shape, or the error
	}{
		{"title", "Leavers,,\nRun on 2026-11-25 06:00,,\n,,\nName,UPN,n\nA,a@x,1\n", Options{}, "~1 ~2 ~3 +5"},
		{"title of one column", "Leavers\n\nUPN\na@x\n", Options{}, "~1 ~2 +4"},
		{"title of two cells over a header of three", "Report,Leavers,\n\nName,UPN,n\nA,a@x,1\n", Options{}, "~1 ~2 +4"},
		{"names of groups of columns", "Employee,,Manager,\nName,Mail,Name,UPN\nA,a@x,B,b@x\n", Options{}, "if the header is line 2, say so with --header-line 2"},
		{"a name of a group", ",,Manager,\nName,Mail,Name,UPN\nA,a@x,B,b@x\n", Options{}, "if the header is line 2, say so with --header-line 2"},
		{"a title as wide as the header", "Report,Leavers\nName,UPN\nA,a@x\n", Options{}, `line 1: no column is known to name users: choose the one that holds object ids or user principal names with --column NAME; columns seen: "Report", "Leavers"; if the header is line 2, say so with --header-line 2`},
		{"and said to be one", "Report,Leavers\nName,UPN\nA,a@x\n", Options{HeaderLine: 2}, "~1 +3"},
		{"rows above what looks like a header", "Who,What\nb@x,1\nUPN,n\na@x,1\n", Options{}, "line 1: a user is named above line 3, which seems to be the header"},
		{"names of properties in an audit log", "Activity,Property,Value\nUpdate user,UserPrincipalName,a@x\n", Options{}, "no column is known to name users"},
		{"30 lines of title", strings.Repeat("x\n", 30) + "UPN\na@x\n", Options{}, "~1 ~2 ~3 ~4 ~5 ~6 ~7 ~8 ~9 ~10 ~11 ~12 ~13 ~14 ~15 ~16 ~17 ~18 ~19 ~20 ~21 ~22 ~23 ~24 ~25 ~26 ~27 ~28 ~29 ~30 +32"},
		{"31 lines of title", strings.Repeat("x\n", 31) + "UPN\na@x\n", Options{}, "no column is known to name users"},
		{"31 lines, and a number", strings.Repeat("x\n", 31) + "UPN\na@x\n", Options{HeaderLine: 32}, strings.TrimPrefix(skips(31), " ") + " +33"},
		{"title, and a header that needs a key", "Leavers\nName,E-Mail\nA,a@x\n", Options{}, `line 2: no column is known to hold object ids or user principal names: give --key mail (column "E-Mail")`},
		{"semicolons and a header of two words", "User;Name\na@x;A\n", Options{}, `no column is known to name users: choose the one that holds object ids or user principal names with --column NAME; columns seen: "User", "Name"`},
		{"a quote in the title", "5\" screens\nUPN\na@x\n", Options{}, "~1 +3"},
		{"a quote in the header", "UPN,5\" screens\na@x,1\n", Options{}, "line 1: the header has a quote in the wrong place"},
		{"a title, and a quote in the header", "Leavers\nUPN,5\" screens\na@x,1\n", Options{}, "line 2: the header has a quote in the wrong place"},
		{"line within a record", "\"a\nb\",UPN\nx,a@x\n", Options{HeaderLine: 2}, "--header-line 2 is no line on which a header begins"},
		{"line beyond the end", "UPN\na@x\n", Options{HeaderLine: 9}, "--header-line: the input has no line 9"},
		{"line of a row", "UPN\na@x\nb@x\n", Options{HeaderLine: 2}, "this looks like a row"},
		{"no header", "x,a@x\ny,b@x\n", Options{NoHeader: true, Column: "2"}, "+1 +2"},
		{"no header, and a gate", "x,a@x,gone\ny,b@x,here\n", Options{NoHeader: true, Column: "2", Where: []string{"3=gone"}}, "+1 =2"},
		{"no such number", "x,a@x\n", Options{NoHeader: true, Column: "3"}, `no column "3"`},
		{"no header, no column", "a@x\n", Options{NoHeader: true}, "--no-header: say which column names the users by its number: --column 1 is the first"},
		{"a row of names", "a@x,b@x,c@x\n", Options{NoHeader: true, Column: "1"}, "line 1: cell 2 names a user, too, and only column 1 is read"},
		{"a row of names, of which one is left out", "a@x,b@x\n", Options{NoHeader: true, Column: "1", Ignore: []string{"2"}}, "+1"},
		{"a name above the header", "Approved by,boss@x\nName,UPN\nA,a@x\n", Options{}, "line 1: a user is named above line 2, which seems to be the header: if those lines are no rows, say so with --header-line 2"},
		{"a title, and no known column", "Leavers\nWho,What\nA,a\n", Options{}, `line 2: no column is known to name users: choose the one that holds object ids or user principal names with --column NAME; columns seen: "Who", "What"`},
		{"both", "a@x\n", Options{NoHeader: true, Column: "1", HeaderLine: 2}, "leave one of the two out"},
		{"a heading of rows", "upn,n\na@x,1\nDo not disable,\nb@x,1\n", Options{}, "+2 -3 -4"},
		{"a cell like a heading, and nothing below", "upn,n\na@x,1\nnot known yet,\n", Options{}, "+2 -3"},
		{"a heading, and the header again", "upn,n\na@x,1\nManagers:,\nupn,n\nb@x,1\n", Options{}, "+2 ~3 ~4 -5"},
		{"a heading in a list", "a@x\nManagers:\nb@x\n", Options{}, "+1 ~2 -3"},
		{"a heading of nothing", "upn,n\na@x,1\nNotes:,\n", Options{}, "+2 ~3"},
		{"somebody without a name", "name,upn\nLena Fors,\nA,a@x\n", Options{}, "-2 +3"},
		{"a signature", "upn,n\na@x,1\n\"Best regards,\",\nb@x,1\n", Options{}, "+2 -3 -4"},
		{"dashes below the header", "upn,n\n---,----\na@x,-\n===,\n", Options{}, "~2 +3 ~4"},
		{"cells beyond the header", "upn\na@x,,\nb@x,,x\n", Options{}, "+2 -3"},
		{"joined files", "upn,n\na@x,1\n\ufeffupn,n\n\ufeff\"b@x\",2\nc@x,\ufeff\"3,4\"\n", Options{}, "+2 ~3 +4 +5"},
	} {
		isShape := strings.IndexByte("~+", c.want[0]) >= 0
		if got := shapeOrError(t, c.input, c.opt); got != c.want && (isShape || !strings.Contains(got, c.want)) {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

func skips(n int) (s string) {
	for i := range n {
		s += fmt.Sprint(" ~", i+1)
	}
	return s
}

func shapeOrError(t *testing.T, input string, opt Options) string {
	t.Helper()
	if _, err := open(text(input), opt); err != nil {
		return err.Error()
	}
	return shape(t, input, opt)
}

// A row that lacks cells at its end is read where none of those that are read can be that
// of another column.
func TestRowsThatLackCells(t *testing.T) {
	gate := Options{DateGate: &DateGate{Column: "Last day", AsOf: noon}}
	gone := Options{Where: []string{"Status=Gone"}}
	for _, c := range []struct {
		name, header, row string
		opt               Options
		want              string
	}{
		{"the name first", "upn,a,b", "a@x", Options{}, "+2"},
		{"the name first, and more", "upn,a,b", "a@x,1", Options{}, "+2"},
		{"a name that may be the manager's", "upn,manager", "m@x", Options{}, "-2"},
		{"the name first, and the manager", "upn,manager,a", "a@x,m@x", Options{}, "+2"},
		{"an employee id first", "employeeId,a,b", "17,1", Options{Key: batch.ByEmployeeID}, "-2"},
		{"a password that looks like a name", "name,upn,password", "A,p@ss.word", Options{}, "-2"},
		{"id and name", "n,id,upn,a,b", "N," + guidA + ",a@x", Options{}, "+2"},
		{"id and name, shifted", "n,id,upn,a,b", guidA + ",a@x,1", Options{}, "-2"},
		{"two addresses say nothing of a shift", "n,upn,mail,a", "a@x,b@x", Options{}, "-2"},
		{"a day", "n,upn,Last day,a", "N,a@x,2026-01-01", gate, "+2"},
		{"a day that may be that of another column", "upn,Last day,Rehire date,a", "a@x,2026-01-01", gate, "-2"},
		{"no day where one belongs", "upn,Last day,a", "a@x,Sales", gate, "-2"},
		{"the day is missing", "upn,a,Last day", "a@x,1", gate, "=2"},
		{"a status", "n,upn,Status,a", "N,a@x,gone", gone, "+2"},
		{"another status may be a shifted cell", "upn,Status,a", "a@x,Sales", gone, "-2"},
		{"the status is missing", "upn,a,Status", "a@x,1", gone, "=2"},
		{"an employee id has no shape", "n,employeeId,upn,a", "N,17,a@x", Options{}, "-2"},
		{"nobody is named", "n,upn,a", "N", Options{}, "-2"},
		{"a name and an id may be those of the next columns", "state,id,mail,upn,manager,left", guidA + ",,b@x,c@x,x", Options{}, "-2"},
		{"two cells are lost", "n,a,upn,manager,b", "m@x", Options{}, "-2"},
		{"what stands beside the name is none", "id,upn,n,mail,site", guidA + ",a@x,b@x,Rome", Options{}, "-2"},
	} {
		if got := shape(t, c.header+"\n"+c.row+"\n", c.opt); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A name that lacks its quotes, and a last cell that is missing, set the manager below the
// header of the user, in a row of the right length.
func TestRowsThatShifted(t *testing.T) {
	for _, c := range []struct {
		name, header, row string
		opt               Options
		want              string
	}{
		{"shifted", "Name,Manager,UPN,Note", "Doe, Bob,m@x,b@x", Options{}, "-2"},
		{"shifted, with a cell too many", "Name,Manager,UPN,Note", "Doe, Bob,m@x,b@x,", Options{}, "-2"},
		{"an address that is said to belong there", "Name,Buddy,UPN,Note", "Doe,Bob,m@x,b@x", Options{Ignore: []string{"note"}}, "+2"},
		{"a manager behind", "Name,Buddy,UPN,Manager UPN", "Doe,Bob,m@x,b@x", Options{}, "+2"},
		{"a name before, which is no address", "Name,UPN,Note", "Doe,a@x,b@x", Options{}, "+2"},
		{"an address before", "Buddy,UPN,Note", "c@x,a@x,b@x", Options{}, "+2"},
		{"the name first", "UPN,Note", "a@x,b@x", Options{}, "+2"},
		{"ids shifted", "displayName,managerId,id,jobTitle", "Doe, Bob," + guidA + "," + guidB, Options{}, "-2"},
		{"id and name", "Buddy,id,UPN,Note", "Bob," + guidA + ",a@x,b@x", Options{}, "+2"},
	} {
		if got := shape(t, c.header+"\n"+c.row+"\n", c.opt); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Bytes that are no UTF-8 cost nothing in a cell that nobody reads, and are named in one
// that is read.
func TestBytesThatAreNoText(t *testing.T) {
	for _, c := range []struct{ input, want string }{
		{"upn,n\xe9\na@x,\xe9\n", ""},
		{"upn,n\n\xe9@x,1\n", "byte 1 of line 2 (0xE9) is not UTF-8: say how the file is encoded, such as --encoding windows-1252"},
		{"n,upn\n\"1\n\xe9\",  \"b\xe9@x\"\n", "byte 7 of line 3 (0xE9) is not UTF-8"},
		{"upn,Status\na@x,gone\xff\n", "byte 9 of line 2 (0xFF) is not UTF-8"},
	} {
		_, bad := read(t, c.input, Options{Where: whereIf(c.input)})
		got := ""
		if len(bad) > 0 {
			got = bad[0].Reason
		}
		if len(bad) > 1 || !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%q: %q, want %q", c.input, got, c.want)
		}
	}
}

func whereIf(input string) []string {
	if strings.Contains(input, "Status") {
		return []string{"Status=gone"}
	}
	return nil
}

// Several files are read one after the other, each by its own header, and every row and
// line says which it is of.
func TestSeveralFiles(t *testing.T) {
	in := func(name, s string) source.Input { i := text(s); i.Name = name; return i }
	berlin := in("berlin.csv", "upn,Status\n\na@x,gone\nb@x,here\n")
	paris := in("paris.csv", "Leavers;;\nStatus;Name;UPN\ngone;C;c@x\ngone;D;bad\n")
	var got []string
	opt := Options{Where: []string{"status=gone"}, Skip: func(s batch.Skip) { got = append(got, fmt.Sprint("~", s.File, " ", s.Line)) }}
	f, err := Open([]source.Input{berlin, paris}, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for row, err := range f.Rows() {
		mark := "+"
		if bad, is := errors.AsType[*batch.RowError](err); is {
			mark, row = "-", bad.Row
		} else if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(mark, row.Seq, " ", row.File, " ", row.Line, " ", strings.Join(row.Cells, "|")))
	}
	want := "~paris.csv 1, ~berlin.csv 2, +1 berlin.csv 3 a@x|gone, -2 berlin.csv 4 b@x|here, +3 paris.csv 3 c@x|gone, -4 paris.csv 4 bad|gone"
	if s := strings.Join(got, ", "); s != want || fmt.Sprint(f.Columns(), f.Lines()) != "[upn Status] [4 4]" {
		t.Errorf("got %s, columns %q, lines %d\nwant %s", s, f.Columns(), f.Lines(), want)
	}
	found, err := TakeSurvey([]source.Input{berlin, paris}, Options{Where: opt.Where}, time.Now())
	if err != nil || found.Rows != 2 || len(found.Unmet) != 0 || len(found.Kept) == 0 {
		t.Errorf("%+v %v", found, err)
	}
	if _, err := Open([]source.Input{berlin, in("x.csv", "upn\na@x\n")}, Options{Where: opt.Where}); err == nil || !strings.HasPrefix(err.Error(), `line 1 of x.csv: no column "status"`) {
		t.Error(err)
	}
	last := error(nil)
	if f, err = Open([]source.Input{in("a.csv", "upn\na@x\n"), in("b.csv", "upn,n\nb@x,1\nn,upn\n1,c@x\n")}, Options{}); err == nil {
		for _, last = range f.Rows() {
		}
	}
	if last == nil || !strings.HasPrefix(last.Error(), "line 3 of b.csv: a second table") {
		t.Error(err, last)
	}
}
