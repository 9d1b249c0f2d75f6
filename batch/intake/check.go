package intake

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"offboard/batch"
	"offboard/batch/intake/vocab"
)

const (
	// maxUPN, in bytes, is far above what Entra allows (113 characters), and guest names are long.
	maxUPN = 1024
	// maxMail is what Entra keeps of a proxy address, in characters (microsoft.github.io/idfix).
	maxMail = 256
	// maxEmployeeID is the limit of employeeId, in characters (Graph, user resource).
	maxEmployeeID = 16
)

// These reasons are shown to a person, beside the cell.
const (
	whyNotID      = "not an object id, which is a GUID; if the column holds user principal names, choose it with --column"
	whyZeroID     = "the object id is all zeros and names nobody"
	whyUPNisID    = "an object id in a column of user principal names; choose the column with --column to read both"
	whyLost       = "a character was lost in an earlier program and became ? or U+FFFD; export the file again as UTF-8"
	whyEscaped    = "begins with an apostrophe that a spreadsheet escape puts there; remove the leading apostrophe"
	whyFormula    = "begins with = like a formula"
	whyControl    = "holds a control character, such as a tab or a line break"
	whyUnseen     = "holds an invisible character"
	whyBlank      = "holds a blank"
	whyDisplay    = "holds a name or brackets around the address; keep the address alone"
	whyEncoded    = "holds a percent sign, which no user principal name has; write it without percent-encoding"
	whySlash      = `holds a slash or backslash, as in DOMAIN\name; write the user principal name`
	whyDomain     = "the domain is not a plain ASCII one (letters, digits, hyphens, dots between)"
	whyLong       = "longer than any user principal name"
	whyMailLong   = "longer than any mail address in Entra, which has at most 256 characters"
	whyNothing    = "a word or a sign for no value"
	whyIDLong     = "longer than any employee id in Entra, which has at most 16 characters"
	whyScientific = "a spreadsheet has rounded the number; export the file again with the column as text"
	whyNoneID     = "a word or a number that stands for no employee id; if it is one, name the user by object id"
	whyNameless   = "not an employee id, but the name of a column or a line beside the rows"
	whyKeyNotID   = "not an object id (a GUID), which --key id asks for; leave --key out, or choose another column with --column"
	whyKeyIsID    = "an object id where --key asks for something else; leave --key out, or choose another column with --column"
)

// checkCell says why a trimmed cell, which is not empty, names nobody by the key, or "". It leaves
// to the directory what could be a name: old and guest names hold odd characters.
func checkCell(k batch.Key, cell string) string {
	switch {
	case strings.HasPrefix(cell, "="):
		return whyFormula
	case k == batch.ByID:
		return checkID(cell)
	case k == batch.ByEmployeeID:
		return checkEmployeeID(cell)
	case plain(cell):
		return ""
	}
	return checkAddress(k, cell)
}

// checkID says why a trimmed cell is no object id, or "".
func checkID(s string) string {
	switch {
	case !batch.IsGUID(s):
		return whyNotID
	case s == "00000000-0000-0000-0000-000000000000":
		return whyZeroID
	}
	return ""
}

// addressName is what the addresses of a key are called.
var addressName = map[batch.Key]string{
	batch.ByUPN: "user principal name", batch.ByOnPremisesUPN: "user principal name", batch.ByMail: "mail address",
}

// checkAddress does so for addresses. No letter outside ASCII is folded into one of a domain.
func checkAddress(k batch.Key, s string) string {
	if s != "" && vocab.SaysNothing(s) {
		return whyNothing
	}
	if why := checkRunes(k, s); why != "" {
		return why
	}
	local, domain, found := strings.Cut(s, "@")
	why := ""
	switch {
	case !found && batch.IsGUID(s) && k == batch.ByMail:
		return whyKeyIsID
	case !found && batch.IsGUID(s):
		return whyUPNisID
	case !found:
		why = "there is no @"
	case strings.Contains(domain, "@"):
		why = "there is more than one @"
	case local == "":
		why = "nothing stands before the @"
	case domain == "":
		why = "nothing stands after the @"
	case len(s) > maxUPN:
		return whyLong
	case k == batch.ByMail && utf8.RuneCountInString(s) > maxMail:
		return whyMailLong
	default:
		return checkDomain(domain)
	}
	return "not a " + addressName[k] + ": " + why
}

