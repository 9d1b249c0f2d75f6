package intake

import (
	"fmt"
	"strings"

	"offboard/batch"
)

// Options are the choices of the person.
type Options struct {
	Column   string           // the one column that names the users, by its header; "" to recognise columns by their names
	Ignore   []string         // headers of columns that say nothing of the users, although they are recognised
	Keep     []string         // headers of columns that are read for the report alone
	Key      batch.Key        // what the column names users by; "" or "auto" to let column and cell decide
	Where    []string         // COLUMN=VALUE, all of which a row must meet; words are compared without regard to case
	DateGate *DateGate        // may be nil
	AllRows  bool             // rows pass that tell of somebody who came back
	List     List             // whether the input may have no header
	Skip     func(batch.Skip) // called for each line that is no row, in order, by Open and while Rows runs; may be nil
	watch    bool             // columns that only [TakeSurvey] looks at are read, too
}

// parsedOptions are Options that can be followed: names are trimmed, and Key is ""
// when the columns decide.
type parsedOptions struct {
	Options
	dateGate *dateGate // nil without one
}

// parse checks the options. The error is an [*OptionError].
func (o Options) parse() (opt parsedOptions, err error) {
	opt.Options = o
	opt.Column = trim(o.Column)
	opt.Ignore, opt.Keep = trimAll(o.Ignore), trimAll(o.Keep)
	if opt.Key, err = keyOption(o.Key); err != nil {
		return opt, err
	}
	for _, entry := range o.Where {
		if column, _, found := strings.Cut(entry, "="); !found || trim(column) == "" {
			return opt, &OptionError{"--where", fmt.Sprintf("%q is not COLUMN=VALUE", entry)}
		}
	}
	if o.DateGate != nil {
		opt.dateGate, err = newDateGate(*o.DateGate)
	}
	return opt, err
}

func trimAll(names []string) (all []string) {
	for _, name := range names {
		all = append(all, trim(name))
	}
	return all
}
