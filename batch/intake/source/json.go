package source

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"offboard/batch"
)

const (
	maxElement = 1 << 20 // bytes of an element, and of all keys together
	maxKeys    = 1000    // different keys of all objects
)

// looksLikeJSON reports whether a text whose first part is sample is JSON of several values.
// A header such as [upn] and a list of {GUID} are not.
func looksLikeJSON(sample []byte) bool {
	d := json.NewDecoder(bytes.NewReader(sample))
	first, _ := d.Token()
	if _, several := first.(json.Delim); !several {
		return false
	}
	second, err := d.Token()
	if _, text := second.(string); err == nil && !text {
		_, err = d.Token() // what looks like a number may go on
	}
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) // cut off
}

// place is a place in a text: a line, from 1, and how many bytes of it are above.
type place struct{ line, at int }

// below is the place behind a text that begins here.
func (p place) below(text []byte) place {
	if last := bytes.LastIndexByte(text, '\n'); last >= 0 {
		return place{p.line + bytes.Count(text, []byte("\n")), len(text) - last - 1}
	}
	return place{p.line, p.at + len(text)}
}

// jsonSource gives the elements of a JSON array, which may stand in an object with the key
// "value" as Graph answers, or objects that follow each other, as in JSON Lines.
type jsonSource struct {
	text     *bufio.Reader
	settings []batch.Setting
	place         // where the next byte stands
	blank    bool // all bytes before it on its line are blanks

	array    bool // the text is an array
	enclosed bool // in an object
	more     bool // which says that another page follows
	count    int  // elements so far
	objects  bool // they are objects, and else strings

	keys    []string // in the order of their first appearance
	keySize int
	columns map[string]int // of the keys
	seen    []int          // of each key, the number of the last element that has it
	due     bool           // the keys are the next record
	raw     []byte         // the last value
	record  string
	start   place // of the record
	cells   []string
	starts  []int // where the text of each cell stands in the record, if it stands there as it is
}

// openJSON reads a text that [looksLikeJSON]. It reads all of it at once, to know the keys,
// and so that a text that was cut off gives not even its first records. An element counts as
// a line where the text is an array.
func openJSON(in Input, opt Options) (Source, error) {
	first, err := beginJSON(in, opt)
	for err == nil {
		_, err = first.Next()
	}
	if err != io.EOF {
		return nil, err
	}
	j, err := beginJSON(in, opt)
	if err != nil {
		return nil, err
	}
	why := "strings"
	if first.objects {
		why = "objects, whose keys are the columns"
	}
	switch {
	case first.count == 0:
		why = "nothing in it"
	case j.enclosed:
		why = `an array "value" of ` + why
	case j.array:
		why = "an array of " + why
	}
	j.settings = append(j.settings, batch.Setting{Name: "format", Value: "JSON", Why: why})
	j.keys, j.columns, j.seen, j.due = first.keys, first.columns, make([]int, len(first.keys)), len(first.keys) > 0
	return j, nil
}

// newJSON stands at the start of the text, as objects that follow each other do.
func newJSON(in Input, opt Options) (*jsonSource, error) {
	text, settings, err := openText(in, opt)
	return &jsonSource{text: text, settings: settings, place: place{line: 1}, blank: true, columns: map[string]int{}}, err
}

// beginJSON stands behind the bracket of an array, or at the start of other JSON.
func beginJSON(in Input, opt Options) (*jsonSource, error) {
	j, err := newJSON(in, opt)
	if err != nil {
		return nil, err
	}
	b, _ := j.peek()
	if b == '{' {
		_, _ = j.next()
		j.enclosed, _ = j.members(true) // what is wrong is found again when its object is read
	}
	if j.array = b == '[' || j.enclosed; !j.array {
		return newJSON(in, opt)
	}
	_, err = j.next()
	return j, err
}

// Next gives the keys, and then an element at a time.
func (j *jsonSource) Next() (Record, error) {
	if j.due {
		j.due, j.record = false, strings.Join(j.keys, ",")
		return Record{Cells: j.keys, Header: true}, nil
	}
	for !j.array {
		p, err := j.text.Peek(1)
		if err != nil || !isBlank(p[0]) {
			break
		}
		line, blank := j.line, j.blank
		if b, _ := j.next(); b == '\n' && blank {
			j.record = ""
			return Record{Line: line}, nil
		}
	}
	b, err := j.element()
	if err != nil {
		return Record{}, err
	}
	rec := Record{Line: j.line}
	j.start = j.place
	if j.count++; j.array {
		rec.Line = j.count
	}
	if object := b == '{'; j.count == 1 {
		j.objects = object
	} else if object != j.objects {
		return Record{}, j.broken(fmt.Sprintf("element %d is not of the kind of those before it: a list is of objects or of strings", j.count))
	}
	if b != '{' && (b != '"' || !j.array) {
		return Record{}, j.broken(fmt.Sprintf("element %d begins with %q: an object {...} with the names of the columns belongs here, or a string in an array", j.count, b))
	}
	if err := j.value(); err != nil {
		return Record{}, err
	}
	j.record = string(j.raw) // the cells are parts of it
	if !j.objects {
		j.cells, j.starts = append(j.cells[:0], unquote(j.record)), append(j.starts[:0], 1)
	} else if rec.Fault, err = j.split(); err != nil {
		return Record{}, err
	}
	rec.Cells, rec.Shared = j.cells, len(j.record)
	return rec, nil
}

