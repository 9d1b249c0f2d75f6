package intake

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"offboard/batch"
)

const guid = "0b3f2a64-6f0e-4c55-9d5a-3e7f7f6a1d01"

// Ids alone are read without a header. What shows that they are no list is refused as a whole.
func TestList(t *testing.T) {
	const missing = "this looks like a row, and the header is missing"
	const noID = "line 2: the input begins without a header, as a list of ids alone, and this line is no id as line 1 is"
	for _, c := range []struct {
		text string
		opt  Options
		want string // rows, or a part of the error
	}{
		{"ada@x.example\n", Options{}, "1 upn ada@x.example"},
		{"\xef\xbb\xbfada@x.example\r\n\r\n  bob@x.example  ", Options{}, "1 upn ada@x.example, 3 upn bob@x.example"},
		{"\n\n" + guid + "\n", Options{}, "3 id " + guid},
		{guid + "\n", Options{Key: batch.ByID}, "1 id " + guid},
		{"ada@x.example\n" + guid + "\n", Options{}, "1 upn ada@x.example, 2 id " + guid},
		{"upn\nada@x.example\n", Options{}, "2 upn ada@x.example"}, // a table as ever

		{"ada@x.example\n\"bob@x.example\"\n", Options{}, "1 upn ada@x.example, 2 upn bob@x.example"},
		{"ada@x.example\n2 rows\n", Options{}, "1 upn ada@x.example"},
		{"ada@x.example\nbob@x.example,Bob\n", Options{}, noID},
		{"ada@x.example\n*@x.example\n", Options{}, noID}, // of a protect list,
		{"ada@x.example\n# a comment\n", Options{}, noID},
		{"ada@x.example\nuserPrincipalName\nbob@x.example\n", Options{}, "a second table"},
		{"ada@x.example,Ada\nbob@x.example,Bob\n", Options{}, missing},
		{"ada@x.example bob@x.example\n", Options{}, missing},
		{"breakglass-*\n", Options{}, "no column is known to name users"},
		{"00000000-0000-0000-0000-000000000000\n", Options{}, missing},
		{"sep=,\nada@x.example\n", Options{}, "2 upn ada@x.example"},

		// What is said of columns needs a header, and so does a key that is searched for.
		{"ada@x.example\n", Options{Key: batch.ByMail}, missing},
		{"ada@x.example\n", Options{Key: batch.ByID}, missing},
		{"ada@x.example\n", Options{Column: "upn"}, "the header is missing"},
		{"ada@x.example\n", Options{Where: []string{"a=b"}}, missing},
		{"ada@x.example\n", Options{Ignore: []string{"a"}}, "the header is missing"},
		{"ada@x.example\n", Options{DateGate: &DateGate{Column: "d", Zone: time.UTC, AsOf: time.Now()}}, missing},
	} {
		var got []string
		r, err := open(text(c.text), c.opt)
		if err == nil {
			for row, bad := range r.Rows() {
				if err = bad; err != nil {
					break
				}
				key, value := "upn", row.UPN
				if row.ID != "" {
					key, value = "id", row.ID
				}
				got = append(got, fmt.Sprint(row.Line, " ", key, " ", value))
			}
		}
		said := strings.Join(got, ", ")
		if err != nil {
			said = err.Error()
		}
		if _, whole := errors.AsType[*InputError](err); err == nil && said != c.want || err != nil && (!whole || !strings.Contains(said, c.want)) {
			t.Errorf("%q %+v: %s\nwant %s", c.text, c.opt, said, c.want)
		}
	}
	if got := shape(t, "ada@x.example\nbob\n", Options{}); got != "+1 -2" {
		t.Error(got)
	}
}
