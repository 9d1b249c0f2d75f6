package intake

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"offboard/batch"
)

// Programs write names in forms of their own: as a formula that keeps zeros, with the
// person's name around the address, behind the word for a protocol. Such a cell is read
// where it has one meaning only. What is read always stands in the cell as it is.

// meaning gives what a trimmed cell of a column with the key names, and why it names
// nobody, or "". The text is then the cell as it stands. The key is that of the cell (see
// keyOf).
func meaning(column batch.Key, cell string) (key batch.Key, text, why string) {
	key = keyOf(column, cell)
	if why = checkCell(key, cell); why == "" {
		return key, cell, doubtful(key, cell)
	}
	inner, whyNot := unwrap(key, cell)
	if whyNot != "" || inner == cell {
		return key, cell, cmp.Or(whyNot, explain(key, cell, why))
	}
	key = keyOf(column, inner)
	if why = checkCell(key, inner); why != "" {
		return key, cell, explain(key, inner, why)
	}
	if why = doubtful(key, inner); why != "" {
		return key, cell, why
	}
	return key, inner, ""
}

// prefixes stand before an address and say what it is for. Windows shows AzureAD\ before
// a user principal name, and SharePoint the last one. In lower case.
var prefixes = []string{"mailto:", "smtp:", "sip:", `azuread\`, "i:0#.f|membership|"}

func withoutPrefix(s string) string {
	for _, p := range prefixes {
		if len(s) > len(p) && batch.SameValue(batch.ByUPN, s[:len(p)], p) {
			return trim(s[len(p):])
		}
	}
	return s
}

// unquote takes quotes off both ends, as often as there are any.
func unquote(s string) string {
	for len(s) > 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = trim(s[1 : len(s)-1])
	}
	return s
}

// unwrap gives the one name that a cell which is none by itself holds, or the cell. If
// the cell has a meaning that is no name, it says which.
func unwrap(key batch.Key, cell string) (text, why string) {
	text = cell
	if f, is := strings.CutPrefix(strings.TrimPrefix(cell, "'"), "="); is { // retry.csv has the apostrophe
		// Beside the quotes nothing may be left that a formula computes with.
		inner := unquote(f)
		if inner == f || inner == "" || strings.Contains(inner, `"`) || strings.HasPrefix(f, `""`) && strings.ContainsAny(inner, "&+*/^=<>,;() ") {
			return cell, ""
		}
		text = inner
	}
	if key == batch.ByEmployeeID && text != cell {
		return text, ""
	}
	id := text
	if urn := "urn:uuid:"; len(id) > len(urn) && batch.LowerASCII(id[:len(urn)]) == urn {
		id = id[len(urn):]
	}
	if id = strings.Trim(id, "{}"); batch.IsGUID(id) {
		return id, ""
	}
	if why = notAName(key, text); why != "" || key == batch.ByID || key == batch.ByEmployeeID {
		return text, why
	}
	return oneAddress(key, text)
}

// apart reports whether a character stands between the words of a cell with addresses.
func apart(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`<>()";,`, r) }

// oneAddress gives the address of a cell that holds nothing else but a person's name, or
// the same address again.
func oneAddress(key batch.Key, cell string) (text, why string) {
	text = withoutPrefix(cell)
	if n := len(text); n > 2 && text[0] == '\'' && text[n-1] == '\'' {
		text = text[1 : n-1]
	}
	var found []string
	alone := true
	for word := range strings.FieldsFuncSeq(text, apart) {
		word = withoutPrefix(word)
		switch {
		case checkCell(key, word) != "":
			alone = false
		case !slices.ContainsFunc(found, func(a string) bool { return batch.SameValue(key, a, word) }):
			found = append(found, word)
		}
	}
	switch {
	case len(found) > 1:
		return cell, fmt.Sprintf("holds %s: write each on a line of its own", counted(found))
	case len(found) == 0:
		return cell, ""
	case alone:
		return found[0], ""
	}
	is := func(part string) bool {
		return batch.SameValue(key, withoutPrefix(unquote(trim(part))), found[0])
	}
	if before, in, angles := strings.Cut(strings.TrimSuffix(text, ">"), "<"); angles && text[len(text)-1] == '>' && is(in) && (is(before) || isName(before)) {
		return found[0], ""
	}
	if before, in, brackets := strings.Cut(strings.TrimSuffix(text, ")"), "("); brackets && text[len(text)-1] == ')' &&
		(is(before) && isName(in) && capitals(in) || is(in) && isName(before) && capitals(before)) {
		return found[0], ""
	}
	return cell, ""
}

func counted(names []string) string {
	if len(names) == 2 {
		return "two names, " + names[0] + " and " + names[1]
	}
	return batch.Plural(len(names), "name") + ", " + batch.SomeOf(names[:2], len(names))
}

