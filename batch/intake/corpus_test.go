package intake

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/htmlindex"

	"offboard/batch/intake/source"
)

// The corpus is in testdata/intake, which its README describes: a .txtar for each family of
// files, with every file beside what is read of it.

const testdata = "../../testdata"

// kept is an entry of the corpus: one or several files and what is read of them.
type kept struct {
	name  string
	files []source.Input
	raw   [][]byte // what is in the files
	opt   Options
	read  string
	at    int // of read, among the sections of its archive
}

// corpus reads the archives, by their names.
var corpus = sync.OnceValues(func() (map[string][]kept, error) {
	archives, err := filepath.Glob(filepath.Join(testdata, "intake", "*.txtar"))
	if err != nil || archives == nil {
		return nil, fmt.Errorf("no corpus: %v", err)
	}
	all := map[string][]kept{}
	for _, path := range archives {
		a, err := txtar.ParseFile(path)
		if err != nil {
			return nil, err
		}
		if all[path], err = entries(a); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return all, nil
})

func entries(a *txtar.Archive) (all []kept, err error) {
	var how string
	for i, section := range a.Files {
		if i > 0 && len(all) == 0 {
			return nil, fmt.Errorf("%s: no entry begins before it", section.Name)
		}
		text := strings.ReplaceAll(string(section.Data), "\r\n", "\n")
		name, isFile := strings.CutPrefix(section.Name, "file")
		switch {
		case isFile:
			e := &all[len(all)-1]
			content, err := store(text, how)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.name, err)
			}
			e.raw = append(e.raw, content)
			e.files = append(e.files, source.Input{Name: strings.TrimSpace(name), Bytes: bytes.NewReader(content), Size: int64(len(content))})
		case section.Name == "read":
			all[len(all)-1].read, all[len(all)-1].at = text, i
		default:
			e := kept{name: section.Name}
			if e.opt, how, err = asked(text); err != nil {
				return nil, fmt.Errorf("%s: %w", e.name, err)
			}
			all = append(all, e)
		}
	}
	return all, nil
}

