package job

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/intake"
)

// CheckOptions are those of check.
type CheckOptions struct {
	File []string `arg:"" help:"The files, or - for standard input."`

	Selection
	Everybody
}

// Checked is what would be read of files. Nothing in it is of a column that is not read.
type Checked struct {
	Files    []CheckedFile `json:"files"`
	Rows     CheckedRows   `json:"rows"`
	First    []CheckedRow  `json:"first_rows"`
	HeldBack Reasons       `json:"held_back"`
	Wrong    Reasons       `json:"problem_reasons"`
	Passed   Reasons       `json:"lines_passed_over"`
	Problems []Problem     `json:"problems"`          // the first of them
	LeftOut  int           `json:"problems_left_out"` // of Problems, for their number
	Unread   bool          `json:"-"`                 // the files could not be read to their ends
	Lift     []string      `json:"-"`                 // the flags, with their values, by which a run chooses only those who leave; none if no flags alone do
	Stay     bool          `json:"-"`                 // by the file, some of its people stay: a run asks, or is refused
	shown    [2]int
}

// CheckedFile is one file, and how it is read.
type CheckedFile struct {
	Name     string          `json:"name"`   // as given, "-" for standard input
	SHA256   string          `json:"sha256"` // of its bytes, hex
	Error    string          `json:"error,omitempty"`
	Settings []batch.Setting `json:"settings"` // what was decided, but for the columns
	Columns  []CheckedColumn `json:"columns"`  // that are read
	Unread   []string        `json:"columns_not_read"`
	Gates    []CheckedGate   `json:"gates"`
	Rows     int             `json:"rows"`
	Lines    int             `json:"lines"`
}

// CheckedColumn is a column that is read, what for, and why.
type CheckedColumn struct {
	Name string `json:"name"`
	Use  string `json:"use"` // a key: it names the users; or "checked", "for a gate", "kept"
	Why  string `json:"why"`
}

// CheckedGate is a gate and what it does by itself, whatever the other gates say.
type CheckedGate struct {
	Name   string `json:"name"`
	Passes int    `json:"lets_through"`
	Holds  int    `json:"holds_back"`
}

// CheckedRows counts the rows of all files.
type CheckedRows struct {
	All           int               `json:"all"`
	LookUp        int               `json:"would_be_looked_up"`
	By            map[batch.Key]int `json:"by"`          // the same, by what they name users by
	Again         int               `json:"named_again"` // of them, those that name a user as an earlier row does
	HeldBack      int               `json:"held_back"`
	Unreadable    int               `json:"unreadable"`
	Contradicting int               `json:"contradicting"`
}

// CheckedRow is a row as it is read.
type CheckedRow struct {
	Problem
	Key   batch.Key `json:"named_by,omitempty"` // "" when the row names nobody, or is held back
	Value string    `json:"value,omitempty"`    // what names the user
	From  time.Time `json:"from,omitzero"`      // when the date gate lets the row through
}

// Problem is a row that would not be looked up, or with Line 0 what is wrong with all.
type Problem struct {
	File    string        `json:"file,omitempty"` // of several
	Line    int           `json:"line,omitempty"`
	Input   string        `json:"input,omitempty"` // the cell that names the user, as written
	Outcome batch.Outcome `json:"outcome,omitempty"`
	Reason  string        `json:"reason,omitempty"` // with the next step
}

// Reasons are why rows or lines end so, the most frequent first.
type Reasons []Reason

// Reason is what many rows or lines share.
type Reason struct {
	Reason string    `json:"reason"` // that of the first of them
	Like   bool      `json:"like"`   // others have other numbers or dates in it
	Count  int       `json:"count"`
	First  []Problem `json:"first"` // with places alone
	key    string
}

const (
	firstRows    = 4      // that are shown as they are read: of those that name somebody, and of the others
	mostProblems = 10_000 // that are kept one by one
	mostReasons  = 200    // that are told apart
	firstOfEach  = 5      // places that are told of a reason
)