// isName reports whether what stands beside an address may be the name of the person. A
// word for staying or leaving, or one like "not", is a remark that may say the opposite.
func isName(s string) bool {
	s = unquote(trim(s))
	if strings.ContainsAny(s, `<>(){}[]|:;=@%*?\`) || isWord(stayWords, s) || isWord(goneWords, s) {
		return false
	}
	return !slices.ContainsFunc(strings.FieldsFunc(fold(s), unicode.IsSpace), func(w string) bool { return cellWords["remark"][w] })
}

// capitals reports whether the words are written as names are. Beside an address in
// brackets, or in brackets, other words are a remark.
func capitals(s string) bool {
	for w := range strings.FieldsSeq(s) {
		first := []rune(w)[0]
		if (unicode.IsLower(first) || unicode.IsDigit(first)) && !strings.Contains(" van von der den de del di da du la le el al bin ter ten y e ", " "+w+" ") {
			return false
		}
	}
	return trim(s) != ""
}

const (
	whyFormatted = "PowerShell's text for the screen, and not the value: export again with | Select-Object Id, UserPrincipalName | Export-Csv -NoTypeInformation FILE"
	whyCut       = "the value is cut off at its end: export again with whole values, in PowerShell with Export-Csv and not with Format-Table"
	whyConcealed = "32 hexadecimal digits, as usage reports of Microsoft 365 write for a concealed name: an administrator turns off \"Display concealed user, group, and site names in all reports\" (admin centre, Settings, Org settings, Reports); then export again"
	whyHex       = "32 hexadecimal digits, which may be an object id without its hyphens or a concealed name of a usage report: export the object ids with their hyphens"
	whyImmutable = "an immutable id (the sourceAnchor of the on-premises directory), by which Graph finds nobody here: export the column Id or UserPrincipalName"
	whySID       = "a security identifier (SID): export the column Id or UserPrincipalName"
	whyCloudSID  = "a security identifier (SID) of Entra, which encodes an object id and is not read: export the column Id or UserPrincipalName"
	whyDN        = "a distinguished name of the on-premises directory: export the column UserPrincipalName"
	whyTenant    = "a claim of SharePoint for a group, a role or everybody, and no user"
	whyPUID      = "a claim of SharePoint with an internal number (PUID) and no user principal name: export the column UserPrincipalName or Email"
	whyClaim     = "a claim of SharePoint of a kind that holds no user principal name: export the column UserPrincipalName or Email"
	whyRouting   = "an address of another kind (X500, X400, EUM or SPO): give the user principal name"
)

// notAName says what a cell is that surely means something else than a name of the key, or "".
func notAName(key batch.Key, cell string) string {
	low := batch.LowerASCII(cell)
	begins := func(any ...string) bool {
		return slices.ContainsFunc(any, func(p string) bool { return strings.HasPrefix(low, p) })
	}
	word, _, list := strings.Cut(cell, " : ")
	switch {
	case formatted(cell), list && !strings.ContainsFunc(strings.TrimRight(word, " "), func(r rune) bool { return !unicode.IsLetter(r) }),
		begins("{") && strings.HasSuffix(low, "}"):
		return whyFormatted
	case cutOff(cell):
		return whyCut
	case len(low) == 32 && strings.Trim(low, "0123456789abcdef") == "" && key == batch.ByID:
		return whyHex
	case len(low) == 32 && strings.Trim(low, "0123456789abcdef") == "":
		return whyConcealed
	case base64of16(cell):
		return whyImmutable
	case begins("s-1-12-1-"):
		return whyCloudSID
	case begins("s-1-"):
		return whySID
	case begins("cn=", "ou=", "dc=", "uid=") || strings.Contains(low, ",dc="):
		return whyDN
	case begins("c:0"):
		return whyTenant
	case begins("i:0h.f|"):
		return whyPUID
	case begins("i:0") && !begins("i:0#.f|membership|"), strings.Contains(low, "urn%3aspo"), strings.Contains(low, "urn:spo"):
		return whyClaim
	case begins("x500:", "x400:", "eum:", "spo:"):
		return whyRouting
	}
	return ""
}

func base64of16(cell string) bool {
	raw, err := base64.StdEncoding.DecodeString(cell)
	return err == nil && len(raw) == 16
}

// formatted reports whether a cell is what PowerShell shows of a thing that has no text.
func formatted(cell string) bool {
	return strings.HasPrefix(cell, "@{") || strings.HasSuffix(cell, "[]") || strings.HasPrefix(cell, "System.") || strings.HasPrefix(cell, "Microsoft.Graph.")
}

func cutOff(cell string) bool {
	return strings.HasSuffix(cell, "...") || strings.HasSuffix(cell, "…")
}

// doubtful says why a cell is not read although the directory could know it, or "".
func doubtful(key batch.Key, cell string) string {
	switch {
	case key == batch.ByID:
	case key != batch.ByEmployeeID:
		return lookalike(cell)
	case formatted(cell):
		return whyFormatted
	case cutOff(cell):
		return whyCut
	}
	return ""
}

// formattedOutput says why lines, the first of an input, are what PowerShell's Format-Table
// or Format-List shows, or "".
func formattedOutput(lines []string) string {
	const next = ", in which values are cut off: export again with | Select-Object Id, UserPrincipalName | Export-Csv -NoTypeInformation FILE"
	pairs, others, before := 0, 0, ""
	for _, line := range lines {
		name, _, pair := strings.Cut(line, " : ")
		switch fields := strings.Fields(line); {
		case len(fields) == 0:
			continue
		case strings.Trim(line, "- \r") == "" && underlines(fields, strings.Fields(before)):
			return "this is a table as PowerShell shows it (Format-Table)" + next
		case pair && len(strings.Fields(name)) == 1:
			pairs++
		default:
			others++
		}
		before = line
	}
	if pairs > 1 || pairs == 1 && others == 0 {
		return "this is a list as PowerShell shows it (Format-List)" + next
	}
	return ""
}

// underlines reports whether there are as many dashes below each name as it has letters.
func underlines(dashes, names []string) bool {
	return slices.EqualFunc(dashes, names, func(d, n string) bool { return len(d) == len(n) })
}
