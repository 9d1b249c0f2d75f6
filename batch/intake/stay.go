package intake

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"offboard/batch"
	"offboard/batch/intake/dates"
	"offboard/batch/intake/source"
	"offboard/batch/intake/vocab"
)

// Stay is an HR column without a gate that says of rows which pass that their people stay.
type Stay struct {
	Column string
	Dates  bool     // on which people leave
	Unsure bool     // its name does not tell what its cells mean
	Note   bool     // what people write beside rows, or what may mean something else: no gate
	Files  int      // that have it
	Rows   int      // that say so
	People []string // the first few of them, with their lines
	Said   string   // what they say, in words

	Named    string   // its header, as flags take it; "" if none tells it from another column
	Formats  []string // of a column of dates each --date-format that may read them; none where none is needed
	Endless  bool     // of a column of dates: rows of people who left have no end, so that it is no gate
	NoFormat bool     // of a column of dates: no --date-format reads them
	Gone     []string // of a column of statuses those of people who left, in all rows; if there are none, "" for an empty cell
	Others   []string // of such a column those that are not known
	Encoding string   // how to read cells that are not UTF-8; or ""
}

// stayColumn counts what such a column says. All rows tell whether it is a column of statuses,
// where its name leaves that open; those that pass the gates tell who stays. What is not
// understood is no proof that somebody leaves.
type stayColumn struct {
	Stay
	words            vocab.StatusWords
	place            int             // of the file that is read; -1 if it has no such column
	gate             *dateGate       // of the file, whose format the dates may have; may be nil
	clock            *dateGate       // the same; or the present
	known, unknown   int             // statuses of all rows, or words of no status
	plain            bool            // one of the known is more than a letter or two, which may be those of a place
	other            int             // words of all rows that something else's column has
	sayings, leavers tally           // statuses, or words of days, of those who stay; statuses of those who left
	others           tally           // statuses that are not known
	openEnd          bool            // who has no day may have left: people without one have a contract without end
	days             *dateCells      // of a column of dates, as far as ISO 8601 does not read them
	empty            bool            // a cell is empty
	dated            bool            // a cell of a column of dates is a day, or is not understood
	open             bool            // a gate lets through those who left alone, whose last record has no end
	spoken           bool            // there is a status other than t and f, so that t is terminated
	mixed            bool            // a word that is not known says something beside one of leaving
	noted            bool            // a cell says that its person stays, whatever the column is
	ticks            tally           // where only words of both kinds say something, those that are yes or no
	more             map[string]Stay // rows that say a word which counts only where the column has no other, or others what it needs
	heard            memo[heard]     // what cells say
	fewDays          int             // different ones
}

var isoDates, _ = dates.NewFormat("") // which need no --date-format

// findStay finds the HR columns of a file. A column that an earlier file has, too, is counted on.
func (s *surveyor) findStay(r *Reader) {
	for _, known := range s.stay {
		known.place = -1
	}
	for _, c := range r.columns {
		asked := r.date == nil && len(r.where) == 1 && r.where[0].column == c && r.where[0].asksWhoStays()
		if !c.maySayStay() && !asked {
			continue
		}
		at := slices.IndexFunc(s.stay, func(known *stayColumn) bool {
			return known.place < 0 && vocab.PlainName(known.Column) == vocab.PlainName(c.name)
		})
		if at < 0 {
			list := c.hr
			if list == vocab.BeganHeader && !c.hired && vocab.HasPart(c.normal, "came back") { // there is no day to hold it against
				list = vocab.KeepHeader
			}
			words := vocab.WordsOf(list)
			words.Decides = words.Known && (c.hr != "" || vocab.Decides(c.name))
			at, s.stay = len(s.stay), append(s.stay, &stayColumn{
				Stay:  Stay{Column: c.name, Named: named(r.header, c), Dates: c.hr == vocab.LeftHeader, Unsure: asked || words.Known && !words.Others, Note: c.hr == vocab.NoteHeader || vocab.IsUnnamed(c.name) || vocab.HasPart(c.normal, "extended")},
				words: words, mixed: words.Known && !words.Others && c.hr != vocab.NoteHeader && !vocab.TellsHow(c.name), ticks: tally{}, heard: memo[heard]{}, more: map[string]Stay{}, sayings: tally{}, leavers: tally{}, others: tally{}, openEnd: vocab.HasPart(c.normal, "open end"), days: newDateCells(isoDates),
			})
		}
		s.stay[at].place, s.stay[at].gate = c.place, r.opt.dateGate
		s.stay[at].clock = cmp.Or(r.opt.dateGate, &dateGate{DateGate: DateGate{Zone: s.now.Location(), AsOf: s.now}})
		s.stay[at].open = slices.ContainsFunc(r.where, func(c *condition) bool { return vocab.IsGone(c.words.Gone, c.value) })
		s.stay[at].Files++
	}
}

