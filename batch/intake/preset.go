package intake

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
)

//go:embed presets.csv
var presetTable []byte

// preset is a line of presets.csv: what is documented of a file that many people have. The
// flags of the person come before it.
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
	for _, p := range readTable[preset](presetTable) {
		if names = append(names, p.Name); p.Name == name {
			return p, nil
		}
	}
	if name == "" {
		return preset{}, nil
	}
	return preset{}, &InputError{Option: "--preset", Reason: fmt.Sprintf("no preset %q: use %s", name, strings.Join(names, ", "))}
}

// PresetTerms are what a preset asks of the caller: the key if users are searched for by it,
// and the column of the last days, which needs an [Options.DateGate]. Each may be "".
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
