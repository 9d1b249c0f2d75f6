package intake

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"offboard/batch"
)

// sampleSize is how much of the input is looked at before it is read.
const sampleSize = 64 << 10

// asUTF8 is the next step for a file in any other encoding.
const asUTF8 = `save it again as "CSV UTF-8 (comma delimited)"`

// foreign are the first bytes of files that are no text.
var foreign = []struct{ magic, reason string }{
	{"PK\x03\x04", "this is an Excel workbook (or another zip file): open it and " + asUTF8},
	{"\xD0\xCF\x11\xE0", "this is an old Excel workbook: open it and " + asUTF8},
	{"%PDF-", "this is a PDF file: export the list as CSV"},
	{"\x1F\x8B", "this is a gzip file: unpack it first"},
}

// decode gives the input as UTF-8 text with lines that end in LF or CRLF, and
// what was decided on the way.
func decode(r io.Reader) (*bufio.Reader, []batch.Setting, error) {
	raw := bufio.NewReaderSize(r, sampleSize)
	head, err := raw.Peek(8)
	if len(head) == 0 {
		if err == io.EOF {
			return nil, nil, &InputError{Reason: "the file is empty: it needs a header line, such as userPrincipalName, and a line for each user"}
		}
		return nil, nil, fmt.Errorf("read the input: %w", err)
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return nil, nil, &InputError{Reason: f.reason}
		}
	}
	text, encoding := sniff(raw, head)
	sample, _ := text.Peek(sampleSize)
	if reason := notText(sample); reason != "" {
		return nil, nil, &InputError{Reason: reason}
	}
	if e := notUTF8(sample); e != nil {
		return nil, nil, e
	}
	settings := []batch.Setting{encoding}
	if bytes.IndexByte(sample, '\n') < 0 && bytes.IndexByte(sample, '\r') >= 0 {
		text = bufio.NewReaderSize(&crReader{r: text}, sampleSize)
		settings = append(settings, batch.Setting{Name: "line ends", Value: "CR", Why: "no line feed in the first part"})
	}
	return text, settings, nil
}

// sniff takes the byte order mark away and decodes what it says.
func sniff(raw *bufio.Reader, head []byte) (*bufio.Reader, batch.Setting) {
	utf16 := func(e unicode.Endianness, name string) (*bufio.Reader, batch.Setting) {
		_, _ = raw.Discard(2) // two bytes were seen: it cannot fail
		t := transform.NewReader(raw, unicode.UTF16(e, unicode.IgnoreBOM).NewDecoder())
		return bufio.NewReaderSize(t, sampleSize), batch.Setting{Name: "encoding", Value: name, Why: "byte order mark"}
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		_, _ = raw.Discard(3) // three bytes were seen: it cannot fail
		return raw, batch.Setting{Name: "encoding", Value: "UTF-8 with BOM", Why: "byte order mark"}
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		return utf16(unicode.LittleEndian, "UTF-16 LE")
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return utf16(unicode.BigEndian, "UTF-16 BE")
	}
	return raw, batch.Setting{Name: "encoding", Value: "UTF-8", Why: "no byte order mark, and valid UTF-8"}
}

// notText says why the sample cannot be a table of text, or "".
func notText(sample []byte) string {
	if bytes.IndexByte(sample, 0) < 0 {
		return ""
	}
	if len(sample) >= 4 && (sample[0] == 0 && sample[1] != 0 || sample[0] != 0 && sample[1] == 0) {
		return "this looks like UTF-16 without a byte order mark: " + asUTF8
	}
	return "the file holds NUL bytes and is no text: " + asUTF8
}

// notUTF8 names the first byte of the sample that is not UTF-8. A rune that the
// end of the sample cuts is no fault.
func notUTF8(sample []byte) error {
	line, start := 1, 0
	for i := 0; i < len(sample); {
		r, size := utf8.DecodeRune(sample[i:])
		if r == utf8.RuneError && size == 1 {
			if len(sample)-i < utf8.UTFMax && len(sample) == sampleSize && !utf8.FullRune(sample[i:]) {
				return nil
			}
			return &InputError{Line: line, Reason: fmt.Sprintf("byte %d (0x%02X) is not UTF-8, so the file is in some other encoding: %s", i-start+1, sample[i], asUTF8)}
		}
		i += size
		if r == '\n' {
			line, start = line+1, i
		}
	}
	return nil
}

// crReader makes line feeds of the carriage returns of a classic Mac file.
type crReader struct {
	r   io.Reader
	was bool // the last byte was a carriage return
}

func (c *crReader) Read(p []byte) (int, error) {
	for {
		n, err := c.r.Read(p)
		kept := p[:0]
		for _, b := range p[:n] {
			after := c.was
			c.was = b == '\r'
			switch {
			case c.was:
				kept = append(kept, '\n')
			case b != '\n' || !after:
				kept = append(kept, b)
			}
		}
		if len(kept) > 0 || err != nil {
			return len(kept), err
		}
	}
}
