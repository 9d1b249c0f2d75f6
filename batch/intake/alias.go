package intake

import (
	"strings"

	"offboard/batch"
)

// alias is a header by which a column is recognised.
type alias struct {
	name string    // as its usual source writes it; "" for no alias
	key  batch.Key // what the cells below it are
}

// aliases are all headers that are known, by their normal form. A header that may be
// a private address ("Primary Work or Primary Home"), or an id within some other
// program ("Person ID"), is none of them.
var aliases = aliasesOf(map[batch.Key][]string{
	batch.ByID: {
		"id", "userId", "objectId", "userObjectId", "memberObjectId", "accountObjectId",
		"azureAdObjectId", "azureAdUserId", "aadObjectId", "aadUserId", "entraObjectId", "entraUserId",
		"externalDirectoryObjectId",
	},
	batch.ByUPN: {
		"userPrincipalName", "upn", "userUpn", "accountUpn", "user name", "sign-in name",
	},
	idOrUPN: {
		"memberObjectIdOrUpn", "memberObjectIdOrUserPrincipalName", "objectIdOrUpn", "idOrUpn",
	},
	batch.ByMail: {
		"mail", "email", "mailAddress", "emailAddress", "userMail", "userEmail", "employeeEmail",
		"workMail", "workEmail", "workEmailAddress", "emailWork", "businessEmail", "businessEmailAddress",
		"companyEmail", "corporateEmail", "primarySmtpAddress",
	},
	batch.ByEmployeeID: {
		"employeeId", "employeeNumber", "employeeNo", "empId", "empNumber", "empNo",
		"personnelId", "personnelNumber", "personnelNo", "staffId", "staffNumber", "staffNo", "workerId",
	},
	batch.ByOnPremisesUPN: {
		"onPremisesUserPrincipalName", "onPremisesUpn", "onPremUserPrincipalName", "onPremUpn",
		"adUserPrincipalName", "adUpn", "activeDirectoryUpn",
	},
})

func aliasesOf(names map[batch.Key][]string) map[string]alias {
	all := map[string]alias{}
	for key, headers := range names {
		for _, h := range headers {
			all[normalise(h)] = alias{h, key}
		}
	}
	return all
}

// sharedHeaders are headers, in normal form, that other things have, too. In such a column
// beside those that name the users, a cell that is not of the key's form says nothing.
var sharedHeaders = []string{"id", "userid", "username", "signinname"}

// otherPeople are words around a [property] that make it somebody else's, or one that
// the user had before.
var otherPeople = []string{"manager", "supervisor", "sponsor", "assistant", "delegate", "owner", "partner", "personal", "private", "previous", "former"}

// recognise gives the alias that a header is, or the zero alias.
func recognise(header string) alias {
	if property(header) != "" && containsAny(strings.ToLower(header), otherPeople) {
		return alias{}
	}
	return aliases[normalise(header)]
}

// hints are parts of headers whose columns may have the key. They choose nothing: the
// columns are listed for the person to choose from.
var hints = map[batch.Key][]string{
	batch.ByMail:          {"mail", "smtp"},
	batch.ByEmployeeID:    {"employee", "personnel", "staff", "worker"},
	batch.ByOnPremisesUPN: {"upn", "principalname"},
}

// hinted gives the headers whose columns may have the key, of the users or of other
// people.
func hinted(header []string, k batch.Key) []string {
	var found []string
	for _, h := range header {
		if containsAny(strings.ToLower(h), hints[k]) || containsAny(normalise(h), hints[k]) {
			found = append(found, h)
		}
	}
	return found
}

func containsAny(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}