// named is the header of a column as flags take it: on one line. It is "" where they would find
// another column, or none.
func named(header []string, c *column) string {
	name := vocab.PlainBlanks(c.name)
	at, bad := findColumn(header, name, "")
	asked, _, odd := splitCondition(name+"=x", header)
	if bad != nil || at != c.index || odd != nil || asked != name {
		return ""
	}
	return name
}

// add counts the cell of a row in the column. A row passes when no gate holds it back.
func (s *stayColumn) add(r *Reader, row batch.Row, passes bool) {
	if s.place < 0 {
		return
	}
	if s.words.Known && (row.Cells[s.place] == "" || s.unknown > mostValues && s.unknown > s.known && !s.Note && !s.few()) {
		s.empty = true
		return // as of nearly all columns
	}
	cell := s.text(r, row.Cells[s.place])
	said, bare, known := cell, vocab.Fold(cell), false
	s.spoken = s.spoken || bare != "t" && bare != "f" && bare != ""
	switch {
	case s.Dates:
		s.days.add(cell, row.Line)
		if said = s.dayWord(cell); said == noDay && s.openEnd {
			said = ""
			s.apart(noDay, row, passes)
		}
	case bare == "t" && s.words.Gone["t"]:
		said, known = "", true
		s.leavers.add(vocab.PlainBlanks(cell))
		s.apart("t (perhaps true)", row, passes)
	case s.words.Known:
		h := s.heard.of(cell, s.hear)
		known = h.Known()
		switch said = h.text; h.Saying {
		case vocab.Nothing:
			s.empty = true
		case vocab.Left:
			s.leavers.add(vocab.PlainBlanks(cell))
		case vocab.Yes, vocab.No:
			s.ticks.add(cell)
			s.apart(string(h.Saying), row, passes)
		case vocab.Note:
			s.noted = s.noted || s.Note || s.words.Decides || strings.Contains(said, " ") || vocab.IsCell("taken back", vocab.Fold(cell))
		case vocab.Day:
			said = ""
			s.apart(h.text, row, passes)
		case vocab.Unknown:
			if s.unknown++; s.words.Others {
				s.others.add(said)
				break
			}
			if said = ""; h.text != "" && s.few() {
				s.others.add(h.text)
				s.apart(h.text, row, passes)
			}
		}
	case vocab.IsWord(s.words.Stay, cell):
		known = true
	case vocab.IsGone(s.words.Gone, cell):
		said, known = "", true
		s.leavers.add(vocab.PlainBlanks(cell))
	case cell == "":
		s.empty = true
		s.apart("nothing", row, passes)
	case vocab.SaysNothing(cell): // counts for nothing; beside other statuses n/a is none of having left
	case s.words.Other != nil && (vocab.IsWord(s.words.Other, cell) || cell[0] == '{'): // a sign-in log has JSON
		s.other++
	case s.words.Leaver && len(dates.Any(cell)) > 0:
		said, known = s.dayWord(cell), true
	case s.words.Stay["yes"] && len(dates.Any(cell)) > 0: // so does the day on which they came back, or until which they stay
		if known = s.dayWord(cell) != noDay; !known {
			said = ""
		}
	default:
		s.unknown++
		s.others.add(vocab.PlainBlanks(cell))
	}
	if known {
		s.known++
		s.plain = s.plain || len(cell) > 2
	}
	if said != "" && passes {
		s.Stay.add(row)
		s.sayings.add(said)
	}
}

