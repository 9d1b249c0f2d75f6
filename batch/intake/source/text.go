package source

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	letters "unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"offboard/batch"
)

// sampleSize is how much of a text is looked at before it is read.
const sampleSize = 64 << 10

// asUTF8 is the next step for a file that is no text, or text in an unknown encoding.
const asUTF8 = `save it again as "CSV UTF-8 (comma delimited)"`

// foreign are the first bytes of files that are no text.
var foreign = []struct{ magic, reason string }{
	{"PK\x03\x04", "this is a zip file, such as an Excel workbook, where a text belongs: open it and " + asUTF8},
	{"\xD0\xCF\x11\xE0", "this is an old Excel workbook (.xls), or a workbook that asks for a password: open it, take the password off, and save it as .xlsx or as CSV UTF-8"},
	{"%PDF-", "this is a PDF file: export the list as CSV"},
	{`{\rtf`, "this is a document of a word processor (RTF): save the list as plain text in UTF-8"},
	{"\x1F\x8B", "this is a gzip file: unpack it first"},
}

// markup are the first characters of pages, in lower case. Some programs give them the name .xls.
var markup = []string{"<html", "<table", "<!doctype", "<?xml", "<meta", "<head"}

// openText gives the file as UTF-8 text whose lines end in LF or CRLF, and what was decided
// on the way. Text that is taken for UTF-8 comes as it stands: bytes in it that are not UTF-8
// are for the reader of their cell. In any other encoding such bytes come as U+FFFD.
func openText(in Input, opt Options) (*bufio.Reader, []batch.Setting, error) {
	return decode(io.NewSectionReader(in.Bytes, 0, in.Size), opt.Encoding)
}

// Text gives what r has as openText does, of an encoding that is found out.
func Text(r io.Reader) (*bufio.Reader, error) {
	text, _, err := decode(r, "")
	return text, err
}

func decode(r io.Reader, encodingName string) (*bufio.Reader, []batch.Setting, error) {
	text := bufio.NewReaderSize(r, sampleSize)
	head, err := text.Peek(sampleSize)
	switch {
	case len(head) == 0 && err == io.EOF:
		return nil, nil, &Error{Reason: "the file is empty: it needs a header line, such as userPrincipalName, and a line for each user"}
	case len(head) == 0:
		return nil, nil, fmt.Errorf("read the input: %w", err)
	}
	for _, f := range foreign {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return nil, nil, &Error{Reason: f.reason}
		}
	}
	enc, mark, how, err := chooseEncoding(head, encodingName)
	if err != nil {
		return nil, nil, err
	}
	_, _ = text.Discard(mark) // these bytes were seen: it cannot fail
	if enc != nil {
		text = bufio.NewReaderSize(enc.NewDecoder().Reader(text), sampleSize)
	}
	settings := []batch.Setting{how}
	sample, _ := text.Peek(sampleSize)
	if bytes.IndexByte(sample, '\n') < 0 && bytes.IndexByte(sample, '\r') >= 0 {
		text = bufio.NewReaderSize(&crReader{r: text}, sampleSize)
		settings = append(settings, batch.Setting{Name: "line ends", Value: "CR", Why: "no line feed in the first part"})
		sample, _ = text.Peek(sampleSize)
	}
	start := bytes.ToLower(bytes.TrimSpace(sample[:min(len(sample), 1000)]))
	for _, m := range markup {
		if bytes.HasPrefix(start, []byte(m)) {
			return nil, nil, &Error{Reason: "this is a web page or XML, not a list: if it came by a download, look whether it is a sign-in page, and download again; if it is a table (some .xls files are), open it in Excel and save it as .xlsx or as CSV UTF-8"}
		}
	}
	if bytes.Count(sample, []byte{0}) > len(sample)/50 { // a few are of cells, whose reader says so
		return nil, nil, &Error{Reason: "the file holds NUL bytes and is no text in " + how.Value + ": " + asUTF8}
	}
	switch bad, western := notUTF8(sample); {
	case bad != "" && mark == 0 && enc == nil && western:
		settings[0].Why += "; " + bad + ", and --encoding windows-1252 or the like reads it"
	case bad != "" && enc == nil:
		settings[0].Why += "; " + bad
	case mark == 0 && encodingName == "" && enc == nil:
		settings[0].Why += ", and valid UTF-8"
	}
	return text, settings, nil
}

