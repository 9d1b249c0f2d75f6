package intake

import (
	"fmt"
	"strings"
	"testing"

	"offboard/batch"
)

// What a column is whose header may mean other things, the cells of the whole file say, and
// only if they agree. The settings tell it.
const mostAhead = 1000

func TestCellsDecide(t *testing.T) {
	const id, zero = "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "00000000-0000-0000-0000-000000000000"
	long := strings.Repeat("\n7,u@x", mostAhead+10)
	for _, c := range []struct{ name, input, columns, rows, said string }{
		{"numbered list", "No,ID,UPN\n1,1,a@x\n2,2,b@x", "UPN=upn", "a@x b@x", "ID: none of its cells"},
		{"numbered list with a footer", "id,upn\n1,a@x\n2,b@x\nTotal: 2", "upn=upn", "a@x b@x", "id: none of its cells"},
		{"longer than what is kept", "id,upn" + long, "upn=upn", fmt.Sprint(mostAhead + 10), "id: none of its cells"},
		{"longer, and an id in the end", "id,upn" + long + "\n" + id + ",b@x", "id=id upn=upn", id + " " + fmt.Sprint(mostAhead+10) + " bad", ""},
		{"longer, with a footer", "User ID" + strings.ReplaceAll(long, "7,", "") + "\nTotal: 1010\n", "User ID=upn", fmt.Sprint(mostAhead + 10), "all its cells"},
		{"longer, and a number in the end", "User ID" + strings.ReplaceAll(long, "7,", "") + "\n7", "User ID=id", fmt.Sprint(mostAhead+11) + " bad", ""},
		{"one id", "id,upn\n1,a@x\n" + id + ",b@x", "id=id upn=upn", id + " 1 bad", ""},
		{"one id in braces", "id,upn\n1,a@x\n{" + id + "},b@x", "id=id upn=upn", id + " 1 bad", ""},
		{"an id that lost a digit", "id,upn\n" + id[1:] + ",a@x", "id=id upn=upn", "1 bad", ""},
		{"the id of nobody", "id,upn\n" + zero + ",a@x", "id=id upn=upn", "1 bad", ""},
		{"no cells", "id,upn\n,a@x\nn/a,b@x", "id=id upn=upn", "a@x 1 bad", ""},
		{"numbers of people, and ids", "user name,objectId\nann," + id, "objectId=id", id, "user name: none of its cells"},
		{"only ids of a directory have the header", "objectId,upn\n1,a@x", "objectId=id upn=upn", "1 bad", ""},

		{"names below an id", "User ID,Team\na@x,1\nb@x,2", "User ID=upn", "a@x b@x", "User ID: all its cells are user principal names"},
		{"names below objectId", "objectId\na@x\n\nb@x", "objectId=upn", "a@x b@x", "all its cells"},
		{"names below an id, and an example", "memberObjectId,n\nExample: a@x,\nb@x,", "memberObjectId=upn", "b@x", "all its cells"},
		{"a name and an id", "User ID\na@x\n" + id, "User ID=id", id + " 1 bad", ""},
		{"a name and a number", "User ID\na@x\n7", "User ID=id", "2 bad", ""},
		{"a number and a name", "User ID,upn\n7,a@x\nb@x,b@x", "User ID=id upn=upn", "2 bad", ""},
		{"names as people write them", "User ID\na@x\nB <b@x>", "User ID=upn", "a@x b@x", "all its cells"},
		{"a name and two names", "User ID\na@x\nb@x; c@x", "User ID=id", "2 bad", ""},
		{"a name and a look-alike", "User ID\na@x\nаb@x", "User ID=id", "2 bad", ""},
		{"names below an id differ from those beside", "id,upn\na@x,a@x\nb@x,c@x", "id=upn upn=upn", "a@x 1 bad", "id: all its cells"},
		{"ids below a name", "User principal name\n" + id, "User principal name=id", id, "all its cells are object ids"},
		{"columns that changed places", "id,upn\na@x," + id, "id=id upn=upn", "1 bad", ""},
		{"ids below a name, and a name", "upn\n" + id + "\na@x", "upn=upn", "a@x 1 bad", ""},
	} {
		r, err := open(text(c.input+"\n"), Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var columns, rows []string
		for _, col := range r.naming {
			columns = append(columns, fmt.Sprintf("%s=%s", col.name, col.key))
		}
		good, bad := read(t, c.input+"\n", Options{})
		for i, row := range good {
			rows = append(rows, row.ID+row.UPN)
			if row.ID != "" && row.UPN != "" {
				rows[i] = row.ID
			}
		}
		if len(good) > 5 {
			rows = []string{fmt.Sprint(len(good))}
		}
		if len(bad) > 0 {
			rows = append(rows, fmt.Sprintf("%d bad", len(bad)))
		}
		said := ""
		for _, s := range r.settings {
			if strings.Contains(s.Why, "its cells") {
				said = s.Value + ": " + s.Why
			}
		}
		if got := strings.Join(columns, " "); got != c.columns || strings.Join(rows, " ") != c.rows || !strings.Contains(said, c.said) || c.said == "" && said != "" {
			t.Errorf("%s: columns %s, rows %s, said %q; want %s, %s, %q", c.name, got, rows, said, c.columns, c.rows, c.said)
		}
	}
}

// What a flag says of a column is not asked again, and a file that names nobody is refused with
// what to do.
func TestCellsDecideNothing(t *testing.T) {
	for _, c := range []struct {
		input string
		opt   Options
		want  string // of the error; or "" and the row is bad
	}{
		{"ID,Name\n1,Ann\n2,Bob\n", Options{}, `no cell of column "ID" is an object id or user principal name, and no other column is known to name users: give --key employee-id --column "ID" if it holds employee ids, or choose`},
		{"ID,mail\n1,a@x\n", Options{}, `give --key mail (column "mail"), --key employee-id --column "ID" if`},
		{"ID\nrTMCxhnWnUqtXaIcvY3BbA==\n", Options{}, "give another file, since a cell is an immutable id"},
		{"id,upn\n1,a@x\n", Options{Key: batch.ByID}, ""},
		{"id,upn\n1,a@x\n", Options{Column: "id"}, ""},
		{"id,upn\na@x,a@x\n", Options{Column: "id", Key: batch.ByID}, ""},
	} {
		_, err := open(text(c.input), c.opt)
		if c.want == "" && err == nil {
			if good, bad := read(t, c.input, c.opt); len(good) > 0 || len(bad) == 0 {
				t.Errorf("%q %+v: %v", c.input, c.opt, good)
			}
		} else if err == nil || c.want == "" || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.input, err, c.want)
		}
	}
}

// Lines that are no rows are told in their order, each once, whether the cells had to be read
// before or not.
func TestSkipsOfDecided(t *testing.T) {
	for _, input := range []string{"version:v1.0\nupn\n\na@x\n\nb@x\n", "version:v1.0\nid,upn\n\n1,a@x\n\n2,b@x\n", "version:v1.0\nid,upn\n\n,a@x\n\n3f2504e0-4f89-41d3-9a0c-0305e82c3301,b@x\n"} {
		var got []string
		r, err := open(text(input), Options{Skip: func(s batch.Skip) { got = append(got, fmt.Sprint("~", s.Line)) }})
		if err != nil {
			t.Fatal(err)
		}
		for row, err := range r.Rows() {
			got = append(got, fmt.Sprint(row.Seq, "+", row.Line))
			if err != nil {
				t.Error(err)
			}
		}
		if want := "~1 ~3 1+4 ~5 2+6"; strings.Join(got, " ") != want {
			t.Errorf("%q: got %s, want %s", input, got, want)
		}
	}
}