// element goes to the next element and gives its first byte; io.EOF after the last one.
func (j *jsonSource) element() (byte, error) {
	b, err := j.peek()
	switch {
	case !j.array:
		return b, err
	case b == ']':
		_, _ = j.next()
		return 0, j.end()
	case j.count > 0 && b == ',':
		_, _ = j.next()
		b, err = j.peek()
	case j.count > 0 && err == nil:
		return 0, j.broken(fmt.Sprintf("a comma or ] belongs between the elements, and not %q", b))
	}
	if err == io.EOF {
		err = j.broken("the array is not closed")
	}
	return b, err
}

// end reads what is behind the array. The error is io.EOF when all is well.
func (j *jsonSource) end() error {
	if j.enclosed {
		if _, err := j.members(false); err != nil {
			return err
		}
	}
	b, err := j.peek()
	switch {
	case err == nil:
		return j.broken(fmt.Sprintf("%q follows after the end of the JSON: one array belongs in a file", b))
	case err == io.EOF && j.more:
		return &Error{Reason: `the list is not whole: its key "nextLink" leads to the next page of the answer: get all pages, such as by Get-MgUser -All, or az rest for each nextLink, and give all files`}
	}
	return err
}

// members reads the object around the array, as far as the array or to its end. It begins
// before the first key, or behind a value.
func (j *jsonSource) members(first bool) (found bool, err error) {
	for ; ; first = false {
		b, err := j.peek()
		switch {
		case b == '}':
			_, err := j.next()
			return false, err
		case b == ',' && !first:
			_, _ = j.next()
			b, err = j.peek()
		case !first && err == nil:
			err = j.broken(fmt.Sprintf("a comma or } belongs behind a value, and not %q", b))
		}
		if err == nil && b != '"' {
			err = j.broken(fmt.Sprintf("a key in quotes belongs here, and not %q", b))
		}
		if err != nil {
			return false, j.cut(err)
		}
		if err := j.value(); err != nil {
			return false, err
		}
		key := unquote(string(j.raw))
		if b, err = j.peek(); err == nil && b != ':' {
			err = j.broken(fmt.Sprintf("a colon belongs behind a key, and not %q", b))
		}
		if err != nil {
			return false, j.cut(err)
		}
		_, _ = j.next()
		if b, err = j.peek(); err != nil {
			return false, j.cut(err)
		}
		if key == "value" && j.enclosed {
			return false, j.broken(`the key "value" is there twice: which list is meant?`)
		}
		if key == "value" && b == '[' {
			return true, nil
		}
		if err := j.value(); err != nil {
			return false, err
		}
		j.more = j.more || strings.HasSuffix(strings.ToLower(key), "nextlink") && string(j.raw) != "null"
	}
}

// split cuts the object in record into cells. A key that is there twice is a fault.
func (j *jsonSource) split() (fault string, err error) {
	j.cells, j.starts = append(j.cells[:0], make([]string, len(j.keys))...), append(j.starts[:0], make([]int, len(j.keys))...)
	text := strings.TrimLeft(j.record[1:], blanks)
	for text[0] != '}' {
		size, _ := take(&nesting{}, text)
		key := unquote(text[:size])
		text = strings.TrimLeft(text[size:], blanks)
		text = strings.TrimLeft(text[1:], blanks) // behind the colon
		size, _ = take(&nesting{}, text)
		at, known := j.columns[key]
		if !known {
			if j.keySize += len(key); len(j.keys) == maxKeys || j.keySize > maxElement {
				return "", j.broken(fmt.Sprintf("more than %d different keys: is this a list of users?", len(j.keys)))
			}
			at, key = len(j.keys), strings.Clone(key)
			j.columns[key] = at
			j.keys, j.cells, j.seen = append(j.keys, key), append(j.cells, ""), append(j.seen, 0)
			j.starts = append(j.starts, 0)
		}
		if j.seen[at] == j.count {
			fault = fmt.Sprintf("the key %q is there twice in it: keep the one whose value is meant", key)
		}
		j.seen[at], j.cells[at], j.starts[at] = j.count, cellOf(text[:size]), len(j.record)-len(text)+1
		text = strings.TrimLeft(text[size:], blanks)
		text = strings.TrimLeft(strings.TrimPrefix(text, ","), blanks)
	}
	return fault, nil
}

