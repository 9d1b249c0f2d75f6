package planfile

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"
)

// coder goes over the parts of a line, in one of two directions: writing, it
// appends them to b; reading, it takes them from b. What a line looks like is
// so said once, in form.go, and reader and writer cannot disagree.
//
// A key whose value is zero (empty text, 0, false, no time, an empty list or
// object) is not written, and stays zero when it is not there to read.
type coder struct {
	b       []byte
	reading bool
	at      int    // reading: where the next byte stands
	want    string // what should have come; "" as long as all is well
}

// fail notes what should stand here; the first word stands, and nothing is read
// any more.
func (c *coder) fail(want string) {
	if c.want == "" {
		c.want = want
	}
}

// takes reports whether s comes next, and takes it.
func (c *coder) takes(s string) bool {
	if c.want != "" || len(c.b)-c.at < len(s) || string(c.b[c.at:c.at+len(s)]) != s {
		return false
	}
	c.at += len(s)
	return true
}

// literal is text that is always there.
func (c *coder) literal(s string) {
	switch {
	case !c.reading:
		c.b = append(c.b, s...)
	case !c.takes(s):
		c.fail(strconv.Quote(s))
	}
}

// key is the key of a value, and the comma before it. It reports whether the
// value follows; present says so when writing.
func (c *coder) key(name string, present bool) bool {
	if !c.reading {
		if present {
			if c.b[len(c.b)-1] != '{' {
				c.b = append(c.b, ',')
			}
			c.b = append(append(append(c.b, '"'), name...), `":`...)
		}
		return present
	}
	from := c.at
	if from > 0 && c.b[from-1] != '{' && !c.takes(",") {
		return false
	}
	if c.takes(`"`) && c.takes(name) && c.takes(`":`) {
		return true
	}
	c.at = from
	return false
}

// value is text without a key.
func (c *coder) value(v *string) {
	if !c.reading {
		c.b = appendText(c.b, *v)
		return
	}
	if c.want != "" {
		return
	}
	s, n := cutText(c.b[c.at:])
	if n == 0 {
		c.fail("text")
		return
	}
	*v = s
	c.at += n
}

// text is a key with text.
func text[T ~string](c *coder, name string, v *T) {
	if c.key(name, *v != "") {
		s := string(*v)
		c.value(&s)
		if c.reading { // when writing, v belongs to the caller
			*v = T(s)
		}
	}
}

// number is a key with a whole number.
func (c *coder) number(name string, v *int) {
	if !c.key(name, *v != 0) {
		return
	}
	if !c.reading {
		c.b = strconv.AppendInt(c.b, int64(*v), 10)
		return
	}
	end := c.at
	for end < len(c.b) && (c.b[end] == '-' || '0' <= c.b[end] && c.b[end] <= '9') {
		end++
	}
	n, err := strconv.Atoi(string(c.b[c.at:end]))
	if err != nil {
		c.fail("a number")
		return
	}
	*v, c.at = n, end
}

// flag is a key with true.
func (c *coder) flag(name string, v *bool) {
	if c.key(name, *v) {
		c.literal("true")
		if c.reading {
			*v = true
		}
	}
}

// layout is RFC 3339 in UTC, always with three digits of a second.
const layout = "2006-01-02T15:04:05.000Z"

// cut is the time as the format has it: in UTC, in whole milliseconds.
func cut(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// writable reports whether the year has the four digits that RFC 3339 knows.
func writable(t time.Time) bool { y := t.UTC().Year(); return 0 <= y && y <= 9999 }

// time is a key with a moment.
func (c *coder) time(name string, v *time.Time) {
	t := cut(*v)
	s := ""
	if !t.IsZero() {
		s = t.Format(layout)
	}
	if !writable(t) {
		c.fail("a year of four digits")
	}
	if text(c, name, &s); !c.reading || s == "" {
		return
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		c.fail("a time")
	}
	*v = t
}

// bytes is a key with bytes in base64.
func (c *coder) bytes(name string, v *[]byte) {
	s := base64.StdEncoding.EncodeToString(*v)
	if text(c, name, &s); !c.reading {
		return
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		c.fail("base64")
	}
	*v = b
}

// object is a key with an object. It reports whether the object was there.
func (c *coder) object(name string, fields func()) bool {
	start := len(c.b)
	if !c.key(name, true) {
		return false
	}
	c.braces(fields)
	if !c.reading && bytes.HasSuffix(c.b, []byte("{}")) {
		c.b = c.b[:start]
	}
	return true
}

// braces is an object without a key.
func (c *coder) braces(fields func()) {
	c.literal("{")
	fields()
	c.literal("}")
}

// list is a key with a list.
func list[T any](c *coder, name string, v *[]T, each func(*T)) {
	if c.key(name, len(*v) > 0) {
		brackets(c, v, each)
	}
}

// brackets is a list without a key.
func brackets[T any](c *coder, v *[]T, each func(*T)) {
	c.literal("[")
	if !c.reading {
		for i := range *v {
			if i > 0 {
				c.literal(",")
			}
			each(&(*v)[i])
		}
		c.literal("]")
		return
	}
	*v = nil
	for c.want == "" && !c.takes("]") {
		if *v != nil {
			c.literal(",")
		}
		var one T
		each(&one)
		*v = append(*v, one)
	}
}
