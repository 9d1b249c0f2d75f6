package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"offboard/batch"
)

// maxUPN is far above what Entra allows (113 characters), and guest names are long.
const maxUPN = 1024

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
	whyBackward = `holds a slash or backslash, as in DOMAIN\name; write the user principal name`
	whyChar     = "holds a character that no user principal name has"
	whyDomain   = "the domain is not a plain ASCII one (letters, digits, hyphens, dots between)"
	whyLong     = "longer than any user principal name"
)

// trim takes blanks and invisible characters off both ends.
func trim(s string) string {
	if n := len(s); n > 0 && plain(s[0]) && plain(s[n-1]) {
		return s
	}
	return strings.TrimFunc(s, blank)
}

func plain(b byte) bool { return ' ' < b && b < utf8.RuneSelf }

// blank reports whether a rune shows nothing: a space of any width, a
// zero-width or formatting character, a byte order mark.
func blank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// checkID says why a trimmed cell is no object id, or "".
func checkID(s string) string {
	switch {
	case !batch.IsGUID(s):
		return whyNotID
	case strings.Trim(s, "0-") == "":
		return whyZeroID
	}
	return ""
}

// checkUPN says why a trimmed cell is no user principal name, or "". It refuses
// what cannot be one and leaves the rest to the directory: old and guest names
// hold characters that are not allowed any more.
func checkUPN(s string) string {
	if reason := checkRunes(s, oddInUPN); reason != "" {
		return reason
	}
	local, domain, found := strings.Cut(s, "@")
	switch {
	case !found && batch.IsGUID(s):
		return whyUPNisID
	case !found:
		return whyNoAt
	case strings.Contains(domain, "@"):
		return whyManyAt
	case local == "":
		return whyNoLocal
	case domain == "":
		return whyNoDomain
	case s[0] == '=':
		return whyFormula
	case len(s) > maxUPN:
		return whyLong
	}
	return checkDomain(domain)
}

// checkRunes says which character of a cell no address has, or "". What else is
// odd differs between kinds of address.
func checkRunes(s string, odd func(rune) string) string {
	if escaped(s) {
		return whyEscaped
	}
	if strings.ContainsAny(s, "<>") {
		return whyDisplay
	}
	for _, r := range s {
		switch {
		case r == '?' || r == utf8.RuneError:
			return whyLost
		case unicode.IsControl(r):
			return whyControl
		case unicode.IsSpace(r):
			return whyBlank
		case unicode.Is(unicode.Cf, r):
			return whyUnseen
		}
		if why := odd(r); why != "" {
			return why
		}
	}
	return ""
}

func oddInUPN(r rune) string {
	switch {
	case r == '%':
		return whyEncoded
	case r == '/' || r == '\\':
		return whyBackward
	case strings.ContainsRune(`"(),:;[]|`, r), symbol(r):
		return whyChar
	}
	return ""
}

// symbol reports whether a rune outside ASCII is neither letter nor digit.
func symbol(r rune) bool {
	return r > unicode.MaxASCII && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
}

// escaped reports whether a cell begins as one that was made safe for a spreadsheet.
func escaped(s string) bool {
	return len(s) > 1 && s[0] == '\'' && strings.IndexByte("=+-@\t\r", s[1]) >= 0
}

// checkDomain refuses every letter outside ASCII. Letters that only look like
// those of a domain are never folded into it.
func checkDomain(domain string) string {
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" {
			return whyDomain
		}
		for i := range len(label) {
			switch c := label[i]; {
			case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
			default:
				return whyDomain
			}
		}
	}
	return ""
}
