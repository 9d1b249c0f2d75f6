package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/intake/vocab"
)

// maxColumns is how many columns can be read.
const maxColumns = 64

// column is a column of the input.
type column struct {
	index       int        // among all columns of the header
	place       int        // among those that are read; -1 for one that is not
	name        string     // its header, trimmed
	normal      string     // the same, as [normalise] has it
	vocab.Alias            // by which its header is known
	hr          string     // the list of headers of HR systems that it is in; or ""
	key         batch.Key  // what its cells are, by its header or --key; "" when only a gate, the report or [TakeSurvey] reads it
	names       bool       // its cells name the users; if not, and it has a key, the users must have what they say
	rival       bool       // so they do by a word in the header, such as "Leaver UPN", if a cell has the form of a name
	twin        bool       // so do those of another column, perhaps by the same key
	ignored     bool       // by --ignore-column: it says nothing of the users, also when the report has it
	gate        bool       // a gate looks at it
	keep        bool       // the report has it
	hired       bool       // its days on which people began are held against those of leaving
	left        bool       // it has days of leaving that are held against those
	thing       bool       // by its header it holds ids of things
	usual       cellsSoFar // what its cells are: see shifted.go
	why         string     // how it was chosen; "" for a column that is not read
}

// counts reports whether a row is bad whose cell cannot be read: not for [TakeSurvey] alone.
func (c *column) counts() bool { return c.key != "" || c.keep }

// maySayStay reports whether it is a column that no gate looks at, and that may be one of HR. What is
// said of accounts, things and other people is not.
func (c *column) maySayStay() bool {
	return c.key == "" && !c.gate && !c.ignored && (c.hr != "" || vocab.Decides(c.name) || !vocab.HasPart(c.normal, "no status") && !vocab.OfThing(c.name) && !vocab.OfOthers(c.name) && !vocab.IsProperty(c.name))
}

// role is what a column is read for, as the settings name it.
func (c *column) role() string {
	switch {
	case c.names && !c.rival:
		return "column " + string(c.key)
	case c.key != "":
		return "column checked"
	case c.gate:
		return "column for a gate"
	}
	return "column kept"
}

// layout is what was decided of the columns by their header; bad is the first mistake.
type layout struct {
	header   []string
	all      []*column // of the header
	columns  []*column // those that are read, in the file's order
	counting []*column // of them, those whose cells count
	naming   []*column // those that name the users
	where    []*condition
	date     *column  // that of the date gate; nil without one
	whose    *column  // that says whose a row is; nil where all of them are
	ours     []string // its values, of those that are read
	bad      *InputError
}

// chooseColumns picks the columns to read.
func chooseColumns(header []string, opt parsedOptions) layout {
	l := &layout{header: header, all: make([]*column, len(header))}
	for i, name := range header {
		l.all[i] = &column{index: i, place: -1, name: name, normal: vocab.Normalise(name), Alias: vocab.Recognise(name), hr: vocab.ListOf(name)}
		l.all[i].ignored = name != "" && l.all[i].normal == vocab.Normalise(opt.preset.Ignore)
	}
	for _, name := range opt.Ignore {
		l.find(name, "with --ignore-column NAME").ignored = true
	}
	if l.bad == nil {
		l.chooseKeys(opt)
	}
	l.chooseGates(opt)
	l.chooseWhose(opt)
	l.chooseHired(opt)
	for _, name := range opt.Keep {
		c := l.find(name, "with --keep COLUMN")
		c.keep, c.why = true, cmp.Or(c.why, "--keep")
	}
	l.read(opt)
	if l.bad == nil {
		return *l
	}
	if is, what := mayBeRow(l.all, opt.Key); is {
		l.bad = &InputError{Reason: "this looks like a row, and " + cmp.Or(what, "the header is missing: put a line with the names of the columns above it, such as userPrincipalName"+l.byNumber(opt.Key))}
	}
	return *l
}

// byNumber is the advice to read a header that is a row as one, if a cell of it names a user as it
// stands.
func (l *layout) byNumber(key batch.Key) string {
	at := slices.IndexFunc(l.header, func(h string) bool {
		if h == "" || key == batch.ByEmployeeID && strings.Trim(h, "0123456789") != "" {
			return false
		}
		_, _, none := meaning(cmp.Or(key, vocab.IDOrUPN), h)
		return none == ""
	})
	if at < 0 {
		return ""
	}
	return fmt.Sprintf(", or say by its number which column names the users, such as --no-header --column %d", at+1)
}

