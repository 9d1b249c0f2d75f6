package source

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"offboard/batch"
)

// A list as people write it in a mail: each line behind a bullet or a number. Other lines are given as
// they stand. All people on one line, as a mail program copies them, are refused: a line is a row.

var (
	// bullet stands before a line of a list; > also before what a mail quotes.
	bullet = regexp.MustCompile(`^\s*([-+*•·–—▪◦‣>☐☑]|\[[ xX]?\]|\(?[0-9]{1,4}[.)]|[A-Za-z]\))\s+(\S[^,;|\t]*;?)\s*$`)
	// recipients are people on one line, of whom each has the address in brackets, and alone those of a text
	// that has no other.
	recipients = regexp.MustCompile(`^\s*[^<>;"@:]*<[^<>;\s]+@[^<>;\s]+>(\s*;\s*[^<>;"@:]*<[^<>;\s]+@[^<>;\s]+>)+\s*;?\s*$`)
	alone      = regexp.MustCompile(`^\s*([^<>;,"@:]*:)?\s*` + person + `(\s*[;,]\s*` + person + `)+\s*[;,]?\s*$`)
)

// person is an address, with a name before it or not.
const person = `([^<>;,"@:]*<[^<>;,\s@]+@[^<>;,\s@]+>|[^<>;,"\s@:]+@[^<>;,"\s@:]+)`

// listSource gives each line of such a list as a record of one cell.
type listSource struct {
	csvSource
	mark string // of the bullets: a sign, or "1." for numbers
}

// counts are what numbers bullets.
var counts = regexp.MustCompile(`[0-9]+|^[a-z]`)

// sign is what the bullets of a list have in common; "" is none.
func sign(mark string) string {
	return counts.ReplaceAllString(strings.ToLower(mark), "1")
}

// openList takes a text for a list if the first line that may name somebody is written so.
func openList(text *bufio.Reader, settings []batch.Setting) (*listSource, error) {
	sample, _ := text.Peek(sampleSize)
	above := ""
	for no, line := range strings.Split(string(sample), "\n") {
		switch m := bullet.FindStringSubmatch(line); {
		case no > headLines:
			return nil, nil
		case !named(line):
			above += strings.TrimSpace(line)
		case m != nil:
			l := &listSource{mark: sign(m[1])}
			l.scan, l.settings = bufio.NewScanner(text), append(settings, batch.Setting{Name: "format", Value: "list", Why: fmt.Sprintf("each line is behind a mark such as %q", m[1])})
			l.scan.Buffer(make([]byte, sampleSize), maxRecordBytes)
			return l, nil
		case above == "" && (recipients.MatchString(line) || alone.MatchString(line) && len(strings.Fields(string(sample))) == len(strings.Fields(line))):
			next := ", with a line break in place of each semicolon, such as with tr ';' '\\n'"
			switch {
			case strings.Contains(line, ":"):
				next = "" // it may say that they are not
			case !strings.Contains(line, ";"):
				next = strings.NewReplacer("semicolon", "comma", ";", ",").Replace(next)
			}
			return nil, &Error{Line: no + 1, Reason: "several people stand on this line: write each who is meant on a line of its own" + next}
		default:
			return nil, nil
		}
	}
	return nil, nil
}

// named reports whether a text may name somebody.
func named(text string) bool {
	return strings.IndexByte(text, '@') > 0 || slices.ContainsFunc(strings.Fields(text), batch.IsGUID)
}

// Next gives the next line, without its mark.
func (l *listSource) Next() (Record, error) {
	read, err := l.nextLine()
	if err != nil {
		return Record{}, err
	}
	l.start, l.line = l.no, string(bytes.TrimSpace(read))
	m := bullet.FindStringSubmatch(l.line)
	switch {
	case l.line == "":
		return Record{Line: l.no}, nil
	case !named(l.line):
	case m == nil, sign(m[1]) != l.mark:
		return Record{}, &Error{Line: l.no, Reason: "this line is not written as those above it, which are behind bullets or numbers: write each who is meant on a line of its own, with no mark before it, and leave out others"}
	default:
		l.line = m[2]
	}
	l.cells = []string{l.line}
	return Record{Line: l.no, Cells: l.cells, Shared: len(l.line)}, nil
}

// At gives the line alone.
func (l *listSource) At(cell, offset int) (line, at int) { return l.no, offset + 1 }