// add counts one more. Reasons that differ in numbers count as one.
func (rs *Reasons) add(p Problem) {
	key := intake.WithoutNumbers(p.Reason)
	at := slices.IndexFunc(*rs, func(r Reason) bool { return r.key == key })
	if at < 0 && len(*rs) >= mostReasons {
		key, p.Reason = "", "other reasons"
		at = slices.IndexFunc(*rs, func(r Reason) bool { return r.key == key })
	}
	if at < 0 {
		at, *rs = len(*rs), append(*rs, Reason{Reason: p.Reason, key: key, First: []Problem{}})
	}
	r := &(*rs)[at]
	r.Like = r.Like || r.Reason != p.Reason
	if r.Count++; len(r.First) < firstOfEach {
		p.Reason, p.Outcome = "", ""
		r.First = append(r.First, p)
	}
}

// sort puts the most frequent reasons first.
func (c *Checked) sort() {
	for _, rs := range []Reasons{c.HeldBack, c.Wrong, c.Passed} {
		slices.SortStableFunc(rs, func(a, b Reason) int { return b.Count - a.Count })
	}
}

// problem notes a row that is wrong, or what is wrong with all.
func (c *Checked) problem(p Problem) {
	if len(c.Problems) == mostProblems {
		c.LeftOut++
		return
	}
	c.Problems = append(c.Problems, p)
}

// Check tells what would be read of files, and what is wrong with them: without a sign-in,
// and without anything written. What is not whole comes with an error.
func Check(h *Host, o *CheckOptions) (*Checked, error) {
	now := time.Now()
	c := &Checked{HeldBack: Reasons{}, Wrong: Reasons{}, Passed: Reasons{}, Problems: []Problem{}, First: []CheckedRow{}, Rows: CheckedRows{By: map[batch.Key]int{}}}
	in, opt, err := o.input(h, now)
	if err != nil {
		return nil, err
	}
	opt.AllRows = o.AllRows
	found, err := intake.TakeSurvey(in.sources(), opt, now)
	var again, gone batch.LinesByName
	for _, r := range in {
		if err == nil && len(found.Kept) > 0 { // of whom some may be let go by a row above or below
			err = letGo(r, opt, found.Kept, &gone)
		}
	}
	var errs []error
	for _, r := range in {
		name := "" // of one of several
		if len(in) > 1 {
			name = r.name
		}
		f, err := c.read(r, name, opt, found.Kept, gone, &again)
		if err != nil {
			f.Error = err.Error()
			errs = append(errs, intake.InFile(name, err))
		}
		c.Files = append(c.Files, f)
	}
	c.sort()
	if len(errs) > 0 { // of every file, where the survey has that of the first
		err = errors.Join(errs...)
	}
	if c.Unread = err != nil; c.Unread {
		return c, err
	}
	return c, c.judge(&Planning{File: o.File, Selection: o.Selection, Everybody: o.Everybody}, found)
}

// letGo notes the rows of a file that let go whom another row keeps.
func letGo(r *reading, opt intake.Options, kept batch.LinesByName, gone *batch.LinesByName) error {
	rows, err := intake.Open(inputs{r}.sources(), opt)
	if err != nil {
		return err
	}
	defer rows.Close()
	for row, err := range rows.Rows() {
		if err == nil && kept.Contradiction(row) != "" {
			gone.Add(row.Names(), row)
		}
	}
	return nil
}

