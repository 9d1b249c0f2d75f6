package intake

import (
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/intake/source"
)

// Rows of others are not yielded, and their places are counted all the same; lines that are no rows
// are told, and a row whose cells cannot be told is.
func TestRowsOf(t *testing.T) {
	file := "upn,Tenant\nada@x.com,Contoso\nbob@x.com,Fabrikam\n,\ncarl@x.com,contoso.com\nno name,contoso\nno name,fabrikam\ndan@x.com,contoso,more\neve@x.com,\n"
	for _, c := range []struct {
		of   []string
		want string // line and input of what is yielded, "-" before bad rows and lines that are passed over
	}{
		{[]string{"tenant=contoso", "Tenant=CONTOSO.COM"}, "2 ada@x.com; -4; 5 carl@x.com; -6 no name; -8 dan@x.com"},
		{[]string{"Tenant=fabrikam"}, "3 bob@x.com; -4; -7 no name; -8 dan@x.com"},
		{[]string{"Tenant=nobody's"}, "-4; -8 dan@x.com"},
		{[]string{"Tenant=contoso", "upn=ada"}, "--rows-of: it looks at one column"},
		{[]string{"contoso"}, `--rows-of: "contoso" is not COLUMN=VALUE`},
	} {
		var got []string
		in := []source.Input{{Name: "in.csv", Bytes: strings.NewReader(file), Size: int64(len(file))}}
		rows, err := Open(in, Options{RowsOf: c.of, Skip: func(s batch.Skip) { got = append(got, "-"+lineNo(s.Line)) }})
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q: %v, want %q", c.of, err, c.want)
			}
			continue
		}
		seq := 0
		for row, err := range rows.Rows() {
			if seq++; row.Seq != seq {
				t.Errorf("%q: row %d has the number %d", c.of, seq, row.Seq)
			}
			sign := ""
			if err != nil {
				sign = "-"
			}
			got = append(got, sign+lineNo(row.Line)+" "+row.Input)
		}
		rows.Close()
		if all := strings.Join(got, "; "); all != c.want {
			t.Errorf("%q: %q, want %q", c.of, all, c.want)
		}
	}
}

func lineNo(line int) string { return strings.TrimPrefix(batch.Place{Line: line}.String(), "line ") }
