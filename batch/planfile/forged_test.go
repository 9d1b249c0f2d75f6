package planfile

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"offboard/batch"
)

// TestOtherSpelling holds that a plan has the spelling of encoding/json, so that no
// two readers find two plans in it.
func TestOtherSpelling(t *testing.T) {
	file, _ := written(t, tiny())
	cases := []struct{ name, old, new string }{
		{"space after a colon", `"line":2`, `"line": 2`},
		{"space before a line", `{"row":`, ` {"row":`},
		{"carriage returns", "}\n", "}\r\n"},
		{"byte order mark", `{"row"`, "\ufeff{\"row\""},
		{"order of keys", `"line":2,"input":"a@x"`, `"input":"a@x","line":2`},
		{"key twice", `"line":2`, `"line":2,"line":2`},
		{"key unknown", `"line":2`, `"line":2,"x":2`},
		{"key in capitals", `"line":2`, `"LINE":2`},
		{"key escaped", `"line":2`, `"l\u0069ne":2`},
		{"zero told", `"user":{"seq":2}`, `"user":{"seq":2},"duplicate_of":0`},
		{"zero of minus", `"line":3`, `"line":-0`},
		{"leading zero", `"line":2`, `"line":02`},
		{"plus", `"line":2`, `"line":+2`},
		{"fraction", `"line":2`, `"line":2.0`},
		{"exponent", `"line":2`, `"line":2e0`},
		{"number as text", `"line":2`, `"line":"2"`},
		{"huge number", `"line":2`, `"line":99999999999999999999`},
		{"false told", `"enabled":true`, `"enabled":true,"synced":false`},
		{"null told", `"enabled":true`, `"enabled":true,"type":null`},
		{"empty text told", `"input":"a@x"`, `"input":"a@x","id":""`},
		{"empty list told", `"columns":["upn"]`, `"columns":["upn"],"settings":[]`},
		{"for planning alone", `"input":"a@x"`, `"input":"a@x","Claims":null`},
		{"needless escape", `"a@x"`, `"\u0061@x"`},
		{"short escape", `\u0001`, `\u0001\/`},
		{"escape in capitals", "\u00e9", `\u00E9`},
		{"escaped slash", `"a@x"`, `"a\/x"`},
		{"raw control character", `\u0001`, "\u0001"},
		{"no UTF-8", "\u00e9", "\xe9"},
		{"half of a pair", "\u00e9", `\ud800`},
		{"no time", "12:00:00Z", "24:00:00Z"},
	}
	for _, c := range cases {
		bad := bytes.ReplaceAll(file, []byte(c.old), []byte(c.new))
		if bytes.Equal(bad, file) {
			t.Errorf("%s: nothing was changed", c.name)
		}
		if got, _, err := reread(bad); !errors.Is(err, ErrAltered) && !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %+v, error %v", c.name, got, err)
		}
	}
}

