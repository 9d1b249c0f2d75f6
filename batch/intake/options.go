package intake

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"offboard/batch"
	"offboard/batch/intake/source"
	"offboard/batch/intake/vocab"
)

// Options are the choices of the person.
type Options struct {
	Column   string    // the one column that names the users, by its header; "" to recognise columns by their names
	Ignore   []string  // headers of columns that say nothing of the users, although they are recognised
	Keep     []string  // headers of columns that are read for the report alone
	Key      batch.Key // what the column names users by; "" or "auto" to let column and cell decide
	Preset   string    // a name in presets.csv, or ""
	Where    []string  // COLUMN=VALUE, all of which a row must meet; words are compared without regard to case
	DateGate *DateGate // may be nil
	RowsOf   []string  // COLUMN=VALUE of one column; rows that have none of the values are of others, and not yielded
	AllRows  bool      // rows pass that tell of somebody who came back
	Named    bool      // the input is of ids that were given one by one

	Encoding   string    // IANA name of the encoding of a text; "" to find out
	Sheet      string    // of a workbook; "" for the first
	HeaderLine int       // the line of the header; 0 to find it
	Now        time.Time // a title that tells of a later day is refused; zero asks none
	NoHeader   bool      // there is none: columns are called by their numbers, from 1

	Others func(row batch.Row, cell string) // called for each row that RowsOf leaves to others, with what its cell says; may be nil

	Skip  func(batch.Skip) // called for each line that is no row, in order, by Open and while Rows runs; may be nil
	watch bool             // columns that only [TakeSurvey] looks at are read, too
	name  string           // of the file, of several; else ""
}

// parsedOptions are Options that can be followed, with names trimmed.
type parsedOptions struct {
	Options
	dateGate *dateGate      // nil without one
	preset   preset         // zero without one
	keyed    bool           // the columns are keys of objects
	decided  map[int]*kinds // what the cells say of columns that name users, by their indexes; see decide.go
}

// parse checks the options. The error is an [*InputError].
func (o Options) parse() (opt parsedOptions, err error) {
	opt.Options = o
	opt.Column = vocab.Trim(o.Column)
	opt.Ignore, opt.Keep = trimAll(o.Ignore), trimAll(o.Keep)
	if opt.Key == "auto" {
		opt.Key = ""
	}
	if opt.preset, err = findPreset(o.Preset); err != nil {
		return opt, err
	}
	switch {
	case opt.Key != "" && !slices.Contains(vocab.Keys, opt.Key):
		return opt, &InputError{Option: "--key", Reason: fmt.Sprintf("no key %q: use auto, id, upn, mail, employee-id or on-premises-upn", o.Key)}
	case o.HeaderLine < 0:
		return opt, &InputError{Option: "--header-line", Reason: "lines are counted from 1"}
	case o.NoHeader && o.HeaderLine > 0:
		return opt, &InputError{Option: "--no-header", Reason: "--header-line says where the header is: leave one of the two out"}
	case o.NoHeader && opt.Column == "":
		return opt, &InputError{Option: "--no-header", Reason: "say which column names the users by its number: --column 1 is the first"}
	}
	for i, entry := range slices.Concat(o.Where, o.RowsOf) {
		if column, value, found := strings.Cut(entry, "="); !found || vocab.Trim(column) == "" || vocab.Trim(value) == "VALUE" {
			option := "--where"
			if i >= len(o.Where) {
				option = "--rows-of"
			}
			return opt, &InputError{Option: option, Reason: fmt.Sprintf("%q is not COLUMN=VALUE, with a column of the file and what its cells are to be", entry)}
		}
	}
	if gate := o.DateGate; gate != nil {
		g := *gate
		g.Column = cmp.Or(vocab.Trim(g.Column), opt.preset.Date)
		opt.dateGate, err = newDateGate(g)
	} else if opt.preset.Date != "" {
		err = &InputError{Option: "--preset", Reason: o.Preset + " has a column of last days, and no date gate"}
	}
	return opt, err
}

func trimAll(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = vocab.Trim(text)
	}
	return all
}

// ErrInput is every [*InputError].
var ErrInput = source.ErrInput

// InputError says what is wrong with an option, or with the input as a whole.
type InputError = source.Error

// columnError says of which columns the person has to name one, and which may be meant.
func columnError(reason string, columns, matched []string) *InputError {
	if len(matched) > 0 {
		reason += "; matched: " + quotedList(matched)
	}
	if len(columns) > 0 {
		reason += "; columns seen: " + quotedList(columns)
	}
	return &InputError{Reason: reason}
}

func quotedList(names []string) string {
	var quoted []string
	for _, n := range names[:min(100, len(names))] {
		quoted = append(quoted, strconv.Quote(n))
	}
	return batch.SomeOf(quoted, len(names))
}

//go:embed presets.csv
var presetTable []byte

// preset is a line of presets.csv, of what is documented of a file that many have. Flags come
// before it.
type preset struct {
	Name   string `csv:"preset"`
	By     string `csv:"names users"` // HEADER=KEY of columns, with | between: the first that the file has names the users
	Where  string `csv:"where"`       // COLUMN=VALUE of people who left, or ""
	Date   string `csv:"date"`        // the column of the last days, or ""
	Ignore string `csv:"ignore"`      // a column that seems to name users, and holds something else; or ""
	Note   string `csv:"note"`        // for the settings
}

// findPreset gives the preset, or the zero one for "". The error is an [*InputError].
func findPreset(name string) (preset, error) {
	var names []string
	for _, p := range vocab.ReadTable[preset](presetTable) {
		if names = append(names, p.Name); p.Name == name {
			return p, nil
		}
	}
	if name == "" {
		return preset{}, nil
	}
	return preset{}, &InputError{Option: "--preset", Reason: fmt.Sprintf("no preset %q: use %s", name, strings.Join(names, ", "))}
}

// PresetTerms are what a preset asks of the caller: the key if users are searched for by it, and
// the column of the last days, which needs an [Options.DateGate]. Each may be "".
func PresetTerms(name string) (searched batch.Key, dates string) {
	p, _ := findPreset(name)
	if _, key := p.naming(nil); key.Searched() {
		searched = key
	}
	return searched, p.Date
}

// naming is the column that names the users, and by what: the first where the file has none.
func (p preset) naming(header []string) (column string, key batch.Key) {
	all := strings.Split(p.By, "|")
	has := func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		at, _ := findColumn(header, name, "")
		return at >= 0
	}
	column, by, _ := strings.Cut(all[max(0, slices.IndexFunc(all, has))], "=")
	return column, batch.Key(by)
}

// who says in settings and reasons that something is the preset's, or a flag's that was given.
func (p preset) who(given bool, flag string) string {
	switch {
	case p.Name == "":
		return flag
	case given:
		return flag + ", in place of preset " + p.Name
	}
	return "preset " + p.Name
}
