package source

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

func gzipped(t *testing.T, texts ...string) string {
	t.Helper()
	var b bytes.Buffer
	for _, text := range texts {
		w := gzip.NewWriter(&b)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// zipped makes a zip file of names, each followed by its text.
func zipped(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestUnpack(t *testing.T) {
	const list = "upn\na@contoso.example\n"
	one := zipped(t, "list.csv", list)
	secret := strings.Replace(one, "\x14\x00\x08\x00", "\x14\x00\x09\x00", 2) // the bit that says it is encrypted
	broken := gzipped(t, list)
	broken = broken[:len(broken)-8] + "0000" + broken[len(broken)-4:] // its checksum
	book := zipped(t, "[Content_Types].xml", "x", "xl/workbook.xml", "x")
	for _, c := range []struct{ name, input, text, want string }{
		{"plain", list, list, ""},
		{"short", "a", "a", ""},
		{"empty", "", "", ""},
		{"gzip", gzipped(t, list), list, "gzip"},
		{"gzip of two members", gzipped(t, list, "b@contoso.example\n"), list + "b@contoso.example\n", "gzip"},
		{"gzip of nothing", gzipped(t, ""), "", "gzip"},
		{"gzip, and bytes behind it", gzipped(t, list) + "junk of eleven", "", "other bytes follow the packed data"},
		{"gzip, and a few bytes behind it", gzipped(t, list) + "junk", "", "other bytes follow the packed data"},
		{"gzip, cut", gzipped(t, list)[:30], "", "the file is packed (gzip) and cannot be unpacked: unexpected EOF: if it came by a download"},
		{"gzip, cut early", gzipped(t, list)[:5], "", "begins as a gzip file and is none"},
		{"gzip, one byte off", broken, "", "(gzip) and cannot be unpacked: gzip: invalid checksum"},
		{"gzip with more behind it", gzipped(t, list) + "more", "", "other bytes follow the packed data"},
		{"zip", one, list, `zip: "list.csv"`},
		{"zip, cut", one[:len(one)-9], "", "begins as a zip file or a workbook and is none: zip: not a valid zip file: if it came by a download"},
		{"zip of a Mac", zipped(t, "out/", "", "out/list.csv", list, "__MACOSX/out/._list.csv", "x", "out/.DS_Store", "x"), list, `zip: "out/list.csv"`},
		{"zip of two files", zipped(t, "a.csv", list, "b.csv", list), "", `this is a zip file of "a.csv", "b.csv": unpack it, and give the files that are meant`},
		{"zip of many files", zipped(t, "1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", ""), "", `"5" and 2 more: unpack`},
		{"zip of nothing", zipped(t), "", "without a file"},
		{"zip of directories", zipped(t, "out/", ""), "", "without a file"},
		{"zip with a password", secret, "", `the file "list.csv" in this zip file needs a password: unpack it first`},
		{"zip of an unknown method", strings.Replace(strings.Replace(one, "\x08\x00\x08\x00", "\x08\x00\x5D\x00", 1), "\x14\x00\x08\x00\x08\x00", "\x14\x00\x08\x00\x5D\x00", 1), "", `the file "list.csv" in this zip file cannot be unpacked here (zip: unsupported compression algorithm): unpack it first`},
		{"workbook", book, book, "workbook"},
		{"workbook with other slashes", zipped(t, `xl\Workbook.xml`, "x"), zipped(t, `xl\Workbook.xml`, "x"), "workbook"},
		{"workbook in a zip", zipped(t, "list.xlsx", book), book, `zip: "list.xlsx" workbook`},
		{"workbook in a gzip", gzipped(t, book), book, `gzip workbook`},
		{"gzip in a zip", zipped(t, "list.csv.gz", gzipped(t, list)), "", "an archive in the archive: unpack the outer one"},
		{"zip in a gzip", gzipped(t, one), "", "an archive in the archive"},
		{"two files in a zip in a gzip", gzipped(t, zipped(t, "a.csv", list, "b.csv", list)), "", `this is a zip file of "a.csv", "b.csv"`},
		{"xlsb", zipped(t, "xl/workbook.bin", "x"), "", "(.xlsb): open it and save it as .xlsx"},
		{"ods", zipped(t, "mimetype", "x", "content.xml", "x"), "", "(.ods)"},
		{"docx", zipped(t, "word/document.xml", "x"), "", "Word document"},
		{"numbers", zipped(t, "Index/Document.iwa", "x"), "", "Numbers"},
		{"bomb", gzipped(t, strings.Repeat("x", allUnpack+1)), "", "(gzip) and holds more than 64 MB, which no list of its size does: unpack it first"},
	} {
		u, err := unpack(inMemory("in", c.input))
		if err != nil {
			if _, ours := errors.AsType[*Error](err); !ours || c.text != "" || c.want == "" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %s", c.name, err, c.want)
			}
			continue
		}
		got, err := io.ReadAll(io.NewSectionReader(u.Bytes, 0, u.Size))
		said := ""
		for _, s := range u.settings {
			said += s.Value
		}
		if u.workbook {
			said = strings.TrimSpace(said + " workbook")
		}
		if err != nil || string(got) != c.text || said != c.want || u.Name != "in" {
			t.Errorf("%s: %.100q %v, %s, want %s", c.name, got, err, said, c.want)
		}
		if err := u.close(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A large file lies in a temporary file that has no name while it is read, so that a kill
// leaves nothing behind.
func TestUnpackLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	for _, env := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(env, dir)
	}
	u, err := unpack(inMemory("in", gzipped(t, strings.Repeat("x", 20<<20))))
	if err != nil || u.Size != 20<<20 {
		t.Fatal(u.Size, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 && os.PathSeparator == '/' {
		t.Errorf("%v is on disk, %v", left, err)
	}
	if err := u.close(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v stays on disk, %v", left, err)
	}
}

func TestUnpackedLimit(t *testing.T) {
	for packed, want := range map[int64]int64{0: 64 << 20, 100: 64 << 20, 1 << 20: 200 << 20, 1 << 30: 2 << 30} {
		if got := unpackedLimit(packed); got != want {
			t.Errorf("%d bytes: %d, want %d", packed, got, want)
		}
	}
}
