package graphsim

import (
	"net/http"
	"time"
)

// fate is how far an answer gets.
type fate int

const (
	delivered fate = iota
	dropped        // the connection breaks before the first byte
	cut            // the connection breaks after body
)

// reply is an HTTP answer.
type reply struct {
	status int
	header http.Header
	body   []byte
	fate   fate
}

const jsonType = "application/json"

// newReply carries what Graph sets on every answer. Date is the server's own
// clock.
func (c *call) newReply(status int, contentType string, body []byte) *reply {
	return &reply{status: status, body: body, header: http.Header{
		"Content-Type":        {contentType},
		"Date":                {c.date.UTC().Format(http.TimeFormat)},
		"Request-Id":          {c.requestID},
		"Client-Request-Id":   {c.clientID},
		"X-Ms-Ags-Diagnostic": {`{"ServerInfo":{"DataCenter":"graphsim","Slice":"E","Ring":"0"}}`},
	}}
}

// outer answers for the call as a whole with an error.
func (c *call) outer(bad *failure) *reply {
	rep := c.newReply(bad.status, jsonType, bad.appendBody(nil, c))
	if bad.status == http.StatusUnauthorized {
		rep.header.Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`)
	}
	return rep
}

// answer makes the reply to a call whose items have run.
func (c *call) answer(t *Tenant) *reply {
	if c.fault != nil {
		switch c.fault.Kind {
		case LostAnswer, DropBefore:
			return &reply{fate: dropped}
		case HTML503:
			return c.htmlUnavailable()
		case Outer429:
			rep := c.outer(throttled(c.rng, c.bearer.app, t.cfg.TenantID))
			rep.header.Set("Retry-After", retryAfter(c.rng, 1500*time.Millisecond))
			return rep
		case Expired401:
			return c.outer(errDeadToken)
		}
	}
	var rep *reply
	if c.batch {
		rep = c.newReply(http.StatusOK, jsonType, c.batchBody())
	} else {
		rep = c.direct(c.items[0], &c.results[0])
	}
	if c.fault != nil && c.fault.Kind == Truncated {
		rep.fate = cut
		rep.body = rep.body[:1+c.rng.IntN(max(1, len(rep.body)-1))]
	}
	return rep
}

// htmlUnavailable is what a gateway in front of Graph says, which knows
// nothing of JSON (microsoft-graph-docs#2290).
func (c *call) htmlUnavailable() *reply {
	rep := c.newReply(http.StatusServiceUnavailable, "text/html", []byte("<!DOCTYPE html><html><head><title>Service Unavailable</title></head>"+
		"<body><h2>Our services aren't available right now</h2></body></html>"))
	rep.header.Del("Request-Id")
	if c.rng.IntN(2) == 0 {
		rep.header.Set("Retry-After", "5")
	}
	return rep
}

// direct answers a call that was no batch.
func (c *call) direct(it *item, r *result) *reply {
	if !r.ok() {
		rep := c.outer(r.bad)
		for _, h := range r.header {
			rep.header.Set(h.name, h.value)
		}
		return rep
	}
	contentType, body := itemType, r.body
	if it.op.action == actCount {
		contentType = "text/plain"
		if c.rng.IntN(2) == 0 { // some OData services send one (oasis-tcs/odata-specs#325)
			body = append([]byte("\ufeff"), body...)
		}
	}
	rep := c.newReply(r.status, contentType, body)
	rep.header.Set("x-ms-resource-unit", it.op.unitsHeader().value)
	rep.header.Set("OData-Version", "4.0")
	return rep
}

const itemType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
