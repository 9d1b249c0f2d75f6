package graphsim

import (
	"strconv"
	"strings"
)

// batchBody puts the replies in an order of their own: more than a third of
// recorded batches came back out of order. Only the id tells whose reply is
// whose.
func (c *call) batchBody() []byte {
	order := c.rng.Perm(len(c.items))
	b := make([]byte, 0, 64+400*len(order))
	b = append(b, `{"responses":[`...)
	first := true
	for _, i := range order {
		it, r := c.items[i], &c.results[i]
		kind := r.faultKind()
		if kind == MissingItem {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = c.appendItem(b, it, r)
		switch kind {
		case DuplicateItem:
			b = c.appendItem(append(b, ','), it, r)
		case ForeignItem:
			b = append(b, `,{"id":"`...)
			b = append(b, c.guid()...)
			b = append(b, `","status":200,"headers":{},"body":`...)
			b = append(append(b, revoked(c.version)...), '}')
		}
	}
	return append(b, `]}`...)
}

func (c *call) appendItem(b []byte, it *item, r *result) []byte {
	b = append(b, `{"id":`...)
	b = appendString(b, it.id)
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(r.status), 10)
	kind := r.faultKind()
	if kind == NullBody {
		return append(b, `,"body":null}`...)
	}
	// A few recorded successes have no headers at all.
	if !r.ok() || kind == NumericHeader || c.rng.IntN(20) > 0 {
		b = appendHeaders(append(b, `,"headers":{`...), it, r, kind)
	}
	b = append(b, `,"body":`...)
	if r.ok() {
		b = append(b, r.body...)
	} else {
		b = r.bad.appendBody(b, c)
	}
	return append(b, '}')
}

func appendHeaders(b []byte, it *item, r *result, kind FaultKind) []byte {
	b = append(b, `"Cache-Control":"no-cache","Content-Type":"`...)
	if r.ok() {
		b = append(b, itemType+`","OData-Version":"4.0"`...)
	} else {
		b = append(b, jsonType+`"`...)
	}
	b = append(b, `,"x-ms-resource-unit":`...)
	units := it.op.unitsHeader().value
	if kind != NumericHeader {
		units = strings.Join([]string{`"`, `"`}, units)
	}
	b = append(b, units...)
	for _, h := range r.header {
		b = append(b, ',')
		b = appendString(b, h.name)
		b = append(b, ':')
		b = appendString(b, h.value)
	}
	return append(b, '}')
}