// cellOf gives a value as a cell.
func cellOf(value string) string {
	switch value[0] {
	case '"':
		return unquote(value)
	case 'n': // null
		return ""
	case '{', '[':
		var b bytes.Buffer
		_ = json.Compact(&b, []byte(value)) // it is known to be JSON
		return strings.ToValidUTF8(b.String(), "\uFFFD")
	}
	return value
}

// unquote gives the text of a JSON string.
func unquote(quoted string) (text string) {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	_ = json.Unmarshal([]byte(quoted), &text) // it is known to be JSON
	return text
}

const blanks = " \t\r\n"

func isBlank(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

// nesting is how deep inside a value a text is.
type nesting struct {
	depth                  int
	quoted, escaped, plain bool // plain is in a number or a word
}

// take gives how much of a text belongs to the value that it begins or goes on with, and
// whether the value ends there.
func take[T string | []byte](n *nesting, text T) (size int, ends bool) {
	for i := range len(text) {
		switch b := text[i]; {
		case n.escaped:
			n.escaped = false
		case n.quoted:
			n.escaped, n.quoted = b == '\\', b != '"'
		case n.plain && (isBlank(b) || b == ',' || b == ']' || b == '}'):
			return i, true
		case n.plain:
		case b == '"':
			n.quoted = true
		case b == '{' || b == '[':
			n.depth++
		case b == '}' || b == ']':
			n.depth--
		default:
			n.plain = n.depth == 0
		}
		if n.depth <= 0 && !n.quoted && !n.plain {
			return i + 1, true
		}
	}
	return len(text), false
}

// value reads the value at which the text stands into raw, and checks it.
func (j *jsonSource) value() error {
	start := j.place
	j.raw = j.raw[:0]
	var n nesting
	for ends := false; !ends && len(j.raw) <= maxElement; {
		_, err := j.text.Peek(1)
		if err == io.EOF {
			break
		} else if err != nil {
			return j.unread(err)
		}
		part, _ := j.text.Peek(j.text.Buffered())
		var size int
		size, ends = take(&n, part)
		j.raw = append(j.raw, part[:size]...)
		_, _ = j.text.Discard(size)
	}
	j.place, j.blank = start.below(j.raw), false
	if len(j.raw) <= maxElement && json.Valid(j.raw) {
		return nil
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(j.raw, &json.RawMessage{}); !errors.As(err, &syntax) || len(j.raw) > maxElement && int(syntax.Offset) >= len(j.raw) {
		return &Error{Line: start.line, Reason: fmt.Sprintf("the element that begins here is longer than %d bytes: is this a list of users?", maxElement)}
	}
	j.place = start.below(j.raw[:max(syntax.Offset, 1)-1])
	return j.broken(syntax.Error())
}

// next takes the next byte.
func (j *jsonSource) next() (byte, error) {
	b, err := j.text.ReadByte()
	switch {
	case err == io.EOF:
		return 0, err
	case err != nil:
		return 0, j.unread(err)
	case b == '\n':
		j.place, j.blank = place{j.line + 1, 0}, true
	default:
		j.at, j.blank = j.at+1, j.blank && isBlank(b)
	}
	return b, nil
}

// unread is the error of a read that failed.
func (j *jsonSource) unread(err error) error {
	return fmt.Errorf("read line %d of the input: %w", j.line, err)
}

// peek passes over blanks and gives the byte behind them, which stays.
func (j *jsonSource) peek() (byte, error) {
	for {
		if p, _ := j.text.Peek(1); len(p) > 0 && !isBlank(p[0]) {
			return p[0], nil
		}
		if _, err := j.next(); err != nil {
			return 0, err
		}
	}
}

// cut makes an error of the end of the text where it may not end.
func (j *jsonSource) cut(err error) error {
	if err == io.EOF {
		return j.broken("the JSON ends in the middle")
	}
	return err
}

// broken is the error for the byte at which the text stands.
func (j *jsonSource) broken(reason string) error {
	return &Error{Line: j.line, Reason: fmt.Sprintf("byte %d: %s: if the file came by a download, see whether that is whole, and get it again", j.at+1, reason)}
}

// Lines is the number of elements of an array, or else of lines.
func (j *jsonSource) Lines() int {
	switch {
	case j.array:
		return j.count
	case j.at == 0:
		return j.line - 1
	}
	return j.line
}

// Text is the last element as it is written.
func (j *jsonSource) Text() string { return j.record }

// At gives the place of a cell that stands in the text as it is. Others have no bytes that
// are not UTF-8.
func (j *jsonSource) At(cell, offset int) (line, at int) {
	p := j.start.below([]byte(j.record[:j.starts[cell]+offset]))
	return p.line, p.at + 1
}

// Settings are the encoding and the shape of the JSON.
func (j *jsonSource) Settings() []batch.Setting { return j.settings }

// Close has nothing to free.
func (j *jsonSource) Close() error { return nil }
func (j *jsonSource) Dates() bool  { return false }
