package intake

import (
	"fmt"
	"strings"
	"testing"

	"offboard/batch"
	"offboard/batch/intake/source"
	"offboard/batch/intake/vocab"
)

// TestMeaning holds what cells mean that other programs have written, and what is said of
// those that name nobody. A wanted text that begins with ! is a part of the reason.
func TestMeaning(t *testing.T) {
	const up, hex = "3F2504E0-4F89-41D3-9A0C-0305E82C3301", "8D0A1D6E0C9A4B9E9F1E2D3C4B5A6978"
	const (
		claim     = "a claim of SharePoint of a kind that holds no user principal name: export the column UserPrincipalName or Email"
		concealed = "32 hexadecimal digits, which may be an object id without its hyphens, or the concealed name of a usage report of Microsoft 365: export"
		formatted = "PowerShell's text for the screen, and not the value: export again with | Select-Object Id, UserPrincipalName | Export-Csv"
		cut       = "the value is cut off at its end: export again with whole values, in PowerShell with Export-Csv and not with Format-Table"
	)
	for _, c := range []struct {
		keys string // of columns, with commas between them
		cell string
		want string
	}{
		// A formula that guards a text.
		{"employee-id", `="0010411"`, "0010411"},
		{"employee-id", `=""0010411""`, "0010411"},
		{"employee-id", `="E-4 7"`, "E-4 7"},
		{"employee-id", `'="0010411"`, "0010411"},
		{"employee-id", "'=0010411", "!" + whyEscaped},
		{"upn,mail,id or upn", `="ada@x"`, "ada@x"},
		{"upn,mail", `="SMTP:ada@x"`, "ada@x"},
		{"id,id or upn", `="` + up + `"`, up},
		{"employee-id", `="1.23E+10"`, "!" + whyScientific},
		{"employee-id", `="n/a"`, "!" + whyNoneID},
		{"employee-id", `=""`, "!" + whyFormula},
		{"employee-id", `=""&A1&""`, "!" + whyFormula},
		{"employee-id", `=""+1+""`, "!" + whyFormula},
		{"employee-id", `="1"&"2"`, "!" + whyFormula},
		{"employee-id", `="1`, "!" + whyFormula},
		{"employee-id", `=A1`, "!" + whyFormula},
		{"upn,mail", `=HYPERLINK("mailto:ada@x","ada@x")`, "!" + whyFormula},
		{"upn,mail", `=ada@x`, "!" + whyFormula},

		// What says of an address that it is one.
		{"upn,mail,on-premises-upn", "mailto:ada@x", "ada@x"},
		{"upn,mail,id or upn", "SMTP:ada@x", "ada@x"},
		{"upn,mail", "smtp: Ada@x", "Ada@x"},
		{"upn", "sip:ada@x", "ada@x"},
		{"upn,mail", "i:0#.f|membership|ada@x", "ada@x"},
		{"upn,mail", `AzureAD\ada@x`, "ada@x"},
		{"upn,mail", `"ada@x"`, "ada@x"},
		{"upn,mail", `'ada@x'`, "ada@x"},
		{"upn", `AzureAD\AdaLund`, "!" + whySlash},
		{"upn", `CONTOSO\ada`, "!" + whySlash},
		{"upn", `CONTOSO\ada@x`, "!" + whySlash},
		{"upn", `i:0#.w|contoso\ada`, "!" + claim},
		{"mail", "i:0#.f|membership|urn%3aspo%3aguest#ada@x", "!" + claim},
		{"upn,mail", "i:0h.f|membership|10033fff80123456@live.com", "!a claim of SharePoint with an internal number (PUID)"},
		{"upn,mail", "c:0-.f|rolemanager|spo-grid-all-users/3f2504e0", "!a claim of SharePoint for a group, a role or everybody, and no user"},
		{"upn,mail", "X500:/o=First/cn=ada", "!an address of another kind (X500, X400, EUM or SPO)"},

		// The person's name beside the address.
		{"upn,mail,id or upn", "Lena Fors <lena@x>", "lena@x"},
		{"upn,mail", `"Fors, Lena" <lena@x>`, "lena@x"},
		{"upn,mail", "Fors, Lena <lena@x>", "lena@x"},
		{"upn,mail", "<lena@x>", "lena@x"},
		{"upn,mail", "lena@x <mailto:lena@x>", "lena@x"},
		{"upn,mail", "Lena <SMTP:lena@x>", "lena@x"},
		{"upn,mail", "Åse Ø <lena@x>", "lena@x"},
		{"upn,mail", "lena@x (Lena Fors)", "lena@x"},
		{"upn,mail", "piet@x (Piet van der Berg)", "piet@x"},
		{"upn,mail", "lena@x <LENA@X>", "lena@x"},
		{"upn", "lena@x (left)", "!" + whyBlank},
		{"upn", "lena@x (still here)", "!" + whyBlank},
		{"upn", "lena@x (DO NOT REVOKE)", "!" + whyBlank},
		{"upn", "lena@x (On Leave)", "!" + whyBlank},
		{"upn", "lena@x (2)", "!" + whyBlank},
		{"upn,mail", "Omar Haddad (omar@x)", "omar@x"},
		{"upn", "Omar Haddad (his manager bob@x)", "!" + whyBlank},
		{"upn", "reports to (bob@x)", "!" + whyBlank},
		{"upn", "Manager: Bob <bob@x>", "!" + whyDisplay},
		{"upn", "not Bob <bob@x>", "!" + whyDisplay},
		{"upn", "Ada; Bob <bob@x>", "!" + whyDisplay},
		{"upn", "Bob <bob@x> left", "!" + whyDisplay},
		{"upn", "lena bob@x", "!" + whyBlank},

		// Several names.
		{"upn,mail", "SMTP:a@x;smtp:c@x", "!holds two names, a@x and c@x: write each on a line of its own"},
		{"upn,mail", "a@x, c@x", "!holds two names, a@x and c@x"},
		{"upn,mail", "A <a@x>, C <c@x>", "!holds two names, a@x and c@x"},
		{"upn,mail", "a@x (c@x)", "!holds two names, a@x and c@x"},
		{"upn", "a@x;b@x;c@x", "!holds 3 names, a@x, b@x and 1 more"},
		{"upn,mail", "SMTP:a@x;sip:A@X", "a@x"},
		{"upn", "a@x;", "a@x"},
		{"upn,id or upn", "a@x;b", "!" + "holds a character that no user principal name has" + `: ";"`},

		// Object ids.
		{"id,id or upn", "{" + up + "}", up},
		{"id", "urn:uuid:" + up, up},
		{"id", "URN:UUID:{" + up + "}", up},
		{"upn", "{" + up + "}", "!" + whyUPNisID},
		{"mail", "{" + up + "}", "!" + whyKeyIsID},
		{"id", "{00000000-0000-0000-0000-000000000000}", "!" + whyZeroID},
		{"id", strings.ReplaceAll(up, "-", ""), "!" + concealed},
		{"id", "<ada@x>", "!" + whyNotID},

		// What is no name of a user.
		{"upn,mail,id or upn,employee-id", hex, "!" + concealed},
		{"upn,id,mail,employee-id", "PyUE4E+JQdOaDAMF6CwzAQ==", "!an immutable id (the sourceAnchor"},
		{"upn,id", "S-1-5-21-1004336348-1177238915-682003330-512", "!a security identifier (SID): export"},
		{"upn,id", "S-1-12-1-1234567890-1234567890-1234567890-1234567890", "!a security identifier (SID) of Entra"},
		{"upn,id,mail", "CN=Ada Lund,OU=Staff,DC=contoso,DC=example", "!a distinguished name"},
		{"upn", "alund", "!" + "not a user principal name: there is no @"},

		// What PowerShell shows instead of a value.
		{"upn,mail", "UserPrincipalName : ada@x", "!" + formatted},
		{"upn,id,employee-id", "@{UserPrincipalName=ada@x}", "!" + formatted},
		{"upn,id,employee-id", "System.Object[]", "!" + formatted},
		{"upn", "{ada@x, bob@x}", "!" + formatted},
		{"upn,mail", "ada.lund@contoso.exa...", "!" + cut},
		{"upn,mail,employee-id", "ada.lund@con…", "!" + cut},
		{"id", "3f2504e0-4f89-41d3-9a0c-030...", "!" + cut},

		// Characters that look like others.
		{"upn,mail", "ad\u0430@x", "!holds \u0430 (U+0430, CYRILLIC SMALL LETTER A), a letter of another script among Latin ones: type the name anew"},
		{"upn", "Ada <ad\u0430@x>", "!holds \u0430 (U+0430, CYRILLIC SMALL LETTER A), a letter of another script"},
		{"upn", "ada.\u0436@x", "!holds \u0436 (U+0436, CYRILLIC SMALL LETTER ZHE), a letter of another script among Latin ones"},
		{"upn", "\uff41da@x", "!holds \uff41 (U+FF41, FULLWIDTH LATIN SMALL LETTER A), which looks like an ASCII letter: type"},
		{"upn", "ada@c\u043entoso.example", "!" + whyDomain + ": it holds \u043e (U+043E, CYRILLIC SMALL LETTER O)"},
		{"upn", "ada\uff20x", "!" + "holds a character that no user principal name has" + ": \uff20 (U+FF20, FULLWIDTH COMMERCIAL AT)"},
		{"mail", "o\u2019hara@x", "!" + "holds a character that no mail address has" + ": \u2019 (U+2019, RIGHT SINGLE QUOTATION MARK)"},
		{"upn", "o\u02bchara@x", "!holds \u02bc (U+02BC, MODIFIER LETTER APOSTROPHE), a letter of another script"},
		{"upn", "ada\u2011lund@x", "!" + "holds a character that no user principal name has" + ": \u2011 (U+2011, NON-BREAKING HYPHEN)"},
		{"upn", "ada\u200b@x", "!" + whyUnseen + ": U+200B, ZERO WIDTH SPACE"},
		{"upn", "иван.петров@x", "иван.петров@x"},
		{"upn", "田中@x", "田中@x"},
		{"upn", "a\u030ase.øst@x", "a\u030ase.øst@x"},
		{"upn", "иван_fabrikam.example#EXT#@x", "иван_fabrikam.example#EXT#@x"},
	} {
		for key := range strings.SplitSeq(c.keys, ",") {
			_, text, why := meaning(batch.Key(key), c.cell)
			part, refused := strings.CutPrefix(c.want, "!")
			switch {
			case refused && (why == "" || !strings.Contains(why, part) || text != c.cell), !refused && (why != "" || text != c.want):
				t.Errorf("%s, %q: %q, %q; want %q", key, c.cell, text, why, c.want)
			}
		}
	}
}

