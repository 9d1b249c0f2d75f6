package source

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// made saves what a test made with excelize.
func made(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// packed packs parts, given as name and text in turn.
func packed(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, parts[i+1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const (
	oneSheet = `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Leavers" sheetId="1" r:id="rId1"/></sheets></workbook>`
	oneRel   = `<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`
)

// handmade is a workbook with one sheet of these rows, and further parts.
func handmade(t testing.TB, rows string, more ...string) []byte {
	return packed(t, append([]string{
		"[Content_Types].xml", `<Types/>`, "xl/workbook.xml", oneSheet, "xl/_rels/workbook.xml.rels", oneRel,
		"xl/worksheets/sheet1.xml", `<worksheet><sheetData>` + rows + `</sheetData></worksheet>`,
	}, more...)...)
}

func openBook(b []byte, opt Options) (Source, error) {
	return openWorkbook(Input{Name: "leavers.xlsx", Bytes: bytes.NewReader(b), Size: int64(len(b))}, opt)
}

// readBook gives each record as "line: cells" or "line! fault".
func readBook(t testing.TB, b []byte, opt Options) []string {
	t.Helper()
	s, err := openBook(b, opt)
	if err != nil {
		return []string{err.Error()}
	}
	defer s.Close()
	var lines []string
	for {
		rec, err := s.Next()
		if err == io.EOF {
			return lines
		}
		if err != nil {
			return append(lines, err.Error())
		}
		if s.Lines() != rec.Line || s.Text() != strings.Join(rec.Cells, ",") {
			t.Errorf("line %d: Lines %d, Text %q", rec.Line, s.Lines(), s.Text())
		}
		line := fmt.Sprintf("%d: %s", rec.Line, strings.Join(rec.Cells, "|"))
		if rec.Fault != "" {
			line = fmt.Sprintf("%d! %s", rec.Line, rec.Fault)
		}
		lines = append(lines, line)
	}
}

func TestNumbersAsExcelShowsThem(t *testing.T) {
	for _, c := range []struct {
		code string
		v    any
		want string
	}{
		{"", 45, "45"}, {"", 4.5, "4.5"}, {"", 0.1 + 0.2, "0.3"}, {"", -7, "-7"}, {"", 0, "0"},
		{"", 12345678901, "12345678901"}, {"", 123456789012, "1.23457E+11"}, {"", 1234567.12345, "1234567.123"},
		{"", 0.00001, "1E-05"}, {"", 1.0e15, "1E+15"}, {"", true, "TRUE"}, {"", false, "FALSE"},
		{"00000", 45, "00045"}, {"0000000", 45, "0000045"}, {"00000", 1234567, "1234567"},
		{"0", 123456789012, "123456789012"}, {"0", 123456789012345, "123456789012345"}, {"0", 1234567890123456, "1.23457E+15"},
		{"0000000000000000", 1234567890123456, "1.23457E+15"}, {"0.00E+00", 12345, "1.23E+04"},
		{"#,##0", 1234567, "1,234,567"}, {"0.00", 45, "45.00"}, {"000-000", 123456, "123-456"}, {"@", 45, "45"},
		{`"E"0000`, 45, "E0045"}, {"", "00045", "00045"}, {"", "two\nlines", "two\nlines"},
		{"dd.mm.yyyy", 46387, "2026-12-31"}, {"[$-407]dd. mmmm yyyy", 46387, "2026-12-31"}, {"[$-407]d. mmm. yyyy;@", 46387, "2026-12-31"},
		{"m/d/yy", 46387, "2026-12-31"}, {"yyyy-mm-dd", 46387, "2026-12-31"}, {`yyyy"年"m"月"d"日"`, 46387, "2026-12-31"},
		{"mmm", 46387, "2026-12-31"}, {`dd\.mm\.yyyy hh:mm`, 46387.5, "2026-12-31T12:00:00"}, {"dd.mm.yyyy", 46387.627141203704, "2026-12-31T15:03:05"},
		{"dd.mm.yyyy", 46387.99999999, "2027-01-01"}, {"hh:mm", 0.25, "06:00:00"}, {"[h]:mm", 1.125, "27:00"}, {"dd.mm.yyyy", 1, "1900-01-01"}, {"dd.mm.yyyy", 61, "1900-03-01"},
		{"dd.mm.yyyy", -1, "########"}, {"dd.mm.yyyy", 1e300, "########"}, {"dd.mm.yyyy", "31.12.2026", "31.12.2026"},
		{"[Red]0", 45, "45"}, {`0" days"`, 45, "45 days"},
	} {
		f := excelize.NewFile()
		if err := f.SetCellValue("Sheet1", "A1", c.v); err != nil {
			t.Fatal(err)
		}
		if c.code != "" {
			id, err := f.NewStyle(&excelize.Style{CustomNumFmt: &c.code})
			if err != nil {
				t.Fatal(err)
			}
			f.SetCellStyle("Sheet1", "A1", "A1", id)
		}
		if got, want := readBook(t, made(t, f), Options{}), []string{"1: " + c.want}; !cmp.Equal(got, want) {
			t.Errorf("%v in format %q is read as %q, not %q", c.v, c.code, got, want)
		}
	}
}

func TestBuiltInFormats(t *testing.T) {
	for id, want := range map[int]string{
		0: "46387.5", 1: "46388", 2: "46387.50", 3: "46,388", 14: "2026-12-31T12:00:00", 15: "2026-12-31T12:00:00", 16: "2026-12-31T12:00:00",
		17: "2026-12-31T12:00:00", 22: "2026-12-31T12:00:00", 27: "2026-12-31T12:00:00", 36: "2026-12-31T12:00:00", 49: "46387.5", 57: "2026-12-31T12:00:00",
		46: "1113300:00:00", 71: "2026-12-31T12:00:00", 164: "46387.5", 4: "46,387.50", 9: "4638750%", 11: "4.64E+04", 37: "46,388 ",
	} {
		book := handmade(t, `<row r="1"><c r="A1" s="1"><v>46387.5</v></c></row>`, "xl/styles.xml",
			fmt.Sprintf(`<styleSheet><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="%d" applyNumberFormat="1"/></cellXfs></styleSheet>`, id))
		if got := readBook(t, book, Options{}); !cmp.Equal(got, []string{"1: " + want}) {
			t.Errorf("format %d: %q, not %q", id, got, want)
		}
	}
}

func TestDate1904(t *testing.T) {
	f := excelize.NewFile()
	f.SetCellValue("Sheet1", "A1", time.Date(2026, 12, 31, 15, 4, 5, 0, time.UTC))
	f.SetCellValue("Sheet1", "B1", time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC))
	yes := true
	if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}); err != nil {
		t.Fatal(err)
	}
	f.SetCellValue("Sheet1", "C1", time.Date(2026, 12, 31, 15, 4, 5, 0, time.UTC))
	// A1 and B1 are now four years and a day later, as Excel shows, too.
	if got := readBook(t, made(t, f), Options{}); !cmp.Equal(got, []string{"1: 2031-01-01T15:04:05|2031-01-01|2026-12-31T15:04:05"}) {
		t.Errorf("%q", got)
	}
}