// read tells how a file is read, and counts its rows. Name is that of their places.
func (c *Checked) read(r *reading, name string, opt intake.Options, kept, gone batch.LinesByName, again *batch.LinesByName) (f CheckedFile, err error) {
	f = CheckedFile{Name: r.name, SHA256: r.digest, Settings: []batch.Setting{}, Columns: []CheckedColumn{}, Unread: []string{}, Gates: []CheckedGate{}}
	opt.Skip = func(s batch.Skip) { c.Passed.add(Problem{File: name, Line: s.Line, Reason: s.Reason}) }
	rows, err := intake.Open(inputs{r}.sources(), opt)
	if err != nil {
		return f, err
	}
	defer rows.Close()
	for _, s := range rows.Settings() {
		if use, is := strings.CutPrefix(s.Name, "column "); is {
			f.Columns = append(f.Columns, CheckedColumn{s.Value, use, s.Why})
		} else {
			f.Settings = append(f.Settings, s)
		}
	}
	for _, name := range rows.Unread() {
		if !slices.ContainsFunc(f.Columns, func(c CheckedColumn) bool { return c.Name == name }) { // or it was looked at, and names nobody
			f.Unread = append(f.Unread, name)
		}
	}
	gates := rows.Gates()
	for _, g := range gates {
		f.Gates = append(f.Gates, CheckedGate{Name: g.Name})
	}
	for row, err := range rows.Rows() {
		bad, isBad := errors.AsType[*batch.RowError](err)
		if err != nil && !isBad {
			return f, err
		}
		f.Rows++
		for i, g := range gates {
			switch {
			case row.Cells == nil || isBad && bad.Outcome != batch.Skipped:
			case g.Passes(row.Cells):
				f.Gates[i].Passes++
			default:
				f.Gates[i].Holds++
			}
		}
		at := CheckedRow{Problem: Problem{File: name, Line: row.Line, Input: row.Input}, From: row.From}
		if opt.DateGate != nil && !row.From.IsZero() {
			at.From = row.From.In(opt.DateGate.Zone)
		}
		if isBad {
			ends := gone.Kept(bad)
			at.Outcome, at.Reason = ends.Outcome, ends.Reason
		} else if why := kept.Contradiction(row); why != "" {
			at.Outcome, at.Reason = batch.Ambiguous, why
		}
		c.count(row, at, again)
	}
	f.Lines = rows.Lines()[0]
	return f, nil
}

// count counts one more row.
func (c *Checked) count(row batch.Row, at CheckedRow, again *batch.LinesByName) {
	n := &c.Rows
	n.All++
	switch at.Outcome {
	case "":
		n.LookUp++
		switch {
		case row.ID != "":
			at.Key, at.Value = batch.ByID, row.ID
		case row.By != "":
			at.Key, at.Value = row.By, row.Value
		default:
			at.Key, at.Value = batch.ByUPN, row.UPN
		}
		n.By[at.Key]++
		if again.Again(row) {
			n.Again++
		}
	case batch.Skipped:
		n.HeldBack++
		c.HeldBack.add(at.Problem)
	case batch.Ambiguous:
		n.Contradicting++
	default:
		n.Unreadable++
	}
	if at.Outcome != "" && at.Outcome != batch.Skipped {
		c.Wrong.add(at.Problem)
		c.problem(at.Problem)
	}
	shown := &c.shown[0]
	if at.Outcome != "" {
		shown = &c.shown[1]
	}
	if *shown++; *shown <= firstRows {
		c.First = append(c.First, at)
	}
}

// judge says what is wrong with all. The error is [ErrPartial] if a run would not end in
// success for all, or would ask or be refused.
func (c *Checked) judge(g *Planning, found intake.Survey) (err error) {
	n := c.Rows
	if n.Unreadable+n.Contradicting > 0 {
		err = ErrPartial
	}
	var all []Problem
	for _, u := range found.Unmet {
		err = ErrPartial
		all = append(all, Problem{Reason: unmetWords(u)})
	}
	switch {
	case n.All == 0:
		all = append(all, Problem{Reason: "the input has no rows"})
	case n.HeldBack == n.All:
		all = append(all, Problem{Reason: "no row passes the gates, so a run would touch nobody (--min-users 1 refuses that)"})
	}
	for _, f := range c.Files {
		for _, s := range f.Settings {
			if s.Name == "hidden column" {
				err = ErrPartial
				all = append(all, Problem{Reason: fmt.Sprintf("column %q is hidden: %s", s.Value, s.Why)})
			}
		}
	}
	if len(found.Stay) > 0 && !g.AllRows {
		c.Stay, err = true, ErrPartial
		if _, lift := found.Gates(g.dateColumn() != "", len(g.File)); lift != "" {
			c.Lift = strings.Split(lift, "\n")
		}
		all = append(all, Problem{Reason: g.staysWords(found)})
	}
	c.Problems = append(all, c.Problems...)
	return err
}

// input reads the files that are checked.
func (o *CheckOptions) input(h *Host, now time.Time) (inputs, intake.Options, error) {
	in, opt, err := Named{}.input(h, o.File, o.Selection, now)
	if user, is := errors.AsType[*UserAsFile](err); is {
		err = fmt.Errorf("%w: there is no file %s, and a user needs no check: offboard run --user %[2]s --dry-run looks them up", ErrUsage, user.Names[0])
	}
	return in, opt, err
}