// unicodes are the encodings that a file can tell by itself.
var unicodes = []struct {
	mark, name, iana string
	encoding         encoding.Encoding // nil for UTF-8
}{
	{"\xEF\xBB\xBF", "UTF-8 with BOM", "UTF-8", nil},
	{"\xFF\xFE", "UTF-16 LE", "UTF-16LE", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	{"\xFE\xFF", "UTF-16 BE", "UTF-16BE", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
}

// chooseEncoding finds the encoding of a text by its first bytes and the name that was given,
// which may be "". It is nil for UTF-8. Mark is the size of the byte order mark.
func chooseEncoding(head []byte, name string) (enc encoding.Encoding, mark int, how batch.Setting, err error) {
	how = batch.Setting{Name: "encoding", Value: "UTF-8", Why: "no byte order mark"}
	iana, unmarked := "", ""
	if name != "" {
		if enc, iana, err = encodingByName(name); err != nil {
			return nil, 0, how, err
		}
		how.Value, how.Why = iana, "--encoding"
	}
	if iana == "" || iana == "UTF-16" {
		unmarked = unmarkedUTF16(head)
	}
	for _, u := range unicodes {
		marked := bytes.HasPrefix(head, []byte(u.mark))
		switch fits := iana == "" || iana == u.iana || iana == "UTF-16" && u.iana != "UTF-8"; {
		case marked && !fits:
			return nil, 0, how, &Error{Option: "--encoding", Reason: fmt.Sprintf("%s was given, and the file begins with the byte order mark of %s: leave --encoding out", name, u.iana)}
		case marked:
			how.Value, how.Why = u.name, "byte order mark"
			return u.encoding, len(u.mark), how, nil
		case u.iana == unmarked:
			how.Value, how.Why = u.name, "no byte order mark, and a NUL beside the characters of the first line"
			return u.encoding, 0, how, nil
		}
	}
	switch iana {
	case "UTF-16":
		err = &Error{Option: "--encoding", Reason: "the file has no byte order mark that tells which UTF-16 it is: try utf-16le, which Windows writes, or utf-16be"}
	case "UTF-8":
		enc = nil
	}
	return enc, 0, how, err
}

// encodingByName finds an encoding by its IANA name, or by a name that browsers know, and
// gives its usual name.
func encodingByName(name string) (encoding.Encoding, string, error) {
	enc, _ := ianaindex.IANA.Encoding(name)
	if enc == nil {
		enc, _ = htmlindex.Get(name) // it knows what people type: cp1252, utf8, sjis
	}
	if enc != nil {
		if usual, err := ianaindex.MIME.Name(enc); err == nil {
			return enc, usual, nil
		}
	}
	return nil, "", &Error{Option: "--encoding", Reason: fmt.Sprintf("no encoding is known as %q: give its IANA name, such as windows-1252 (western Windows; what Excel there calls ANSI), windows-1250, iso-8859-1, shift_jis, gb18030, utf-8 or utf-16le", name)}
}

// unmarkedUTF16 names the UTF-16 of a text without a byte order mark: most characters of its
// first line are ASCII with a NUL behind (LE) or before (BE), and none in the sample is a NUL.
// It is "" for any other text.
func unmarkedUTF16(sample []byte) string {
	for _, u := range unicodes[1:] {
		text, _ := u.encoding.NewDecoder().Bytes(sample) // what is no UTF-16 becomes U+FFFD
		line := bytes.SplitAfterN(text, []byte("\n"), 2)[0]
		ascii := 0
		for _, b := range line {
			if b < utf8.RuneSelf {
				ascii++
			}
		}
		if 2*ascii > utf8.RuneCount(line) && bytes.IndexByte(text, 0) < 0 {
			return u.iana
		}
	}
	return ""
}

// notUTF8 says where the sample has its first byte that is not UTF-8, or "". A character
// that the end of the sample cuts is no fault.
func notUTF8(sample []byte) (bad string, western bool) {
	_, at, err := encoding.UTF8Validator.Transform(make([]byte, len(sample)), sample, len(sample) < sampleSize)
	if err != encoding.ErrInvalidUTF8 {
		return "", false
	}
	above := sample[:at]
	start := bytes.LastIndexByte(above, '\n') + 1
	line, _, _ := bytes.Cut(sample[start:], []byte("\n"))
	return fmt.Sprintf("byte %d of line %d (0x%02X) is not UTF-8", at-start+1, bytes.Count(above, []byte("\n"))+1, sample[at]), Western(line)
}

// Western reports whether a text that is no UTF-8 may be one of windows-1252: each letter beyond ASCII
// stands alone among others, as in Müller, and does not fill a text of two bytes a letter.
func Western(text []byte) bool {
	alone := true
	for _, b := range text {
		r, foreign := charmap.Windows1252.DecodeByte(b), b >= utf8.RuneSelf
		if foreign && (!alone || !letters.IsLetter(r)) {
			return false
		}
		alone = !foreign
	}
	return true
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
			second := c.was && b == '\n' // of a CRLF
			if c.was = b == '\r'; c.was {
				b = '\n'
			}
			if !second {
				kept = append(kept, b)
			}
		}
		if len(kept) > 0 || err != nil {
			return len(kept), err
		}
	}
}