func checkDomain(domain string) string {
	for _, r := range domain {
		if notInDomain(r) {
			return whyDomain + ": it holds " + vocab.Describe(r)
		}
	}
	if domain[0] == '.' || strings.HasSuffix(domain, ".") || strings.Contains(domain, "..") {
		return whyDomain
	}
	return ""
}

func notInDomain(r rune) bool {
	return r != '.' && r != '-' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
}

// plainBytes are letters, digits and the signs of domains, and @.
var plainBytes = func() (t [256]bool) {
	for c := range rune(utf8.RuneSelf) {
		t[c] = c == '@' || !notInDomain(c)
	}
	return t
}()

// plain sees at once of nearly all addresses that nothing is odd about them.
func plain(s string) bool {
	ats, sign := 0, true // sign is whether . or @ stands before, or nothing
	for i := range len(s) {
		c := s[i]
		if !plainBytes[c] || sign && (c == '.' || c == '@') {
			return false
		}
		if sign = c == '.'; c == '@' {
			ats, sign = ats+1, true
		}
	}
	return ats == 1 && !sign && len(s) <= maxMail
}

// checkRunes says which character of a text no name of the key has, or "".
func checkRunes(k batch.Key, s string) string {
	if vocab.Escaped(s) {
		return whyEscaped
	}
	for _, r := range s {
		if why := oddRune(k, r); why != "" {
			if k != batch.ByEmployeeID && strings.ContainsAny(s, "<>") {
				return whyDisplay
			}
			return why
		}
	}
	return ""
}

// oddRune says why no name of the key has a character, or "". Employee ids have nearly all.
func oddRune(k batch.Key, r rune) string {
	address, mail := k != batch.ByEmployeeID, k == batch.ByMail
	switch {
	case r == utf8.RuneError, r == '?' && address:
		return whyLost
	case unicode.IsControl(r):
		return whyControl + ": " + vocab.Describe(r)
	case unicode.Is(unicode.Cf, r):
		return whyUnseen + ": " + vocab.Describe(r)
	case !address:
		return ""
	case unicode.IsSpace(r):
		return whyBlank
	case r == '<' || r == '>':
		return whyDisplay
	case r == '%' && !mail:
		return whyEncoded
	case (r == '/' || r == '\\') && !mail:
		return whySlash
	case r == '|' && !mail, r == '\\', strings.ContainsRune(`"(),:;[]`, r),
		r > unicode.MaxASCII && !unicode.In(r, unicode.L, unicode.M, unicode.Nd):
		return "holds a character that no " + addressName[k] + " has: " + vocab.Describe(r)
	}
	return ""
}

// scientific is a long number as a spreadsheet writes it.
var scientific = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[Ee]\+[0-9]+$`)

// checkEmployeeID does so for employee ids. They have no shape, so only what some program has
// surely spoilt, or put there for none, is refused.
func checkEmployeeID(s string) string {
	switch why := checkRunes(batch.ByEmployeeID, s); {
	case why != "":
		return why
	case strings.Contains(s, "+") && scientific.MatchString(s):
		return whyScientific
	case vocab.SaysNothing(s):
		return whyNoneID // somebody in the directory may have the same instead of a number
	case utf8.RuneCountInString(s) > maxEmployeeID:
		return whyIDLong
	}
	return ""
}

// idLike reports whether a cell has the look of an employee id, with a digit.
func idLike(s string) bool {
	odd := func(c rune) bool { return c != '-' && !unicode.IsLetter(c) && !unicode.IsDigit(c) }
	return s != "" && checkEmployeeID(s) == "" && strings.ContainsAny(s, "0123456789") && !strings.ContainsFunc(s, odd)
}
