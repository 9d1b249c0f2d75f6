package source

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// inMemory is a file of these bytes.
func inMemory(name, text string) Input {
	return Input{Name: name, Bytes: strings.NewReader(text), Size: int64(len(text))}
}

// asUTF16 is the text in UTF-16; the order is 0 for little endian, and 1 for big.
func asUTF16(text string, order int) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		pair := [2]byte{}
		pair[order], pair[1-order] = byte(u), byte(u>>8)
		out = append(out, pair[:]...)
	}
	return string(out)
}

func TestText(t *testing.T) {
	for _, c := range []struct{ name, encoding, input, text, want string }{
		{"utf-8", "", "å\n", "å\n", "UTF-8 (no byte order mark, and valid UTF-8)"},
		{"utf-8 bom", "", "\xEF\xBB\xBFa\n", "a\n", "UTF-8 with BOM (byte order mark)"},
		{"utf-8 bom, named", "utf8", "\xEF\xBB\xBFa\n", "a\n", "UTF-8 with BOM (byte order mark)"},
		{"bom alone", "", "\xEF\xBB\xBF", "", "UTF-8 with BOM (byte order mark)"},
		{"utf-16 le", "", "\xFF\xFE" + asUTF16("aå\n", 0), "aå\n", "UTF-16 LE (byte order mark)"},
		{"utf-16 be", "", "\xFE\xFF" + asUTF16("aå\n", 1), "aå\n", "UTF-16 BE (byte order mark)"},
		{"utf-16 with a lone surrogate", "", "\xFF\xFEa\x00\x00\xD8\n\x00", "a\ufffd\n", "UTF-16 LE (byte order mark)"},
		{"utf-16 cut in half", "", "\xFF\xFEa\x00b", "a\ufffd", "UTF-16 LE (byte order mark)"},
		{"utf-16 le, no bom", "", asUTF16("upn,氏名\n", 0), "upn,氏名\n", "UTF-16 LE (no byte order mark, and a NUL beside the characters of the first line)"},
		{"utf-16 be, no bom, few ASCII below", "", asUTF16("upn,x\n一丁,一\n一一一一一一一", 1), "upn,x\n一丁,一\n一一一一一一一", "UTF-16 BE (no byte order mark, and a NUL beside the characters of the first line)"},
		{"utf-16, its mark says which", "utf-16", "\xFE\xFF\x00a", "a", "UTF-16 BE (byte order mark)"},
		{"utf-16, its NULs say which", "utf-16", asUTF16("upn\n", 0), "upn\n", "UTF-16 LE (no byte order mark, and"},
		{"utf-16, nothing says which", "utf-16", asUTF16("氏名一\n", 0), "", "--encoding: the file has no byte order mark that tells which UTF-16 it is: try utf-16le"},
		{"utf-16be by name", "UTF-16BE", asUTF16("氏名\n", 1), "氏名\n", "UTF-16BE (--encoding)"},
		{"carriage returns", "", "a\rb\r\rc", "a\nb\n\nc", "UTF-8 (no byte order mark, and valid UTF-8) CR"},
		{"latin-1", "", "name\nJ\xFCrgen\n", "name\nJ\xFCrgen\n", "UTF-8 (no byte order mark; byte 2 of line 2 (0xFC) is not UTF-8, and --encoding windows-1252 or the like reads it)"},
		{"latin-1, carriage returns", "", "name\rJ\xFCrgen\r", "name\nJ\xFCrgen\n", "UTF-8 (no byte order mark; byte 2 of line 2 (0xFC)"},
		{"latin-1 behind a mark", "", "\xEF\xBB\xBFJ\xFC\n", "J\xFC\n", "UTF-8 with BOM (byte order mark; byte 2 of line 1 (0xFC) is not UTF-8)"},
		{"cut character at the end", "", "na\xC3", "na\xC3", "byte 3 of line 1 (0xC3)"},
		{"windows-1252", "Windows-1252", "\x80\xFC\n", "€ü\n", "windows-1252 (--encoding)"},
		{"cp1252", "cp1252", "\x80\n", "€\n", "windows-1252 (--encoding)"},
		{"latin1", "latin1", "\xFC\n", "ü\n", "ISO-8859-1 (--encoding)"},
		{"shift_jis", "shift_jis", "\x8E\x81,\xFF\n", "氏,\ufffd\n", "Shift_JIS (--encoding)"},
		{"ascii", "us-ascii", "a\xFC\n", "a\ufffd\n", "US-ASCII (--encoding)"},
		{"ansi", "ansi", "a\n", "", `--encoding: no encoding is known as "ansi": give its IANA name, such as windows-1252`},
		{"known to browsers, and read by none", "iso-2022-kr", "a\n", "", `--encoding: no encoding is known as "iso-2022-kr"`},
		{"a mark says no", "windows-1252", "\xEF\xBB\xBFa\n", "", "--encoding: windows-1252 was given, and the file begins with the byte order mark of UTF-8: leave"},
		{"another mark says no", "utf-16le", "\xFE\xFF\x00a", "", "--encoding: utf-16le was given, and the file begins with the byte order mark of UTF-16BE: leave"},
		{"empty", "", "", "", "the file is empty"},
		{"workbook", "", "PK\x03\x04xxxx", "", "Excel workbook"},
		{"old workbook", "", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "", "an old Excel workbook (.xls), or a workbook that asks for a password"},
		{"pdf", "", "%PDF-1.7 ", "", "PDF"},
		{"rtf", "", `{\rtf1\ansi`, "", "RTF"},
		{"gzip", "", "\x1F\x8B\x08\x00", "", "gzip"},
		{"page", "", "\r\n <!DOCTYPE html><html>", "", "web page or XML"},
		{"page in utf-16", "", "\xFF\xFE" + asUTF16("<TABLE>", 0), "", "web page or XML"},
		{"mail in brackets", "", "<ann@contoso.example>\n", "<ann@contoso.example>\n", "UTF-8 ("},
		{"nul", "", "abc\x00", "", "the file holds NUL bytes and is no text in UTF-8"},
		{"nul in utf-16", "", "\xFF\xFEa\x00\x00\x00", "", "the file holds NUL bytes and is no text in UTF-16 LE"},
		{"nul pairs", "", "a\x00\x00\x00", "", "the file holds NUL bytes and is no text in UTF-8"},
	} {
		text, settings, err := openText(inMemory("in.csv", c.input), Options{Encoding: c.encoding})
		if err != nil {
			if c.text != "" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %s", c.name, err, c.want)
			}
			continue
		}
		got, err := io.ReadAll(text)
		said := ""
		for _, s := range settings {
			said += s.Value + " (" + s.Why + ") "
		}
		if err != nil || string(got) != c.text || !strings.Contains(said, c.want) {
			t.Errorf("%s: %q %v, want %q; %s, want %s", c.name, got, err, c.text, said, c.want)
		}
	}
}

