package graphsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxItems is the most that a batch may hold (Microsoft Graph documentation,
// JSON batching).
const maxItems = 20

// item is one request of a batch, or a call made directly (which has no id).
type item struct {
	id     string
	method string
	op     operation
}

func (it *item) write() bool { return it.method != http.MethodGet }

// parseBatch reads the body of a $batch call. One malformed item fails the
// whole batch with 400 and nothing runs; what an item asks for is judged item
// by item, later.
//
// Where the documentation is silent the strict reading holds: names are
// compared with case, unknown members and bytes that are no UTF-8 are refused.
func parseBatch(version string, body []byte) ([]*item, *failure) {
	var top map[string]json.RawMessage
	if !utf8.Valid(body) || json.Unmarshal(body, &top) != nil {
		return nil, badBatch("Invalid batch payload format.")
	}
	var raw []map[string]json.RawMessage
	if json.Unmarshal(top["requests"], &raw) != nil || len(top) != 1 {
		return nil, badBatch("Invalid batch payload format.")
	}
	switch {
	case len(raw) == 0:
		return nil, badBatch("Invalid batch payload format.")
	case len(raw) > maxItems:
		return nil, badBatch("Number of requests inside batch exceeds the limit.")
	}
	items := make([]*item, 0, len(raw))
	for _, members := range raw {
		it, bad := parseItem(version, members)
		if bad != nil {
			return nil, bad
		}
		if slices.ContainsFunc(items, func(o *item) bool { return strings.EqualFold(o.id, it.id) }) {
			return nil, badBatch("Request Id " + it.id + " has to be unique in a batch.") // text unverified
		}
		items = append(items, it)
	}
	return items, nil
}
