package intake

import (
	"strings"
	"unicode"
)

// alias is a header by which a column is recognised.
type alias struct {
	name string // as its usual source writes it
	kind kind
}

// aliases are all that are known without --key. Mail addresses are none: a mail
// address is not a user principal name, even where the two are alike for most
// people.
var aliases = index([]alias{
	{"id", idKind},
	{"userId", idKind},
	{"objectId", idKind},
	{"userObjectId", idKind},
	{"memberObjectId", idKind},
	{"accountObjectId", idKind},
	{"azureAdObjectId", idKind},
	{"azureAdUserId", idKind},
	{"aadObjectId", idKind},
	{"aadUserId", idKind},
	{"entraObjectId", idKind},
	{"entraUserId", idKind},
	{"externalDirectoryObjectId", idKind},

	{"userPrincipalName", upnKind},
	{"upn", upnKind},
	{"userUpn", upnKind},
	{"accountUpn", upnKind},
	{"user name", upnKind},
	{"sign-in name", upnKind},

	{"memberObjectIdOrUpn", eitherKind},
	{"memberObjectIdOrUserPrincipalName", eitherKind},
	{"objectIdOrUpn", eitherKind},
	{"idOrUpn", eitherKind},
})

// loose are the headers, normalised, by which other things are called, too. In a
// column that does not name the users, a cell that has not the form says nothing.
var loose = []string{"id", "userid", "username", "signinname"}

func index(all []alias) map[string]alias {
	m := make(map[string]alias, len(all))
	for _, a := range all {
		m[normalise(a.name)] = a
	}
	return m
}

// others are words around a [property] that make it somebody else's.
var others = []string{"manager", "supervisor", "sponsor", "assistant", "delegate", "owner", "partner", "personal", "private", "previous", "former"}

// recognise gives the alias that a header or a cell is, if it is one.
func recognise(header string) (alias, bool) { return among(aliases, header) }

// among looks a header up, and takes none that the words around a [property]
// make somebody else's.
func among(known map[string]alias, header string) (alias, bool) {
	a, ok := known[normalise(header)]
	if ok && property(header) != "" {
		around := strings.ToLower(header)
		for _, w := range others {
			if strings.Contains(around, w) {
				return alias{}, false
			}
		}
	}
	return a, ok
}

// recogniseAny gives the alias of any kind that a header is, if it is one.
func recogniseAny(header string) (alias, bool) {
	if a, ok := recognise(header); ok {
		return a, true
	}
	for _, known := range properties {
		if a, ok := among(known, header); ok {
			return a, true
		}
	}
	return alias{}, false
}

// recognised reports whether a header is one by which users are named.
func recognised(header string) bool {
	_, ok := recogniseAny(header)
	return ok
}

// kindOf is the kind of the alias that s is, or noKind.
func kindOf(s string) kind {
	a, _ := recognise(s)
	return a.kind
}

// normalise takes away what differs between two ways to write a header: case,
// blanks, punctuation, invisible characters, and the words around a [property].
func normalise(header string) string {
	if p := property(header); p != "" {
		header = p
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return r
	}, fold(header))
}

// property is the text of the last brackets in a header if it is one plain
// word, as in "User name [userPrincipalName] Required".
func property(header string) string {
	end := strings.LastIndexByte(header, ']')
	if end < 0 {
		return ""
	}
	start := strings.LastIndexByte(header[:end], '[')
	if start < 0 {
		return ""
	}
	word := header[start+1 : end]
	for _, r := range word {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return ""
		}
	}
	return word
}
