package job

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"offboard/batch"
	"offboard/batch/graphsim"
)

// nameFile is how a row of the table becomes a file, and how it is read.
type nameFile struct {
	header string
	key    string // --key
	blind  bool   // --no-resolve
}

var nameFiles = map[string]nameFile{
	"auto":            {"userPrincipalName", "auto", false},
	"auto, either":    {"memberObjectIdOrUpn", "auto", false},
	"auto, both":      {"id,userPrincipalName", "auto", false},
	"id":              {"id", "id", false},
	"upn":             {"userPrincipalName", "upn", false},
	"mail":            {"mail", "mail", false},
	"employee-id":     {"employeeId", "employee-id", false},
	"on-premises-upn": {"onPremisesUserPrincipalName", "on-premises-upn", false},
	"no-resolve":      {"memberObjectIdOrUpn", "auto", true},
}

// nameRow is a cell as it stands in the file, and what must come of it.
type nameRow struct {
	kind    string // of nameFiles
	name    string // what is special
	cell    string // as written, quotes included
	sent    string // the key in the URL of the one lookup; with no-resolve, of the revocation; "" when nothing is sent
	outcome batch.Outcome
	user    string // the UPN of the one user in the plan, who is revoked; "" for nobody
	reads   string // what the directory takes the key for, when it is not what was sent
}

// The URL of a lookup around what a row of the table says was sent.
const nameSelect = "$select=id,userPrincipalName,userType,externalUserState,creationType,accountEnabled,onPremisesSyncEnabled,signInSessionsValidFromDateTime,mail,employeeId,onPremisesUserPrincipalName"

// lookup is the body of the batch that looks the row up.
func (r nameRow) lookup() string {
	url := "/users" + r.sent + "?" + nameSelect
	if prop := map[string]string{"mail": "mail", "employee-id": "employeeId", "on-premises-upn": "onPremisesUserPrincipalName"}[r.kind]; prop != "" {
		url = "/users?$filter=" + prop + "%20eq%20%27" + r.sent + "%27&" + nameSelect + "&$top=5"
	}
	return `{"requests":[{"id":"1","method":"GET","url":"` + url + `","headers":{"Accept":"application/json"},"body":null,"dependsOn":[]}]}`
}

// revocation is the body of the batch that revokes the user of a key in a URL.
func revocation(key string) string {
	return `{"requests":[{"id":"1","method":"POST","url":"/users` + key + `/revokeSignInSessions","headers":{"Content-Type":"application/json"},"body":{},"dependsOn":[]}]}`
}

// Every shape of a name, from the cell of a file to the tenant's own log: what
// leaves is byte for byte as it should be, and the user who is meant is
// revoked, or nobody.
func TestNames(t *testing.T) {
	for _, row := range nameRows() {
		t.Run(row.kind+"/"+row.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				tenant := graphsim.New(graphsim.Config{StaticToken: "T", NoQuota: true})
				if err := tenant.Add(namesDirectory()...); err != nil {
					t.Fatal(err)
				}
				w := &nameWire{tenant: tenant, row: row}
				planned, lines := carryName(t, dir, w)

				var want []string // object ids
				if row.user != "" {
					u, ok := tenant.User(row.user)
					if !ok {
						t.Fatalf("the table wants %s, who is not in the directory", row.user)
					}
					want = []string{u.ID}
				}
				if wantPlan := inPlan(row, want); !slices.Equal(planned, wantPlan) {
					t.Errorf("in the plan are %q, want %q", planned, wantPlan)
				}
				if bodies := row.wire(want); !slices.Equal(w.bodies, bodies) {
					t.Errorf("sent\n%s\nwant\n%s", strings.Join(w.bodies, "\n"), strings.Join(bodies, "\n"))
				}
				if got := revokedIn(tenant); !slices.Equal(got, want) {
					t.Errorf("the tenant revoked %q, want %q", got, want)
				}
				if len(lines) != 1 || lines[0].Record.Outcome != row.outcome {
					t.Errorf("got %+v, want one line that ends %s", lines, row.outcome)
				}
				if s := tenant.Stats(); s.Invalid != 0 {
					t.Errorf("the tenant could not read a call: %+v", s)
				}
			})
		})
	}
}

