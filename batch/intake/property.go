package intake

import (
	"slices"
	"strings"
	"unicode"
)

// properties are the headers that --key knows beside those of id and upn. A
// header that may be a private address ("Primary Work or Primary Home"), or an
// id within some other program ("Person ID"), is none of them.
var properties = map[kind]map[string]alias{
	mailKind: index([]alias{
		{"mail", mailKind},
		{"email", mailKind},
		{"mailAddress", mailKind},
		{"emailAddress", mailKind},
		{"userMail", mailKind},
		{"userEmail", mailKind},
		{"employeeEmail", mailKind},
		{"workMail", mailKind},
		{"workEmail", mailKind},
		{"workEmailAddress", mailKind},
		{"emailWork", mailKind},
		{"businessEmail", mailKind},
		{"businessEmailAddress", mailKind},
		{"companyEmail", mailKind},
		{"corporateEmail", mailKind},
		{"primarySmtpAddress", mailKind},
	}),
	employeeKind: index([]alias{
		{"employeeId", employeeKind},
		{"employeeNumber", employeeKind},
		{"employeeNo", employeeKind},
		{"empId", employeeKind},
		{"empNumber", employeeKind},
		{"empNo", employeeKind},
		{"personnelId", employeeKind},
		{"personnelNumber", employeeKind},
		{"personnelNo", employeeKind},
		{"staffId", employeeKind},
		{"staffNumber", employeeKind},
		{"staffNo", employeeKind},
		{"workerId", employeeKind},
	}),
	onPremisesKind: index([]alias{
		{"onPremisesUserPrincipalName", onPremisesKind},
		{"onPremisesUpn", onPremisesKind},
		{"onPremUserPrincipalName", onPremisesKind},
		{"onPremUpn", onPremisesKind},
		{"adUserPrincipalName", onPremisesKind},
		{"adUpn", onPremisesKind},
		{"activeDirectoryUpn", onPremisesKind},
	}),
}

// hints are parts of headers that may be of the kind. They choose nothing: the
// columns are listed for the person to choose from.
var hints = map[kind][]string{
	mailKind:       {"mail", "smtp"},
	employeeKind:   {"employee", "personnel", "staff", "worker"},
	onPremisesKind: {"upn", "principalname"},
}

// alike gives the headers that may be of the kind, or be somebody else's.
func alike(header []string, k kind) []string {
	var found []string
	for _, h := range header {
		if slices.ContainsFunc(hints[k], func(part string) bool {
			return strings.Contains(strings.ToLower(h), part) || strings.Contains(normalise(h), part)
		}) {
			found = append(found, h)
		}
	}
	return found
}

// nameless reports whether what stands in a column of employee ids is surely a
// line beside the rows, or another header. Any short text can be an employee
// id, so the usual check lets all of those through.
func (r *Reader) nameless(text string) bool {
	if _, ok := properties[employeeKind][normalise(text)]; ok || kindOf(text) != noKind {
		return true
	}
	return isExample([]string{text}) || noteOf(r.feed.record()) != nil || slices.Contains(r.names, normalise(text))
}

// idLike reports whether a cell looks like an employee id: nothing but letters,
// digits and hyphens, with a digit among them.
func idLike(s string) bool {
	odd := func(c rune) bool { return c != '-' && !unicode.IsLetter(c) && !unicode.IsDigit(c) }
	return checkEmployeeID(s) == "" && strings.ContainsAny(s, "0123456789") && !strings.ContainsFunc(s, odd)
}
