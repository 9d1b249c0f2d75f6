package report

import (
	"bufio"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"offboard/batch"
)

// mostPeople is how many people the table of report.html holds: those who were not
// contained come first into it, and report.csv has the others.
const mostPeople = 200_000

// Text of the table and of facts that is longer is cut in report.html; the other files have all of it.
const (
	mostOfName   = 120
	mostOfReason = 240

	mostOfCommand = 100_000 // what is to be typed is whole
)

// state is what a person's line in report.html says before everything else.
type state int

const (
	met state = iota // what the run is for is shown to be so
	missed
	spared // left alone on purpose
	wouldBe
)

// stateOf says how a line's person stands. A run that does more than end sessions is
// judged by what the directory showed, any other by its outcome.
func stateOf(e *End, l *batch.Line) state {
	o := l.Record.Outcome
	switch {
	case batch.Contains(e.Plan.Steps) && !l.Contained(e.Plan.Steps), !batch.Contains(e.Plan.Steps) && o.Kind() != batch.Success:
		switch {
		case e.Dry && o == batch.NotSent:
			return wouldBe
		case o.Kind() == batch.Neutral && (l.Whole || !batch.Contains(e.Plan.Steps)):
			return spared
		}
		return missed
	}
	return met
}

// reachedAt is when the directory had shown the last of what [stateOf] asks for.
func reachedAt(p batch.Plan, l *batch.Line) (at time.Time) {
	if !batch.Contains(p.Steps) {
		at = l.Record.SettledAt
		for i := range l.Writes { // as of an undo
			if w := l.Writes[i].Record.SettledAt; w.After(at) {
				at = w
			}
		}
		return at
	}
	at, _, _ = l.ContainedAt(p.Steps)
	return at
}

// once writes texts that many people share once. Further ones than 500 are written where they occur.
type once struct {
	texts []string
	known map[string]int // where in them
}

// append appends a text, or where it stands among those written once; 0 is none.
func (o *once) append(b []byte, text string) []byte {
	if text == "" {
		return append(b, '0')
	}
	at, known := o.known[text]
	if !known {
		if len(o.texts) == 500 {
			return appendQuoted(b, text)
		}
		o.texts = append(o.texts, text)
		at = len(o.texts)
		o.known[text] = at
	}
	return strconv.AppendInt(b, int64(at), 10)
}

// page writes report.html. The people go into it as they come, ahead of all that is seen;
// what is seen is made of what was counted on the way, so that one pass is enough.
type page struct {
	census
	w       *bufio.Writer
	list    io.WriteCloser // of the people in the table
	several bool
	room    int      // for people who were contained
	inputs  []string // their names
	shown   int      // people in the table
	reasons once
	kept    once // cells of the input
	b       []byte
}

func openPage(w *bufio.Writer, e *End) (add sink, end func() error) {
	p := &page{census: newCensus(e), w: w, inputs: e.Plan.Files(), several: batch.Several(e.Plan.Steps), reasons: once{known: map[string]int{}}, kept: once{known: map[string]int{}}}
	e.census = &p.census
	p.room = mostPeople
	if all := e.people(); all.Summary.Lines > mostPeople {
		met := all.count(batch.Success)
		if batch.Contains(e.Plan.Steps) {
			met = e.Summary.Contained
		}
		p.room = max(0, mostPeople-(all.Summary.Lines-met))
	}
	err := writeHead(w, e)
	p.list = pack(w)
	p.list.Write([]byte{'['}) // it keeps an error
	return func(l *batch.Line, cells []string) error {
			if err == nil && l.First.Line == 0 {
				err = p.add(l, cells)
			}
			return err
		}, func() error {
			if err != nil {
				return err
			}
			p.list.Write([]byte{']'})
			if err := p.list.Close(); err != nil {
				return err
			}
			w.WriteString("</script>\n")
			return writeBody(p)
		}
}

// packed is gzip in base64: many people in a tenth of the bytes, as a browser takes a
// second to read each 8 MB of a page.
type packed struct {
	*gzip.Writer
	coded io.WriteCloser
}

func pack(w io.Writer) packed {
	coded := base64.NewEncoder(base64.StdEncoding, w)
	zipped, err := gzip.NewWriterLevel(coded, gzip.BestSpeed)
	if err != nil {
		panic(err) // the level is one of the package's
	}
	return packed{zipped, coded}
}

func (p packed) Close() error {
	if err := p.Writer.Close(); err != nil {
		return err
	}
	return p.coded.Close()
}