// wire is what must leave, call by call, when the users with these ids are meant.
func (r nameRow) wire(ids []string) []string {
	var bodies []string
	blind := nameFiles[r.kind].blind
	switch {
	case r.sent == "":
		return nil
	case blind:
		return []string{revocation(r.sent)}
	}
	bodies = append(bodies, r.lookup())
	if r.outcome == batch.Invalid && r.kind != "auto, both" { // somebody else is the answer, which is asked for twice more
		bodies = append(bodies, r.lookup(), r.lookup())
	}
	for _, id := range ids {
		bodies = append(bodies, revocation("/"+id))
	}
	return bodies
}

// inPlan is what the plan knows the users with these ids by: without resolution
// what the file says.
func inPlan(r nameRow, ids []string) []string {
	if nameFiles[r.kind].blind && r.sent != "" {
		return []string{r.cell}
	}
	return ids
}

// revokedIn gives the keys of all writes that the tenant was asked for.
func revokedIn(tenant *graphsim.Tenant) []string {
	var users []string
	for _, e := range tenant.Log() {
		if e.Method != http.MethodGet {
			users = append(users, e.User)
		}
	}
	return users
}

// nameRows is the table.
func nameRows() []nameRow {
	const (
		ada, grace, guest = "ada@contoso.example", "grace@contoso.example", "ada_fabrikam.example#EXT#@contoso.example"
		adaSent           = "/ada%40contoso.example"
		lovelace          = "ada.lovelace%40contoso.example"

		revoked, ineffective, missing = batch.Revoked, batch.Ineffective, batch.NotFound
		invalid, ambiguous            = batch.Invalid, batch.Ambiguous
	)
	long := strings.Repeat("a", 1100)
	return []nameRow{
		{"auto, either", "object id", adaID, "/" + adaID, revoked, ada, ""},
		{"auto, either", "object id in upper case", strings.ToUpper(adaID), "/" + adaID, revoked, ada, ""},
		{"auto, either", "object id in quotes and blanks", "\" \u200b" + adaID + "\u00a0\"", "/" + adaID, revoked, ada, ""},
		{"auto, either", "object id in braces", "{" + adaID + "}", "/" + adaID, revoked, ada, ""},
		{"auto, either", "object id without hyphens", strings.ReplaceAll(adaID, "-", ""), "", invalid, "", ""},
		{"auto, either", "object id of another tenant", foreignID, "/" + foreignID, missing, "", ""},
		{"auto, either", "object id of zeros", noID, "", invalid, "", ""},
		{"auto, either", "object id with an invisible character inside", adaID[:20] + "\u200b" + adaID[20:], "", invalid, "", ""},
		{"auto, either", "object id with a digit more", adaID + "0", "", invalid, "", ""},
		{"auto, either", "object id, and the directory answers with another user", adaID, "/" + adaID, invalid, "", "/" + graceID},
		{"auto, either", "user principal name", ada, adaSent, revoked, ada, ""},

		{"auto", "other case", "ADA@Contoso.EXAMPLE", "/ADA%40Contoso.EXAMPLE", revoked, ada, ""},
		{"auto", "no-break and zero-width blanks around", "\u00a0\ufeffada@contoso.example\u200b\u00a0", adaSent, revoked, ada, ""},
		{"auto", "no-break blank inside", "ada\u00a0x@contoso.example", "", invalid, "", ""},
		{"auto", "zero-width blank inside", "a\u200bda@contoso.example", "", invalid, "", ""},
		{"auto", "soft hyphen inside", "a\u00adda@contoso.example", "", invalid, "", ""},
		{"auto", "variation selector inside", "ada\ufe0f@contoso.example", "/ada%EF%B8%8F%40contoso.example", missing, "", ""},
		{"auto", "variation selector, and the directory ignores it", "ada\ufe0f@contoso.example", "/ada%EF%B8%8F%40contoso.example", invalid, "", adaSent},
		{"auto", "line break inside", "\"ada\n@contoso.example\"", "", invalid, "", ""},
		{"auto", "Cyrillic a", "\u0430da@contoso.example", "", invalid, "", ""},
		{"auto", "Kelvin sign, which lower case folds into k", "ma\u212a@contoso.example", "", invalid, "", ""},
		{"auto", "fullwidth letters", "\uff41\uff44\uff41@contoso.example", "", invalid, "", ""},
		{"auto", "accent", "josé@contoso.example", "/jos%C3%A9%40contoso.example", revoked, "josé@contoso.example", ""},
		{"auto", "accent as a letter of its own", "jose\u0301@contoso.example", "/jose%CC%81%40contoso.example", missing, "", ""},
		{"auto", "accent, and the directory folds it", "josé@contoso.example", "/jos%C3%A9%40contoso.example", invalid, "", "/jose%40contoso.example"},
		{"auto", "Cyrillic o in the domain", "ada@c\u043entoso.example", "", invalid, "", ""},
		{"auto", "ideographic full stop", "ada@contoso\u3002example", "", invalid, "", ""},
		{"auto", "fullwidth at", "ada\uff20contoso.example", "", invalid, "", ""},
		{"auto", "domain of another tenant", "ada@fabrikam.example", "/ada%40fabrikam.example", missing, "", ""},
		{"auto", "dot after the domain", "ada@contoso.example.", "", invalid, "", ""},
		{"auto", "guest", guest, "/ada_fabrikam.example%23EXT%23%40contoso.example", ineffective, guest, ""},
		{"auto", "guest in lower case", strings.ToLower(guest), "/ada_fabrikam.example%23ext%23%40contoso.example", ineffective, guest, ""},
		{"auto", "guest who was not invited", "ina@contoso.example", "/ina%40contoso.example", revoked, "ina@contoso.example", ""},
		{"auto", "guest with a name like any other", "gus@contoso.example", "/gus%40contoso.example", ineffective, "gus@contoso.example", ""},
		{"auto", "guest without the tenant", "ada_fabrikam.example#EXT#", "", invalid, "", ""},
		{"auto", "hash and another name behind", "ada@contoso.example#@contoso.example", "", invalid, "", ""},
		{"auto", "hash inside", "ada#@contoso.example", "/ada%23%40contoso.example", missing, "", ""},
		{"auto", "dollar in front", "$ada@contoso.example", "('%24ada%40contoso.example')", revoked, "$ada@contoso.example", ""},
		{"auto", "dollar in front, and an apostrophe", "$o'b@contoso.example", "('%24o%27%27b%40contoso.example')", revoked, "$o'b@contoso.example", ""},
		{"auto", "dollar, and nobody of that name", "$grace@contoso.example", "('%24grace%40contoso.example')", missing, "", ""},
		{"auto", "apostrophe", "o'brien@contoso.example", "/o%27brien%40contoso.example", revoked, "o'brien@contoso.example", ""},
		{"auto", "two apostrophes", "o''brien@contoso.example", "/o%27%27brien%40contoso.example", revoked, "o''brien@contoso.example", ""},
		{"auto", "escaped for a spreadsheet", "'=ada@contoso.example", "", invalid, "", ""},
		{"auto", "apostrophe of a spreadsheet's text", "'ada@contoso.example", "/%27ada%40contoso.example", missing, "", ""},
		{"auto", "plus", "ada+x@contoso.example", "/ada%2Bx%40contoso.example", revoked, "ada+x@contoso.example", ""},
		{"auto", "percent-encoded at", "ada%40contoso.example", "", invalid, "", ""},
		{"auto", "percent-encoded hash", "ada_fabrikam.example%23EXT%23@contoso.example", "", invalid, "", ""},
		{"auto", "lost character", "jos?@contoso.example", "", invalid, "", ""},
		{"auto", "replacement character", "jos\ufffd@contoso.example", "", invalid, "", ""},
		{"auto", "comma in quotes", `"ada@contoso.example,grace@contoso.example"`, "", invalid, "", ""},
		{"auto", "semicolon in quotes", `"ada@contoso.example;grace@contoso.example"`, "", invalid, "", ""},
		{"auto", "escaped quotes", `"""ada""@contoso.example"`, "", invalid, "", ""},
		{"auto", "slash", "ada/revokeSignInSessions@contoso.example", "", invalid, "", ""},
		{"auto", "backslash", `CONTOSO\ada`, "", invalid, "", ""},
		{"auto", "dots and slashes", "x@contoso.example/../ada@contoso.example", "", invalid, "", ""},
		{"auto", "ampersand", "a&b@contoso.example", "/a%26b%40contoso.example", revoked, "a&b@contoso.example", ""},
		{"auto", "an option behind an ampersand", "ada&$select=id@contoso.example", "/ada%26%24select%3Did%40contoso.example", missing, "", ""},
		{"auto", "a quote that closes", "x') or (1 eq 1@contoso.example", "", invalid, "", ""},
		{"auto", "me", "me", "", invalid, "", ""},
		{"auto", "the SDK's word for me", "me-token-to-replace", "", invalid, "", ""},
		{"auto", "the SDK's word for me, as a name", "me-token-to-replace@contoso.example", "/me-token-to-replace%40contoso.example", revoked, "me-token-to-replace@contoso.example", ""},
		{"auto", "empty", "", "", invalid, "", ""},
		{"auto", "long", long + "@contoso.example", "", invalid, "", ""},
		{"auto", "formula", "=1+3", "", invalid, "", ""},
		{"auto", "formula with an at", "=ada@contoso.example", "", invalid, "", ""},
		{"auto", "name and brackets", "Ada <ada@contoso.example>", adaSent, revoked, ada, ""},
		{"auto", "mailto", "mailto:ada@contoso.example", adaSent, revoked, ada, ""},
		{"auto", "an alias, and the directory answers with its user", "countess@contoso.example", "/countess%40contoso.example", invalid, "", adaSent},

		{"auto, both", "they agree", adaID + ",Ada@contoso.example", "/" + adaID, revoked, ada, ""},
		{"auto, both", "the name is the manager's", adaID + ",grace@contoso.example", "/" + adaID, invalid, "", ""},
		{"auto, both", "the object id is of another tenant", foreignID + ",ada@contoso.example", "/" + foreignID, missing, "", ""},
		{"auto, both", "no object id", ",ada@contoso.example", adaSent, revoked, ada, ""},
		{"auto, both", "they changed places", "ada@contoso.example," + adaID, "", invalid, "", ""},

		{"id", "object id", strings.ToUpper(adaID), "/" + adaID, revoked, ada, ""},
		{"id", "user principal name", ada, "", invalid, "", ""},
		{"upn", "user principal name", ada, adaSent, revoked, ada, ""},
		{"upn", "object id", adaID, "", invalid, "", ""},
		{"upn", "mail address", "ada.lovelace@contoso.example", "/" + lovelace, missing, "", ""},

		{"mail", "mail address", "ada.lovelace@contoso.example", lovelace, revoked, ada, ""},
		{"mail", "other case, blanks around", "\u00a0Ada.Lovelace@CONTOSO.example ", "Ada.Lovelace%40CONTOSO.example", revoked, ada, ""},
		{"mail", "a user principal name that is nobody's mail", ada, "ada%40contoso.example", missing, "", ""},
		{"mail", "another user's user principal name", "carol@contoso.example", "carol%40contoso.example", revoked, "bob@contoso.example", ""},
		{"mail", "of two users", "team@contoso.example", "team%40contoso.example", ambiguous, "", ""},
		{"mail", "a guest's own", "ada@fabrikam.example", "ada%40fabrikam.example", ineffective, guest, ""},
		{"mail", "plus", "ada+x@contoso.example", "ada%2Bx%40contoso.example", revoked, "ada+x@contoso.example", ""},
		{"mail", "apostrophe", "pat.o'brien@contoso.example", "pat.o%27%27brien%40contoso.example", revoked, "o'brien@contoso.example", ""},
		{"mail", "two apostrophes", "pat.o''brien@contoso.example", "pat.o%27%27%27%27brien%40contoso.example", revoked, "o''brien@contoso.example", ""},
		{"mail", "ampersand", "a&b@contoso.example", "a%26b%40contoso.example", revoked, "a&b@contoso.example", ""},
		{"mail", "slash, and a percent sign of its own", "s/a%40m@contoso.example", "s%2Fa%2540m%40contoso.example", revoked, "sam@contoso.example", ""},
		{"mail", "percent-encoded at", "ada.lovelace%40contoso.example", "", invalid, "", ""},
		{"mail", "a condition of its own", "x'or'1'eq'1@contoso.example", "x%27%27or%27%271%27%27eq%27%271%40contoso.example", revoked, "sql@contoso.example", ""},
		{"mail", "Kelvin sign", "ma\u212a@contoso.example", "", invalid, "", ""},
		{"mail", "Cyrillic o in the domain", "ada.lovelace@c\u043entoso.example", "", invalid, "", ""},
		{"mail", "lost character", "ada.lovelac?@contoso.example", "", invalid, "", ""},
		{"mail", "object id", adaID, "", invalid, "", ""},
		{"mail", "long", long[:241] + "@contoso.example", "", invalid, "", ""},
		{"mail", "another address, and the directory answers with its user", "countess@contoso.example", "countess%40contoso.example", invalid, "", lovelace},

		{"employee-id", "leading zeros", "00042", "00042", revoked, ada, ""},
		{"employee-id", "without zeros", "42", "42", revoked, "eve@contoso.example", ""},
		{"employee-id", "a zero more", "000042", "000042", missing, "", ""},
		{"employee-id", "the zeros, and the directory drops them", "00042", "00042", invalid, "", "42"},
		{"employee-id", "blanks around", "\u00a0\u200b00042 ", "00042", revoked, ada, ""},
		{"employee-id", "blank inside", "000 42", "000%2042", missing, "", ""},
		{"employee-id", "invisible character inside", "000\u200b42", "", invalid, "", ""},
		{"employee-id", "differs in case only", "e7A", "e7A", invalid, "", ""},
		{"employee-id", "two that differ in case only", "K9", "K9", ambiguous, "", ""},
		{"employee-id", "a condition of its own", "') or (1 eq 1", "%27%27%29%20or%20%281%20eq%201", revoked, "sql@contoso.example", ""},
		{"employee-id", "an option of its own", "7&$top=999", "7%26%24top%3D999", revoked, "top@contoso.example", ""},
		{"employee-id", "hash", "7#8", "7%238", missing, "", ""},
		{"employee-id", "dots and slash", "../me", "..%2Fme", revoked, "sam@contoso.example", ""},
		{"employee-id", "me", "me", "me", missing, "", ""},
		{"employee-id", "question mark", "?2", "%3F2", missing, "", ""},
		{"employee-id", "formula", "=1+3", "", invalid, "", ""},
		{"employee-id", "formula that keeps zeros", `"=""00042"""`, "00042", revoked, ada, ""},
		{"employee-id", "rounded by a spreadsheet", "1.23457E+15", "", invalid, "", ""},
		{"employee-id", "comma in quotes", `"1,001"`, "1%2C001", missing, "", ""},
		{"employee-id", "a digit more than Entra keeps", "12345678901234567", "", invalid, "", ""},
		{"employee-id", "fullwidth digits, and the directory folds them", "\uff14\uff12", "%EF%BC%94%EF%BC%92", invalid, "", "42"},
		{"employee-id", "object id", adaID, "", invalid, "", ""},
		{"employee-id", "a word for none, which somebody has", "N/A", "", invalid, "", ""},
		{"employee-id", "a spreadsheet's word for none", "#N/A", "", invalid, "", ""},
		{"employee-id", "zero for none, which somebody has", "0", "", invalid, "", ""},

		{"on-premises-upn", "on-premises name", "ada@corp.local", "ada%40corp.local", revoked, ada, ""},
		{"on-premises-upn", "other case", "ADA@corp.LOCAL", "ADA%40corp.LOCAL", revoked, ada, ""},
		{"on-premises-upn", "another user's user principal name", ada, "ada%40contoso.example", revoked, "eve@contoso.example", ""},
		{"on-premises-upn", "apostrophe", "o'brien@corp.local", "o%27%27brien%40corp.local", revoked, "o'brien@contoso.example", ""},
		{"on-premises-upn", "plus", "ada+x@corp.local", "ada%2Bx%40corp.local", revoked, "ada+x@contoso.example", ""},
		{"on-premises-upn", "of two users", "team@corp.local", "team%40corp.local", ambiguous, "", ""},
		{"on-premises-upn", "Kelvin sign", "ma\u212a@corp.local", "", invalid, "", ""},
		{"on-premises-upn", "another name, and the directory answers with its user", "countess@corp.local", "countess%40corp.local", invalid, "", "ada%40corp.local"},
		{"on-premises-upn", "name of the older kind", `CORP\ada`, "", invalid, "", ""},

		{"no-resolve", "object id", adaID, "/" + adaID, revoked, ada, ""},
		{"no-resolve", "user principal name", ada, adaSent, revoked, ada, ""},
		{"no-resolve", "guest", guest, "/ada_fabrikam.example%23EXT%23%40contoso.example", ineffective, guest, ""},
		{"no-resolve", "dollar in front, and an apostrophe", "$o'b@contoso.example", "('%24o%27%27b%40contoso.example')", revoked, "$o'b@contoso.example", ""},
		{"no-resolve", "plus", "ada+x@contoso.example", "/ada%2Bx%40contoso.example", revoked, "ada+x@contoso.example", ""},
		{"no-resolve", "Kelvin sign", "ma\u212a@contoso.example", "", invalid, "", ""},
		{"no-resolve", "variation selector inside", "ada\ufe0f@contoso.example", "", invalid, "", ""},
		{"no-resolve", "me", "me", "", invalid, "", ""},
	}
}
