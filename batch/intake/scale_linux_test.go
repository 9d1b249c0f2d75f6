package intake

import (
	"archive/zip"
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"offboard/batch/intake/source"
)

var scale = flag.Bool("scale", false, "measure time and memory of reading a million rows of each format")

const million = 1_000_000

// scaleFiles are files of a million rows, and the memory in MB that may be resident while one is read.
var scaleFiles = []struct {
	name  string
	most  int64
	write func(io.Writer) error
}{
	{"leavers.csv", 60, func(w io.Writer) error {
		fmt.Fprintln(w, "userPrincipalName,displayName,department,id")
		for i := range million {
			fmt.Fprintf(w, "p%07d@contoso.example,Doe %d,Sales,0f5bd2a4-3cb0-4b6f-9d4f-00000%07d\n", i, i%1000, i)
		}
		return nil
	}},
	{"leavers.jsonl", 60, func(w io.Writer) error {
		for i := range million {
			fmt.Fprintf(w, `{"userPrincipalName":"p%07d@contoso.example","displayName":"Doe %d","department":"Sales","id":"0f5bd2a4-3cb0-4b6f-9d4f-00000%07d"}`+"\n", i, i%1000, i)
		}
		return nil
	}},
	{"leavers.xlsx", 300, writeBook},
}

// writeBook writes a workbook of six columns, as Excel writes it: with all texts shared. Three
// texts of each row are its own.
func writeBook(w io.Writer) error {
	z := zip.NewWriter(w)
	part := func(name string, body func(w io.Writer)) {
		w, err := z.Create(name)
		if err != nil {
			panic(err)
		}
		buffered := bufio.NewWriterSize(w, 1<<16)
		body(buffered)
		buffered.Flush()
	}
	const office = `http://schemas.openxmlformats.org/officeDocument/2006/relationships`
	part("xl/workbook.xml", func(w io.Writer) {
		fmt.Fprintf(w, `<workbook xmlns:r="%s"><sheets><sheet name="Leavers" sheetId="1" r:id="rId1"/></sheets></workbook>`, office)
	})
	part("xl/_rels/workbook.xml.rels", func(w io.Writer) {
		fmt.Fprintf(w, `<Relationships><Relationship Id="rId1" Type="%s/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`, office)
	})
	part("xl/styles.xml", func(w io.Writer) {
		fmt.Fprint(w, `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="0000000"/></numFmts><cellXfs><xf/><xf numFmtId="200"/><xf numFmtId="14"/></cellXfs></styleSheet>`)
	})
	part("xl/sharedStrings.xml", func(w io.Writer) {
		fmt.Fprint(w, `<sst><si><t>userPrincipalName</t></si><si><t>displayName</t></si><si><t>department</t></si><si><t>id</t></si><si><t>employeeId</t></si><si><t>leaves</t></si><si><t>Sales</t></si>`)
		for i := range million {
			fmt.Fprintf(w, `<si><t>p%07d@contoso.example</t></si><si><t>Doe %d</t></si><si><t>0f5bd2a4-3cb0-4b6f-9d4f-00000%07d</t></si>`, i, i, i)
		}
		fmt.Fprint(w, `</sst>`)
	})
	part("xl/worksheets/sheet1.xml", func(w io.Writer) {
		fmt.Fprint(w, `<worksheet><sheetData><row r="1">`)
		for i, c := range "ABCDEF" {
			fmt.Fprintf(w, `<c r="%c1" t="s"><v>%d</v></c>`, c, i)
		}
		fmt.Fprint(w, `</row>`)
		for i := range million {
			fmt.Fprintf(w, `<row r="%[1]d"><c r="A%[1]d" t="s"><v>%[2]d</v></c><c r="B%[1]d" t="s"><v>%[3]d</v></c><c r="C%[1]d" t="s"><v>6</v></c>`+
				`<c r="D%[1]d" t="s"><v>%[4]d</v></c><c r="E%[1]d" s="1"><v>%[5]d</v></c><c r="F%[1]d" s="2"><v>46387</v></c></row>`, i+2, 3*i+7, 3*i+8, 3*i+9, i)
		}
		fmt.Fprint(w, `</sheetData></worksheet>`)
	})
	return z.Close()
}

// TestScaleOfInput reads each file in a process of its own. Such a process reads the file that
// OFFBOARD_SCALE names.
func TestScaleOfInput(t *testing.T) {
	if path := os.Getenv("OFFBOARD_SCALE"); path != "" {
		readScale(t, path)
		return
	}
	if !*scale {
		t.Skip("needs -scale")
	}
	for _, c := range scaleFiles {
		path := filepath.Join(t.TempDir(), c.name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriterSize(f, 1<<16)
		if err := c.write(w); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil || f.Close() != nil {
			t.Fatal(err)
		}
		child := exec.Command(os.Args[0], "-test.run=^TestScaleOfInput$", "-test.v")
		child.Env = append(os.Environ(), "OFFBOARD_SCALE="+path)
		began := time.Now()
		out, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(out), strconv.Itoa(million)+" rows") {
			t.Fatalf("%v\n%s", err, out)
		}
		usage := child.ProcessState.SysUsage().(*syscall.Rusage)
		t.Logf("%s of %d MB: %.1f s (%.1f s of processors), %d MB resident at the most", c.name, info.Size()>>20, time.Since(began).Seconds(),
			(child.ProcessState.UserTime() + child.ProcessState.SystemTime()).Seconds(), usage.Maxrss>>10)
		if usage.Maxrss>>10 > c.most {
			t.Errorf("%s: %d MB are resident, and %d may be", c.name, usage.Maxrss>>10, c.most)
		}
	}
}

func readScale(t *testing.T, path string) {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	r, err := open(source.Input{Name: path, Bytes: f, Size: info.Size()}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range r.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	t.Log(n, "rows")
}
