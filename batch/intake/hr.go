package intake

import (
	"maps"
	"regexp"
	"strings"
	"unicode"
)

// This file knows what HR systems write of people who leave or stay. An HR column is one
// that isHR knows by its header. Where no gate looks at it, and a log or an address may have
// the same header, it counts only if its cells fit, too (see stayColumn.counts).

// The lists of headers in words.csv that HR systems write.
const (
	statusHeader = "status"      // says for certain whether somebody works here, in whatever words
	stat2Header  = "stat2"       // SAP's employment status, which is a number
	bareHeader   = "bare status" // a log or a list of accounts may have it, too
	placeHeader  = "place"       // the column may hold parts of addresses
	activeHeader = "active"      // says with yes that somebody works here
	leaverHeader = "leaver"      // says so with no
	leftHeader   = "left"        // on which day somebody leaves
	beganHeader  = "began"       // on which day somebody began, or began again
)

// statusPattern fits headers of statusHeader's kind in English, in normal form.
var statusPattern = regexp.MustCompile(`^(current|primary|latest|is|active)*(hr|employee|employment|emp|empl|worker|work|working|workforce|staff|person|personnel|colleague|associate|active|job|position|assignment)+status(type|group|category)?$`)

// qualified stands before the name of a column of days, in normal form.
var qualified = regexp.MustCompile(`^(actual|planned|expected|projected|scheduled|anticipated|effective|last|latest|mostrecent|original|current|new|employee|employment|contract|assignment|work)+`)

// bracketed and numbered find what stands behind the words of a header: "(HR)", "[planned]"; "2",
// "2026", "per 31.12.2025".
var (
	bracketed = regexp.MustCompile(`\s*(\([^)]*\)|\[[^\]]*\]|\{[^}]*\}|<[^>]*>|（[^）]*）|【[^】]*】)`)
	numbered  = regexp.MustCompile(`(?i)([\s_-]+(per|as of|as at|on|am|zum|stand|au|al))?[\s_-]*[0-9][0-9./-]*$`)
)

// endings may stand behind the name of a column that says for certain who works here.
var endings = []string{"", "code", "cd", "name", "description", "desc", "text", "flag", "indicator", "yn"}

// listOf is the list of headers of HR systems that a header is in, or "".
func listOf(header string) string {
	words := trim(bracketed.ReplaceAllString(header, ""))
	name := normalise(numbered.ReplaceAllString(words, ""))
	for _, text := range []string{normalise(header), normalise(words), name} {
		if bare, is := strings.CutSuffix(text, "dt"); is {
			text = bare + "date"
		}
		if list := headerWords[text].List; statuses[list].stay != nil {
			return list
		}
		for _, text := range []string{text, qualified.ReplaceAllString(text, "")} {
			if list := headerWords[text].List; list == leftHeader || list == beganHeader {
				return list
			}
		}
	}
	if strings.HasPrefix(name, "donot") || strings.HasPrefix(name, "dont") {
		return activeHeader
	}
	for _, ending := range endings {
		bare := strings.TrimSuffix(name, ending)
		switch list := headerWords[bare].List; {
		case list == activeHeader, list == statusHeader, list == leaverHeader:
			return list
		case statusPattern.MatchString(bare):
			return statusHeader
		}
	}
	return ""
}

// statusWords are the words of one column of HR statuses.
type statusWords struct {
	stay, gone map[string]bool
	other      map[string]bool // words by which the column is something else's; nil if its name is certain
	place      bool            // the column may hold parts of addresses
	leaver     bool            // yes, or a day, says that somebody leaves
}

// statuses are the words of columns by the lists of their headers. Yes stands beside words in
// every column; no says that somebody left only where the header asks for it. T is true where the header asks for yes or no, and else terminated; F
// may be full-time. Of SAP's numbers 3 is active, 2 a pensioner, 0 withdrawn; 1 is called
// inactive and means employment that rests, as in parental leave.
var statuses = map[string]statusWords{
	statusHeader: {stay: statusStay, gone: goneWords},
	bareHeader:   {stay: statusStay, gone: goneWords, other: cellWords["other"]},
	placeHeader:  {stay: stayWords, gone: goneWords, place: true},
	activeHeader: {stay: words(stayWords, yesWords), gone: words(goneWords, noWords, "t")},
	leaverHeader: {stay: words(stayWords, noWords), gone: words(goneWords, yesWords), leaver: true},
	stat2Header:  {stay: words(stayWords, cellWords["stat2 stay"]), gone: words(goneWords, cellWords["stat2 gone"], "i", "inactive", "inaktiv")},
}

// stayWords are statuses of people who work here, or will again; goneWords those of people
// who left. Who is about to leave has none of the two, and is asked about.
var (
	stayWords, goneWords = cellWords["stay"], cellWords["gone"]
	yesWords, noWords    = cellWords["yes"], cellWords["no"]
)

var statusStay = words(stayWords, yesWords, "t")

// words are those of two sets, without some.
func words(some, more map[string]bool, without ...string) map[string]bool {
	all := maps.Clone(some)
	maps.Copy(all, more)
	for _, w := range without {
		delete(all, w)
	}
	return all
}

// isWord reports whether a status is one of the words, or begins with one and says more
// behind a sign, as "Active - US" and "Active (on leave)" do.
func isWord(words map[string]bool, status string) bool {
	status = fold(status)
	if words[status] {
		return true
	}
	end := strings.IndexFunc(status, func(r rune) bool { return unicode.IsPunct(r) && r != '\'' })
	return end > 1 && words[strings.TrimRight(status[:end], " ")]
}

// isGone reports whether a status is one of the words of having left, and nothing else: what stands
// beside it may take it back, as in "Terminated - rehired" and "Leaver (future)".
func isGone(words map[string]bool, status string) bool { return words[fold(status)] }