func (l *layout) refuse(bad *InputError) { l.bad = cmp.Or(l.bad, bad) }

// find gives the column that the person named; any if there is none, which is refused.
func (l *layout) find(name, how string) *column {
	at, bad := findColumn(l.header, name, how)
	if l.refuse(bad); at < 0 {
		return &column{}
	}
	return l.all[at]
}

// read gives places to the columns that were chosen, and to those that the survey asks: of HR, and
// all others where no gate chooses the rows.
func (l *layout) read(opt parsedOptions) {
	spare := maxColumns
	for _, c := range l.all {
		if c.why != "" {
			spare--
		}
	}
	if spare < 0 {
		l.refuse(columnError(fmt.Sprintf("%d columns would be read, and %d can be: name fewer with --keep, or choose the one that names the users with --column NAME", maxColumns-spare, maxColumns), l.header, nil))
	}
	for _, hr := range []bool{true, false} {
		for _, c := range l.all {
			if opt.watch && c.why == "" && spare > 0 && c.maySayStay() && hr == (c.hr != "") && (hr || len(l.where) == 0 && l.date == nil) {
				c.why = "for the survey"
				spare--
			}
		}
	}
	for _, c := range l.all {
		if c.why == "" {
			continue
		}
		c.place = len(l.columns)
		l.columns = append(l.columns, c)
		if c.counts() {
			l.counting = append(l.counting, c)
		}
		if c.names {
			l.naming = append(l.naming, c)
		}
	}
}

// findColumn gives the index of the column that the person named, -1 if there is none, the first
// of several: by the very header, or else by one that differs only in case, blanks and the signs -
// _ and dot, or whose word in brackets it is. Any other sign may mean something: "Status!" is not
// "Status".
func findColumn(header []string, want, how string) (int, *InputError) {
	typed := vocab.PlainName(want)
	for _, fits := range []func(h string) bool{
		func(h string) bool { return h == want },
		func(h string) bool { return vocab.Escaped(h) && h[1:] == want }, // so retry.csv writes it
		func(h string) bool {
			return typed != "" && (typed == vocab.PlainName(h) || typed == vocab.PlainName(vocab.Property(h)) && vocab.Recognise(h).Known != "")
		},
	} {
		matched := slices.DeleteFunc(slices.Clone(header), func(h string) bool { return !fits(h) })
		switch at := slices.IndexFunc(header, fits); {
		case len(matched) == 1:
			return at, nil
		case len(matched) > 1:
			return at, columnError(fmt.Sprintf("more than one column %q: give them different headers", want), header, matched)
		}
	}
	return -1, columnError(fmt.Sprintf("no column %q: name one of those seen %s", want, how), header, nil)
}

// looksLikeData reports whether a header names a user. Its other cells are not shown then.
func looksLikeData(header []string) bool {
	return slices.ContainsFunc(header, func(h string) bool { return batch.IsGUID(h) || WhyNobody(h) == "" })
}

// mayBeRow reports whether a header that cannot be read may be a row, and what a cell is.
func mayBeRow(header []*column, key batch.Key) (is bool, what string) {
	is = looksLikeData(headersOf(header))
	if is || slices.ContainsFunc(header, func(c *column) bool { return c.Known != "" }) {
		return is, ""
	}
	for _, c := range header {
		switch why := vocab.ShapeOf(c.name); {
		case c.name == "":
		case why != "":
			return true, "a cell of it is " + why
		case len(mayName(vocab.IDOrUPN, c.name)) > 0, key == batch.ByEmployeeID && strings.Trim(c.name, "0123456789") == "":
			is = true
		}
	}
	return is, ""
}

func headersOf(columns []*column) []string {
	var all []string
	for _, c := range columns {
		all = append(all, c.name)
	}
	return all
}

