package vocab

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// This file is about what titles and notes say of the people of rows.

// camel finds where a word begins in the middle of another, as in activeEmployees.
var camel = regexp.MustCompile(`(\p{Ll})(\p{Lu})`)

// TitleSays gives the word by which a title above rows, or the name of their sheet, list or file, seems
// to say that they are not meant; or "". What it says of the file itself is none.
func TitleSays(title string) string {
	words := strings.FieldsFunc(Fold(camel.ReplaceAllString(title, "$1 $2")), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsMark(c) && c != '\'' })
	text := Without("title of the file", strings.Join(words, " "))
	words = strings.Fields(text)
	for i, word := range words[min(1, len(words)):] {
		words = append(words, words[i]+" "+word)
	}
	for _, word := range append(words, text, Fold(title)) {
		if (len(word) > 2 || word == text) && IsCell("stay title", word) || IsCell("remark", word) && word != "until" && word != "leave" { // "Leavers until November"
			return word
		}
	}
	return ""
}

// Spares reports whether a key of JSON and its value say that the people of a list beside it are not meant:
// as a title does, or as the cells of a column do. A number, or who made the file, says nothing.
func Spares(key, value string) bool {
	words := WordsOf(ListOf(key))
	if strings.Trim(value, "0123456789") == "" || strings.HasPrefix(key, "@") || strings.Contains(value, "://") || TellsWho(key+": "+value) {
		return false
	}
	says, _ := words.Says(value, true)
	return says == Note || !words.Known && IsWord(words.Stay, value) || says != No && TitleSays(key) != "" || TitleSays(value) != ""
}

// TitleMeans reports whether a line above a list says that those below it are to go, and nothing else.
func TitleMeans(line string) (means bool) {
	for word := range strings.FieldsFuncSeq(Fold(line), func(c rune) bool { return unicode.IsPunct(c) || unicode.IsSpace(c) || unicode.IsDigit(c) }) {
		gone := len(word) > 2 && word != "approved" && !IsCell("taken back", word) && (IsCell("gone", word) || IsCell("gone title", word) || IsCell("gone action", word))
		if means = means || gone; !gone && !IsCell("users", word) && !IsCell("title filler", word) {
			return false
		}
	}
	return means
}

// sentence are words of sentences; spelled is an address without its sign.
var (
	sentence = words(cellWords["sentence"], cellWords["joins"])
	spelled  = regexp.MustCompile(`(?i)^\S+ \W?at\W? \S+\.\S+$`)
)

// IsSentence reports whether a text is one rather than the name of a person, by a word that names lack if
// each of their words is written as one: Will Smith.
func IsSentence(text string) bool {
	words := strings.Fields(text)
	small := slices.ContainsFunc(words, func(w string) bool { r, _ := utf8.DecodeRuneInString(w); return !unicode.IsUpper(r) })
	return !spelled.MatchString(text) && (small || len(words) == 1) && PhraseIn(text, sentence) != ""
}

// Unended gives the last word of a text of several if it is one behind which others stand: "left, mail goes to".
func Unended(text string) string {
	words, last := 0, ""
	for last = range strings.FieldsSeq(text) {
		words++
	}
	if words > 1 && IsCell("joins", Fold(last)) {
		return last
	}
	return ""
}

// TellsWho reports whether a title tells who manages, prepared or approves the file, with a name behind.
func TellsWho(title string) bool {
	role, name, is := strings.Cut(Fold(camel.ReplaceAllString(title, "$1 $2")), ":")
	if who, is := strings.CutPrefix(role, "prepared by "); is {
		return name == "" && TitleSays(who) == ""
	}
	return is && IsCell("title role", role) && Trim(name) != "" && TitleSays(name) == ""
}

// unnamed are the names that programs give to columns without one, and property those of properties.
var (
	unnamed  = regexp.MustCompile(`(?i)^((column|spalte|colonne|columna|kolom|field|unnamed:?)\s*[0-9]+)?$`)
	property = regexp.MustCompile(`^is\p{Lu}\pL+$`)
)

// IsUnnamed reports whether nobody gave a column its name.
func IsUnnamed(name string) bool { return unnamed.MatchString(name) }

// IsProperty reports whether a program names a property so that is true or false.
func IsProperty(name string) bool { return property.MatchString(name) }

// OfThing reports whether a header speaks of a thing that people have, or of what becomes of it.
func OfThing(header string) bool { return headerHas(header, "thing") }

// Decides reports whether a header speaks of leaving or staying, of what to do about it, or of who is chosen.
func Decides(header string) bool {
	return IsUnnamed(header) || Normalise(header) == "" || headerHas(header, "deciding") && !OfThing(header)
}

// TellsHow reports whether a header asks how or why people left, so that its words are kinds of leaving.
func TellsHow(header string) bool { return headerHas(header, "how left") }

// headerHas reports whether a word of the list stands in a header.
func headerHas(header, list string) bool {
	return PhraseIn(header+" "+camel.ReplaceAllString(header, "$1 $2"), cellWords[list]) != ""
}

// SaysLeave reports whether the name of a sheet says that its people leave.
func SaysLeave(title string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(Fold(title), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsMark(c) }), func(w string) bool {
		return IsCell("gone", w) || IsCell("gone title", w)
	})
}

