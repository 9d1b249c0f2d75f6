package flagfile

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Pasted is a command line for the shells of a system, which is named as GOOS is.
func Pasted(words []string, goos string) string {
	line := slices.Clone(words)
	for i, w := range line {
		line[i] = Quoted(w, goos)
	}
	return strings.Join(line, " ")
}

// Quoted is a word that a shell takes as it stands: sh, or on Windows cmd and
// PowerShell alike.
func Quoted(word, goos string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,"
	safe := plain
	if goos == "windows" {
		safe = strings.NewReplacer("@", "", "%", "", ",", "").Replace(plain) + `\`
	}
	if word != "" && strings.Trim(word, safe) == "" {
		return word
	}
	if goos == "windows" {
		return `"` + spelled(word) + `"`
	}
	if strings.ContainsFunc(word, unseen) { // what acts on a terminal is not printed to be pasted
		return `"$(printf '` + octal(word) + `')"`
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// spelled is a word that may stand between double quotes: in PowerShell it is the word,
// and cmd carries out nothing in it. What either would act on there is spelled as
// PowerShell takes it; the quotation marks of typographers end a word in PowerShell, too.
func spelled(word string) string {
	var b strings.Builder
	for _, r := range word {
		if !strings.ContainsRune("\"$`%\u201c\u201d\u201e", r) && !unseen(r) {
			b.WriteRune(r)
			continue
		}
		for _, half := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, "$([char]%d)", half)
		}
	}
	return b.String()
}

// octal is the word as printf(1) takes it.
func octal(word string) string {
	var b strings.Builder
	for i := range len(word) {
		fmt.Fprintf(&b, `\%03o`, word[i])
	}
	return b.String()
}

// Acts reports whether a terminal takes the character for an order, or for a
// change of the order in which others are read. Line ends and tabs are text.
func Acts(r rune) bool {
	return r != '\n' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// unseen reports whether a character has no form of its own within a line.
func unseen(r rune) bool { return Acts(r) || r == '\n' || r == '\t' }
