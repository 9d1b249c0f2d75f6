package graphsim

import (
	"net/http"
	"net/url"
	"strings"
)

// bookkeeping serves the pages below /_sim/, to tests in other processes:
//
//	/_sim/log          every event, as JSON lines
//	/_sim/stats        the counters
//	/_sim/users/{key}  one user as the directory has it now
func (t *Tenant) bookkeeping(path string) *reply {
	switch rest := strings.TrimPrefix(path, "/_sim/"); rest {
	case "log":
		var lines []byte
		for _, e := range t.Log() {
			lines = e.appendLine(lines)
		}
		return &reply{status: http.StatusOK, body: lines, header: http.Header{"Content-Type": {"application/x-ndjson"}}}
	case "stats":
		return jsonReply(http.StatusOK, t.Stats())
	default:
		if raw, ok := strings.CutPrefix(rest, "users/"); ok {
			if key, err := url.PathUnescape(raw); err == nil {
				if u, ok := t.User(key); ok {
					return jsonReply(http.StatusOK, u)
				}
			}
		}
	}
	return &reply{status: http.StatusNotFound, header: http.Header{}}
}
