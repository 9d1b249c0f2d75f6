package graphsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
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
// compared with case (so that nothing is read into structs), unknown members and
// bytes that are no UTF-8 are refused.
func parseBatch(version string, body []byte) ([]*item, *failure) {
	var top map[string]any
	if !utf8.Valid(body) || json.Unmarshal(body, &top) != nil || len(top) != 1 {
		return nil, &failure{400, "BadRequest", "Invalid batch payload format."}
	}
	requests, ok := top["requests"].([]any)
	switch {
	case !ok, len(requests) == 0:
		return nil, &failure{400, "BadRequest", "Invalid batch payload format."}
	case len(requests) > maxItems:
		return nil, &failure{400, "BadRequest", "Number of requests inside batch exceeds the limit."}
	}
	items := make([]*item, 0, len(requests))
	for _, request := range requests {
		it, bad := parseItem(version, request)
		if bad != nil {
			return nil, bad
		}
		if slices.ContainsFunc(items, func(o *item) bool { return strings.EqualFold(o.id, it.id) }) {
			return nil, &failure{400, "BadRequest", "Request Id " + it.id + " has to be unique in a batch."} // text unverified
		}
		items = append(items, it)
	}
	return items, nil
}

func parseItem(version string, request any) (*item, *failure) {
	members, ok := request.(map[string]any)
	if !ok {
		return nil, &failure{400, "BadRequest", "Invalid batch payload format."}
	}
	for name := range members {
		if !slices.Contains([]string{"id", "method", "url", "headers", "body", "dependsOn"}, name) {
			return nil, badBatch("unknown member '" + name + "'.")
		}
	}
	for _, name := range []string{"id", "method", "url"} {
		if s, _ := members[name].(string); s == "" {
			return nil, badBatch("'" + name + "' must be a string that is not empty.")
		}
	}
	it := &item{id: members["id"].(string), method: members["method"].(string)}
	target := members["url"].(string)
	headers, bad := itemHeaders(members["headers"])
	if bad == nil {
		bad = checkBody(it, headers["content-type"], members["body"])
	}
	if bad == nil {
		bad = checkTarget(target)
	}
	if needs, isList := members["dependsOn"].([]any); bad == nil && members["dependsOn"] != nil && (!isList || len(needs) > 0) {
		bad = errNotSimulated
	}
	it.op = route(version, it.method, target, headers["consistencylevel"] == "eventual")
	it.op.body, _ = members["body"].(map[string]any)
	return it, bad
}

// itemHeaders returns the headers by lower case. Their values are strings.
func itemHeaders(raw any) (map[string]string, *failure) {
	members, ok := raw.(map[string]any)
	if raw != nil && !ok {
		return nil, badBatch("'headers' must be an object of strings.")
	}
	headers := make(map[string]string, len(members))
	for name, value := range members {
		lower := strings.ToLower(name)
		if _, twice := headers[lower]; twice {
			return nil, badBatch("header '" + name + "' stands twice.")
		}
		if headers[lower], ok = value.(string); !ok {
			return nil, badBatch("'headers' must be an object of strings.")
		}
	}
	return headers, nil
}

// checkBody holds the rules on Content-Type and body, with the texts that
// msgraph-sdk-dotnet#2628 and Softeria/ms-365-mcp-server#677 report. A write
// needs both, also when the action takes no parameters; null is no body.
func checkBody(it *item, contentType string, body any) *failure {
	_, isObject := body.(map[string]any)
	_, isText := body.(string)
	write := slices.Contains([]string{http.MethodPost, http.MethodPatch, http.MethodPut}, it.method)
	switch {
	case !write && it.method != http.MethodGet && it.method != http.MethodDelete:
		return badBatch("method '" + it.method + "' is not supported.")
	case write && body == nil:
		return &failure{400, "BadRequest", "Write request id : " + it.id + " does not contain Content-Type header or body."}
	case body != nil && contentType == "":
		return &failure{400, "BadRequest", "Write request with id '" + it.id + "' does not contain a Content-Type header."}
	case body != nil && isJSON(contentType) && !isObject:
		return badBatch("the body of request '" + it.id + "' is no JSON object.")
	case body != nil && !isJSON(contentType) && !isText:
		return badBatch("the body of request '" + it.id + "' is no base64url string.")
	}
	return nil
}

// checkTarget refuses absolute URLs and batches within a batch.
func checkTarget(target string) *failure {
	path, _ := splitTarget(target)
	first, _, _ := strings.Cut(path, "/")
	if strings.HasPrefix(path, "//") || strings.Contains(first, ":") {
		return badBatch("URIs must be relative.")
	}
	if isBatch(path) {
		return badBatch("batches cannot be nested.")
	}
	return nil
}

// batchReply is what a batch answers for one item.
type batchReply struct {
	ID      string `json:"id"`
	Status  int    `json:"status"`
	Headers object `json:"headers,omitempty"`
	Body    any    `json:"body"`
}

// batchBody puts the replies in an order of their own: more than a third of
// recorded batches came back out of order. Only the id tells whose reply is
// whose.
func (c *call) batchBody() any {
	replies := make([]batchReply, 0, len(c.items))
	for _, i := range c.rng.Perm(len(c.items)) {
		rep := c.replyTo(c.items[i], &c.results[i])
		switch c.results[i].fault.kind() {
		case MissingItem:
			continue
		case DuplicateItem:
			replies = append(replies, rep)
		case ForeignItem:
			replies = append(replies, batchReply{ID: c.guid(), Status: 200, Body: c.revoked()})
		}
		replies = append(replies, rep)
	}
	return object{"responses": replies}
}

func (c *call) replyTo(it *item, r *result) batchReply {
	rep := batchReply{ID: it.id, Status: r.status, Body: r.body}
	kind := r.fault.kind()
	switch {
	case kind == NullBody:
		rep.Body = nil
		return rep
	case r.bad != nil:
		rep.Body = r.bad.body(c)
		rep.Headers = object{"Content-Type": jsonType}
	case r.status == http.StatusNoContent:
		rep.Headers = object{}
	case kind != NumericHeader && c.rng.IntN(20) == 0:
		return rep // a few recorded successes have no headers at all
	default:
		rep.Headers = object{"Content-Type": itemType, "OData-Version": "4.0"}
	}
	rep.Headers["Cache-Control"] = "no-cache"
	rep.Headers["x-ms-resource-unit"] = strconv.Itoa(it.op.units())
	if kind == NumericHeader {
		rep.Headers["x-ms-resource-unit"] = it.op.units()
	}
	for name, value := range r.header {
		rep.Headers[name] = value
	}
	return rep
}
