package intake

import "strings"

// splitLoosely cuts the first record of text into trimmed cells, leniently. It is for
// looking at what is wrong with a record; rows are never made of it.
func splitLoosely(text string, comma rune) []string {
	r := newCSV(strings.NewReader(text), comma)
	r.LazyQuotes = true
	r.FieldsPerRecord = -1
	cells, _ := r.Read() // what could be read is good enough for a look
	for i := range cells {
		cells[i] = trim(cells[i])
	}
	return cells
}

// endsOutside reports whether a line with broken quoting surely ends outside of
// quotes, so that the next line starts a record. Inside a cell that starts with
// a quote, only an even number of quotes leaves no doubt. A quote in the middle
// of any other cell opens nothing.
func endsOutside(line string, comma rune) bool {
	sep := string(comma)
	for more := true; more; {
		cell := line
		if comma == '\t' {
			cell = strings.TrimLeft(cell, " ")
		} else {
			cell = strings.TrimLeftFunc(cell, blank)
		}
		if !strings.HasPrefix(cell, `"`) {
			_, line, more = strings.Cut(line, sep)
			continue
		}
		rest, even, closed := closeQuote(cell[1:], sep)
		if !closed || !even {
			return false
		}
		_, line, more = strings.Cut(rest, sep)
	}
	return true
}

// closeQuote looks for the quote that ends a cell: the first that is not one of
// a pair and is followed by the delimiter or the end. It returns what follows,
// and whether the cell has an even number of quotes, the opening one counted.
func closeQuote(cell, sep string) (rest string, even, closed bool) {
	quotes := 1
	for i := 0; i < len(cell); i++ {
		if cell[i] != '"' {
			continue
		}
		quotes++
		if strings.HasPrefix(cell[i+1:], `"`) {
			quotes++
			i++
			continue
		}
		rest = strings.TrimLeft(cell[i+1:], " ")
		if rest == "" || strings.HasPrefix(rest, sep) {
			return rest, quotes%2 == 0, true
		}
	}
	return "", quotes%2 == 0, false
}
