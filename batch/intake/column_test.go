package intake

import (
	"fmt"
	"strings"
	"testing"

	"offboard/batch"
)

func TestChoose(t *testing.T) {
	for _, c := range []struct{ header, option, want string }{
		{"userPrincipalName", "", "upn@0"},
		{"a|UPN|b", "", "upn@1"},
		{"id|b|UPN", "", "id@0 upn@2"},
		{"UPN|id", "", "upn@0 id@1"},
		{"memberObjectIdOrUpn|name", "", "id or upn@0"},
		{"User|User ID|Username|Incoming token type|Incoming token type", "", "id@1 upn@2"},
		{"manager|manager|upn", "", "upn@2"},

		{"", "", "no column is known"},
		{"mail|manager", "", "no column is known"},
		{"UPN|user name", "", "upn@0 upn@1"}, // one when the cells are alike; see TestTwinColumns
		{"UPN|upn", "", "upn@0 upn@1"},
		{"id|objectId|UPN", "", "id@0 id@1 upn@2"},
		{"memberObjectIdOrUpn|id", "", "id or upn@0 id@1"},
		{"a@contoso.example|x", "", "the header is missing"},
		{"3f2504e0-4f89-41d3-9a0c-0305e82c3301", "", "the header is missing"},
		{"Date|Service principal ID", "", "service principals"},
		{"Id|Service principal ID", "", "service principals"},
		{"User ID|Username|Service principal ID", "", "id@0 upn@1"},

		{"x|UPN|id", "x", "id or upn@0 (upn@1) (id@2)"},
		{"x|UPN|id", " X ", "id or upn@0 (upn@1) (id@2)"},
		{"x-y|UPN", "x_y", "id or upn@0 (upn@1)"},
		{"UPN|id|mail", "upn", "id or upn@0 (id@1) (mail@2)"},
		{"User name [userPrincipalName] Required", "userPrincipalName", "id or upn@0"},
		{"x|X", "x", "id or upn@0"},
		{"mail|Mail", "MAIL", "more than one column \"MAIL\""},
		{"mail|mail", "mail", "more than one column \"mail\""},
		{"mail|UPN", "manager", "no column \"manager\""},
		{"--|UPN", "--", "id or upn@0 (upn@1)"},
		{"Name!|UPN", "name", "no column \"name\""},
		{"Name|UPN", "Name!", "no column \"Name!\""},
		{"Name (2)|UPN", "name 2", "no column \"name 2\""},
		{"N. A-m_e|UPN", "na me", "id or upn@0 (upn@1)"},
		{"Manager [mail]|UPN", "mail", "no column \"mail\""},
		{"--|UPN", "!!", "no column \"!!\""},
		{"a@contoso.example|x", "mail", "the header is missing"},
		{"mail|UPN|Manager mail|Employee ID", "  ", "(mail@0) upn@1 (employee-id@3)"},
		{"Manager [mail]|UPN|Personal e-mail", "", "upn@1"},
	} {
		opt, err := Options{Column: c.option}.parse()
		if err != nil {
			t.Fatal(err)
		}
		found := chooseColumns(strings.Split(c.header, "|"), opt)
		bad := found.bad
		var got []string
		for _, col := range found.columns {
			form := "%v@%d"
			if !col.names {
				form = "(%v@%d)"
			}
			got = append(got, fmt.Sprintf(form, col.key, col.index))
		}
		text := strings.Join(got, " ")
		if bad != nil {
			text = bad.Error()
		}
		if bad == nil && text != c.want || bad != nil && !strings.Contains(text, c.want) {
			t.Errorf("choose(%q, %q) = %s, want %s", c.header, c.option, text, c.want)
		}
	}
}

// A column that holds mail addresses or employee ids by its name is not read as one
// of user principal names until somebody says so.
func TestColumnOfAnotherKindNeedsKey(t *testing.T) {
	for header, want := range map[string]string{
		"mail":        "holds mail addresses: add --key mail, or add --key upn or --key id if it holds user principal names or object ids",
		"Work E-mail": "--key mail", "Personnel No.": "--key employee-id", "AD UPN": "--key on-premises-upn",
		"Manager mail": "--key mail", "E-Mail (geschäftlich)": "--key mail", "Personalnummer": "--key employee-id", "x": "", "User name": "",
	} {
		_, err := open(text(header+",UPN\n"), Options{Column: header})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", header, err, want)
		}
		if _, err := open(text(header+",UPN\n"), Options{Column: header, Key: batch.ByUPN}); err != nil {
			t.Errorf("%q with --key upn: %v", header, err)
		}
	}
}

func TestInputErrorShowsNoData(t *testing.T) {
	bad := chooseColumns([]string{"a@contoso.example", "hunter2"}, parsedOptions{}).bad
	if bad == nil || strings.Contains(bad.Error(), "hunter2") || strings.Contains(bad.Error(), "@") {
		t.Error(bad)
	}
}

func TestInputErrorText(t *testing.T) {
	e := columnError("why", []string{"a", "b"}, []string{"a"})
	e.Line = 2
	if got, want := e.Error(), `line 2: why; matched: "a"; columns seen: "a", "b"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	many := columnError("why", make([]string, 150), nil)
	if got := many.Error(); !strings.HasSuffix(got, "and 50 more") {
		t.Error(got)
	}
}
