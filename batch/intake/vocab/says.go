package vocab

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
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

// IsSentence reports whether a text is one rather than the name of a person, by a word that names lack.
func IsSentence(text string) bool { return PhraseIn(text, cellWords["sentence"]) != "" }

// TellsWho reports whether a title tells who manages, prepared or approves the file, with a name behind.
func TellsWho(title string) bool {
	role, name, is := strings.Cut(Fold(title), ":")
	if who, is := strings.CutPrefix(role, "prepared by "); is {
		return name == "" && TitleSays(who) == ""
	}
	return is && IsCell("title role", role) && Trim(name) != "" && TitleSays(name) == ""
}

// unnamed are the names that programs give to columns without one.
var unnamed = regexp.MustCompile(`(?i)^(column|spalte|colonne|columna|kolom|field|unnamed:?)\s*[0-9]+$`)

// IsUnnamed reports whether nobody gave a column its name.
func IsUnnamed(name string) bool { return unnamed.MatchString(name) }

// SaysLeave reports whether the name of a sheet says that its people leave.
func SaysLeave(title string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(Fold(title), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsMark(c) }), func(w string) bool {
		return IsCell("gone", w) || IsCell("gone title", w)
	})
}

// Without takes phrases of a list out of a folded text, the longest first.
func Without(list, text string) string {
	text = " " + text + " "
	for _, phrase := range slices.SortedFunc(maps.Keys(cellWords[list]), func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) }) {
		text = strings.ReplaceAll(text, " "+phrase+" ", " ")
	}
	return strings.TrimSpace(text)
}

// signs are punctuation, but for apostrophes.
var signs = regexp.MustCompile(`[^\P{P}']+`)

// StayNote gives a phrase by which a note beside a row says that its person stays, as also if what
// makes them go was taken back, or "". A thing may
// stay ("Mailbox stays"), if nothing stands between its word and what it does.
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
	return PhraseIn(Without("note of no stay", text), cellWords["stay note"])
}
