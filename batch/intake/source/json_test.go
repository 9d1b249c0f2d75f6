package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// readAll gives the records of a source, each on a line: its number, H for a header, the
// cells between bars, and the fault.
func readAll(s Source) (string, error) {
	var b strings.Builder
	for {
		rec, err := s.Next()
		if err == io.EOF {
			return b.String(), nil
		} else if err != nil {
			return b.String(), err
		}
		mark := ""
		if rec.Header {
			mark = "H"
		}
		fmt.Fprintf(&b, "%d%s %s", rec.Line, mark, strings.Join(rec.Cells, "|"))
		if rec.Fault != "" {
			fmt.Fprintf(&b, " FAULT %s", rec.Fault)
		}
		b.WriteByte('\n')
	}
}

func TestJSON(t *testing.T) {
	for _, c := range []struct{ name, input, records, why string }{
		{"lines", `{"id":"1","upn":"a@x"}` + "\n" + `{"upn":"b@x","name":"B"}` + "\n", "0H id|upn|name\n1 1|a@x|\n2 |b@x|B\n", "{format JSON objects, whose keys are the columns}"},
		{"blank lines", "\n{\"a\":\"1\"}\r\n \r\n\n{\"a\":\"2\"}\n\n", "0H a\n1 \n2 1\n3 \n4 \n5 2\n6 \n", "objects"},
		{"objects over several lines", "{\n\"a\": \"1\"\n}\n{\n\"a\": \"2\"}\n", "0H a\n1 1\n4 2\n", "objects"},
		{"objects on one line", `{"a":"1"} {"a":"2"}`, "0H a\n1 1\n1 2\n", "objects"},
		{"one object", `{"a":"1","b":null}`, "0H a|b\n1 1|\n", "objects"},
		{"array of strings", `["a@x", "b@x","\u00e5\n"]`, "1 a@x\n2 b@x\n3 å\n\n", "an array of strings"},
		{"array of objects", "[\n {\"a\":\"1\"},\n\n {\"b\":\"2\"} ]\n", "0H a|b\n1 1|\n2 |2\n", "an array of objects, whose keys are the columns"},
		{"page of Graph", `{"@odata.context":"https://x","@odata.count":2,"value":[{"id":"1"},{"id":"2"}],"@odata.nextLink":null}`, "0H id\n1 1\n2 2\n", "{format JSON an array of objects, whose keys are the columns} {sheet value the key of the list in an object}"},
		{"one page, which is the last", `{"data":[{"id":"1"}],"links":{"first":"https://x?p=1","last":"https://x?p=1","prev":null,"next":null},"meta":{"page":1,"total_pages":1,"per_page":1,"total":1}}`, "0H id\n1 1\n", "objects"},
		{"one page of Oracle", `{"items":[{"id":"1"}],"count":1,"hasMore":false,"limit":1,"offset":0}`, "0H id\n1 1\n", "objects"},
		{"what is no page", `{"company":{"total":500,"size":1,"next":"2027"},"employees":[{"id":"1"}],"pageTitle":"Leavers","nextReview":"2027","lastChanged":false,"count":"1"}`, "0H id\n1 1\n", "objects"},
		{"a list beside those of something else", `{"items":[{"id":"1"}],"links":[{"rel":"self"}],"d":{"_links":[{"name":"id"}]}}`, "0H id\n1 1\n", "sheet items"},
		{"page of ids", `{"value":["1","2"],"Count":2}`, "1 1\n2 2\n", "{format JSON an array of strings} {sheet value"},
		{"value that is no array", `{"value":"1"}`, "0H value\n1 1\n", "objects"},
		{"values of all kinds", `[{"a":1e5,"b":0012.50e0,"c":true,"d":false,"e":null,"f":{ "g" : [ 1, "}\"" ] },"h":[ ],"i":"","j":-0}]`, "", "invalid character '0' after object value"},
		{"numbers as written", `[{"a":1e5,"b":12.50,"c":true,"d":false,"e":null,"f":{ "g" : [ 1, "}\"" ] },"h":[ ],"i":"","j":-0}]`, `0H a|b|c|d|e|f|h|i|j
1 1e5|12.50|true|false||{"g":[1,"}\""]}|[]||-0
`, "objects"},
		{"escapes", `[{"\u0069d":"a\"\\\/\ud83d\ude00","b\\":"\\"}]`, "0H id|b\\\n1 a\"\\/😀|\\\n", "objects"},
		{"blanks everywhere", " [ { \"a\" : \"1\" , \"b\" : 2 } , { } ] ", "0H a|b\n1 1|2\n2 |\n", "objects"},
		{"keys of two cases", `[{"id":"1","ID":"2"}]`, "0H id|ID\n1 1|2\n", "objects"},
		{"key twice", `[{"id":"1","\u0069d":"2"},{"id":"3"}]`, "0H id\n1 2 FAULT the key \"id\" is there twice in it: keep the one whose value is meant\n2 3\n", "objects"},
		{"no elements", "[ ]", "0H \n", "nothing in it"},
		{"no elements of a page", `{"value":[]}`, "0H \n", "nothing in it"},
		{"PowerShell", "\xFF\xFE" + asUTF16("[\r\n    {\r\n        \"Id\":  \"1\"\r\n    }\r\n]\r\n", 0), "0H Id\n1 1\n", "an array of objects"},
		{"bytes that are not UTF-8, in a value without a place", "[{\"a\":[\"J\xFC\"],\"b\":\"\\\\\xFC\"}]", "0H a|b\n1 [\"J\ufffd\"]|\\\ufffd\n", "objects"},
		{"bytes that are not UTF-8", "[\"J\xFC\"]", "1 J\xFC\n", "strings"},

		{"cut array", `["a@x",`, "", "line 1: byte 8: the JSON ends in the middle: if the file came by a download"},
		{"cut array of objects", "[{\"a\":\"1\"},\n{\"a\":\"2", "", "line 2: byte 8: the JSON ends in the middle: if the file"},
		{"cut behind an element", `[{"a":"1"}`, "", "line 1: byte 11: the JSON ends in the middle"},
		{"cut line", "{\"a\":\"1\"}\n{\"a\":\"2\"\n{\"a\":\"3\"}\n", "", "line 3: byte 1: invalid character '{' after object value"},
		{"cut last line", "{\"a\":\"1\"}\n{\"a\":", "", "line 2: byte 6: the JSON ends in the middle"},
		{"cut page", `{"value":[{"id":"1"}]`, "", "line 1: byte 22: the JSON ends in the middle"},
		{"cut before the list", `{"@odata.context":"x"`, "", "line 1: byte 22: the JSON ends in the middle"},
		{"line that is no object", "{\"a\":\"1\"}\na@x\n", "", "line 2: byte 1: invalid character 'a' at start of value"},
		{"first element a number", `[12]`, "", "line 1: byte 2: element 1 begins with '1': an object {...}"},
		{"element null", "[\"1\",\nnull]", "", "line 2: byte 1: element 2 begins with 'n'"},
		{"array of arrays", `[["a"]]`, "", "element 1 begins with '['"},
		{"strings and objects", `["1",{"a":"1"}]`, "", "line 1: byte 6: element 2 is not of the kind of those before it"},
		{"no comma", `["1" "2"]`, "", "line 1: byte 6: invalid character '\"' after array element (expecting ',' or ']')"},
		{"comma at the end", `["1",]`, "", "byte 5: invalid character ',' at start of value"},
		{"comma at the start", `[,"1"]`, "", "byte 2: invalid character ',' at start of value"},
		{"comma at the end of an object", "[{\"a\":\"1\",\n}]", "", "line 2: byte 1: invalid character '}'"},
		{"more behind the array", "[\"1\"]\n[\"2\"]", "", "line 2: byte 1: '[' follows after the end of the JSON: one array belongs in a file"},
		{"more behind a page", `{"value":["1"]} x`, "", "byte 17: 'x' follows after the end"},
		{"pages", `{"users":[{"id":"1"}],"page":1,"total_pages":3}`, "", `the list is not whole: its key "total_pages" is 3, so that there is another page of the answer: get all of it, such as with Get-MgUser -All, or put the lists of all pages into one file, such as with jq -s 'map(."users"[])' PAGE... > all.json`},
		{"total", `{"data":[{"id":"1"}],"total":"250","per_page":1}`, "", `its key "total" says 250, and it has 1`},
		{"JSON:API", `{"data":[{"id":"1"}],"links":{"next":{"href":"https://x/?p=2"}}}`, "", `its key "next" leads to another page`},
		{"last page", `{"links":{"prev":"https://x/?p=2","next":null},"data":[{"id":"1"}]}`, "", `its key "prev" leads to another page`},
		{"SCIM", `{"resources":[{"id":"1"}],"totalResults":9,"itemsPerPage":1,"startIndex":1}`, "", `its key "totalResults" says 9, and it has 1`},
		{"Spring", `{"content":[{"id":"1"}],"pageable":{"offset":0},"last":false}`, "", `by its key "last" this is not the last page`},
		{"Salesforce", `{"done":false,"records":[{"id":"1"}]}`, "", `by its key "done" this is not the last`},
		{"a page that is full", `{"limit":2,"items":[{"id":"1"},{"id":"2"}]}`, "", `it has 2 elements, by its key "limit" a page has no more`},
		{"links with what they lead to", `{"data":{"users":[{"id":"1"}],"_links":[{"rel":"self","href":"x"},{"rel":"next","href":"y"}]}}`, "", `its key "next" leads to another page of the answer: get all of it, such as with Get-MgUser -All, or put the lists of all pages into one file, such as with jq -s 'map(."data"."users"[])'`},
		{"two lists", `{"leavers":[{"id":"1"}],"joiners":[{"id":"2"}]}`, "", `an object holds 2 lists: name the one that is meant, such as with --sheet "leavers" or --sheet "joiners"`},
		{"two pages in one", `{"value":["1"]}{"value":["2"]}`, "", "byte 16: '{' follows after the end"},
		{"first page of two", `{"@odata.nextLink":"https://x","value":["1"]}`, "", `the list is not whole: its key "@odata.nextLink" leads to another page`},
		{"nextLink behind the list", `{"value":["1"],"odata.nextLink":"x"}`, "", `the list is not whole`},
		{"value twice", `{"value":["1"],"value":["2"]}`, "", `the key "value" is there twice`},
		{"broken behind the list", `{"value":["1"] "a":1}`, "", "byte 16: invalid character '\"' after object value (expecting ',' or '}')"},
		{"key without quotes", `{"value":["1"],a:1}`, "", "byte 16: invalid character 'a' at start of value"},
		{"no colon", `{"value":["1"],"a" 1}`, "", "byte 20: invalid character '1' after object name (expecting ':')"},
		{"string over lines", "[\"a\n\"]", "", "line 1: byte 4: invalid character '\\n' in string (expecting"},
		{"too many keys", manyKeys(maxKeys + 1), "", "more than 1000 different keys"},
		{"long keys", `[{"` + strings.Repeat("a", maxElement/2) + `":1},{"` + strings.Repeat("b", maxElement/2+1) + `":1}]`, "", "more than 1 different keys"},
		{"long element", "[\"1\",\n\"" + strings.Repeat("a", maxElement) + `"]`, "", "line 2: the element that begins here is longer than 1048576 bytes"},
		{"deep", `[{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}]", "", "exceeded max depth"},
		{"old workbook", "\xD0\xCF\x11\xE0", "", "old Excel workbook"},
	} {
		s, err := openJSON(inMemory("in.json", c.input), Options{IsHeader: func(cells []string) bool { return slices.Contains(cells, "id") }})
		got := ""
		if err == nil {
			got, err = readAll(s)
		}
		if err != nil {
			if _, ours := errors.AsType[*Error](err); !ours || c.records != "" || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%s: %v, want %s", c.name, err, c.why)
			}
			continue
		}
		if settings := fmt.Sprint(s.Settings()); got != c.records || !strings.Contains(settings, c.why) {
			t.Errorf("%s:\n%swant\n%s%s, want %s", c.name, got, c.records, settings, c.why)
		}
		if err := s.Close(); err != nil {
			t.Error(c.name, err)
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"k%d\":1}\n", i)
	}
	return b.String()
}

// As many keys as may be are read.
func TestJSONMostKeys(t *testing.T) {
	s, err := openJSON(inMemory("in.json", manyKeys(maxKeys)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if rec, err := s.Next(); err != nil || len(rec.Cells) != maxKeys {
		t.Error(len(rec.Cells), err)
	}
}

// A cell has its place in the text, and a record its own text and lines.
func TestJSONPlaces(t *testing.T) {
	s, err := openJSON(inMemory("in.json", "{\"a\":\"1\"}\n\n {\"a\":\n  \"J\xFCr\",\"b\":\"\xFC\"}\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		_, err = s.Next()
	}
	if s.Lines() != 2 || s.Text() != "" || err != nil {
		t.Error(s.Lines(), s.Text(), err)
	}
	rec, err := s.Next()
	if err != nil || s.Lines() != 4 || rec.Line != 3 || !strings.HasPrefix(s.Text(), "{\"a\":\n") || rec.Shared != len(s.Text()) {
		t.Error(rec, s.Lines(), s.Text(), err)
	}
	for cell, want := range [][2]int{{4, 5}, {4, 14}} {
		if line, at := s.At(cell, 1-cell); line != want[0] || at != want[1] {
			t.Errorf("cell %d: line %d, byte %d, want %v", cell, line, at, want)
		}
	}
	if s, err = openJSON(inMemory("in.json", "[\"1\",\n\"2\"]"), Options{}); err != nil {
		t.Fatal(err)
	}
	_, _ = s.Next()
	if _, err := s.Next(); err != nil || s.Lines() != 2 {
		t.Error(s.Lines(), err)
	}
	if line, at := s.At(0, 0); line != 2 || at != 2 {
		t.Error(line, at)
	}
}

func TestLooksLikeJSON(t *testing.T) {
	const id = "11111111-2222-4333-8444-555555555555"
	for sample, want := range map[string]bool{
		`{"a":1}`: true, "\r\n [\"a\"": true, "[]": true, "{}": true, "[{": true, "[": true, "{": true, `{"a`: true, "[ 12,": true, "[null]": true,
		"": false, " ": false, "upn": false, `"a","b"`: false, "12": false, "null": false, "{" + id + "}": false, "[upn],[mail]": false,
		"[name]": false, "{upn}": false, "[" + id + "]": false, "{1}": false, "[nullable]": false,
	} {
		if got := looksLikeJSON([]byte(sample)); got != want {
			t.Errorf("%q: %v", sample, got)
		}
	}
}

// compacted is a text of JSON without the blanks between its values.
func compacted(text []byte) string {
	var b bytes.Buffer
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var raw json.RawMessage
		if d.Decode(&raw) != nil || json.Compact(&b, raw) != nil {
			return b.String()
		}
	}
}

// FuzzJSON holds what is true of any bytes: what is read is JSON in the eyes of the standard
// library, has as many records as that has elements, and each cell stands in it.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":"1"}` + "\n\n" + `{"b":{"c":[1]}}`, `["a","\u00e5"]`, `{"x":1,"value":[{"a":1e5,"a":null}]}`, "[\n{ \"a\" : true } , {}]", `{"value":["a"],"nextLink":""}`,
		"[\"\xFC\"]", `[{"a`, `{"a":"\ud800"}`, "[\"a\\", `[{"a":"`, `{"a":1}{"b":[[]]}`, "\xFF\xFE[\x00]\x00", `{"":{"":"\\"}}`, `{"a":0,"b":["`, `{"":[]}`, `{"a":{"":[{}]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		in := Input{Bytes: bytes.NewReader(input), Size: int64(len(input))}
		text, _, err := openText(in, Options{})
		if err != nil {
			return
		}
		s, err := openJSON(in, Options{})
		if err != nil {
			return
		}
		all, err := io.ReadAll(text)
		if err != nil {
			t.Fatal(err)
		}
		elements, cells := 0, map[string]bool{"": true}
		d := json.NewDecoder(bytes.NewReader(all))
		for {
			var v any
			d.UseNumber()
			if err := d.Decode(&v); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%q is no JSON: %v", all, err)
			}
			elements++
			if list, is := v.([]any); is {
				elements = len(list)
			} else if list, is := v.(map[string]any)["value"].([]any); is && s.(*jsonSource).array {
				elements = len(list)
			}
		}
		for d := json.NewDecoder(bytes.NewReader(all)); ; {
			d.UseNumber()
			token, err := d.Token()
			if err != nil {
				break
			}
			cells[fmt.Sprint(token)] = true
		}
		compact := strings.ToValidUTF8(compacted(all), "\uFFFD")
		lines := bytes.Count(all, []byte("\n")) + 1
		records, header := 0, 0
		for {
			rec, err := s.Next()
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%q: the second reading fails: %v", all, err)
			}
			switch {
			case rec.Header:
				if header++; header > 1 || records > 0 {
					t.Fatalf("%q: a header of %q", all, rec.Cells)
				}
			case s.Text() != "":
				if records++; header > 0 && len(rec.Cells) == 0 {
					t.Fatalf("%q: a record without cells", all)
				}
			}
			if s.Lines() > max(lines, elements) || rec.Line > max(s.Lines(), lines) {
				t.Fatalf("%q: record on line %d of %d", all, rec.Line, s.Lines())
			}
			for _, c := range rec.Cells {
				if !cells[string([]rune(c))] && !strings.Contains(compact, c) {
					t.Fatalf("%q: the cell %q is not in it", all, c)
				}
			}
		}
		if records != elements {
			t.Fatalf("%q: %d records of %d elements", all, records, elements)
		}
	})
}

// TestListOfAnObject reads the list that the person named, and that alone.
func TestListOfAnObject(t *testing.T) {
	const two = `{"leavers":[{"id":"1"}],"d":{"joiners":["2"]},"total":1}`
	for asked, want := range map[string]string{"leavers": "0H id\n1 1\n", "d.joiners": "1 2\n", "joiners": "", "leavers.id": "", "total": ""} {
		s, err := Open(inMemory("in.json", two), Options{Sheet: asked})
		got := ""
		if err == nil {
			got, err = readAll(s)
		}
		if got != want || want == "" && (err == nil || !strings.Contains(err.Error(), "--sheet: the file is no workbook, and no object in it has a list")) {
			t.Errorf("%s: %q, %v", asked, got, err)
		}
	}
}