// Saying is what a cell says in a column of which nothing is known.
type Saying string

const (
	Unknown Saying = ""
	Nothing Saying = "nothing" // it stands for no value
	Yes     Saying = "yes"
	No      Saying = "no"
	Stays   Saying = "stays"
	Left    Saying = "left"
	Note    Saying = "note" // that somebody stays, whatever the column is
	Day     Saying = "day"  // for who reads days; [StatusWords.Says] does not
)

// Known reports whether it is a word of people who stay or left.
func (s Saying) Known() bool { return s == Stays || s == Left || s == Note }

// Says gives what a cell says in a column of notes or another, and the text for it: none of somebody
// who left. A digit may count something, and a letter mean anything.
func (w StatusWords) Says(cell string, notes bool) (Saying, string) {
	bare := Fold(cell)
	switch {
	case w.Sides && IsCell("side", bare):
		return Yes, ""
	case w.Decides && cell == "1":
		return Yes, ""
	case w.Decides && cell == "0":
		return No, ""
	case SaysNothing(cell):
		return Nothing, cell
	case w.Decides && IsCell("refusal", bare):
		return Note, cell
	case bare > "9" && yesWords[bare]:
		return Yes, ""
	case bare > "9" && noWords[bare]:
		return No, ""
	case IsCell("taken back", bare) && !w.Gone[bare]:
		return Note, cell
	case !notes && len(cell) >= len("keep") && IsWord(w.Stay, cell):
		return Stays, cell
	case IsGone(w.Gone, cell):
		return Left, ""
	}
	if note := StayNote(cell); note != "" {
		return Note, note
	} else if notes && (IsCell("doubt", bare) || IsCell("doubt", strings.TrimRight(bare, "!. "))) {
		return Note, cell
	} else if notes && IsWord(w.Stay, cell) {
		return Stays, cell
	}
	return Unknown, PlainBlanks(cell)
}

// Slip reports whether a text is a word that is cut off, as "term", or has a sign behind it, as in
// "terminated*"; or, if it is no word by itself, nearly the word, as "terminted".
func Slip(text, word string, known bool) bool {
	same := 0
	for same < min(len(text), len(word)) && text[same] == word[same] {
		same++
	}
	switch letter := func(s string) bool { return s[same] >= 'a' && s[same] <= 'z' }; {
	case same == len(text):
		return same > 2 && same < len(word) && letter(word)
	case same == len(word):
		return text[same] != ' ' && !letter(text)
	}
	return !known && same > 4 && len(text)-len(word) < 3 && len(word)-len(text) < 3
}

// IsName reports whether what stands beside an address may be the person's name. A word for
// staying or leaving, or one like "not", is a remark that may say the opposite. Beside round
// brackets or in them, so are words that are not written as names are.
func IsName(s string, capitals bool) bool {
	s = Unquote(Trim(s))
	if strings.ContainsAny(s, `<>(){}[]|:;=@%*?\`) || IsWord(StayWords, s) || IsWord(GoneWords, s) || capitals && s == "" {
		return false
	}
	return !slices.ContainsFunc(strings.Fields(s), func(w string) bool {
		first, _ := utf8.DecodeRuneInString(w)
		return IsCell("remark", Fold(w)) || IsCell("no person", Fold(w)) || capitals && (unicode.IsLower(first) || unicode.IsDigit(first)) &&
			!strings.Contains(" van von der den de del di da du la le el al bin ter ten y e ", " "+w+" ")
	})
}

// phrases are those of the lists that [Without] takes out, the longest first.
var phrases = func() map[string][]string {
	all := map[string][]string{}
	for _, list := range []string{"how gone", "title of the file", "note of no stay"} {
		all[list] = slices.SortedFunc(maps.Keys(cellWords[list]), func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	}
	return all
}()

// Without takes phrases of a list out of a folded text, the longest first.
func Without(list, text string) string {
	text = " " + text + " "
	for _, phrase := range phrases[list] {
		text = strings.ReplaceAll(text, " "+phrase+" ", " ")
	}
	return strings.TrimSpace(text)
}

// signs are punctuation, but for apostrophes.
var signs = regexp.MustCompile(`[^\P{P}']+`)

// StayNote gives a phrase by which a note beside a row says that its person stays, as also if what
// makes them go was taken back, or "". A thing may
// stay ("Mailbox stays"), if nothing stands between its word and what it does, or come back, if its word
// stands anywhere and none of leaving does.
func StayNote(note string) string {
	words := strings.Fields(signs.ReplaceAllString(Fold(note), " , "))
	for i := 1; i < len(words); i++ {
		if IsCell("stay verb", words[i]) && IsCell("thing", words[i-1]) {
			words[i] = ","
		}
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "," })
	text := strings.Join(words, " ")
	if IsCell("whole note", text) {
		return ""
	}
	going, back := PhraseIn(text, cellWords["going"]), PhraseIn(text, cellWords["taken back"])
	if going != "" && back != "" {
		return going + " " + back
	}
	if IsCell("stay title", text) { // it says no more
		return text
	}
	text = Without("note of no stay", text)
	if doubt := PhraseIn(text, cellWords["doubtful"]); doubt != "" && (going != "" || !OfThing(text)) {
		return doubt
	}
	return PhraseIn(text, cellWords["stay note"])
}