// asked reads the flags of an entry, and how its files are stored.
func asked(text string) (opt Options, how string, err error) {
	opt.Now = noon.AddDate(0, 0, 4) // after the days on which its files say that they were made
	f := flag.NewFlagSet("", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	for name, to := range map[string]*string{"column": &opt.Column, "key": (*string)(&opt.Key), "preset": &opt.Preset, "encoding": &opt.Encoding, "sheet": &opt.Sheet} {
		f.StringVar(to, name, "", "")
	}
	for name, to := range map[string]*[]string{"where": &opt.Where, "ignore-column": &opt.Ignore, "keep": &opt.Keep} {
		f.Func(name, "", func(s string) error { *to = append(*to, s); return nil })
	}
	f.IntVar(&opt.HeaderLine, "header-line", 0, "")
	f.BoolVar(&opt.NoHeader, "no-header", false, "")
	f.BoolVar(&opt.AllRows, "all-rows", false, "")
	date := DateGate{}
	f.StringVar(&date.Column, "date-column", "", "")
	f.StringVar(&date.Format, "date-format", "", "")
	f.BoolVar(&date.StartOfDay, "start-of-day", false, "")
	f.TextVar(&date.AsOf, "as-of", noon, "")
	f.Func("time-zone", "", func(s string) (err error) { date.Zone, err = time.LoadLocation(s); return err })
	for line := range strings.Lines(text) {
		if stored, is := strings.CutPrefix(line, "stored: "); is {
			how = stored
		} else if strings.HasPrefix(line, "--") {
			var words []string
			for _, w := range regexp.MustCompile(`(?:[^\s"]|"[^"]*")+`).FindAllString(line, -1) {
				words = append(words, strings.ReplaceAll(w, `"`, ""))
			}
			if err := f.Parse(words); err != nil || f.NArg() > 0 {
				return opt, "", fmt.Errorf("%s: %v", line, err)
			}
		}
	}
	if _, dates := PresetTerms(opt.Preset); date.Column != "" || dates != "" {
		opt.DateGate = &date
	}
	return opt, how, nil
}

// store makes the bytes of a file of the text that stands for it.
func store(text, how string) ([]byte, error) {
	content := []byte(text)
	for way := range strings.SplitSeq(strings.TrimSpace(how), ", ") {
		word, more, _ := strings.Cut(way, " ")
		switch word {
		case "":
		case "crlf":
			content = bytes.ReplaceAll(content, []byte("\n"), []byte("\r\n"))
		case "cr":
			content = bytes.ReplaceAll(content, []byte("\n"), []byte("\r"))
		case "marked":
			content = append([]byte("\ufeff"), content...)
		case "unended":
			content = bytes.TrimSuffix(content, []byte("\n"))
		case "escapes":
			content = escapes.ReplaceAllFunc(content, func(e []byte) []byte {
				s, _ := strconv.Unquote(`"` + string(e) + `"`)
				return []byte(s)
			})
		case "repeated":
			n, _ := strconv.Atoi(more)
			last := bytes.LastIndexByte(content[:len(content)-1], '\n') + 1
			content = append(content, bytes.Repeat(content[last:], n-1)...)
		case "cut":
			n, _ := strconv.Atoi(more)
			content = content[:len(content)-n]
		case "gzip":
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			if _, err := w.Write(content); err != nil || w.Close() != nil {
				return nil, err
			}
			content = b.Bytes()
		case "zip":
			var b bytes.Buffer
			z := zip.NewWriter(&b)
			for name := range strings.FieldsSeq(more) {
				w, err := z.Create(name)
				if err == nil {
					_, err = w.Write(content)
				}
				if err != nil {
					return nil, err
				}
			}
			if err := z.Close(); err != nil {
				return nil, err
			}
			content = b.Bytes()
		case "workbook":
			var err error
			if content, err = storeWorkbook(string(content)); err != nil {
				return nil, err
			}
		default:
			enc, err := htmlindex.Get(word)
			if err != nil {
				return nil, fmt.Errorf("stored: %s: %w", word, err)
			}
			if content, err = enc.NewEncoder().Bytes(content); err != nil {
				return nil, err
			}
		}
	}
	return content, nil
}

var escapes = regexp.MustCompile(`\\(x[0-9A-F]{2}|u[0-9A-F]{4})`)

// storeWorkbook makes a workbook. A line [NAME] begins a sheet; below it each line is a row,
// as in CSV. A cell is a text, unless it says what else it is: "date 2026-12-31",
// "number 45", "number 45 00000" with the number format, "formula" with a stored value,
// "struck ann" and "struck ann|bob" of which ann is struck out.
// The first cell may begin with "hidden ", and a line "hide B" hides a column.
func storeWorkbook(text string) ([]byte, error) {
	f := excelize.NewFile()
	sheet, row := "Sheet1", 0
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "[") {
			name := strings.Trim(line, "[]")
			if f.SheetCount == 1 && row == 0 {
				if err := f.SetSheetName("Sheet1", name); err != nil {
					return nil, err
				}
			} else if _, err := f.NewSheet(name); err != nil {
				return nil, err
			}
			sheet, row = name, 0
			continue
		}
		if column, hide := strings.CutPrefix(line, "hide "); hide {
			if err := f.SetColVisible(sheet, column, false); err != nil {
				return nil, err
			}
			continue
		}
		if cells, merge := strings.CutPrefix(line, "merge "); merge {
			first, last, _ := strings.Cut(cells, ":")
			if err := f.MergeCell(sheet, first, last); err != nil {
				return nil, err
			}
			continue
		}
		row++
		if rest, hidden := strings.CutPrefix(line, "hidden "); hidden {
			line = rest
			if err := f.SetRowVisible(sheet, row, false); err != nil {
				return nil, err
			}
		}
		if line == "" {
			continue
		}
		cells, err := csv.NewReader(strings.NewReader(line)).Read()
		if err != nil {
			return nil, err
		}
		for i, cell := range cells {
			at, _ := excelize.CoordinatesToCellName(i+1, row)
			if err := setCell(f, sheet, at, cell); err != nil {
				return nil, err
			}
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func setCell(f *excelize.File, sheet, at, cell string) error {
	kind, value, _ := strings.Cut(cell, " ")
	format := ""
	var v any
	switch kind {
	case "date":
		day, err := time.Parse(time.DateOnly, value)
		if err != nil {
			return err
		}
		v, format = day, "dd.mm.yyyy"
	case "number":
		value, format, _ = strings.Cut(value, " ")
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return err
		}
		v = n
	case "struck": // wholly, or as far as a bar
		out, rest, runs := strings.Cut(value, "|")
		font := &excelize.Font{Strike: true}
		if runs {
			return f.SetCellRichText(sheet, at, []excelize.RichTextRun{{Text: out, Font: font}, {Text: rest}})
		}
		style, err := f.NewStyle(&excelize.Style{Font: font})
		if err != nil {
			return err
		}
		return errors.Join(f.SetCellStr(sheet, at, out), f.SetCellStyle(sheet, at, at, style))
	case "formula":
		return f.SetCellFormula(sheet, at, value) // without a value, as libraries write it
	case "":
		return nil
	default:
		v = cell
	}
	if err := f.SetCellValue(sheet, at, v); err != nil || format == "" {
		return err
	}
	style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
	if err != nil {
		return err
	}
	return f.SetCellStyle(sheet, at, at, style)
}

// corpusFile is what is in the one file of an entry.
func corpusFile(t testing.TB, name string) string {
	t.Helper()
	all, err := corpus()
	if err != nil {
		t.Fatal(err)
	}
	for _, entries := range all {
		if i := slices.IndexFunc(entries, func(e kept) bool { return e.name == name }); i >= 0 {
			return string(entries[i].raw[0])
		}
	}
	t.Fatalf("no entry %s in the corpus", name)
	return ""
}
