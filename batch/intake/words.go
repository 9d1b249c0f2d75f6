package intake

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"

	"github.com/gocarina/gocsv"
	"golang.org/x/text/unicode/norm"
)

// wordTable has a line for each word that is known of files: headers of columns, parts of
// headers, and cells.
//
//go:embed words.csv
var wordTable []byte

// word is a line of words.csv.
type word struct {
	Place string `csv:"place"` // where the word stands: "header", "part" of a header, or "cell"
	List  string `csv:"list"`  // what it says there: a key, or one of the lists that alias.go and hr.go name
	Lang  string `csv:"lang"`  // for people who read the table; "" of a code
	Text  string `csv:"word"`
}

var headerWords, headerParts, cellWords = readWords()

// readWords gives the headers by their normal form, and of each list the parts of headers and
// the words of cells, these in the form in which words are compared.
func readWords() (headers map[string]word, parts map[string][]string, cells map[string]map[string]bool) {
	headers, parts, cells = map[string]word{}, map[string][]string{}, map[string]map[string]bool{}
	for _, w := range readTable[word](wordTable) {
		if w.Place == "part" {
			parts[w.List] = append(parts[w.List], w.Text)
		}
		for _, text := range spellings(w.Text) {
			switch w.Place {
			case "header":
				headers[normalise(text)] = w
			case "cell":
				if cells[w.List] == nil {
					cells[w.List] = map[string]bool{}
				}
				cells[w.List][fold(text)] = true
			}
		}
	}
	return headers, parts, cells
}

// readTable reads a table that is a part of the program.
func readTable[T any](table []byte) (all []T) {
	if err := gocsv.UnmarshalBytes(table, &all); err != nil {
		panic(err)
	}
	return all
}

var german = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue")

// spellings are the ways to write a word: with its accents, without them, and as
// German is written in ASCII.
func spellings(word string) []string {
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(word))
	return slices.Compact([]string{word, bare, german.Replace(word)})
}