// text is what a cell says: a word within an object or list, or in another charset, or all of it.
func (s *stayColumn) text(r *Reader, cell string) string {
	stay := func(text string) bool { return vocab.IsWord(s.words.Stay, text) }
	gone := func(text string) bool { return vocab.IsGone(s.words.Gone, text) }
	if !utf8.ValidString(cell) {
		read, charset := source.Legible([]string{cell}, func(text string) bool { return stay(text) || gone(text) })
		if r.charset = cmp.Or(r.charset, charset); charset != "" || !s.words.Known {
			s.Encoding = r.howEncoded([]byte(cell))
		}
		return strings.ToValidUTF8(read[0], "\uFFFD")
	}
	for _, says := range []func(string) bool{stay, gone} {
		values := source.Within(cell)
		if at := slices.IndexFunc(values, func(text string) bool { return len(text) > 2 && says(text) }); at >= 0 {
			s.Note = true // for no --where takes it
			return values[at]
		}
	}
	return cell
}

// heard is what a cell says where only words of both kinds say something, and its text.
type heard struct {
	vocab.Saying
	text string
}

// hear finds that out. A moment is of what happened, and a column has not too many different days.
func (s *stayColumn) hear(cell string) heard {
	says, text := s.words.Says(cell, s.Note)
	if says == vocab.Unknown && s.fewDays < mostValues && strings.Trim(cell, "0123456789") != "" && (!strings.Contains(cell, ":") || strings.Contains(cell, "00:00")) {
		if day := s.dayWord(cell); day != notUnderstood {
			s.fewDays++
			return heard{vocab.Day, day}
		}
	}
	if says == vocab.Unknown && s.mixed && vocab.OfThing(cell) { // "Laptop returned" is no kind of people
		text = ""
	}
	return heard{says, text}
}

// apart counts a row for a word that says something only where the column has no other.
func (s *stayColumn) apart(word string, row batch.Row, passes bool) {
	if passes {
		of := s.more[word]
		of.add(row)
		s.more[word] = of
	}
}

// add counts a row.
func (s *Stay) add(row batch.Row) {
	if s.Rows++; s.Rows <= batch.MostShown {
		s.People = append(s.People, row.Place().String()+": "+row.Input)
	}
}

// also counts rows that say a word, as is known at the end.
func (s *stayColumn) also(words ...string) {
	for _, word := range words {
		if more := s.more[word]; more.Rows > 0 {
			s.sayings[word] = more.Rows
			s.Rows, s.People = s.Rows+more.Rows, slices.Concat(s.People, more.People)
			s.People = s.People[:min(len(s.People), batch.MostShown)]
		}
	}
}

// isStatus reports whether the column is one of HR, and says anything. A log may have such a name:
// it is none without a known status if most others are a log's. So may an address: it is one with
// a known word, or when at least half of it is understood.
func (s *stayColumn) isStatus() bool {
	switch {
	case s.Dates: // without a single day it tells nothing
		return s.dated
	case s.words.Known:
		return s.noted || s.ticked() || s.toCome() || s.mixes() || len(s.leavers) > 0 && (s.known >= s.unknown || s.words.Others)
	case s.words.Unsure:
		return s.plain || s.known > 0 && s.known >= s.unknown
	case s.words.Other != nil && s.known == 0:
		return s.unknown > 0 && s.unknown >= s.other
	}
	return s.known+s.unknown > 0
}

