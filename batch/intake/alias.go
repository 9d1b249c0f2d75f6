package intake

import (
	"slices"
	"strings"

	"offboard/batch"
)

// alias is a header by which a column is recognised.
type alias struct {
	spelled string    // as its usual source writes it
	known   batch.Key // what the cells below it are; "" for no alias
}

// sharedHeaders are headers, in normal form, that other things have, too. In such a column
// beside those that name the users, a cell that is not of the key's form says nothing.
var sharedHeaders = []string{"id", "userid", "username", "signinname"}

// recognise gives the alias that a header is, or the zero alias. A header that may be a
// private address ("Primary Work or Primary Home"), or an id within some other program
// ("Person ID"), is none; nor is a [property] of somebody else, or one that the user had before.
func recognise(header string) alias {
	w := headerWords[normalise(header)]
	key := batch.Key(w.List)
	if !slices.Contains(keys, key) && key != idOrUPN || property(header) != "" && containsAny(strings.ToLower(header), headerParts["other person"]) {
		return alias{}
	}
	return alias{w.Text, key}
}

// hinted gives the headers whose columns may have the key, of the users or of other
// people. They choose nothing: the columns are listed for the person to choose from.
func hinted(header []string, k batch.Key) []string {
	var found []string
	for _, h := range header {
		if parts := headerParts[string(k)]; containsAny(strings.ToLower(h), parts) || containsAny(normalise(h), parts) {
			found = append(found, h)
		}
	}
	return found
}

func containsAny(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}