// TestRules holds, in both directions, what no plan may say.
func TestRules(t *testing.T) {
	record := func(o batch.Outcome) func(*content) {
		return func(c *content) { c.rows[1].Record.Outcome = o }
	}
	several := func(change func(*content)) func(*content) {
		return func(c *content) {
			c.head.Plan.Inputs = []batch.InputFile{{Name: "berlin.csv", SHA256: "b1", Lines: 2}, {Name: "paris.csv", SHA256: "a0", Lines: 4}}
			c.head.Plan.Digest = batch.JointDigest(c.head.Plan.Inputs)
			c.rows[0].Row.File, c.rows[1].Row.File, c.skips[0].File = "berlin.csv", "paris.csv", "paris.csv"
			change(c)
		}
	}
	cases := []struct {
		name   string
		change func(*content)
		want   string // "": fine
	}{
		{"nothing", func(*content) {}, ""},
		{"several files", several(func(*content) {}), ""},
		{"several files in another order", several(func(c *content) { slices.Reverse(c.head.Plan.Inputs) }), "the digest of the input is not that of its files"},
		{"one file as several", func(c *content) {
			c.head.Plan.Inputs = []batch.InputFile{{Name: "a.csv"}}
			c.head.Plan.Digest = batch.JointDigest(c.head.Plan.Inputs)
		}, "the digest of the input is not that of its files"},
		{"a row of no file", several(func(c *content) { c.rows[0].Row.File = "" }), "row 1: line 2 is of no file of the plan"},
		{"a row of another file", several(func(c *content) { c.rows[1].Row.File = "rome.csv" }), "row 2: line 3 of rome.csv is of no file of the plan"},
		{"a line of another file", several(func(c *content) { c.skips[0].File = "rome.csv" }), "line 4 of rome.csv is of no file of the plan"},
		{"a row of a file", func(c *content) { c.rows[0].Row.File = "a.csv" }, "row 1: line 2 of a.csv is of no file of the plan"},
		{"gap", func(c *content) { c.rows[1].User.Seq, c.rows[1].Record.Seq = 3, 3 }, "row 2: its number is 3"},
		{"row too few", func(c *content) { c.rows = c.rows[:1] }, "the plan counts 2 rows and 1 users to send, its end 1 and 1 and 1 skipped lines, and it has 1, 1 and 1"},
		{"row too many", func(c *content) { c.head.Plan.Rows = 1 }, "the plan counts 1 rows"},
		{"users", func(c *content) { c.head.Plan.Users = 2 }, "and 2 users to send, its end 2 and 1"},
		{"same", func(c *content) { c.rows[1] = again(2, 1) }, ""},
		{"same as itself", func(c *content) { c.rows[1] = again(2, 2) }, "row 2 names the user of row 2, which holds none"},
		{"same as a later one", func(c *content) {
			c.rows = []batch.Planned{again(1, 2), {User: batch.User{Seq: 2, UPN: "a@x"}}}
		}, ""},
		{"same as nobody", func(c *content) { c.rows[1] = again(2, 3) }, "row 2 names the user of row 3"},
		{"same below", func(c *content) { c.rows[1] = again(2, -1) }, "row 2 names the user of row -1"},
		{"chain", func(c *content) {
			c.rows = append(c.rows[:1], again(2, 3), again(3, 1))
			c.head.Plan.Rows = 3
		}, "row 2 names the user of row 3"},
		{"same with a record", func(c *content) {
			c.rows[1].DuplicateOf = 1
		}, "row 2: it names the user of row 1 and has a user or a record of its own"},
		{"same with a user", func(c *content) { c.rows[0].DuplicateOf = 2 }, "row 1: it names the user of row 2 and has a user or a record of its own"},
		{"key", func(c *content) { c.rows[0].Row.By = "name" }, `row 1: it is named by "name", which is none of`},
		{"undo", func(c *content) { c.head.Plan.Undoes = "a run" }, "which the command undo alone does"},
		{"steps of undo", func(c *content) { c.head.Plan.Steps = []batch.Step{batch.Enable} }, "which the command undo alone does"},
		{"steps", func(c *content) { c.head.Plan.Steps = nil }, `the steps [] are none, unknown`},
		{"nobody", func(c *content) { c.rows[0].User.UPN = "" }, "row 1: it has neither a record nor a user"},
		{"unresolved", func(c *content) { c.head.Plan.Resolve = true }, `row 1: "a@x" has no object id`},
		{"already", record(batch.Already), ""},
		{"protected", record(batch.Protected), ""},
		{"gave up", record(batch.GaveUp), ""},
		{"verified", record(batch.Verified), `row 2: "verified" is no outcome`},
		{"revoked", record(batch.Revoked), `row 2: "revoked" is no outcome`},
		{"unverified", record(batch.Unverified), `row 2: "unverified" is no outcome`},
		{"ineffective", record(batch.Ineffective), `row 2: "ineffective" is no outcome`},
		{"unsettled", record(batch.Unsettled), `row 2: "unsettled" is no outcome`},
		{"not sent", record(batch.NotSent), `row 2: "not_sent" is no outcome`},
		{"unknown", record("done"), `row 2: "done" is no outcome`},
	}
	for _, c := range cases {
		in := tiny()
		c.change(&in)
		var b bytes.Buffer
		_, err := Write(&b, in.head, pairs(in.rows), pairs(in.skips))
		told(t, c.name+", written", err, ErrRow, strings.ReplaceAll(c.want, ": ", " cannot stand in a plan: "), c.want)

		_, _, err = reread(forged(in))
		told(t, c.name+", read", err, ErrAltered, c.want)
	}
}

// told holds that an error is what it is and has one of the texts in it.
func told(t *testing.T, name string, err, is error, want ...string) {
	t.Helper()
	if want[len(want)-1] == "" {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	if errors.Is(err, is) {
		for _, w := range want {
			if strings.Contains(err.Error(), w) {
				return
			}
		}
	}
	t.Errorf("%s: %v, want %q", name, err, want)
}

func again(seq, same int) batch.Planned {
	return batch.Planned{Row: batch.Row{Line: seq}, User: batch.User{Seq: seq}, DuplicateOf: same}
}

// TestNeverSent: a record of somebody who was sent has no place in a plan, not
// even in a form that would drop what says so.
func TestNeverSent(t *testing.T) {
	for name, change := range map[string]func(*batch.Record){
		"sent":     func(r *batch.Record) { r.SentAt = noon },
		"accepted": func(r *batch.Record) { r.Accepted = noon },
		"foreign":  func(r *batch.Record) { r.Seq = 1 },
	} {
		in := tiny()
		change(in.rows[1].Record)
		if _, err := Write(new(bytes.Buffer), in.head, pairs(in.rows), pairs(in.skips)); !errors.Is(err, ErrRow) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