// ticked reports whether a column about who is meant has yes and no alone, or one of them in some rows.
func (s *stayColumn) ticked() bool {
	return s.words.Decides && s.known+s.unknown == 0 && len(s.ticks) > 0 && (s.empty || s.words.Sides && len(s.ticks) > 1 || s.more[string(vocab.Yes)].Rows > 0 && s.more[string(vocab.No)].Rows > 0)
}

// few reports whether there are so few words that are not known that they are kinds of people.
func (s *stayColumn) few() bool { return s.mixed && len(s.others) <= fewKinds }

// mixes reports whether the column has words of leaving, and a few others that are not known.
func (s *stayColumn) mixes() bool {
	surely := s.words.Decides
	for word := range s.leavers {
		surely = surely || vocab.IsGone(vocab.GoneWords, word)
	}
	return surely && s.known > 1 && s.few() && len(s.leavers) > 0
}

// toCome reports whether the column has days alone, of which one is to come.
func (s *stayColumn) toCome() bool {
	return s.more[dayToCome].Rows > 0 && s.known+s.unknown+len(s.ticks) == 0
}

// What a cell of dates says of somebody who stays.
const dayToCome, noDay, notUnderstood = "day to come", "no day", "not understood"

// dayWord is what a cell of dates, however it is read, says of somebody who stays, or "".
func (s *stayColumn) dayWord(cell string) string {
	if cell == "" || vocab.SaysNothing(cell) {
		return noDay
	}
	days := daysOf(s.gate, cell)
	if len(days) == 0 {
		s.dated = true
		return notUnderstood
	}
	for _, d := range days {
		switch s.dated = s.dated || !d.None(); {
		case d.None() && s.open && d.At.Year() > 2900:
			s.Endless = true
		case d.None():
			return noDay
		case d.Untold:
			return notUnderstood
		case !s.clock.wait(dates.Date{At: d.At}).passes():
			return dayToCome
		}
	}
	return ""
}

// result is what the column says of those who stay, and whether it says so of anybody; leave reports that
// something else tells of all rows whether their people leave.
func (s *stayColumn) result(leave bool) (Stay, bool) {
	if s.more["t (perhaps true)"].Rows > 0 && !s.spoken { // some systems write true and false so
		s.leavers = nil
		s.also("t (perhaps true)")
	}
	ticked := s.ticked()
	if ticked {
		s.also(string(vocab.Yes), string(vocab.No))
		s.sayings = maps.Clone(s.ticks)
		if s.others = s.ticks; s.empty {
			s.others.add("")
		}
	} else if s.toCome() {
		s.also(dayToCome)
	} else if s.mixes() {
		s.also(slices.Collect(maps.Keys(s.others))...)
	} else if s.words.Leaver && s.known > 0 {
		s.also("nothing")
	} else if s.Dates && !leave && !s.Note {
		s.also(noDay)
	}
	said := s.sayings.frequent()
	if s.Dates && len(said) > 1 {
		said = nil
		for _, word := range []string{dayToCome, noDay, notUnderstood} {
			if n := s.sayings[word]; n > 0 {
				said = append(said, fmt.Sprintf("%s: %d", word, n))
			}
		}
	}
	if s.Said = strings.Join(said, ", "); ticked {
		s.Said += ", and its name does not tell what that means"
	}
	for _, word := range s.leavers.frequent() {
		if !slices.ContainsFunc(s.Gone, func(known string) bool { return vocab.Fold(known) == vocab.Fold(word) }) {
			s.Gone = append(s.Gone, word)
		}
	}
	if s.Gone == nil && s.empty && !ticked {
		s.Gone = []string{""}
	}
	if s.mixed && !ticked && !s.mixes() {
		s.others = nil
	}
	s.Others = slices.DeleteFunc(s.others.frequent(), func(word string) bool { return strings.HasSuffix(word, "...") })
	s.Formats = dates.For(slices.Collect(maps.Keys(s.days.unread)))
	s.NoFormat = len(s.Formats) == 0 && (!s.days.read && len(s.days.unread) > 0 || s.days.swapped != "")
	return s.Stay, s.Rows > 0 && s.isStatus()
}
