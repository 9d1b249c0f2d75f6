package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/intake/source"
	"offboard/batch/intake/vocab"
)

// FuzzRead holds what is true of any bytes: no panic; each line belongs to
// exactly one of header, row, bad row and skip, until an error ends the
// reading; a bad row names nobody, and a good one names who stands in its lines.
// How it is read comes from mode: the key, and the column for each gate.
func FuzzRead(f *testing.F) {
	all, err := corpus()
	if err != nil {
		f.Fatal(err)
	}
	for _, entries := range all {
		for _, e := range entries {
			for _, seed := range e.raw {
				f.Add(seed, e.opt.Column, byte(0))
				if i := slices.Index(fuzzKeys, e.opt.Key); i >= 0 {
					f.Add(seed, "Status", byte(i|whereGate))
					f.Add(seed, "terminationDate", byte(i|dateGateBit))
					f.Add(seed, "Last Day", byte(i|dateGateBit|dayFormat))
				}
			}
		}
	}
	for _, seed := range []string{
		"upn\r\na@x\r\r\n\"b@x\"\n", "upn,n\na@x,\"1\n2\"\n", "id,upn\n,a@x\nupn,id\n", "sep=|\nupn|\n|", "upn\tn\n\t\n \ta@x\t",
		"\"a\n\",upn\n\"\n\",\"\n\"\n", "upn;n\n\"\"\"a\"\";b\";c\n", "\"a\n\"\n\"\n\",\"\n,upn\n\"\n\",\"\n\"\n", "\"a\n\"\n\"\n\",\t\n,upn\n\"\n\",\"\n\"\n",
	} {
		for mode := range byte(fuzzModes) {
			f.Add([]byte(seed), "", mode)
			f.Add([]byte(seed), "n", mode)
		}
	}
	f.Fuzz(func(t *testing.T, input []byte, column string, mode byte) {
		last := 0      // the last line that belongs to something
		title := false // a record above the header, of which only the first line is known
		claim := func(what string, line int) {
			if line != last+1 && !(title && line > last) {
				t.Fatalf("%s on line %d, after line %d", what, line, last)
			}
		}
		var r *Reader
		opt := fuzzOptions(column, mode)
		opt.Skip = func(s batch.Skip) {
			claim("skip: "+s.Reason, s.Line)
			last, title = s.Line, r == nil
			if r != nil {
				last = r.src.Lines()
			}
		}
		told := opt
		told.Skip = nil
		ahead, err := open(text(string(input)), told)
		if err != nil {
			return
		}
		parsed, err := opt.parse()
		if err != nil {
			t.Fatal(err)
		}
		parsed.decided = ahead.opt.decided
		if r, err = openAs(text(string(input)), parsed); err != nil { // which has read no row yet
			t.Fatal(err)
		}
		if line, none := headerLine(t, r); !none {
			claim("header", line)
		}
		title = false
		if last = r.src.Lines(); r.held { // the first line is a row
			last = r.rec.Line - 1
		}
		plain := plainText(r, input)
		good, rows := 0, 0
		for row, err := range r.Rows() {
			bad, isBad := errors.AsType[*batch.RowError](err)
			if err != nil && !isBad {
				return
			}
			claim("row", row.Line)
			if rows++; row.Seq != rows || isBad && bad.Row.Seq != rows {
				t.Fatalf("row %d has the number %d, and its error %+v", rows, row.Seq, bad)
			}
			if isBad && (row.ID+row.UPN+row.Value+bad.Row.ID+bad.Row.UPN+bad.Row.Value != "" || bad.Outcome != "" && bad.Outcome != batch.Skipped && bad.Outcome != batch.Ambiguous || bad.Reason == "" || bad.Row.Line != row.Line) {
				t.Fatalf("bad row %+v, error %+v", row, bad)
			}
			if !isBad {
				good++
				checkRow(t, r, row)
				checkSource(t, plain, row, r.src.Lines())
			}
			last = r.src.Lines()
		}
		if last != r.src.Lines() || plain != nil && last != len(plain) {
			t.Fatalf("lines up to %d are accounted for, of %d read and %d there", last, r.src.Lines(), len(plain))
		}
		found, err := TakeSurvey([]source.Input{text(string(input))}, opt, noon)
		if e, ok := errors.AsType[*InputError](err); !(ok && (strings.Contains(e.Reason, "in no row they name the same") || strings.Contains(e.Reason, "the same user in all") || good == 0)) && (err != nil || found.Rows != good) {
			t.Fatalf("the survey finds %d good rows of %d, %v", found.Rows, good, err)
		}
	})
}

// The bits of a mode above the key.
const (
	whereGate   = 8 << iota // the column is for --where
	dateGateBit             // the column is for the dates
	dayFormat               // the dates are %d.%m.%Y
	fuzzModes
)

var fuzzKeys = []batch.Key{"", "auto", batch.ByID, batch.ByUPN, batch.ByMail, batch.ByEmployeeID, batch.ByOnPremisesUPN, ""}

