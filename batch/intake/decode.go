package intake

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"

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

// marks are the byte order marks, with what they say of the text behind them.
var marks = []struct {
	mark, name string
	encoding   encoding.Encoding // nil for UTF-8
}{
	{"\xEF\xBB\xBF", "UTF-8 with BOM", nil},
	{"\xFF\xFE", "UTF-16 LE", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"\xFE\xFF", "UTF-16 BE", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
}

// sniff takes the byte order mark away and decodes what it says. That a text without one is
// valid UTF-8 is checked by decode for the first part; later lines are checked one by one,
// and those that are not are bad rows.
func sniff(raw *bufio.Reader, head []byte) (*bufio.Reader, batch.Setting) {
	for _, m := range marks {
		if !bytes.HasPrefix(head, []byte(m.mark)) {
			continue
		}
		_, _ = raw.Discard(len(m.mark)) // these bytes were seen: it cannot fail
		if m.encoding != nil {
			text := m.encoding.NewDecoder().Reader(raw)
			raw = bufio.NewReaderSize(text, sampleSize)
		}
		return raw, batch.Setting{Name: "encoding", Value: m.name, Why: "byte order mark"}
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
	_, at, err := encoding.UTF8Validator.Transform(make([]byte, len(sample)), sample, len(sample) < sampleSize)
	if err != encoding.ErrInvalidUTF8 {
		return nil
	}
	above := sample[:at]
	return &InputError{
		Line:   bytes.Count(above, []byte("\n")) + 1,
		Reason: fmt.Sprintf("byte %d (0x%02X) is not UTF-8, so the file is in some other encoding: %s", at-bytes.LastIndexByte(above, '\n'), sample[at], asUTF8),
	}
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
