package intake

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"offboard/batch"
)

const (
	// maxMail is what Entra keeps of a proxy address, in characters
	// (microsoft.github.io/idfix, proxyAddresses); mail is the first of them.
	maxMail = 256
	// maxEmployeeID is the limit of employeeId, in characters (Graph, user resource).
	maxEmployeeID = 16
)

// These reasons are shown to a person, beside the cell.
const (
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

// scientific is a long number as a spreadsheet writes it.
var scientific = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[Ee]\+[0-9]+$`)

// checkMail says why a trimmed cell is no mail address, or "".
func checkMail(s string) string {
	if reason := checkRunes(s, oddInMail); reason != "" {
		return reason
	}
	local, domain, _ := strings.Cut(s, "@")
	switch {
	case batch.IsGUID(s):
		return whyUPNisID
	case local == "" || domain == "" || strings.Contains(domain, "@"):
		return whyMailAt
	case s[0] == '=':
		return whyFormula
	case utf8.RuneCountInString(s) > maxMail:
		return whyMailLong
	}
	return checkDomain(domain)
}

func oddInMail(r rune) string {
	if strings.ContainsRune(`"(),:;[]\`, r) || symbol(r) {
		return whyMailChar
	}
	return ""
}

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
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Cf, r) }):
		return whyUnseen
	case scientific.MatchString(s):
		return whyScientific
	case saysNothing(s):
		return whyNoneID // somebody in the directory may have the same instead of a number
	case utf8.RuneCountInString(s) > maxEmployeeID:
		return whyIDLong
	}
	return ""
}
