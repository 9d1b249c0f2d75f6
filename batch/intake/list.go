package intake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocarina/gocsv"

	"offboard/batch"
)

// A list has no header: each line is an object id or a user principal name, and nothing
// else. Only where a caller says that the input may be one it is taken for one, since
// lists of users who must not be touched look alike.

// List says whether the input may be a list, or is one.
type List int

const (
	NoList   List = iota // a table, with a header
	MayBe                // a list if its first line is an id, and then all lines must be ids of that kind
	IsNaming             // ids of both kinds, which were given one by one
)

// WhyNobody says why a text is neither an object id nor a user principal name; "" when
// it is one.
func WhyNobody(text string) string {
	if text = trim(text); batch.IsGUID(text) {
		return checkID(text)
	}
	return checkUPN(text)
}

// listKey is what an id on a line of a list is, or "" for any other line.
func listKey(line string) batch.Key {
	switch text := trim(line); {
	case WhyNobody(text) != "" || strings.Contains(text, "*"): // which is a pattern of a protect list
		return ""
	case batch.IsGUID(text):
		return batch.ByID
	}
	return batch.ByUPN
}

// openList takes the input for a list if it is one, by the line that would be its header,
// which is in the feed. It gives the lines a header of their own.
func (r *Reader) openList() (is bool, err error) {
	o := r.opt
	if o.List == NoList || o.Column != "" || o.Key.Searched() || o.dateGate != nil || len(o.Where) > 0 || len(o.Ignore) > 0 {
		return false, nil
	}
	first := r.feed.text()
	key := listKey(first)
	if key == "" || o.Key != "" && o.Key != key {
		return false, nil
	}
	r.start, r.comma, r.list, r.waiting = r.feed.start, ',', key, []byte(first)
	header, what, why := "userPrincipalName", "user principal names", "each line is one, and there is no header"
	if key == batch.ByID {
		header, what = "id", "object ids"
	}
	if o.List == IsNaming {
		r.list, header, what, why = idOrUPN, "objectIdOrUpn", "object ids and user principal names", "--user"
	}
	r.header, r.normalised = []string{header}, []string{normalise(header)}
	settings := slices.Clone(r.settings)
	if bad := r.setColumns(); bad != nil {
		return true, bad
	}
	if r.settings = append(settings, batch.Setting{Name: "list of", Value: what, Why: why}); o.List == IsNaming {
		r.settings = r.settings[len(settings):] // nobody asks for the encoding of a command line
	}
	r.feed.begin([]byte(header), r.start)
	if r.csv, err = gocsv.NewUnmarshaller(newCSV(r.feed, r.comma), &cells{}); err != nil {
		return true, fmt.Errorf("make a header: %w", err)
	}
	return true, r.csv.RenormalizeHeaders(r.fields)
}

// checkLine refuses a line that is no id of the list's kind, since it may be no list.
func (r *Reader) checkLine(line []byte) error {
	text := string(line)
	key := listKey(text)
	if r.list == "" || strings.TrimFunc(text, blank) == "" || key == r.list || key != "" && r.list == idOrUPN {
		return nil
	}
	want := "a user principal name"
	if r.list == batch.ByID {
		want = "an object id"
	}
	return &InputError{Line: r.src.no, Reason: fmt.Sprintf("the input begins without a header, as a list of ids alone, and this line is not %s as line %d is: give ids of one kind, one a line, or put a line with the names of the columns above them", want, r.start)}
}
