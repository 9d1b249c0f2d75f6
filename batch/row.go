package batch

import (
	"fmt"
	"time"
)

// Key is what of a user the input names it by. The words are those of the flag
// --key.
type Key string

// The last three are properties that several users may share, or none have.
const (
	ByID            Key = "id"
	ByUPN           Key = "upn"
	ByMail          Key = "mail"
	ByEmployeeID    Key = "employee-id"
	ByOnPremisesUPN Key = "on-premises-upn"
)

// Searched reports whether the directory is searched for such a key, since a request
// cannot address a user by it.
func (k Key) Searched() bool { return k == ByMail || k == ByEmployeeID || k == ByOnPremisesUPN }

// Row is a line of the input that was meant to name a user.
type Row struct {
	Seq   int      `json:"-"`               // its number among the rows of the input, from 1; for planning alone, as it is the Seq of the planned User from then on
	File  string   `json:"file,omitempty"`  // its file, where the plan has several: [InputFile.Name]; "" with one
	Line  int      `json:"line"`            // line of the file on which the row starts, from 1
	Input string   `json:"input,omitempty"` // the cell that names the user, as written
	ID    string   `json:"id,omitempty"`    // object id in lower case, or ""
	UPN   string   `json:"upn,omitempty"`   // user principal name, or ""; beside an ID it must agree with the directory
	By    Key      `json:"by,omitempty"`    // "" means by ID or UPN
	Value string   `json:"value,omitempty"` // the cell's text when By is a property, else ""
	Cells []string `json:"cells,omitempty"` // the cells of the recognised columns, in the order of Plan.Columns

	// From is the moment from which the date gate lets the row through: the end of
	// its last day in the gate's zone (with a start-of-day gate the beginning), or
	// the instant that the cell names. It is zero without a date gate.
	From time.Time `json:"from,omitzero"`

	// Claims are what the other recognised columns say of the user: the user whom
	// the row names must have all of it. They are for planning alone, and neither journal nor
	// plan file keeps them.
	Claims []Claim `json:"-"`

	// Undo is what of the user a run is to be taken back, as targets of the steps that do
	// it; nil in any other plan. The plan keeps those targets of them that are still so.
	Undo []Target `json:"-"`
}

// Claim is one property of a user and its value. In Row.Claims it is what a column
// beside those that name the user says. In RowError.Keeps it is one of the names that a
// row may mean.
type Claim struct {
	Key    Key    // what the value is; never ""
	Value  string // not empty; an object id is in lower case
	Column string // the header of the column in Row.Claims, else ""
}

// RowError says why a row cannot name a user, or why a gate held it back. Row
// holds what could be read of it; Seq and Line are always set, Input only when the cell
// is surely the right one: cells of other columns may hold passwords.
type RowError struct {
	Row     Row
	Reason  string
	Outcome Outcome // "" reads as Invalid; Skipped for a row that a gate held back, Ambiguous for one that contradicts itself
	Keeps   []Claim // all the names of users whom the row may mean, when a gate found that the row keeps them; else nil
}

// Error gives the place and the reason.
func (e *RowError) Error() string { return e.Row.Place().String() + ": " + e.Reason }

// Skip is a line of the input that is no row: blank, a version line, an
// example, a second header, a footer.
type Skip struct {
	File   string `json:"file,omitempty"` // as [Row.File]
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// Place is where a row or a skipped line stands. It tells the rows of an input apart; the
// zero Place is none.
type Place struct {
	File string // as [Row.File]
	Line int
}

// String is the place in words: "line 3", or "line 3 of paris.csv".
func (p Place) String() string {
	if p.File == "" {
		return fmt.Sprintf("line %d", p.Line)
	}
	return fmt.Sprintf("line %d of %s", p.Line, p.File)
}

// Place is where the row starts.
func (r Row) Place() Place { return Place{r.File, r.Line} }

// Place is where the line stands.
func (s Skip) Place() Place { return Place{s.File, s.Line} }
