package intake

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"offboard/batch"
	"offboard/batch/intake/dates"
	"offboard/batch/intake/vocab"
)

// Stay is an HR column without a gate that says of rows which pass that their people stay.
type Stay struct {
	Column string
	Dates  bool     // on which people leave
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
	place            int        // of the file that is read; -1 if it has no such column
	gate             *dateGate  // of the file, whose format the dates may have; may be nil
	clock            *dateGate  // the same; or the present
	known, unknown   int        // statuses of all rows, or words of no status
	plain            bool       // one of the known is more than a letter or two, which may be those of a place
	other            int        // words of all rows that something else's column has
	sayings, leavers tally      // statuses, or words of days, of those who stay; statuses of those who left
	others           tally      // statuses that are not known
	openEnd          bool       // who has no day may have left: people without one have a contract without end
	days             *dateCells // of a column of dates, as far as ISO 8601 does not read them
	bare             Stay       // those whose status is t: it is true, or terminated
	blank            Stay       // those whose cell is empty: no, where others say that people leave; or that have no day, and may have left
	empty            bool       // a cell is empty
	dated            bool       // a cell of a column of dates is a day, or is not understood
	open             bool       // a gate lets through those who left alone, whose last record has no end
	spoken           bool       // there is a status other than t and f, so that t is terminated
}

var isoDates, _ = dates.NewFormat("") // which need no --date-format

// findStay finds the HR columns of a file. A column that an earlier file has, too, is counted on.
func (s *surveyor) findStay(r *Reader) {
	for _, known := range s.stay {
		known.place = -1
	}
	for _, c := range r.columns {
		if !c.maySayStay() {
			continue
		}
		list := c.hr
		if list == "" && vocab.IsUnnamed(c.name) {
			list = vocab.NoteHeader
		}
		at := slices.IndexFunc(s.stay, func(known *stayColumn) bool {
			return known.place < 0 && vocab.PlainName(known.Column) == vocab.PlainName(c.name)
		})
		if at < 0 {
			at, s.stay = len(s.stay), append(s.stay, &stayColumn{
				Stay:  Stay{Column: c.name, Named: named(r.header, c), Dates: c.hr == vocab.LeftHeader, Note: list == vocab.NoteHeader || list == vocab.RehireHeader},
				words: vocab.WordsOf(list), sayings: tally{}, leavers: tally{}, others: tally{}, openEnd: vocab.HasPart(c.normal, "open end"), days: newDateCells(isoDates),
			})
		}
		s.stay[at].place, s.stay[at].gate = c.place, r.opt.dateGate
		s.stay[at].clock = cmp.Or(r.opt.dateGate, &dateGate{DateGate: DateGate{Zone: s.now.Location(), AsOf: s.now}})
		s.stay[at].open = slices.ContainsFunc(r.where, func(c condition) bool { return vocab.IsGone(c.words.Gone, c.value) })
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
	cell := strings.ToValidUTF8(row.Cells[s.place], "\uFFFD")
	if cell != row.Cells[s.place] && !s.words.Known {
		s.Encoding = r.howEncoded([]byte(row.Cells[s.place]))
	}
	if s.words.Known && (cell == "" || s.unknown > mostValues && s.unknown > s.known) {
		return // as of nearly all columns
	}
	said, bare, known := cell, vocab.Fold(cell), false
	s.spoken = s.spoken || bare != "t" && bare != "f" && bare != ""
	switch {
	case s.Dates:
		s.days.add(cell, row.Line)
		if said = s.dayWord(cell); said == noDay && s.openEnd {
			if said = ""; passes {
				s.blank.add(row)
			}
		}
	case bare == "t" && s.words.Gone["t"]:
		said, known = "", true
		if s.leavers.add(vocab.PlainBlanks(cell)); passes {
			s.bare.add(row)
		}
	case s.Note && s.words.Known:
		said = vocab.StayNote(cell)
		known = said != ""
	case s.words.Known && len(cell) < len("keep"): // a letter may mean anything
		said = ""
		s.unknown++
	case vocab.IsWord(s.words.Stay, cell):
		known = true
	case vocab.IsGone(s.words.Gone, cell):
		said, known = "", true
		s.leavers.add(vocab.PlainBlanks(cell))
	case cell == "":
		if s.empty = true; passes {
			s.blank.add(row)
		}
	case vocab.SaysNothing(cell): // counts for nothing; beside other statuses n/a is none of having left
	case s.words.Other != nil && (vocab.IsWord(s.words.Other, cell) || cell[0] == '{'): // a sign-in log has JSON
		s.other++
	case s.words.Leaver && len(dates.Any(cell)) > 0:
		said, known = s.dayWord(cell), true
	case s.words.Known:
		if said = vocab.StayNote(cell); said == "" {
			s.unknown++
		}
		known = said != ""
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

// add counts a row.
func (s *Stay) add(row batch.Row) {
	if s.Rows++; s.Rows <= batch.MostShown {
		s.People = append(s.People, row.Place().String()+": "+row.Input)
	}
}

// also counts rows that say a word, as is known at the end.
func (s *stayColumn) also(word string, more Stay) {
	if more.Rows > 0 {
		s.sayings[word] = more.Rows
		s.Rows, s.People = s.Rows+more.Rows, slices.Concat(s.People, more.People)
		s.People = s.People[:min(len(s.People), batch.MostShown)]
	}
}

// isStatus reports whether the column is one of HR, and says anything. A log may have such a name:
// it is none without a known status if most others are a log's. So may an address: it is one with
// a known word, or when at least half of it is understood.
func (s *stayColumn) isStatus() bool {
	switch {
	case s.Note:
		return true
	case s.Dates: // without a single day it tells nothing
		return s.dated
	case s.words.Known:
		return s.known >= s.unknown && len(s.leavers) > 0
	case s.words.Unsure:
		return s.plain || s.known > 0 && s.known >= s.unknown
	case s.words.Other != nil && s.known == 0:
		return s.unknown > 0 && s.unknown >= s.other
	}
	return s.known+s.unknown > 0
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
	if s.bare.Rows > 0 && !s.spoken { // some systems write true and false so
		s.leavers = nil
		s.also("t (perhaps true)", s.bare)
	}
	if s.words.Leaver && s.known > 0 {
		s.also("nothing", s.blank)
	} else if s.Dates && !leave {
		s.also(noDay, s.blank)
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
	s.Said = strings.Join(said, ", ")
	for _, word := range s.leavers.frequent() {
		if !slices.ContainsFunc(s.Gone, func(known string) bool { return vocab.Fold(known) == vocab.Fold(word) }) {
			s.Gone = append(s.Gone, word)
		}
	}
	if s.Gone == nil && s.empty {
		s.Gone = []string{""}
	}
	s.Others = slices.DeleteFunc(s.others.frequent(), func(word string) bool { return strings.HasSuffix(word, "...") })
	s.Formats = dates.For(slices.Collect(maps.Keys(s.days.unread)))
	s.NoFormat = len(s.Formats) == 0 && (!s.days.read && len(s.days.unread) > 0 || s.days.swapped != "")
	return s.Stay, s.Rows > 0 && s.isStatus()
}
