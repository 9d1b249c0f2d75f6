package intake

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"offboard/batch"
	"offboard/batch/intake/source"
)

var update = flag.Bool("update", false, "write what is read of the corpus anew; look at each difference: who is named, and who is not?")

// TestCorpus reads every file of the corpus, and holds what comes out against what stands
// beside it.
func TestCorpus(t *testing.T) {
	all, err := corpus()
	if err != nil {
		t.Fatal(err)
	}
	for path, entries := range all {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+e.name, func(t *testing.T) {
				got := transcript(e.files, e.opt)
				if strings.Contains(got, "never") {
					t.Errorf("a cell of another column is shown:\n%s", got)
				}
				a.Files[e.at].Data = []byte(got)
				if diff := cmp.Diff(strings.Split(e.read, "\n"), strings.Split(got, "\n")); diff != "" && !*update {
					t.Errorf("read otherwise (-want +got):\n%s", diff)
				}
			})
		}
		if *update {
			if err := os.WriteFile(path, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestCorpusSize counts the corpus, and looks for the files with which people were hurt.
func TestCorpusSize(t *testing.T) {
	all, err := corpus()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entries := range all {
		for _, e := range entries {
			if slices.Contains(names, e.name) {
				t.Errorf("two entries are called %s", e.name)
			}
			if len(e.files) == 0 || e.read == "" {
				t.Errorf("%s has no file, or nothing is said to be read of it", e.name)
			}
			names = append(names, e.name)
		}
	}
	if len(names) < 150 {
		t.Errorf("the corpus has %d entries", len(names))
	}
	for _, hurt := range []string{
		"id_lost_its_zeros", "msol_ids_slipped", "rehired", "status_decomposed", "audit_changes", "cp1252", "workbook_leavers", "empty",
		"title_block", "excel_short_rows", "ids_as_formulas", "written_as_people_do", "status_mistyped", "header_only", "staff_without_gates",
		"numbered_list", "sqlcmd",
	} {
		if !slices.Contains(names, hurt) {
			t.Errorf("%s is not in the corpus", hurt)
		}
	}
}

// usual are settings that are not written down: nothing is odd about the file, or a flag above
// it says the same.
var usual = regexp.MustCompile(`(^|: )(encoding: UTF-8 \(no byte order mark, and valid UTF-8\)|header: line 1 \(first line .*|header: none \(the keys .*|delimiter: , .*|format: workbook .*|date .*|as of: .*|where: .*\(--where.*|column for a gate: .*)$`)

// transcript writes down everything that the package says of files.
func transcript(files []source.Input, opt Options) string {
	var b strings.Builder
	opt.Skip = func(s batch.Skip) { fmt.Fprintf(&b, "skip %s: %s\n", place(s.File, s.Line), s.Reason) }
	f, err := Open(files, opt)
	if err != nil {
		fmt.Fprintf(&b, "error: %v\n", err)
		return b.String()
	}
	defer f.Close()
	for _, s := range f.Settings() {
		line := fmt.Sprintf("%s: %s (%s)", s.Name, s.Value, s.Why)
		if strings.HasSuffix(s.Name, "unpacked") {
			line = s.Name + ": " + s.Value // its size depends on the packer
		}
		if !usual.MatchString(line) {
			fmt.Fprintln(&b, line)
		}
	}
	for row, err := range f.Rows() {
		bad, isBad := errors.AsType[*batch.RowError](err)
		switch {
		case isBad:
			outcome := string(bad.Outcome)
			if outcome == "" {
				outcome = "invalid"
			}
			fmt.Fprintf(&b, "%s %s %q: %s%s%s\n", outcome, place(bad.Row.File, bad.Row.Line), bad.Row.Input, bad.Reason, inBrackets("keeps", bad.Keeps), cellsKept(f, bad.Row))
		case err != nil:
			fmt.Fprintf(&b, "error: %v\n", err)
			return b.String()
		default:
			fmt.Fprintf(&b, "row %s: %s%s%s\n", place(row.File, row.Line), whom(row), inBrackets("and has", row.Claims), cellsKept(f, row))
		}
	}
	found, err := TakeSurvey(files, opt, noon)
	if err != nil {
		fmt.Fprintf(&b, "survey: %v\n", err)
	}
	for _, u := range found.Unmet {
		fmt.Fprintf(&b, "survey: no row has %s = %s, but %q\n", u.Column, u.Value, u.Seen)
	}
	for _, s := range found.Stay {
		fmt.Fprintf(&b, "survey: %s says of %d rows that their people stay: %s\n", s.Column, s.Rows, s.Said)
	}
	if ways, lift := found.Gates(opt.DateGate != nil, len(files)); ways != "" {
		fmt.Fprintf(&b, "survey: next: %s%s\n", ways, map[bool]string{true: " (not to be pasted)"}[lift == ""])
	}
	return b.String()
}

func place(file string, line int) string {
	if file == "" {
		return fmt.Sprint(line)
	}
	return fmt.Sprintf("%d of %s", line, file)
}

// whom are the names that a row has for its user.
func whom(row batch.Row) string {
	var names []string
	for key, name := range map[string]string{"id": row.ID, "upn": row.UPN, string(row.By): row.Value} {
		if name != "" {
			names = append(names, key+" "+name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func inBrackets(what string, claims []batch.Claim) string {
	var all []string
	for _, c := range claims {
		all = append(all, fmt.Sprintf("%s %s", c.Key, c.Value))
	}
	if all == nil {
		return ""
	}
	return fmt.Sprintf(" (%s %s)", what, strings.Join(all, ", "))
}

// cellsKept are the cells that gates and the report have, which retry.csv shows.
func cellsKept(f *Files, row batch.Row) string {
	if row.Cells == nil {
		return " [no cells]"
	}
	var all []string
	for i, name := range f.Columns() {
		if slices.Contains(f.Kept(), name) && row.Cells[i] != "" {
			all = append(all, name+"="+row.Cells[i])
		}
	}
	if all == nil {
		return ""
	}
	return fmt.Sprintf(" [%s]", strings.Join(all, "; "))
}

// TestLeavers holds the demo file to what the other tests expect of it.
func TestLeavers(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(testdata, "leavers.csv"))
	if err != nil {
		t.Fatal(err)
	}
	got := "\n" + transcript([]source.Input{text(string(content))}, Options{})
	for what, n := range map[string]int{"\nrow ": 236, "\ninvalid ": 2, "\nskip ": 1, "\nerror": 0, "#EXT#": 2} {
		if c := strings.Count(got, what); c != n {
			t.Errorf("%q: %d times, want %d", what, c, n)
		}
	}
}