// TestRowsOfASheet reads what programs other than Excel write.
func TestRowsOfASheet(t *testing.T) {
	const sst = "xl/sharedStrings.xml"
	texts := `<sst><si><t>UPN</t></si><si><r><rPr><b/></rPr><t>al</t></r><r><t xml:space="preserve">ice </t></r></si>` +
		`<si><t>課</t><rPh sb="0" eb="1"><t>カ</t></rPh></si><si><t>_x005F_x0041_ a_x000D_b</t></si><si/></sst>`
	for name, c := range map[string]struct {
		rows string
		want []string
	}{
		"shared texts":            {`<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c><c r="E1" t="s"><v>4</v></c></row>`, []string{"1: UPN|alice |課|_x0041_ a\rb"}},
		"inline texts":            {`<row r="1"><c r="A1" t="inlineStr"><is><t>a@b.c</t></is></c><c r="B1" t="inlineStr"><is><r><t>x</t></r><r><t>y</t></r></is></c></row>`, []string{"1: a@b.c|xy"}},
		"no references":           {`<row><c t="str"><v>a</v></c><c/><c t="str"><v>b</v></c></row><row/><row><c><v>7</v></c></row>`, []string{"1: a||b", "2: ", "3: 7"}},
		"blank rows":              {`<row r="2"><c r="C2"><v>1</v></c></row><row r="4" hidden="1"><c r="A4" s="1"/></row><row r="5"><c r="A5"><v>2</v></c></row><row r="9"><c r="A9" s="1"/></row>`, []string{"1: ", "2: ||1", "3: ", "4: ", "5: 2"}},
		"hidden rows":             {`<row r="1"><c r="A1"><v>1</v></c></row><row r="2" hidden="1"><c r="A2"><v>2</v></c></row><row r="3" ht="0" customHeight="1"><c r="A3"><v>3</v></c></row><row r="4" hidden="0" ht="15"><c r="A4"><v>4</v></c></row>`, []string{"1: 1", "2! " + whyHidden, "3! " + whyHidden, "4: 4"}},
		"formulas":                {`<row r="1"><c r="A1"><f>B1</f><v>5</v></c><c r="B1" t="str"><f>""</f><v></v></c><c r="C1" t="str"><f>D1</f><v>x</v></c><c r="D1" t="b"><f>TRUE</f><v>1</v></c></row>`, []string{"1: 5||x|TRUE"}},
		"a formula without value": {`<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c><c r="C2"><f>A2+1</f><v/></c></row><row r="3"><c r="A3"><f>1</f></c></row>`, []string{"1: 1", "2! " + fmt.Sprintf(whyNoValue, "C2"), "3! " + fmt.Sprintf(whyNoValue, "A3")}},
		"errors and dates":        {`<row r="1"><c r="A1" t="e"><v>#N/A</v></c><c r="B1" t="d"><v>2026-12-31T00:00:00</v></c><c r="C1" t="d"><v>2026-12-31T08:00:00Z</v></c></row>`, []string{"1: #N/A|2026-12-31|2026-12-31T08:00:00Z"}},
		"prefixed names":          {`<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>`, []string{"1: 1"}},
		"a style that is away":    {`<row r="1"><c s="1"><v>45</v></c></row>`, []string{"line 1: the workbook is damaged"}},
		"more than 15 digits":     {`<row r="1"><c><v>12345678901234567</v></c><c><v>1.2345678901234567E+16</v></c></row>`, []string{"1: 1.23457E+16|1.23457E+16"}},
		"a number with zeros":     {`<row r="1"><c><v>00045</v></c><c><v>1.5E3</v></c></row>`, []string{"1: 45|1500"}},
		"rows out of order":       {`<row r="3"><c><v>1</v></c></row><row r="2"><c><v>1</v></c></row>`, []string{"1: ", "2: ", "3: 1", "line 2: the workbook is damaged"}},
		"a row twice":             {`<row r="1"><c><v>1</v></c></row><row r="1"><c><v>2</v></c></row>`, []string{"1: 1", "line 1: the workbook is damaged"}},
		"cells out of order":      {`<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c></row>`, []string{"line 1: the workbook is damaged"}},
		"a cell of another row":   {`<row r="1"><c r="A2"><v>1</v></c></row>`, []string{"line 1: the workbook is damaged"}},
		"beyond the last row":     {`<row r="1048577"><c><v>1</v></c></row>`, []string{"line 1048577: the workbook is damaged"}},
		"beyond the last column":  {`<row r="1"><c r="XFE1"><v>1</v></c></row>`, []string{"line 1: the workbook is damaged"}},
		"no such text":            {`<row r="1"><c t="s"><v>99</v></c></row>`, []string{"line 1: the workbook is damaged"}},
		"XML that breaks off":     {`<row r="1"><c><v>1</v></c></row><row r="2"><c><v>2</c></row>`, []string{"1: 1", "line 2: the workbook is damaged"}},
		"a huge cell":             {`<row r="1"><c t="str"><v>` + strings.Repeat("x", maxElement+100_000) + `</v></c></row>`, []string{"line 1: the workbook is damaged"}},
	} {
		got := readBook(t, handmade(t, c.rows, sst, texts), Options{})
		for i := range got {
			got[i], _, _ = strings.Cut(got[i], " or was not copied whole")
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestStrictWorkbook(t *testing.T) {
	book := packed(t, `[Content_Types].xml`, "<Types/>",
		"xl/workbook.xml", `<s:workbook xmlns:s="http://purl.oclc.org/ooxml/spreadsheetml/main" xmlns:r="http://purl.oclc.org/ooxml/officeDocument/relationships" conformance="strict"><s:workbookPr date1904="true"/><s:sheets><s:sheet name="A" sheetId="7" r:id="x"/></s:sheets></s:workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="x" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/worksheet" Target="/xl/Worksheets/Tab.xml"/><Relationship Id="y" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/sharedStrings" Target="texts.xml"/></Relationships>`,
		"xl/texts.xml", `<s:sst xmlns:s="http://purl.oclc.org/ooxml/spreadsheetml/main"><s:si><s:t>shared</s:t></s:si></s:sst>`,
		"xl/styles.xml", `<s:styleSheet xmlns:s="http://purl.oclc.org/ooxml/spreadsheetml/main"><s:cellXfs><s:xf numFmtId="14"/></s:cellXfs></s:styleSheet>`,
		`xl\worksheets\tab.xml`, `<s:worksheet xmlns:s="http://purl.oclc.org/ooxml/spreadsheetml/main"><s:sheetData><s:row r="1"><s:c r="A1" t="s"><s:v>0</s:v></s:c><s:c r="B1"><s:v>44925</s:v></s:c></s:row></s:sheetData></s:worksheet>`)
	if got := readBook(t, book, Options{}); !cmp.Equal(got, []string{"1: shared|2026-12-31"}) {
		t.Errorf("%q", got)
	}
}

func TestChoiceOfSheet(t *testing.T) {
	f := excelize.NewFile()
	f.SetSheetName("Sheet1", "Codes")
	for _, name := range []string{"Leavers", "More", "Notes"} {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		if name != "Notes" {
			f.SetCellValue(name, "A3", name)
		}
	}
	f.SetActiveSheet(2)
	f.SetSheetVisible("Codes", false)
	book := made(t, f)
	for asked, want := range map[string]string{
		"":        `sheet Leavers the first that is visible; not read: Codes (empty, hidden), More (has rows), Notes (empty)`,
		"more":    `sheet More --sheet; not read: Codes (empty, hidden), Leavers (has rows), Notes (empty)`,
		"Codes":   `sheet Codes --sheet; not read: Leavers (has rows), More (has rows), Notes (empty)`,
		"Leaver":  `--sheet: no sheet "Leaver": name one of "Codes", "Leavers", "More", "Notes"`,
		"Codes\n": `--sheet: no sheet "Codes\n": name one of "Codes", "Leavers", "More", "Notes"`,
	} {
		s, err := openBook(book, Options{Sheet: asked})
		got := fmt.Sprint(err)
		if err == nil {
			got = strings.Trim(fmt.Sprint(s.Settings()[1]), "{}")
		}
		if got != want {
			t.Errorf("--sheet %q: %s, not %s", asked, got, want)
		}
	}
	one := readBook(t, book, Options{Sheet: "More"})
	if !cmp.Equal(one, []string{"1: ", "2: ", "3: More"}) {
		t.Errorf("%q", one)
	}
	s, err := openBook(handmade(t, ""), Options{})
	if err != nil || s.Settings()[1].Why != "the only one" {
		t.Errorf("%v, %v", s, err)
	}
	if got := readBook(t, handmade(t, ""), Options{}); got != nil {
		t.Errorf("an empty sheet is read as %q", got)
	}
}

// TestDamagedWorkbook takes bytes off and flips them: the rows that come are those of the workbook,
// and if some are missing there is an error.
func TestDamagedWorkbook(t *testing.T) {
	rows := &strings.Builder{}
	for i := 1; i <= 50; i++ {
		fmt.Fprintf(rows, `<row r="%d"><c r="A%[1]d" t="str"><v>user%[1]d@contoso.example</v></c><c r="B%[1]d" s="1"><v>%[1]d</v></c></row>`, i)
	}
	whole := handmade(t, rows.String(), "xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="00000"/></numFmts><cellXfs><xf/><xf numFmtId="200"/></cellXfs></styleSheet>`)
	want := readBook(t, whole, Options{})
	if len(want) != 50 {
		t.Fatalf("%q", want)
	}
	for cut := 0; cut < len(whole); cut += 37 {
		if got := readBook(t, whole[:cut], Options{}); len(got) != 1 || !strings.Contains(got[0], "damaged") {
			t.Fatalf("the first %d of %d bytes are read as %d rows, %q", cut, len(whole), len(got), got[0])
		}
	}
	flipped, record := 0, regexp.MustCompile(`^[0-9]+[:!] `)
	for at := 0; at < len(whole); at += 7 {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x10
		got := readBook(t, bad, Options{})
		if cmp.Equal(got, want) {
			continue // a date or another part that is not read
		}
		flipped++
		if last := got[len(got)-1]; record.MatchString(last) {
			t.Fatalf("with byte %d of %d flipped, %d rows and no error: %q", at, len(whole), len(got), last)
		}
	}
	if flipped == 0 {
		t.Fatal("no flipped byte was noticed")
	}
}

func TestNoWorkbook(t *testing.T) {
	bomb := handmade(t, `<row r="1"><c><v>1</v></c></row>`+strings.Repeat(" ", allUnpack+1<<20))
	for name, c := range map[string]struct {
		book []byte
		want string
	}{
		"another zip":            {packed(t, "word/document.xml", "<x/>"), "holds no workbook"},
		"a bomb":                 {bomb, "a part of the workbook unpacks to 65 MB, and 64 can be"},
		"a part twice":           {handmade(t, "", "xl/worksheets/Sheet1.xml", "<worksheet><sheetData/></worksheet>"), "twice"},
		"a sheet without rows":   {packed(t, "xl/workbook.xml", oneSheet, "xl/_rels/workbook.xml.rels", oneRel, "xl/worksheets/sheet1.xml", "<worksheet/>"), "damaged"},
		"a sheet that is away":   {packed(t, "xl/workbook.xml", oneSheet, "xl/_rels/workbook.xml.rels", oneRel), "sheet1.xml is missing"},
		"no sheet":               {packed(t, "xl/workbook.xml", "<workbook/>"), "--sheet: no sheet is visible: the workbook has no worksheet"},
		"a sheet without a part": {packed(t, "xl/workbook.xml", oneSheet, "xl/_rels/workbook.xml.rels", strings.ReplaceAll(oneRel, "rId1", "rId2")), `nothing says where sheet "Leavers" lies`},
		"only a chart":           {packed(t, "xl/workbook.xml", oneSheet, "xl/_rels/workbook.xml.rels", strings.ReplaceAll(oneRel, "/worksheet\"", "/chartsheet\"")), "no worksheet"},
		"a list that is no XML":  {packed(t, "xl/workbook.xml", "sheets"), "damaged"},
	} {
		s, err := openBook(c.book, Options{})
		if _, ours := errors.AsType[*Error](err); !ours || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, not an error with %q", name, s, err, c.want)
		}
	}
	if len(bomb) > 1<<20 {
		t.Errorf("the bomb has %d bytes: it is none", len(bomb))
	}
}

func FuzzWorkbook(f *testing.F) {
	f.Add([]byte(`<row r="1"><c r="A1" s="1"><v>45</v></c></row><row r="9" hidden="1"><c t="s"><v>0</v></c><c><f>1</f></c></row>`), "00000", "<sst><si><t>a</t></si></sst>")
	f.Add([]byte(`<row><c s="1"><v>46387.5</v></c><c t="b"><v>1</v></c><c t="inlineStr"><is><t>x_x000D_</t></is></c></row>`), `[$-407]dd.mm.yyyy\ "x"`, "")
	f.Add([]byte(`<row><c s="1"><v>-1e300</v></c></row>`), `#,##0.00_);[Red](#,##0.00)`, "")
	f.Fuzz(func(t *testing.T, rows []byte, code, texts string) {
		var escaped bytes.Buffer
		xml.EscapeText(&escaped, []byte(code))
		parts := []string{"xl/styles.xml", `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="` + escaped.String() + `"/></numFmts><cellXfs><xf/><xf numFmtId="200"/></cellXfs></styleSheet>`}
		if texts != "" {
			parts = append(parts, "xl/sharedStrings.xml", texts)
		}
		s, err := openBook(handmade(t, string(rows), parts...), Options{})
		if err != nil {
			return
		}
		defer s.Close()
		for line := 1; ; line++ {
			rec, err := s.Next()
			if err != nil {
				if _, ours := errors.AsType[*Error](err); err != io.EOF && !ours {
					t.Fatalf("%T %v", err, err)
				}
				return
			}
			if rec.Line != line || line > maxSheetRows || len(rec.Cells) > maxSheetCols {
				t.Fatalf("record %d has line %d and %d cells", line, rec.Line, len(rec.Cells))
			}
			for _, c := range rec.Cells {
				if len(c) > 2*maxElement {
					t.Fatalf("a cell of %d bytes", len(c))
				}
			}
		}
	})
}
