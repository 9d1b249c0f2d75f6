package intake

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, input, text, want string }{
		{"utf-8", "a\n", "a\n", "UTF-8"},
		{"utf-8 bom", "\xEF\xBB\xBFa\n", "a\n", "UTF-8 with BOM"},
		{"bom alone", "\xEF\xBB\xBF", "", "UTF-8 with BOM"},
		{"utf-16 le", "\xFF\xFEa\x00\xE5\x00\n\x00", "aå\n", "UTF-16 LE"},
		{"utf-16 be", "\xFE\xFF\x00a\x00\xE5\x00\n", "aå\n", "UTF-16 BE"},
		{"utf-16 with a lone surrogate", "\xFF\xFEa\x00\x00\xD8\n\x00", "a\ufffd\n", "UTF-16 LE"},
		{"utf-16 cut in half", "\xFF\xFEa\x00b", "a\ufffd", "UTF-16 LE"},
		{"carriage returns", "a\rb\r\rc", "a\nb\n\nc", "UTF-8"},
		{"empty", "", "", "the file is empty"},
		{"workbook", "PK\x03\x04xxxx", "", "Excel workbook"},
		{"old workbook", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "", "old Excel workbook"},
		{"pdf", "%PDF-1.7 ", "", "PDF"},
		{"gzip", "\x1F\x8B\x08\x00", "", "gzip"},
		{"utf-16 without bom", "a\x00b\x00\n\x00", "", "UTF-16 without a byte order mark"},
		{"nul", "abc\x00", "", "NUL"},
		{"latin-1", "name\nJ\xFCrgen\n", "", "line 2: byte 2 (0xFC) is not UTF-8"},
		{"cut rune at the end", "na\xC3", "", "line 1: byte 3 (0xC3)"},
	} {
		text, settings, err := decode(strings.NewReader(c.input))
		if err != nil {
			if c.text != "" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %s", c.name, err, c.want)
			}
			continue
		}
		got, err := io.ReadAll(text)
		if err != nil || string(got) != c.text || settings[0].Value != c.want {
			t.Errorf("%s: %q %v %v, want %q", c.name, got, settings, err, c.text)
		}
	}
}

func TestDecodeRuneAcrossTheSample(t *testing.T) {
	for pad := range 4 {
		input := strings.Repeat("a", sampleSize-pad) + "😀\n"
		if _, _, err := decode(strings.NewReader(input)); err != nil {
			t.Errorf("pad %d: %v", pad, err)
		}
	}
}

func TestCarriageReturnsInSmallReads(t *testing.T) {
	const input = "a\r\nb\rc\r\n\r\nd\ne\r"
	got, err := io.ReadAll(iotest.OneByteReader(&crReader{r: iotest.OneByteReader(strings.NewReader(input))}))
	if want := "a\nb\nc\n\nd\ne\n"; err != nil || string(got) != want {
		t.Errorf("got %q %v, want %q", got, err, want)
	}
}

func TestReadErrors(t *testing.T) {
	broken := errors.New("the disk is gone")
	if _, err := Open(iotest.ErrReader(broken), Options{}); !errors.Is(err, broken) {
		t.Error(err)
	}
	input := io.MultiReader(strings.NewReader("upn\na@contoso.example\nb@conto"), iotest.ErrReader(broken))
	r, err := Open(input, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err = range r.Rows() {
		n++
	}
	if n != 2 || !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 3") {
		t.Error(n, err)
	}
}

func TestNotUTF8BelowTheSample(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("upn,name\n")
	for b.Len() < 2*sampleSize {
		b.WriteString("a@contoso.example,Ann\n")
	}
	b.WriteString("b@contoso.example,J\xFCrgen\nc@contoso.example,Cee\n")
	good, bad := read(t, b.String(), Options{})
	if len(bad) != 1 || !strings.Contains(bad[0].Reason, "not UTF-8") || bad[0].Row.Input != "b@contoso.example" || bad[0].Row.Cells != nil {
		t.Errorf("%+v", bad)
	}
	if last := good[len(good)-1]; last.UPN != "c@contoso.example" {
		t.Errorf("%+v", last)
	}
}
