package intake

import (
	"fmt"
	"strings"
	"testing"
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
		{"UPN|user name", "", "more than one column could"},
		{"UPN|upn", "", "more than one column could"},
		{"id|objectId|UPN", "", "more than one column could"},
		{"memberObjectIdOrUpn|id", "", "more than one column could"},
		{"a@contoso.example|x", "", "the header is missing"},
		{"3f2504e0-4f89-41d3-9a0c-0305e82c3301", "", "the header is missing"},
		{"Date|Service principal ID", "", "service principals"},
		{"Id|Service principal ID", "", "service principals"},
		{"User ID|Username|Service principal ID", "", "id@0 upn@1"},

		{"mail|UPN|id", "mail", "id or upn@0"},
		{"mail|UPN|id", " MAIL ", "id or upn@0"},
		{"Work E-mail|UPN", "work_email", "id or upn@0"},
		{"User name [userPrincipalName] Required", "userPrincipalName", "id or upn@0"},
		{"mail|Mail", "mail", "id or upn@0"},
		{"mail|Mail", "MAIL", "more than one column \"MAIL\""},
		{"mail|mail", "mail", "more than one column \"mail\""},
		{"mail|UPN", "manager", "no column \"manager\""},
		{"--|UPN", "--", "id or upn@0"},
		{"--|UPN", "!!", "no column \"!!\""},
		{"a@contoso.example|x", "mail", "the header is missing"},
		{"mail|UPN", "  ", "upn@1"},
	} {
		w, err := Options{Column: c.option}.wants()
		if err != nil {
			t.Fatal(err)
		}
		found, bad := choose(strings.Split(c.header, "|"), w)
		var got []string
		for _, col := range found.columns {
			got = append(got, fmt.Sprintf("%v@%d", col.kind, col.index))
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

func TestHeaderErrorShowsNoData(t *testing.T) {
	_, bad := choose([]string{"a@contoso.example", "hunter2"}, wants{})
	if bad == nil || strings.Contains(bad.Error(), "hunter2") || strings.Contains(bad.Error(), "@") {
		t.Error(bad)
	}
}

func TestHeaderErrorText(t *testing.T) {
	e := &HeaderError{Line: 2, Columns: []string{"a", "b"}, Matched: []string{"a"}, Reason: "why"}
	if got, want := e.Error(), `line 2: why; matched: "a"; columns seen: "a", "b"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	many := &HeaderError{Columns: make([]string, 150)}
	if got := many.Error(); !strings.HasSuffix(got, "and 50 more") {
		t.Error(got)
	}
}