// A character that the end of the sample cuts is no fault of the file.
func TestTextRuneAcrossTheSample(t *testing.T) {
	for pad := range 4 {
		_, settings, err := openText(inMemory("in.csv", strings.Repeat("a", sampleSize-pad)+"😀\n"), Options{})
		if err != nil || settings[0].Why != "no byte order mark, and valid UTF-8" {
			t.Errorf("pad %d: %v %v", pad, settings, err)
		}
	}
}

// A byte further up is one, however long the file.
func TestTextNamesAByteOfALongFile(t *testing.T) {
	_, settings, err := openText(inMemory("in.csv", "a\n\xFC\n"+strings.Repeat("a", sampleSize)), Options{})
	if err != nil || !strings.Contains(settings[0].Why, "byte 1 of line 2 (0xFC)") {
		t.Errorf("%v %v", settings, err)
	}
}

func TestCarriageReturnsInSmallReads(t *testing.T) {
	const input = "a\r\nb\rc\r\n\r\nd\ne\r"
	got, err := io.ReadAll(iotest.OneByteReader(&crReader{r: iotest.OneByteReader(strings.NewReader(input))}))
	if want := "a\nb\nc\n\nd\ne\n"; err != nil || string(got) != want {
		t.Errorf("got %q %v, want %q", got, err, want)
	}
}

func TestTextReadErrors(t *testing.T) {
	broken := errors.New("the disk is gone")
	if _, err := Text(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Error(err)
	}
	text, err := Text(io.MultiReader(strings.NewReader("upn\n"), iotest.ErrReader(broken)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(text); string(got) != "upn\n" || !errors.Is(err, broken) {
		t.Errorf("%q %v", got, err)
	}
}

// FuzzText holds what is true of any bytes in any encoding: no panic, text that is not much
// longer than its bytes, and UTF-8 that comes as it stands.
func FuzzText(f *testing.F) {
	for _, seed := range []string{"upn\na@x\n", "\xEF\xBB\xBFa", "\xFF\xFEa\x00", "\x00a\x00\n", "a\rb", "<html>", "\x8E\x81\xFF"} {
		for _, encoding := range []string{"", "utf-16", "windows-1252", "shift_jis", "gb18030", "iso-2022-jp"} {
			f.Add([]byte(seed), encoding)
		}
	}
	f.Fuzz(func(t *testing.T, input []byte, encoding string) {
		text, settings, err := openText(Input{Bytes: bytes.NewReader(input), Size: int64(len(input))}, Options{Encoding: encoding})
		if err != nil {
			return
		}
		got, err := io.ReadAll(text)
		if err != nil || len(got) > 4*len(input)+4 {
			t.Fatalf("%d bytes of %d, %v", len(got), len(input), err)
		}
		asIs := bytes.TrimPrefix(input, []byte("\xEF\xBB\xBF"))
		if strings.HasPrefix(settings[0].Value, "UTF-8") && len(settings) == 1 && !bytes.Equal(got, asIs) {
			t.Fatalf("%q became %q", input, got)
		}
	})
}
