package intake

import (
	"cmp"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"offboard/batch"
)

const (
	// maxUPN, in bytes, is far above what Entra allows (113 characters), and guest
	// names are long.
	maxUPN = 1024
	// maxMail is what Entra keeps of a proxy address, in characters
	// (microsoft.github.io/idfix, proxyAddresses); mail is the first of them.
	maxMail = 256
	// maxEmployeeID is the limit of employeeId, in characters (Graph, user resource).
	maxEmployeeID = 16
)

// These reasons are shown to a person, beside the cell.
const (
	whyNotID    = "not an object id, which is a GUID; if the column holds user principal names, choose it with --column"
	whyZeroID   = "the object id is all zeros and names nobody"
	whyUPNisID  = "an object id in a column of user principal names; choose the column with --column to read both"
	whyNoAt     = "not a user principal name: there is no @"
	whyManyAt   = "not a user principal name: there is more than one @"
	whyNoLocal  = "not a user principal name: nothing stands before the @"
	whyNoDomain = "not a user principal name: nothing stands after the @"
	whyLost     = "a character was lost in an earlier program and became ? or U+FFFD; export the file again as UTF-8"
	whyEscaped  = "begins with an apostrophe that a spreadsheet escape puts there; remove the leading apostrophe"
	whyFormula  = "begins with = like a formula"
	whyControl  = "holds a control character, such as a tab or a line break"
	whyUnseen   = "holds an invisible character"
	whyBlank    = "holds a blank"
	whyDisplay  = "holds a name or brackets around the address; keep the address alone"
	whyEncoded  = "holds a percent sign, which no user principal name has; write it without percent-encoding"
	whySlash    = `holds a slash or backslash, as in DOMAIN\name; write the user principal name`
	whyChar     = "holds a character that no user principal name has"
	whyDomain   = "the domain is not a plain ASCII one (letters, digits, hyphens, dots between)"
	whyLong     = "longer than any user principal name"

	whyMailAt     = "not a mail address: it needs one @, with something before and after it"
	whyMailChar   = "holds a character that no mail address has"
	whyMailLong   = "longer than any mail address in Entra, which has at most 256 characters"
	whyIDLong     = "longer than any employee id in Entra, which has at most 16 characters"
	whyIDLost     = "a character was lost in an earlier program and became U+FFFD; export the file again as UTF-8"
	whyScientific = "a spreadsheet has rounded the number; export the file again with the column as text"
	whyNoneID     = "a word or a number that stands for no employee id; if it is one, name the user by object id"
	whyNameless   = "not an employee id, but the name of a column or a line beside the rows"
	whyKeyNotID   = "not an object id (a GUID), which --key id asks for; leave --key out, or choose another column with --column"
	whyKeyIsID    = "an object id where --key asks for something else; leave --key out, or choose another column with --column"
)

// mailReasons are the reasons of user principal names that differ for mail addresses.
var mailReasons = map[string]string{
	whyUPNisID: whyKeyIsID, whyNoAt: whyMailAt, whyManyAt: whyMailAt, whyNoLocal: whyMailAt, whyNoDomain: whyMailAt,
	whyChar: whyMailChar, whyLong: whyMailLong,
}

// checkCell says why a trimmed cell, which is not empty, names nobody by the key, or "". It
// refuses what cannot be a name, and leaves the rest to the directory: old and guest names
// hold characters that are not allowed any more.
func checkCell(k batch.Key, cell string) string {
	switch k {
	case batch.ByID:
		return checkID(cell)
	case batch.ByEmployeeID:
		return checkEmployeeID(cell)
	}
	if plain(cell) {
		return ""
	}
	why := checkAddress(k, cell)
	if why != "" && k == batch.ByMail {
		return cmp.Or(mailReasons[why], why)
	}
	return why
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

// checkAddress says why a trimmed cell is no user principal name or mail address, or "", in
// the words of the former. A letter outside ASCII is never folded into one of a domain.
func checkAddress(k batch.Key, s string) string {
	if why := checkRunes(k, s); why != "" {
		return why
	}
	local, domain, found := strings.Cut(s, "@")
	switch {
	case !found && batch.IsGUID(s):
		return whyUPNisID
	case !found:
		return whyNoAt
	case strings.IndexByte(domain, '@') >= 0:
		return whyManyAt
	case local == "":
		return whyNoLocal
	case domain == "":
		return whyNoDomain
	case s[0] == '=':
		return whyFormula
	case len(s) > maxUPN || k == batch.ByMail && len(s) > maxMail && utf8.RuneCountInString(s) > maxMail:
		return whyLong
	case strings.ContainsFunc(domain, notInDomain) || domain[0] == '.' || strings.HasSuffix(domain, ".") || strings.Contains(domain, ".."):
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

// checkRunes says which character of a text no address of the key has, or "".
func checkRunes(k batch.Key, s string) string {
	if escaped(s) {
		return whyEscaped
	}
	for _, r := range s {
		if why := oddRune(k, r); why != "" {
			if strings.ContainsAny(s, "<>") {
				return whyDisplay
			}
			return why
		}
	}
	return ""
}

// oddRune says why no address of the key has a character, or "".
func oddRune(k batch.Key, r rune) string {
	mail := k == batch.ByMail
	switch {
	case r == '?' || r == utf8.RuneError:
		return whyLost
	case unicode.IsControl(r):
		return whyControl
	case unicode.IsSpace(r):
		return whyBlank
	case unicode.Is(unicode.Cf, r):
		return whyUnseen
	case r == '<' || r == '>':
		return whyDisplay
	case r == '%' && !mail:
		return whyEncoded
	case (r == '/' || r == '\\') && !mail:
		return whySlash
	case r == '|' && !mail, r == '\\', strings.ContainsRune(`"(),:;[]`, r),
		r > unicode.MaxASCII && !unicode.In(r, unicode.L, unicode.M, unicode.Nd):
		return whyChar
	}
	return ""
}

// scientific is a long number as a spreadsheet writes it.
var scientific = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[Ee]\+[0-9]+$`)

// checkEmployeeID says why a trimmed cell is no employee id, or "". An employee
// id has no shape, so only what some program has surely spoilt, or put there for
// none, is refused.
func checkEmployeeID(s string) string {
	switch {
	case escaped(s):
		return whyEscaped
	case s[0] == '=':
		return whyFormula
	case strings.ContainsRune(s, utf8.RuneError):
		return whyIDLost
	case strings.ContainsFunc(s, unicode.IsControl):
		return whyControl
	case strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII && unicode.Is(unicode.Cf, r) }):
		return whyUnseen
	case strings.Contains(s, "+") && scientific.MatchString(s):
		return whyScientific
	case saysNothing(s):
		return whyNoneID // somebody in the directory may have the same instead of a number
	case utf8.RuneCountInString(s) > maxEmployeeID:
		return whyIDLong
	}
	return ""
}

// idLike reports whether a cell looks like an employee id: nothing but letters,
// digits and hyphens, with a digit among them.
func idLike(s string) bool {
	odd := func(c rune) bool { return c != '-' && !unicode.IsLetter(c) && !unicode.IsDigit(c) }
	return s != "" && checkEmployeeID(s) == "" && strings.ContainsAny(s, "0123456789") && !strings.ContainsFunc(s, odd)
}