func fuzzOptions(column string, mode byte) Options {
	opt := Options{Key: fuzzKeys[mode%8]}
	if mode&whereGate != 0 {
		opt.Where = []string{column + "=Gone"}
	}
	if mode&dateGateBit != 0 {
		opt.DateGate = &DateGate{Column: column, AsOf: noon}
		if mode&dayFormat != 0 {
			opt.DateGate.Format = "%d.%m.%Y"
		}
	}
	if mode&(whereGate|dateGateBit) == 0 {
		opt.Column = column
	}
	return opt
}

// headerLine is the line of the header; keys of objects and lists have none.
func headerLine(t *testing.T, r *Reader) (line int, none bool) {
	for _, s := range r.settings {
		switch {
		case s.Name == "header" && s.Value == "none":
			return 0, true
		case s.Name == "header":
			if _, err := fmt.Sscanf(s.Value, "line %d", &line); err != nil {
				t.Fatal(err)
			}
		}
	}
	return line, line == 0
}

// plainText gives the lines of an input that needs no decoding, or nil.
func plainText(r *Reader, input []byte) []string {
	for _, s := range r.settings {
		if slices.Contains([]string{"line ends", "unpacked", "format"}, s.Name) || strings.HasPrefix(s.Value, "UTF-16") {
			return nil
		}
	}
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(string(input), "\ufeff"), "\n"), "\n")
}

func checkRow(t *testing.T, r *Reader, row batch.Row) {
	switch {
	case row.ID+row.UPN+row.Value == "",
		row.By != "" && (row.ID+row.UPN != "" || !strings.Contains(row.Input, row.Value)),
		row.ID != "" && (checkID(row.ID) != "" || row.ID != strings.ToLower(row.ID)),
		row.UPN != "" && checkCell(batch.ByUPN, row.UPN) != "",
		len(row.Cells) != len(r.columns),
		row.Input == "":
		t.Fatalf("row %+v", row)
	}
}

// checkSource looks for what the row names in the lines that it was read from.
func checkSource(t *testing.T, text []string, row batch.Row, last int) {
	if text == nil {
		return
	}
	lines := strings.Join(text[row.Line-1:last], "\n")
	if !strings.Contains(lines, row.UPN) || !strings.Contains(strings.ReplaceAll(lines, `""`, `"`), row.Value) || !strings.Contains(strings.ToLower(lines), row.ID) {
		t.Fatalf("row %+v is not in %q", row, lines)
	}
}

// FuzzColumns holds that a user is named from a column that was chosen, and claims are of
// columns that are known by their headers: every cell says in which column it stands. A column
// of somebody else is chosen only if it is named.
func FuzzColumns(f *testing.F) {
	for _, header := range []string{"upn,mail,Manager UPN,id", "ID,User name,E-Mail", "Manager [userPrincipalName],userPrincipalName", "a,b,c", "User ID;objectId", "upn,upn", "UPN\tManager", "previous [id],id"} {
		for mode := range byte(fuzzModes) {
			f.Add(header, "", mode)
			f.Add(header, "b", mode)
		}
	}
	f.Add("1000000@00000UPN,", " ", byte(0))
	f.Fuzz(func(t *testing.T, header, column string, mode byte) {
		if strings.ContainsAny(header, "\r\n\"\x00") || len(header) > 2000 {
			return
		}
		comma := ","
		for _, d := range []string{";", "\t", "|"} {
			if strings.Count(header, d) > strings.Count(header, comma) {
				comma = d
			}
		}
		n := strings.Count(header, comma) + 1
		rows := ""
		for line := range 3 {
			var cells []string
			for i := range n {
				if cell := fmt.Sprintf("c%d-r%d@x.example", i, line); mode&1 == 0 || line > 0 {
					cells = append(cells, cell)
				} else {
					cells = append(cells, fmt.Sprintf("%08d-0000-4000-8000-%012d", i, line))
				}
			}
			rows += strings.Join(cells, comma) + "\n"
		}
		opt := fuzzOptions(column, mode)
		if opt.DateGate != nil || opt.Where != nil {
			return // no row passes
		}
		r, err := open(text("sep="+comma+"\n"+header+"\n"+rows), opt)
		if err != nil || r.list { // the header is a name itself
			return
		}
		of := func(cell string) int { // the column in which it stands
			var i, line int
			if _, err := fmt.Sscanf(cell, "c%d-r%d@", &i, &line); err == nil {
				return i
			}
			fmt.Sscanf(cell, "%d-", &i)
			return i
		}
		chosen := map[int]bool{}
		for _, c := range r.naming {
			chosen[c.index] = true
			if named := opt.Column != ""; !named && vocab.Property(c.name) != "" && vocab.HasPart(strings.ToLower(c.name), "other person") {
				t.Fatalf("%q was chosen", c.name)
			}
		}
		for row, err := range r.Rows() {
			if err != nil {
				continue
			}
			for _, name := range []string{row.ID, row.UPN, row.Value} {
				if name != "" && !chosen[of(name)] {
					t.Fatalf("%s is of column %d, and %v name users", name, of(name), r.naming)
				}
			}
			for _, c := range row.Claims {
				if i := of(c.Value); r.header[i] != c.Column || vocab.Recognise(c.Column).Known == "" {
					t.Fatalf("%+v is of column %q", c, r.header[i])
				}
			}
		}
	})
}