// A cell is shown and kept as it stands, and the row names whom it means, in columns that
// name the users and in those beside them.
func TestRowsAsOthersWriteThem(t *testing.T) {
	good, bad := read(t, "upn,Sign-in name,mail,id\nAda <a@x>,sip:A@x,SMTP:m@x,{"+guidA+"}\n,mailto:b@x,,\n", Options{})
	if len(bad) > 0 || len(good) != 2 {
		t.Fatal(good, bad)
	}
	if r := good[0]; r.UPN != "a@x" || r.ID != guidA || r.Input != "{"+guidA+"}" || r.Cells[0] != "Ada <a@x>" || r.Claims[0].Value != "m@x" {
		t.Errorf("%+v", r)
	}
	if _, err := TakeSurvey([]source.Input{text("upn,Sign-in name\nAda <a@x>,a@x\n")}, Options{}, noon); err != nil {
		t.Error("two columns agree:", err)
	}
	if r := good[1]; r.UPN != "b@x" || r.Input != "mailto:b@x" {
		t.Errorf("%+v", r)
	}
	good, _ = read(t, "Employee ID,mail\n\"=\"\"0010411\"\"\",Ada <a@x>\n", Options{Key: batch.ByEmployeeID})
	if len(good) != 1 || good[0].Value != "0010411" || good[0].Input != `="0010411"` || good[0].Claims[0].Value != "a@x" {
		t.Errorf("%+v", good)
	}
}

