package source

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"offboard/batch"
)

const (
	maxElement = 1 << 20 // bytes of an element, and of all keys together
	maxKeys    = 1000    // different keys of all objects
)

// lenient leaves to the reader of a cell what is no fault of the file: a key that is there
// twice, and bytes that are not UTF-8.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// looksLikeJSON reports whether a text whose first part is sample is JSON of several values.
// A header such as [upn] and a list of {GUID} are not.
func looksLikeJSON(sample []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(sample), lenient...)
	if k := d.PeekKind(); k != '{' && k != '[' {
		return false
	}
	_, _ = d.ReadToken()
	second, err := d.ReadToken()
	if err == nil && second.Kind() != '"' {
		_, err = d.ReadToken() // what looks like a number may go on
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

// jsonSource gives the elements of a JSON array, which may stand in an object, or objects that follow each other, as in JSON Lines.
type jsonSource struct {
	*jsontext.Decoder
	in       *meter
	settings []batch.Setting
	place          // behind what was read
	start    place // of the last value
	ahead    place // of the next element, when blank lines above it are given
	blank    int   // lines of them that were given
	last     int   // line that was given, or element of an array

	array    bool     // the text is an array
	enclosed []string // by the keys of the objects around it
	pages    paging   // what the objects around it say of other pages
	count    int      // elements so far
	objects  bool     // they are objects, and else strings

	keys    []string // in the order of their first appearance
	keySize int
	columns map[string]int // of the keys
	due     bool           // the keys are the next record
	parts   jsontext.Decoder
	record  string
	cells   []string
	starts  []int // where the text of each cell stands in the record, if it stands there as it is; 0 if none does
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
	why := "objects, whose keys are the columns"
	if j.array {
		why = "an array of " + why
	}
	switch {
	case err != nil:
		return nil, err
	case first.count == 0:
		why = "nothing in it"
	case !first.objects:
		why = "an array of strings"
	}
	j.settings = append(j.settings, batch.Setting{Name: "format", Value: "JSON", Why: why})
	if j.enclosed != nil {
		j.settings = append(j.settings, batch.Setting{Name: "sheet", Value: strings.Join(j.enclosed, "."), Why: "the key of the list in an object"})
	}
	j.keys, j.columns, j.due = first.keys, first.columns, len(first.keys) > 0 || first.count == 0
	return j, nil
}

// newJSON stands at the start of the text, as objects that follow each other do.
func newJSON(in Input, opt Options) (*jsonSource, error) {
	text, settings, err := openText(in, opt)
	j := &jsonSource{in: &meter{Reader: text, left: 2 * maxElement}, settings: settings, place: place{line: 1}, columns: map[string]int{}}
	j.Decoder = jsontext.NewDecoder(j.in, lenient...)
	return j, err
}

// beginJSON stands behind the bracket of an array, or at the start of other JSON.
func beginJSON(in Input, opt Options) (*jsonSource, error) {
	j, err := newJSON(in, opt)
	if err == nil && (j.PeekKind() == '{' || opt.Sheet != "") {
		if j.enclosed, err = listIn(in, opt); err != nil {
			return j, err
		}
		for _, key := range j.enclosed {
			if err = j.bracket(); err == nil {
				err = j.members(key)
			}
			if err != nil {
				return j, err
			}
		}
	}
	if j.array = err == nil && j.PeekKind() == '['; j.array {
		err = j.bracket()
	}
	return j, err
}

// Next gives the keys, and then an element at a time.
func (j *jsonSource) Next() (Record, error) {
	if j.due {
		j.due, j.record = false, strings.Join(j.keys, ",")
		return Record{Cells: j.keys, Header: true}, nil
	}
	if j.blank == 0 {
		j.ahead = j.next()
	}
	if line := j.line + min(j.count, 1) + j.blank; !j.array && line < j.ahead.line {
		j.blank, j.last, j.record = j.blank+1, line, ""
		return Record{Line: line}, nil
	}
	j.blank = 0
	if j.array && j.PeekKind() == ']' {
		return Record{}, j.end()
	}
	raw, err := j.value()
	if err != nil {
		return Record{}, err
	}
	j.count++
	rec, object := Record{Line: j.start.line}, raw[0] == '{'
	if j.last = j.line; j.array {
		rec.Line, j.last = j.count, j.count
	}
	switch {
	case j.count > 1 && object != j.objects:
		err = j.start.broken(fmt.Sprintf("element %d is not of the kind of those before it: a list is of objects or of strings", j.count))
	case !object && (raw[0] != '"' || !j.array):
		err = j.start.broken(fmt.Sprintf("element %d begins with %q: an object {...} with the names of the columns belongs here, or a string in an array", j.count, raw[0]))
	}
	j.objects, j.record = object, string(raw) // the cells are parts of it
	if object && err == nil {
		rec.Fault, err = j.split(raw)
	} else if err == nil {
		j.cells, j.starts = append(j.cells[:0], unquote(j.record)), append(j.starts[:0], 1)
	}
	rec.Cells, rec.Shared = j.cells, len(j.record)
	return rec, err
}

// end reads what is behind the array. The error is io.EOF when all is well.
func (j *jsonSource) end() error {
	err := j.bracket()
	for range j.enclosed {
		if err == nil {
			err = j.members("")
		}
	}
	if err != nil {
		return err
	}
	if k := j.PeekKind(); k != 0 {
		return j.next().broken(fmt.Sprintf("%q follows after the end of the JSON: one array belongs in a file", rune(k)))
	}
	err = j.bracket()
	if why := j.pages.why(j.count); err == io.EOF && why != "" {
		return &Error{Reason: fmt.Sprintf("the list is not whole: %s: get all of it, such as with Get-MgUser -All, or put the lists of all pages into one file, such as with jq -s 'map(.\"%s\"[])' PAGE... > all.json", why, strings.Join(j.enclosed, `"."`))}
	}
	return err
}

// listIn gives the keys that lead to the list in an object that is all of the text: the array that
// the person named, or one at one of listKeys; else, if the keys of the object are no header, the only
// array of objects or names that is not of links and does not describe another. There is none in other text.
func listIn(in Input, opt Options) ([]string, error) {
	j, err := newJSON(in, opt)
	if err != nil {
		return nil, nil // which reading meets again
	}
	var keys, asked []string
	var lists [][]string
	beside := "" // what stands beside the lists and says that people of theirs are not meant
	tell := func(key, name string, raw jsontext.Value) {
		if value := cellOf(string(raw)); opt.Spares != nil && opt.Spares(key, value) {
			beside = cmp.Or(beside, fmt.Sprintf("%s: %.100s", name, value))
		}
	}
	var walk func(path []string) error
	walk = func(path []string) error {
		err := j.bracket()
		for err == nil && j.PeekKind() == '"' {
			var raw jsontext.Value
			if raw, err = j.value(); err != nil {
				break
			}
			at := append(slices.Clone(path), strings.Clone(unquote(string(raw))))
			key, name := at[len(path)], strings.Join(at, ".")
			if path == nil {
				keys = append(keys, key)
			}
			switch kind := j.PeekKind(); {
			case key == "": // names no list
				_, err = j.value()
			case kind == '{' && path == nil:
				err = walk(at)
				tell(key, name, jsontext.Value(`{}`))
			case kind == '[' && (opt.Sheet == name || opt.Sheet == "" && path == nil && slices.Contains(listKeys, key)):
				asked = at
				return io.EOF
			case kind == '[':
				err = j.bracket()
				of := j.PeekKind()
				for first := true; err == nil && j.PeekKind() != ']'; first = false {
					if raw, err = j.value(); err != nil || !first {
					} else if (of == '{' || of == '"' && named(unquote(string(raw)))) && !pageObjects.MatchString(key) && !describing.MatchString(key) {
						lists = append(lists, at)
					} else {
						tell(key, name, raw)
					}
				}
				if err == nil {
					err = j.bracket()
				}
			default:
				if raw, err = j.value(); err == nil {
					tell(key, name, raw)
				}
			}
		}
		if err != nil {
			return err
		}
		return j.bracket()
	}
	err = walk(nil)
	switch {
	case asked != nil:
		return asked, nil
	case opt.Sheet != "":
		return nil, &Error{Option: "--sheet", Reason: fmt.Sprintf("the file is no workbook, and no object in it has a list %q: leave --sheet out", opt.Sheet)}
	case err != nil, j.PeekKind() != 0, len(lists) == 0, opt.IsHeader == nil || opt.IsHeader(keys):
		return nil, nil
	case len(lists) > 1 && opt.Spares != nil && slices.ContainsFunc(lists, func(at []string) bool { return opt.Spares(at[len(at)-1], "[]") }):
		return nil, &Error{Reason: "an object holds a list of people who seem not to be meant beside another: write those who are meant, and nobody else, into a file of one list"}
	case len(lists) > 1:
		first, second := strings.Join(lists[0], "."), strings.Join(lists[1], ".")
		return nil, &Error{Reason: fmt.Sprintf("an object holds %d lists: name the one that is meant, such as with --sheet %q or --sheet %q", len(lists), first, second)}
	}
	if beside != "" {
		return nil, &Error{Reason: fmt.Sprintf("beside the list stands what seems to say that people in it are not meant (%s): write those who are meant into a file of one list, or if all are, say so with --sheet %q", beside, strings.Join(lists[0], "."))}
	}
	return lists[0], nil
}

// describing are keys of lists that tell of the columns of another.
var describing = regexp.MustCompile(`(?i)^(fields|columns|headers|schema)$`)

// listKeys are the keys of an object that enclose the list, whatever else is in it: of Graph, and of
// reports of Workday.
var listKeys = []string{"value", "Report_Entry"}

// members reads an object as far as the value of the key, or to its end for "".
func (j *jsonSource) members(wanted string) error {
	for j.PeekKind() == '"' {
		raw, err := j.value()
		if err != nil {
			return err
		}
		key := strings.Clone(unquote(string(raw)))
		switch {
		case wanted == "" && slices.Contains(listKeys, key) && slices.Contains(listKeys, j.enclosed[0]):
			return j.start.broken(fmt.Sprintf("the key %q is there twice: which list is meant?", key))
		case wanted != "" && key == wanted:
			return nil
		}
		if raw, err = j.value(); err != nil {
			return err
		}
		var value any
		if raw[0] != '{' && raw[0] != '[' || len(raw) < maxPaging {
			_ = json.Unmarshal(raw, &value, lenient...) // it is known to be JSON
		}
		j.pages.note(key, value)
	}
	return j.bracket()
}

// split cuts the object in record, which is raw, into cells. A key that is there twice is a fault.
func (j *jsonSource) split(raw []byte) (fault string, err error) {
	j.cells, j.starts = append(j.cells[:0], make([]string, len(j.keys))...), append(j.starts[:0], make([]int, len(j.keys))...)
	j.parts.Reset(bytes.NewBuffer(raw), lenient...)
	part := func() (text string, at int) {
		raw, _ := j.parts.ReadValue() // it is known to be JSON
		at = int(j.parts.InputOffset()) - len(raw)
		return j.record[at : at+len(raw)], at
	}
	for _, _ = j.parts.ReadToken(); j.parts.PeekKind() == '"'; {
		key, _ := part()
		key = unquote(key)
		at, known := j.columns[key]
		if !known {
			if j.keySize += len(key); len(j.keys) == maxKeys || j.keySize > maxElement {
				return "", j.broken(fmt.Sprintf("more than %d different keys: is this a list of users?", len(j.keys)))
			}
			at, key = len(j.keys), strings.Clone(key)
			j.columns[key] = at
			j.keys, j.cells, j.starts = append(j.keys, key), append(j.cells, ""), append(j.starts, 0)
		}
		if j.starts[at] > 0 {
			fault = fmt.Sprintf("the key %q is there twice in it: keep the one whose value is meant", key)
		}
		value, start := part()
		j.cells[at], j.starts[at] = cellOf(value), start+1
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
		v := jsontext.Value(value)
		_ = v.Compact(lenient...) // it is known to be JSON
		return strings.ToValidUTF8(string(v), "\uFFFD")
	}
	return value
}

// within finds a key in JSON, or a value without its quotes.
var within = regexp.MustCompile(`"[^"]*":|"?([^"{}\[\],:]+)"?`)

// Within gives the values in a cell that is an object or list, as [cellOf] writes one.
func Within(cell string) (values []string) {
	if cell != "" && (cell[0] == '{' || cell[0] == '[') {
		for _, m := range within.FindAllStringSubmatch(cell, -1) {
			values = append(values, m[1])
		}
	}
	return values
}

// unquote gives the text of a JSON string; one without an escape stands as it is.
func unquote(quoted string) string {
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // what is not UTF-8 becomes U+FFFD
	return string(text)
}

// next is the place of the next value or bracket.
func (j *jsonSource) next() place {
	j.PeekKind() // so that all above it is in the buffer
	rest := j.UnreadBuffer()
	return j.below(rest[:len(rest)-len(bytes.TrimLeft(rest, " \t\r\n,:"))])
}

// bracket reads a bracket.
func (j *jsonSource) bracket() error {
	_, err := j.read(func() (jsontext.Value, error) { _, err := j.ReadToken(); return jsontext.Value("["), err })
	return err
}

// value reads a value, which is good until the next reading.
func (j *jsonSource) value() (jsontext.Value, error) { return j.read(j.ReadValue) }

// read keeps the place. The error is io.EOF where the text may end.
func (j *jsonSource) read(read func() (jsontext.Value, error)) (jsontext.Value, error) {
	j.in.left = 2 * maxElement // some of it stands in the buffer, and some blanks above it
	j.start = j.next()
	raw, err := read()
	syntax, broken := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case err == nil && len(raw) <= maxElement:
		j.place = j.start.below(raw)
	case err == nil || errors.Is(err, errTooLong):
		err = &Error{Line: j.start.line, Reason: fmt.Sprintf("the element that begins here is longer than %d bytes: is this a list of users?", maxElement)}
	case broken && syntax.Err == io.ErrUnexpectedEOF:
		err = j.below(j.UnreadBuffer()).broken("the JSON ends in the middle")
	case broken:
		err = j.below(j.UnreadBuffer()[:syntax.ByteOffset-j.InputOffset()]).broken(syntax.Err.Error())
	case err != io.EOF:
		err = fmt.Errorf("read line %d of the input: %w", j.start.line, err)
	}
	return raw, err
}

// broken is the error for what stands at a place.
func (p place) broken(reason string) error {
	return &Error{Line: p.line, Reason: fmt.Sprintf("byte %d: %s: if the file came by a download, see whether that is whole, and get it again", p.at+1, reason)}
}

// At gives the place of a cell that stands in the text as it is. Others have no bytes that
// are not UTF-8.
func (j *jsonSource) At(cell, offset int) (line, at int) {
	p := j.start.below([]byte(j.record[:j.starts[cell]+offset]))
	return p.line, p.at + 1
}

func (j *jsonSource) Lines() int                { return j.last }
func (j *jsonSource) Text() string              { return j.record }
func (j *jsonSource) Settings() []batch.Setting { return j.settings }
func (j *jsonSource) Close() error              { return nil }
