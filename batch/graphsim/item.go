package graphsim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

func parseItem(version string, members map[string]json.RawMessage) (*item, *failure) {
	it := new(item)
	var target string
	for name := range members {
		switch name {
		case "id", "method", "url", "headers", "body", "dependsOn":
		default:
			return nil, badBatch("Invalid batch payload format: unknown member '" + name + "'.")
		}
	}
	for _, m := range [...]struct {
		name string
		into *string
	}{{"id", &it.id}, {"method", &it.method}, {"url", &target}} {
		if !stringMember(members[m.name], m.into) {
			return nil, badBatch("Invalid batch payload format: '" + m.name + "' must be a string that is not empty.")
		}
	}
	headers, bad := itemHeaders(members["headers"])
	if bad != nil {
		return nil, bad
	}
	if bad := checkBody(it, headers, members["body"]); bad != nil {
		return nil, bad
	}
	if bad := checkTarget(target); bad != nil {
		return nil, bad
	}
	if d := members["dependsOn"]; len(d) > 0 && !isNull(d) && string(bytes.TrimSpace(d)) != "[]" {
		return nil, errNotSimulated
	}
	it.op = route(version, it.method, target, headers["consistencylevel"] == "eventual")
	return it, nil
}

// itemHeaders returns the headers by lower case. Their values are strings.
func itemHeaders(raw json.RawMessage) (map[string]string, *failure) {
	if len(raw) == 0 || isNull(raw) {
		return nil, nil
	}
	var parsed map[string]*string
	if json.Unmarshal(raw, &parsed) != nil {
		return nil, badBatch("Invalid batch payload format: 'headers' must be an object of strings.")
	}
	headers := make(map[string]string, len(parsed))
	for name, value := range parsed {
		lower := strings.ToLower(name)
		if _, twice := headers[lower]; twice || value == nil {
			return nil, badBatch("Invalid batch payload format: header '" + name + "' is null or stands twice.")
		}
		headers[lower] = *value
	}
	return headers, nil
}

// checkBody holds the rules on Content-Type and body, with the texts that
// msgraph-sdk-dotnet#2628 and Softeria/ms-365-mcp-server#677 report. A write
// needs both, also when the action takes no parameters; null is no body.
func checkBody(it *item, headers map[string]string, body json.RawMessage) *failure {
	contentType := headers["content-type"]
	hasBody := len(body) > 0 && !isNull(body)
	write := false
	switch it.method {
	case http.MethodPost, http.MethodPatch, http.MethodPut:
		write = true
	case http.MethodGet, http.MethodDelete:
	default:
		return badBatch("Invalid batch payload format: method '" + it.method + "' is not supported.")
	}
	switch {
	case write && !hasBody:
		return badBatch("Write request id : " + it.id + " does not contain Content-Type header or body.")
	case hasBody && contentType == "":
		return badBatch("Write request with id '" + it.id + "' does not contain a Content-Type header.")
	case hasBody && isJSON(contentType) && body[0] != '{':
		return badBatch("Invalid batch payload format: the body of request '" + it.id + "' is no JSON object.")
	case hasBody && !isJSON(contentType) && body[0] != '"':
		return badBatch("Invalid batch payload format: the body of request '" + it.id + "' is no base64url string.")
	}
	return nil
}

// checkTarget refuses absolute URLs and batches within a batch.
func checkTarget(target string) *failure {
	path, _ := splitTarget(target)
	first, _, _ := strings.Cut(path, "/")
	if strings.HasPrefix(path, "//") || strings.Contains(first, ":") {
		return badBatch("Invalid batch payload format: URIs must be relative.")
	}
	if p := strings.TrimPrefix(path, "/"); p == "$batch" || strings.EqualFold(p, "%24batch") {
		return badBatch("Invalid batch payload format: batches cannot be nested.")
	}
	return nil
}

// stringMember reads a JSON string that is not empty.
func stringMember(raw json.RawMessage, into *string) bool {
	if len(raw) < 3 || raw[0] != '"' {
		return false
	}
	if plain := raw[1 : len(raw)-1]; bytes.IndexByte(plain, '\\') < 0 {
		*into = string(plain)
		return true
	}
	return json.Unmarshal(raw, into) == nil
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}

// resourceUnits are what an operation costs by Graph's table (Microsoft Graph
// service-specific throttling limits): one, but for lists of users two and for
// transitive members five; less one for $select, less one for $top below 20,
// one more for $expand, and never below one.
func (op *operation) resourceUnits() int {
	units := 1
	switch op.action {
	case actFind, actNamed:
		units = 2
	case actMembers:
		units = 5
	}
	if op.query.fields != nil {
		units--
	}
	if op.query.top > 0 && op.query.top < 20 {
		units--
	}
	if op.query.expand != "" {
		units++
	}
	return max(1, units)
}

func (op *operation) unitsHeader() pair {
	return pair{"x-ms-resource-unit", strconv.Itoa(op.resourceUnits())}
}