// What lies around cells of other programs' forms is found as it is around plain ones: a line
// that a lost quote swallowed, a list of them, a screen's text instead of a file.
func TestInputsAsOthersWriteThem(t *testing.T) {
	for input, want := range map[string]string{
		"upn,note\n\"sip:a@x\",\"x\nmailto:b@x,y\"\n":                  "line 2: a quote opens here",
		"Ada <a@x>\nsmtp:b@x\n":                                        "",
		"Id   UserPrincipalName\n--   -----------------\n3f.. ada@x\n": "line 1: this is a table as PowerShell shows it",
		"UserPrincipalName : ada@x\nId                : 3f25\n":        "line 1: this is a list as PowerShell shows it",
		"DisplayName,Note\nAda,x\n":                                    "line 1: no column is known to name users",
	} {
		r, err := open(text(input), Options{})
		if err == nil {
			for _, err = range r.Rows() {
				if err != nil {
					break
				}
			}
		}
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", input, got, want)
		}
	}
}

func TestFormattedOutput(t *testing.T) {
	for in, want := range map[string]string{
		"\nId   UserPrincipalName DisplayName\n--   ----------------- -----------\n3f.. ada@x             Ada": "Format-Table",
		"UserPrincipalName\n-----------------\nada@x":                                                          "Format-Table",
		"\n\nUserPrincipalName : ada@x\nId                : 3f25\n":                                            "Format-List",
		"UserPrincipalName : ada@x\n\nUserPrincipalName : bob@x":                                               "Format-List",
		"upn,name\n----,----\na@x,b":                                                                           "",
		"----------\nReport of May\n----------":                                                                "",
		"Report of May : all\nName,Mail\nx : y,":                                                               "",
		"":                                                                                                     "",
	} {
		if got := source.Shown(strings.Split(in, "\n")); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzCell holds what is true of any cell: whom it means stands in it, and is good by the
// rules without any form; a row that keeps somebody keeps that one; and the quick look at
// an address lets nothing through that the rules refuse.
func FuzzCell(f *testing.F) {
	for i, s := range []string{"a@x", "Ada <a@x>", "a@x (Ada B)", `="00123"`, `=""00123""`, "{" + guidA + "}", "urn:uuid:" + guidA, "SMTP:a@x;smtp:b@x",
		"i:0#.f|membership|a@x", `AzureAD\a@x`, "ad\u0430@x", "\uff41@x", "'a@x'", "@{Upn=a@x}", "a@x…", "PyUE4E+JQdOaDAMF6CwzAQ==", "mailto: <a@x>", "a\xff@x", "CN=a,DC=x", "jo_x.y#EXT#@z"} {
		f.Add(s, byte(i))
	}
	f.Add(`="E 7"`, byte(4)) // an employee id with a blank
	columns := append([]batch.Key{vocab.IDOrUPN}, vocab.Keys...)
	f.Fuzz(func(t *testing.T, cell string, k byte) {
		column := columns[int(k)%len(columns)]
		if cell = vocab.Trim(cell); cell == "" {
			return
		}
		key, text, why := meaning(column, cell)
		switch {
		case key == vocab.IDOrUPN || why != "" && text != cell:
			t.Fatalf("%s, %q: %s %q %q", column, cell, key, text, why)
		case why == "" && (!strings.Contains(cell, text) || checkCell(key, text) != "" || key != keyOf(column, text)):
			t.Fatalf("%s, %q names %s %q", column, cell, key, text)
		}
		if why == "" && cell[0] != '\'' {
			found := false
			for _, c := range mayName(column, cell) {
				found = found || c.Key == key && batch.SameValue(key, c.Value, text)
			}
			if !found {
				t.Fatalf("%s, %q keeps %v, and names %q", column, cell, mayName(column, cell), text)
			}
		}
		if plain(cell) && (checkAddress(batch.ByUPN, cell) != "" || checkAddress(batch.ByMail, cell) != "") {
			t.Fatalf("%q is taken for a plain address", cell)
		}
	})
}
