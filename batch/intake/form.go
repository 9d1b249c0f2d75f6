package intake

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"offboard/batch"
	"offboard/batch/intake/vocab"
)

// keyOf is the key of one cell in a column with the key.
func keyOf(column batch.Key, cell string) batch.Key {
	switch {
	case column != vocab.IDOrUPN:
		return column
	case batch.IsGUID(cell):
		return batch.ByID
	}
	return batch.ByUPN
}

// cellsOf says in the plural what the cells of a column with the key are.
var cellsOf = map[batch.Key]string{
	batch.ByID: "object ids", batch.ByUPN: "user principal names", vocab.IDOrUPN: "user principal names",
	batch.ByMail: "mail addresses", batch.ByEmployeeID: "employee ids", batch.ByOnPremisesUPN: "on-premises user principal names",
}

// Programs write names in forms of their own: as a formula that keeps zeros, with the person's
// name around the address, behind the word for a protocol. Such a cell is read where it has one
// meaning only. What is read always stands in the cell as it is.

// meaning gives what a trimmed cell of a column with the key names and by which key, or why it
// names nobody. The text is then the cell as it stands.
func meaning(column batch.Key, cell string) (key batch.Key, text, why string) {
	key, text = keyOf(column, cell), cell
	if why = checkCell(key, text); why != "" {
		if text, why = unwrap(key, cell); why == "" {
			key = keyOf(column, text)
			why = checkCell(key, text)
		}
	}
	if why == "" {
		why = doubtful(key, text)
	}
	if why != "" {
		text = cell
	}
	return key, text, why
}

// names reports whether a trimmed cell names somebody by the key.
func names(key batch.Key, cell string) bool {
	_, _, why := meaning(key, cell)
	return why == ""
}

var (
	// prefixes stand before an address: Windows shows AzureAD\, and SharePoint the last one.
	prefixes = regexp.MustCompile(`(?i)^(mailto:|smtp:|sip:|azuread\\|i:0#\.f\|membership\|)`)
	// wrappedID is an object id with what .NET and others put around it.
	wrappedID = regexp.MustCompile(`(?i)^(?:urn:uuid:)?\{?([-0-9a-f]{36})\}?$`)
)

func withoutPrefix(s string) string { return vocab.Trim(prefixes.ReplaceAllString(s, "")) }

// unwrap gives the one name within a cell, or the cell, or says what else it surely is.
func unwrap(key batch.Key, cell string) (text, why string) {
	text = cell
	if f, is := strings.CutPrefix(strings.TrimPrefix(cell, "'"), "="); is { // retry.csv has the apostrophe
		// Beside the quotes nothing may be left that a formula computes with.
		inner := vocab.Unquote(f)
		if inner == f || inner == "" || strings.Contains(inner, `"`) || strings.HasPrefix(f, `""`) && strings.ContainsAny(inner, "&+*/^=<>,;() ") {
			return cell, ""
		}
		text = inner
	}
	if key == batch.ByEmployeeID && text != cell {
		return text, ""
	}
	if id := wrappedID.FindStringSubmatch(text); id != nil && batch.IsGUID(id[1]) {
		return id[1], ""
	}
	if why = vocab.ShapeOf(text); why != "" || key == batch.ByID || key == batch.ByEmployeeID {
		return text, why
	}
	return oneAddress(key, text)
}

// oneAddress gives the address of a cell that holds nothing else but a person's name, or the cell.
func oneAddress(key batch.Key, cell string) (text, why string) {
	text = withoutPrefix(cell)
	if n := len(text); n > 2 && text[0] == '\'' && text[n-1] == '\'' {
		text = text[1 : n-1]
	}
	var names []string
	alone := strings.Count(text, "<") <= strings.Count(text, ">") // or a diff takes the line out
	between := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`<>()";,`, r) }
	for word := range strings.FieldsFuncSeq(text, between) {
		word = withoutPrefix(word)
		switch {
		case checkCell(key, word) != "":
			alone = false
		case !slices.ContainsFunc(names, func(a string) bool { return batch.SameValue(key, a, word) }):
			names = append(names, word)
		}
	}
	switch {
	case len(names) == 2:
		return cell, fmt.Sprintf("holds two names, %s and %s: write each on a line of its own", names[0], names[1])
	case len(names) > 2:
		return cell, fmt.Sprintf("holds %d names, %s: write each on a line of its own", len(names), batch.SomeOf(names[:2], len(names)))
	case len(names) == 0:
		return cell, ""
	case alone && strings.Contains(text, "("):
		return cell, "stands in brackets, as what is not meant does: write the address alone, or take the line out"
	case alone:
		return names[0], ""
	}
	is := func(part string) bool {
		return batch.SameValue(key, withoutPrefix(vocab.Unquote(vocab.Trim(part))), names[0])
	}
	local, _, _ := strings.Cut(vocab.Fold(names[0]), "@")
	ofAddress := func(name string) bool { // or it may be the manager's, or the deputy's
		return slices.ContainsFunc(strings.Fields(vocab.Fold(vocab.Unquote(name))), func(w string) bool { return len(w) > 1 && strings.Contains(local, w) })
	}
	for _, brackets := range []string{"<>", "()"} {
		before, in, found := strings.Cut(strings.TrimSuffix(text, brackets[1:]), brackets[:1])
		round, name := brackets == "()", before
		if round && is(before) {
			name, in = in, before
		}
		switch {
		case !found || !strings.HasSuffix(text, brackets[1:]) || !is(in) || !vocab.IsName(name, round) && (round || !is(before)):
		case round && !ofAddress(name):
			return cell, "holds a name, and in or before brackets an address that may be somebody else's: write the address alone"
		default:
			return names[0], ""
		}
	}
	return cell, ""
}

// doubtful says why a cell is not read although the directory could know it, or "".
func doubtful(key batch.Key, cell string) string {
	switch {
	case key == batch.ByID:
		return ""
	case key != batch.ByEmployeeID:
		return vocab.Lookalike(cell)
	case !strings.ContainsAny(cell, "{[.…"): // as nearly all
		return ""
	}
	return vocab.CutOff(cell)
}

// WhyNobody says why a text is neither an object id nor a user principal name, or "".
func WhyNobody(text string) string {
	_, _, why := meaning(vocab.IDOrUPN, vocab.Trim(text))
	return why
}