// add counts a person, and writes the line of the table: number of the row, name, the row's
// text where it is another one, object id where neither is it, state, outcome, milliseconds since
// the plan, a letter for the outcome of each step, the reason, the cells that are kept, 1 of
// one who is late, and where there are several the number of the file from 0. What is not known is 0, and -1 of a time.
func (p *page) add(l *batch.Line, cells []string) error {
	s := stateOf(p.end, l)
	at := p.census.add(l, s, cells)
	if s == met {
		if p.room == 0 {
			return nil
		}
		p.room--
	} else if p.shown >= mostPeople {
		return nil
	}
	name := nameOf(l)
	b := append(p.b[:0], ",\n["...)
	if p.shown == 0 {
		b = append(b[:0], "\n["...)
	}
	p.shown++
	b = append(strconv.AppendInt(b, int64(l.Row.Line), 10), ',')
	b = append(appendQuoted(b, shown(name, mostOfName)), ',')
	input, id := l.Row.Input, l.User.ID
	if input == name {
		input = ""
	}
	if strings.EqualFold(id, name) || strings.EqualFold(id, input) {
		id = ""
	}
	for _, text := range []string{input, id} {
		if text == "" {
			b = append(b, "0,"...)
		} else {
			b = append(appendQuoted(b, shown(text, mostOfName)), ',')
		}
	}
	b = append(strconv.AppendInt(b, int64(s), 10), ',')
	b = append(strconv.AppendInt(b, int64(rank(l.Record.Outcome)), 10), ',')
	ms := int64(-1)
	if !at.IsZero() {
		ms = max(0, at.Sub(p.end.Plan.Created).Milliseconds())
	}
	b = append(strconv.AppendInt(b, ms, 10), ',')
	if p.several {
		b = append(b, '"')
		for _, outcome := range stepCells(p.end.Plan, cells) {
			if letter := byte('-'); outcome == "" {
				b = append(b, letter)
			} else {
				b = append(b, byte('a'+rank(batch.Outcome(outcome))))
			}
		}
		b = append(b, `",`...)
	} else {
		b = append(b, "0,"...)
	}
	reason := why(&l.Record)
	if s == wouldBe && strings.HasSuffix(reason, "its turn had not come") {
		reason = "" // it is that a dry run sends nothing
	}
	b = append(p.reasons.append(b, shown(reason, mostOfReason)), ',', '[')
	for i, cell := range cells[len(cells)-len(p.end.Plan.Keep):] {
		if i > 0 {
			b = append(b, ',')
		}
		b = p.kept.append(b, shown(cell, mostOfName))
	}
	if l.InTime(p.end.Plan) == batch.Late && !p.end.Dry {
		b = append(b, "],1"...)
	} else {
		b = append(b, "],0"...)
	}
	if l.Row.File != "" {
		b = strconv.AppendInt(append(b, ','), int64(slices.Index(p.inputs, l.Row.File)), 10)
	}
	p.b = append(b, ']')
	_, err := p.list.Write(p.b)
	return err
}

// nameOf is what people call a line's person: the name in the directory, or what the row says.
func nameOf(l *batch.Line) string {
	for _, name := range []string{l.User.UPN, l.Row.Input, l.User.ID} {
		if !blank(name) {
			return name
		}
	}
	return l.Row.Place().String()
}

// why is a record's reason, or else what Graph said.
func why(r *batch.Record) string {
	switch {
	case r.Reason != "" || r.Outcome.Kind() != batch.Failure:
		return r.Reason
	case r.Code != "" && r.Message != "":
		return r.Code + ": " + r.Message
	case r.Code+r.Message != "":
		return r.Code + r.Message
	case r.Status >= 300:
		return "HTTP status " + strconv.Itoa(r.Status)
	}
	return ""
}

// rank is the place of an outcome in batch.Outcomes; -1 for one that is not there.
func rank(o batch.Outcome) int { return slices.Index(batch.Outcomes[:], o) }

// shown makes text safe to look at: it is no longer than so many characters, and what would
// turn the direction of reading or cannot be seen is named.
func shown(s string, most int) string {
	if len(s) <= most && isBare(s) {
		return s
	}
	var b strings.Builder
	n := 0
	for _, r := range clean(s) {
		if n++; n > most {
			b.WriteString("…")
			break
		}
		if unicode.Is(unicode.Cf, r) {
			b.WriteString("<U+" + strings.ToUpper(strconv.FormatInt(int64(r), 16)) + ">")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// appendQuoted appends a JSON string that is safe within a script element, too.
func appendQuoted(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, err := json.Marshal(s) // which escapes <, > and & too
			if err != nil {
				panic(err) // a string always has a JSON form
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
