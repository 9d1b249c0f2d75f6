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

// Ids alone are read without a header where a caller says that they may come, and only when
// every line is an id of one kind. Anything else is refused as a whole.
func TestList(t *testing.T) {
	const missing = "this looks like a row, and the header is missing"
	const notUPN = "this line is not a user principal name as line 1 is"
	for _, c := range []struct {
		text string
		opt  Options
		want string // rows, or a part of the error
	}{
		{"ada@x.example\n", Options{List: MayBe}, "1 upn ada@x.example"},
		{"\xef\xbb\xbfada@x.example\r\n\r\n  bob@x.example  ", Options{List: MayBe}, "1 upn ada@x.example, 3 upn bob@x.example"},
		{"\n\n" + guid + "\n", Options{List: MayBe}, "3 id " + guid},
		{guid + "\n", Options{List: MayBe, Key: batch.ByID}, "1 id " + guid},
		{"ada@x.example\n" + guid + "\n", Options{List: IsNaming}, "1 upn ada@x.example, 2 id " + guid},
		{"upn\nada@x.example\n", Options{List: MayBe}, "2 upn ada@x.example"}, // a table as ever

		{"ada@x.example\n", Options{}, missing},
		{"ada@x.example\n" + guid + "\n", Options{List: MayBe}, "line 2: the input begins without a header"},
		{guid + "\nada@x.example\n", Options{List: MayBe}, "this line is not an object id as line 1 is"},
		{"ada@x.example\nbob\n", Options{List: MayBe}, notUPN},
		{"ada@x.example\nbob@x.example,Bob\n", Options{List: MayBe}, notUPN},
		{"ada@x.example\n\"bob@x.example\"\n", Options{List: MayBe}, notUPN},
		{"ada@x.example\n*@x.example\n", Options{List: MayBe}, notUPN}, // of a protect list,
		{"ada@x.example\nuserPrincipalName\nbob@x.example\n", Options{List: MayBe}, notUPN},
		{"ada@x.example\n2 rows\n", Options{List: MayBe}, notUPN},
		{"ada@x.example\n# a comment\n", Options{List: MayBe}, notUPN},
		{"ada@x.example,Ada\nbob@x.example,Bob\n", Options{List: MayBe}, missing},
		{"ada@x.example bob@x.example\n", Options{List: MayBe}, "no column is known to name users"},
		{"breakglass-*\n", Options{List: MayBe}, "no column is known to name users"},
		{"00000000-0000-0000-0000-000000000000\n", Options{List: MayBe}, missing},
		{"sep=,\nada@x.example\n", Options{List: MayBe}, missing},

		// What is said of columns needs a header, and so does a key that is searched for.
		{"ada@x.example\n", Options{List: MayBe, Key: batch.ByMail}, missing},
		{"ada@x.example\n", Options{List: MayBe, Key: batch.ByID}, missing},
		{"ada@x.example\n", Options{List: MayBe, Column: "upn"}, "the header is missing"},
		{"ada@x.example\n", Options{List: MayBe, Where: []string{"a=b"}}, missing},
		{"ada@x.example\n", Options{List: MayBe, Ignore: []string{"a"}}, "the header is missing"},
		{"ada@x.example\n", Options{List: MayBe, DateGate: &DateGate{Column: "d", Zone: time.UTC, AsOf: time.Now()}}, missing},
	} {
		var got []string
		r, err := Open(strings.NewReader(c.text), c.opt)
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
}