// charsets are those in which programs write headers that are no UTF-8, the most usual first.
var charsets = []encoding.Encoding{charmap.Windows1252, charmap.Macintosh, charmap.Windows1250, charmap.Windows1251, japanese.ShiftJIS, simplifiedchinese.GBK, korean.EUCKR, traditionalchinese.Big5}

// Legible gives the names of columns. What is not known in UTF-8 is read in the first charset in which it
// is, which is told, and else, if it is no UTF-8, in the first.
func Legible(names []string, known func(name string) bool) (all []string, used string) {
	all = slices.Clone(names)
	for i, name := range names {
		if asciiOnly(name) || known(name) && utf8.ValidString(name) {
			continue
		}
		if !utf8.ValidString(name) {
			all[i], _ = charsets[0].NewDecoder().String(name)
		}
		for _, charset := range charsets {
			if read, _ := charset.NewDecoder().String(name); known(read) {
				all[i] = read
				usual, _ := ianaindex.MIME.Name(charset) // each has one
				used = strings.ToLower(usual)
				break
			}
		}
	}
	return all, used
}

func asciiOnly(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// pair is a line of Format-List.
var pair = regexp.MustCompile(`^\s*\S+\s+: `)

// Shown says why lines, the first of an input, are what PowerShell's Format-Table or
// Format-List shows, or "". A table has as many dashes below each name as it has letters.
func Shown(lines []string) string {
	const next = ", in which values are cut off: export again with | Select-Object Id, UserPrincipalName | Export-Csv -NoTypeInformation FILE"
	pairs, others, before := 0, 0, ""
	for _, line := range lines {
		switch fields := strings.Fields(line); {
		case len(fields) == 0:
			continue
		case strings.Trim(line, "- \r") == "" &&
			slices.EqualFunc(fields, strings.Fields(before), func(d, n string) bool { return len(d) == len(n) }):
			return "this is a table as PowerShell shows it (Format-Table)" + next
		case len(fields) > 1 && strings.Trim(line, "- \r") == "" && len(fields) == len(strings.Fields(before)):
			return "this is a table with blanks between its columns: export it with a delimiter, such as with sqlcmd -s, -W"
		case pair.MatchString(line):
			pairs++
		default:
			others++
		}
		before = line
	}
	if pairs > 1 || pairs == 1 && others == 0 {
		return "this is a list as PowerShell shows it (Format-List)" + next
	}
	return ""
}