// chooseKeys marks the columns that name the users, and those that say what they must have.
func (l *layout) chooseKeys(opt parsedOptions) {
	for _, c := range l.all {
		if c.Known != "" && !c.ignored {
			c.key, c.why = c.Known, "alias "+c.Spelled+": the users must have what it says"
		}
	}
	name, key, why, how := opt.Column, cmp.Or(opt.Key, vocab.IDOrUPN), opt.preset.who(true, "--column"), "with --column NAME"
	if name == "" && opt.Key == "" && opt.preset.Name != "" {
		name, key = opt.preset.naming(l.header)
		why, how = opt.preset.who(false, ""), how+", or leave --preset "+opt.preset.Name+" out"
	}
	switch {
	case name != "":
		c := l.find(name, how)
		c.key, c.names, c.ignored, c.why = key, true, false, why
	case opt.Key != "":
		l.chooseByKey(opt)
	default:
		l.chooseByHeaders(opt.decided)
	}
	if name == "" && (!key.Searched() || key == batch.ByMail) {
		for _, c := range l.all {
			if c.key == "" && c.hr == "" && !c.ignored && (vocab.MayMean(c.name) || opt.keyed && vocab.MayHoldUser(c.name)) && slices.ContainsFunc(l.all, func(d *column) bool { return d.names }) {
				c.key, c.names, c.rival, c.why = key, true, true, "its name may say who is meant, so that it has to agree"
			}
		}
	}
}

// chooseByKey picks the columns of the key that --key asks for. Several must agree.
func (l *layout) chooseByKey(opt parsedOptions) {
	key, found := opt.Key, false
	for _, c := range l.all {
		if c.key == key || c.key == vocab.IDOrUPN && !key.Searched() {
			c.key, c.names, c.why = key, true, "alias "+c.Spelled+", "+opt.preset.who(true, "--key")
			found = true
		}
	}
	if found {
		return
	}
	reason, matched := "no column is known to hold the users' "+cellsOf[key], vocab.Hinted(l.header, key)
	if len(matched) > 0 {
		reason = "no column surely holds the users' own " + cellsOf[key] + ", and those matched may hold private or other people's"
	}
	l.refuse(columnError(reason+": choose one with --column NAME", l.header, matched))
}

// chooseByHeaders lets the headers decide, and the cells where these say otherwise: object ids and
// user principal names name users, and several columns must agree. A mail address is not a user
// principal name, even where the two are alike for most people.
func (l *layout) chooseByHeaders(decided map[int]*kinds) {
	var named, users bool // by any header, and by one that the ids of other things never have
	var passed []string   // columns that name nobody
	what := ""            // a cell of theirs is
	others := ""
	for i, c := range l.all {
		others = cmp.Or(others, vocab.OtherLists[c.normal])
		if c.key == "" || c.key.Searched() {
			continue
		}
		c.names, c.why = true, "alias "+c.Spelled
		if d, is := decided[i]; is {
			c.key, c.names, c.why = d.key, d.key != "", "all its cells are "+cellsOf[d.key]
			if !c.names {
				c.why, passed, what = "", append(passed, c.name), cmp.Or(what, d.what)
			}
		}
		named = named || c.names
		users = users || c.names && (c.key != batch.ByID || c.normal != "id" && c.normal != "objectid")
	}
	choose := ", or choose a column with --column NAME"
	if at := slices.IndexFunc(l.header, vocab.MayMean); at >= 0 {
		choose += fmt.Sprintf(", such as --column %q", l.header[at])
	}
	flags, reason := keyFlags(l.all), ""
	switch {
	case others != "" && !users:
		reason = "these are " + others + ", and no column names users: export the users, or choose a column of users with --column NAME"
	case named:
		return
	case passed != nil:
		next := "another file, since a cell is " + what
		if what == "" {
			next = strings.TrimPrefix(strings.Join(flags, " or ")+fmt.Sprintf(", --key employee-id --column %q if it holds employee ids", passed[0]), ", ")
		}
		reason = "no cell of " + columnList(passed) + " is an object id or user principal name, and no other column is known to name users: give " + next + choose
	case flags != nil:
		reason = "no column is known to hold object ids or user principal names: give " + strings.Join(flags, " or ") + choose
	default:
		reason = "no column is known to name users: choose the one that holds object ids or user principal names" + strings.TrimPrefix(choose, ", or choose a column")
	}
	l.refuse(columnError(reason, l.header, nil))
}

// keyFlags are the flags that look users up by what the recognised columns hold.
func keyFlags(all []*column) (flags []string) {
	for _, k := range vocab.Keys {
		if i := slices.IndexFunc(all, func(c *column) bool { return c.key == k }); k.Searched() && i >= 0 {
			flags = append(flags, fmt.Sprintf("--key %s (column %q)", k, all[i].name))
		}
	}
	return flags
}
