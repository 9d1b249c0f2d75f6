package intake

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/intake/source"
)

// text is an input of that text.
func text(s string) source.Input {
	return source.Input{Name: "in.csv", Bytes: strings.NewReader(s), Size: int64(len(s))}
}

// read reads everything, and fails the test if reading ends before the input does.
func read(t *testing.T, input string, opt Options) (good []batch.Row, bad []*batch.RowError) {
	t.Helper()
	r, err := open(text(input), opt)
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range r.Rows() {
		if b, ok := errors.AsType[*batch.RowError](err); ok {
			bad = append(bad, b)
		} else if err != nil {
			t.Fatal(err)
		} else {
			good = append(good, row)
		}
	}
	return good, bad
}

// TestRecords holds what becomes of the lines below a header, one character
// for each row, skip and error, with its line.
func TestRecords(t *testing.T) {
	const g = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
	for _, c := range []struct{ name, input, want string }{
		{"line ends", "upn\r\na@x\r\r\nb@x\nc@x", "+2 +3 +4"},
		{"lone carriage return", "upn\na@x\rb@x\nc@x", "-2 +3"},
		{"lines in a cell", "upn,n\na@x,\"1\r\n\r\n3\"\nb@x,\n", "+2 +5"},
		{"blanks", "upn,n\n\n , \n\"\",\" \"\na@x,\n,,,\n", "~2 ~3 ~4 +5 ~6"},
		{"both keys blank", "id,upn,n\n,,n\n", "-2"},
		{"one key of two", "id,upn\n" + g + ",\n,a@x\n" + g + ",a@x\n", "+2 +3 +4"},
		{"a bad key beside a good one", "id,upn\n" + g + ",a\nx,a@x\n", "-2 -3"},
		{"too few, too many", "upn,n\na@x\na@x,1,2\n", "+2 -3"},
		{"version line below", "upn\na@x\nversion:v1.0\nUPN\nb@x\n", "+2 ~3 ~4 +5"},
		{"version line below, then a row", "upn\na@x\nversion:v1.0\nb@x\n", "+2 ~3 !4"},
		{"version line below, then another header", "upn,n\na@x,1\n#TYPE x\nn,m\nb@x,1\n", "+2 ~3 !4"},
		{"version line at the end", "upn\na@x\nversion:v1.0\n", "+2 ~3"},
		{"header again", "id,upn\nObject ID,User name\n,a@x\nId,\n", "~2 +3 -4"},
		{"columns swapped", "id,upn\n,a@x\nupn,id\n", "+2 !3"},
		{"key in another column", "upn,manager\na@x,b@x\nmanager,n\n", "+2 !3"},
		{"alias in another column", "upn,n\na@x,1\nn/a,User principal name\n", "+2 !3"},
		{"a column more", "upn,n\na@x,1\nobjectId,upn,n\n", "+2 !3"},
		{"Idaho", "upn,state\nbad,ID\na@x,ID\n", "-2 +3"},
		{"a job called Manager", "upn,title,manager\nbad,Manager,b@x\na@x,Manager,b@x\n", "-2 +3"},
		{"labels below keys", "upn,FIRST_NAME,last\nWho,First name,Last\na@x,A,B\n", "~2 +3"},
		{"labels further down", "upn,FIRST_NAME,last\na@x,A,B\nWho,First name,Last\n", "+2 -3"},
		{"example", "upn,n\nexample: a@x,\nExample:b@x,1\nExample,\n", "~2 ~3 -4"},
		{"example beside a key", "id,upn\n" + g + ",Example: a@x\n", "-2"},
		{"quote in a cell", "upn,n\na@x,5\" x\nb@x,1\n", "-2 +3"},
		{"quotes in a quoted cell", "upn,n\na@x,\"a \"b\" c\"\nb@x,1\n", "-2 +3"},
		{"text after a quoted cell", "upn,n\na@x,\"1\"2\nb@x,1\n", "!2"},
		{"open quote", "upn,n\na@x,\"1\nb@x,1\n", "!2"},
		{"open quote in the last line", "upn,n\na@x,1\nb@x,\"1", "+2 !3"},
		{"open quote, closed by the next one", "upn,n\na@x,\"1\nno row\nb@x,\"1\"\n", "!2"},
		{"open quote, closed in good order", "upn,n\na@x,\"1\nb@x,5\"\n", "!2"},
		{"open quote round the key", "upn\n\"a@x\nb@x\"\n", "!2"},
		{"open quote, and too many cells", "upn,n\na@x,\"1\nb@x,5\",6\n", "!2"},
		{"a line break in the first cell", "name,upn\n\"Lena\nFors\",a@x\nBo,b@x\n", "+2 +4"},
		{"a row within the first cell", "name,upn\n\"Lena,a@x\nBo\",b@x\n", "!2"},
		{"a name alone on a line of a note", "upn,note\na@x,\"see\nb@x\"\n", "+2"},
		{"lines in a cell, and too many cells", "upn,n\na@x,\"1\n2\",6\nb@x,1\n", "-2 +4"},
		{"the second of two quotes left open", "upn,n,m\na@x,\"1\n2\",\"3\nx\n", "!3"},
		{"control-z", "upn\na@x\n\x1a", "+2 ~3"},
	} {
		if got := shape(t, c.input, Options{}); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// shape reads an input: + for a row, - for a bad one, = for one that a gate
// holds back, ~ for a skip, ! for an error that ends the reading.
func shape(t *testing.T, input string, opt Options) string {
	t.Helper()
	var got []string
	add := func(mark string, line int) { got = append(got, fmt.Sprint(mark, line)) }
	opt.Skip = func(s batch.Skip) { add("~", s.Line) }
	r, err := open(text(input), opt)
	if err != nil {
		t.Fatal(input, err)
	}
	for row, err := range r.Rows() {
		if bad, ok := errors.AsType[*batch.RowError](err); ok {
			if bad.Outcome == batch.Skipped {
				add("=", bad.Row.Line)
			} else {
				add("-", bad.Row.Line)
			}
		} else if e, ok := errors.AsType[*InputError](err); ok {
			add("!", e.Line)
		} else if err != nil {
			t.Fatal(err)
		} else {
			add("+", row.Line)
		}
	}
	return strings.Join(got, " ")
}

func TestRowsGoOnAndErrorsStay(t *testing.T) {
	r, err := open(text("upn,n\na@x,\nb@x,\nc@x,\"\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for row := range r.Rows() {
		if row.UPN != "a@x" {
			t.Error(row)
		}
		break
	}
	for range 2 {
		var last error
		for _, last = range r.Rows() {
		}
		if _, ok := errors.AsType[*InputError](last); !ok {
			t.Error(last)
		}
	}
}

func TestTooMuchForOneRecord(t *testing.T) {
	const maxRecordBytes, maxRecordLines = 1 << 20, 100
	long := strings.Repeat("x", maxRecordBytes)
	for _, c := range []struct{ name, input, want string }{
		{"line", "upn,n\na@x," + long + "x\n", "line 2: the line is longer"},
		{"line in a cell", "upn,n\na@x,\"1\n" + long + "x\n\"\n", "line 3: the line is longer"},
		{"record", "upn,n\na@x,\"" + long[:maxRecordBytes/2] + "\n" + long[:maxRecordBytes/2] + "\n\n\"", "line 2: a quote opens here"},
		{"lines", "upn,n\na@x,\"" + strings.Repeat("\n", maxRecordLines) + "\"\n", "line 2: a quote opens here"},
		{"header", long + long, "line 1: the line is longer"},
	} {
		r, err := open(text(c.input), Options{})
		if err == nil {
			for _, err = range r.Rows() {
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if good, _ := read(t, "upn,n\na@x,\""+strings.Repeat("\n", maxRecordLines-1)+"\"\nb@x,\n", Options{}); len(good) != 2 || good[1].Line != 102 {
		t.Errorf("%+v", good)
	}
}

func TestNothingOfOtherColumnsIsKept(t *testing.T) {
	const secret = "P@ssw0rd.example"
	_, bad := read(t, "name,upn,password\n"+
		"a@x,"+secret+"\n"+ // a cell is missing: the password stands where the name of the user should
		"A, B,a@x,"+secret+"\n"+
		"A,\"a@x\"\"\", 5\" "+secret+"\n"+
		"A,bad,"+secret+"\n", Options{})
	if len(bad) != 4 {
		t.Fatal(bad)
	}
	for _, b := range bad {
		if all := fmt.Sprintf("%+v %v", b.Row, b); strings.Contains(all, secret) {
			t.Error(all)
		}
	}
}

// endless is a file that is never held in memory as a whole: a header and rows of one
// length, each with a blank line below it.
type endless struct{ rows int }

const (
	endlessHeader = "userPrincipalName,notes\n"
	endlessRow    = "person%07d@contoso.example,\"a note, and some more\"\n\n"
)

func (e endless) input() source.Input {
	return source.Input{Bytes: e, Size: int64(len(endlessHeader) + e.rows*len(fmt.Sprintf(endlessRow, 0)))}
}

// ReadAt gives what stands there.
func (e endless) ReadAt(p []byte, off int64) (n int, err error) {
	length := int64(len(fmt.Sprintf(endlessRow, 0)))
	for n < len(p) {
		part, at := endlessHeader, off
		if at >= int64(len(endlessHeader)) {
			at -= int64(len(endlessHeader))
			if at/length >= int64(e.rows) {
				return n, io.EOF
			}
			part, at = fmt.Sprintf(endlessRow, at/length), at%length
		}
		k := copy(p[n:], part[at:])
		n, off = n+k, off+int64(k)
	}
	return n, nil
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestRowsShareNoMemory keeps the rows, which must not keep the other cells.
func TestRowsShareNoMemory(t *testing.T) {
	input := "upn,password\n" + strings.Repeat("a@x,"+strings.Repeat("s", 10_000)+"\n", 500)
	before := heap()
	good, _ := read(t, input, Options{})
	after := heap()
	if len(good) != 500 || after > before+2<<20 {
		t.Errorf("%d rows, heap %d before and %d after", len(good), before, after)
	}
	runtime.KeepAlive(good)
	runtime.KeepAlive(input)
}

func TestMemoryIsConstant(t *testing.T) {
	const rows = 200_000
	r, err := open(endless{rows: rows}.input(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	before, n := uint64(0), 0
	for _, err := range r.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1000 {
			before = heap()
		}
	}
	if after := heap(); n != rows || r.src.Lines() != 2*rows+1 || after > before+256<<10 {
		t.Errorf("%d rows, %d lines, heap %d before and %d after", n, r.src.Lines(), before, after)
	}
}

// TestEmptyCellInLostQuote holds that an empty cell where an employee id is looked for,
// in a record of several lines, names nobody and stops nothing.
func TestEmptyCellInLostQuote(t *testing.T) {
	if got := shape(t, "employeeId,n\n\"1,x\n,y\n2\",z,w\n", Options{Key: batch.ByEmployeeID}); got != "!2" {
		t.Error(got)
	}
}
